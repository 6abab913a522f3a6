"""The health of layers: its figures against values worked out by hand, and that measuring changes no bit."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.activations.flatness import UnitFaults
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import MODELS
from nntrain.ops.optimizers import OPTIMIZERS, Sgd
from nntrain.runs import open_run, spec_of_run
from nntrain.spec import load
from nntrain.train import history, loop
from nntrain.train.health import Health, Probe, by_layer, epochs_between, probe_rows
from nntrain.train.interpreter import Interpreter
from nntrain.train.loop import fit
from nntrain.train.state import State

Mlp = MODELS["mlp"]


def network_of(model, n_in=2, n_out=1, loss="mse", dtype="float64"):
    network = Network(model.layers(n_in, n_out), LOSSES[loss](), n_in=n_in, dtype=dtype)
    network.initialize(1)
    return network


def test_figures_by_hand():
    """h = relu(W₁x + b₁), z = W₂h + b₂, cost mean (z − t)²/2 on three rows."""
    network = network_of(Mlp(hidden=(3,), activation=(ACTIVATIONS["relu"](),)))
    first, _, second = network.params.values
    first.W[:], first.b[:] = [[1, 0], [0, 1], [-1, -1]], [0, -1, 0]
    second.W[:], second.b[:] = [[2, 1, 5]], [0.5]
    X, t = np.array([[1.0, 2], [2, 0], [3, 1]]), np.zeros((3, 1))
    # z₁ = (1, 1, −3), (2, −1, −2), (3, 0, −4); h = (1, 1, 0), (2, 0, 0), (3, 0, 0): the third unit is dead
    # scores 3.5, 4.5, 6.5; ∂J/∂z = 2 (z − t)/3 of mean (z − t)²
    scale = LOSSES["mse"]().gradient(np.ones((3, 1)), t)[0, 0]
    d = scale * np.array([3.5, 4.5, 6.5])
    W2 = np.array([3.5 * scale + 2 * d[1] + 3 * d[2], d[0], 0])
    dh = np.array([[2 * d[0], d[0], 0], [2 * d[1], 0, 0], [2 * d[2], 0, 0]])
    change = np.zeros(network.params.size)
    change[:2] = 3, 4  # of W₁ alone
    found = Health(network, X, t).measure(change)
    assert list(found) == ["1", "2"]
    assert found["1"] == pytest.approx(
        {
            "weight_norm": math.sqrt(1 + 1 + 2 + 1),
            "gradient_norm": math.sqrt((dh.T @ X).ravel() @ (dh.T @ X).ravel() + dh.sum(axis=0) @ dh.sum(axis=0)),
            "update_ratio": 5 / math.sqrt((1 - 3) ** 2 + (0 - 4) ** 2 + 1 + 2 + 1),
            "dead": 1 / 3,
            "saturated": 0.0,
            "mean": 7 / 9,
            "deviation": math.sqrt((1 + 1 + 4 + 9) / 9 - (7 / 9) ** 2),
        },
        rel=1e-14,
    )
    expected = {"weight_norm": math.sqrt(4 + 1 + 25 + 0.25), "update_ratio": 0.0}
    expected["gradient_norm"] = math.sqrt(W2 @ W2 + d.sum() ** 2)
    assert found["2"] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("drawn", [{"dropout": (0.5,)}, {"input_dropout": 0.5}, {"input_noise": 0.5}], ids=str)
def test_the_gradient_is_that_of_the_cost_without_what_is_drawn(drawn):
    plain, drawing = (
        network_of(Mlp(hidden=(6, 4), activation=(ACTIVATIONS["prelu"](),), **options), 3, 2) for options in ({}, drawn)
    )
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    drawing.params.theta[:] = plain.params.theta
    plain.value_and_grad(X, t)
    wanted = [math.sqrt(sum(float(v @ v) for v in views)) for views in by_layer(plain, plain.params.grad)]
    for network in (plain, drawing):
        found = Health(network, X, t).measure()
        assert [layer["gradient_norm"] for layer in found.values()] == pytest.approx(wanted, rel=1e-12)
        assert "update_ratio" not in found["1"]


@pytest.mark.parametrize(
    ("kind", "z", "dead", "saturated"),
    [
        ("relu", [[-1.0, 1, -1], [-2, -1, 0]], [True, False, True], [False, False, False]),
        ("tanh", [[9.0, 0.1, 9], [-9, 9, 0]], [False] * 3, [True, False, False]),
        ("leaky_relu", [[-1.0, 1, -1], [-2, -1, -3]], [False] * 3, [False] * 3),
        ("prelu", [[-1.0, 1, 0], [-2, -1, 0]], [False, False, True], [False] * 3),
    ],
)
def test_which_units_learn_nothing(kind, z, dead, saturated):
    layer, z = ACTIVATIONS[kind](), np.array(z)
    h = layer.f(z) if hasattr(layer, "f") else np.where(z > 0, z, 0.25 * z)
    found = UnitFaults.of(layer).judge(z, h)
    assert [array.tolist() for array in found] == [dead, saturated]


def test_it_takes_under_a_hundredth_of_the_training():
    """The model of the costs: a probe of as many rows as the epoch takes as long as some steps, however large it is."""
    network = network_of(Mlp(hidden=(64, 64)), 100, 10, "softmax_cross_entropy")
    assert len(probe_rows(network, 50)) == 50
    assert len(probe_rows(network, 10**6)) == 128
    every = [epochs_between(network, n, n // 32, 128) for n in (1_000, 10_000, 100_000, 1_000_000)]
    assert every == sorted(every, reverse=True)
    assert every[0] > 10
    assert every[-1] == 1


def probed(job, every):
    rng = np.random.default_rng(5)
    X, t = rng.normal(size=(20, 4)), np.eye(3)[rng.integers(0, 3, 20)]
    return replace(job, probe=Probe(X.astype(job.network.dtype), t.astype(job.network.dtype), every))


@pytest.mark.parametrize("by", ["player", "interpreter"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [Sgd(lr=0.1), Sgd(lr=0.1, momentum=0.9), OPTIMIZERS["adam"]()])
def test_training_has_the_same_bits_with_a_probe(optimizer, dtype, by, make_job, monkeypatch):
    if by == "interpreter":
        monkeypatch.setattr(loop, "_taker", Interpreter)
    ends = []
    for every in (0, 1, 2):
        job = make_job(optimizer=optimizer, dtype=dtype, validation=True)
        job = probed(job, every) if every else job
        records = list(fit(job, State.start(job.network.params, job.optimizer)))
        plain = [one._replace(layers=None, seconds=0.0, examples_per_second=0.0) for one in records]
        ends.append((plain, job.network.params.theta.tobytes()))
        due = [bool(every) and one.epoch % every == 0 for one in records]
        assert [one.layers is not None for one in records] == due
    assert ends[0] == ends[1] == ends[2]


def test_the_update_ratio_is_that_of_the_last_step(make_job):
    job = probed(make_job(), 1)
    for record in fit(job, State.start(job.network.params, job.optimizer)):
        own = by_layer(job.network, job.network.params.theta)
        sizes = [math.sqrt(sum(float(v @ v) for v in views)) for views in own]
        steps = [record.layers[str(k + 1)]["update_ratio"] * size for k, size in enumerate(sizes)]
        together = math.hypot(*steps) / math.hypot(*sizes)
        assert together == pytest.approx(record.update_ratio, rel=0.05)  # of the norms after the step, not before


def test_a_resumed_run_records_the_same_and_the_table_has_columns(tiny, trained, lasting, tmp_path, monkeypatch):
    monkeypatch.setattr("nntrain.train.health.epochs_between", lambda *sizes: 2)
    loaded = tiny("train.stop.patience=null", "schedule=constant")
    trained(loaded, "whole")
    asked = iter(range(5))
    with pytest.raises(Exception, match="nntrain resume"):
        trained(loaded, "cut", lambda: next(asked, None) is None)
    with open_run(spec_of_run(tmp_path / "cut"), runs=tmp_path, run_dir=tmp_path / "cut", argv=[], draw=False) as run:
        list(run.events())
    assert lasting(tmp_path / "cut") == lasting(tmp_path / "whole")
    records = RunDir(tmp_path / "whole").read_metrics()
    assert ["layers" in record for record in records] == [False, True, False, True]
    table = history.columns(records)
    assert table["layers.1.dead"] == [None, records[1]["layers"]["1"]["dead"], None, records[3]["layers"]["1"]["dead"]]
    header, *lines = (tmp_path / "whole/curves.csv").read_text().splitlines()
    assert header.endswith("layers.1.deviation,layers.2.weight_norm,layers.2.gradient_norm,layers.2.update_ratio")
    assert lines[0].endswith("," * 10)
    summary = json.loads((tmp_path / "whole/summary.json").read_text())
    assert set(summary["layers"]["1"]) == {"weight_norm", "gradient_norm", "dead", "saturated", "mean", "deviation"}


def test_nothing_but_the_gradient_is_written():
    network = network_of(Mlp(hidden=(3,)), dtype="float32")
    X, t = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    before = network.params.theta.copy()
    health = Health(network, X, t)
    network.params.grad[:] = np.nan
    first = health.measure()
    assert health.measure() == first
    assert network.params.theta.tobytes() == before.tobytes()
    assert X.tolist() == [[1, 1]] * 4


@pytest.mark.parametrize("weights", [None, "w"])
def test_searched_steps_and_weighed_rows_are_measured_too(weights, text, tmp_path, monkeypatch):
    """The probe's rows count 1 each, also where those that it has count 0; the step is that of the line search."""
    monkeypatch.setattr("nntrain.train.health.epochs_between", lambda *sizes: 1)
    text("\n".join(["x,y,w", *(f"{k},{3 * k % 7},{int(k == 1)}" for k in range(9))]), "d.csv")
    drop = f"data.sample_weight={weights}"
    spec = text(
        "data: {source: {kind: csv, path: d.csv, target: y}}\nmodel: linear\ntrain: {batch_size: all}\n", "c.yaml"
    )
    search = ["optimizer={kind: lbfgs}", "train.epochs=1"]
    loaded = load(spec, [*search, *([drop] if weights else [])])
    with open_run(loaded, runs=tmp_path, run_dir=tmp_path / "r", argv=[], draw=False) as run:
        before = run.state.params.theta.astype(float)
        (record,) = run.events()
        moved = np.linalg.norm(run.state.params.theta - before)
    assert record.layers["1"]["update_ratio"] * np.linalg.norm(before) == pytest.approx(moved, rel=1e-5)
