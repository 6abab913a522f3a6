"""Weights of rows and classes in a run: what is trained, recorded, scored and checked. By hand from the scores."""

import json

import numpy as np
import pytest

from nntrain.cli.entry import run as command
from nntrain.data.prepare import prepare
from nntrain.errors import DataError
from nntrain.runs import evaluate, open_model, prepare_run
from nntrain.spec import load
from nntrain.train.evaluate import scores

SPEC = """\
name: weighted
data:
  source: {kind: csv, path: rows.csv, target: y}
  validation: 0.25
  test: 0.25
  scale: standard
  sample_weight: w
model: {kind: softmax}
optimizer: {lr: 0.3}
train: {epochs: 3, batch_size: 7, dtype: float64}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.4f},{rng.normal():.4f},{i % 5},{'abb'[i % 3]}\n" for i in range(80)]
    (tmp_path / "rows.csv").write_text("u,v,w,y\n" + "".join(rows))
    path = tmp_path / "weighted.yaml"
    path.write_text(SPEC)
    return path


def by_hand(model, part, weights):
    """Return Σ w cost / Σ w of scores."""
    z = scores(model.assembly.network, part.X)
    cost = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), part.y]
    return (weights * cost).sum() / weights.sum()


def test_the_cost_of_each_part_is_the_weighted_mean_and_metrics_count_every_row(spec, capsys):
    assert command(["fit", str(spec), "--run-dir", "run", "--no-plots", "-q"]) == 0
    model = open_model(spec.parent / "run")
    for name in ("train", "validation", "test"):
        part, figures = model.part(name).part, evaluate(model, name).figures
        np.testing.assert_array_equal(part.weights, part.rows % 5)
        assert figures["cost"] == pytest.approx(by_hand(model, part, part.weights), rel=1e-12)
        decided = scores(model.assembly.network, part.X).argmax(axis=1)
        assert figures["accuracy"] == (decided == part.y).mean()
    summary = json.loads((spec.parent / "run" / "summary.json").read_text())
    assert summary["validation"]["cost"] == pytest.approx(evaluate(model, "validation").figures["cost"], rel=1e-12)


def test_weights_times_a_number_train_the_same_bits(spec):
    other = spec.read_text().replace("rows.csv", "eightfold.csv")
    lines = (spec.parent / "rows.csv").read_text().splitlines()
    cells = [line.split(",") for line in lines[1:]]
    (spec.parent / "eightfold.csv").write_text(
        "\n".join([lines[0], *(f"{u},{v},{8 * int(w)},{y}" for u, v, w, y in cells)]) + "\n"
    )
    (spec.parent / "eightfold.yaml").write_text(other)
    for name in ("weighted", "eightfold"):
        assert command(["fit", f"{name}.yaml", "--run-dir", name, "--no-plots", "-q"]) == 0
    one, two = (open_model(spec.parent / name).assembly.network.params.theta for name in ("weighted", "eightfold"))
    np.testing.assert_array_equal(one, two)


def test_the_player_and_the_interpreter_train_the_same_bits(spec, monkeypatch):
    thetas = []
    for player in ("1", "0"):
        monkeypatch.setenv("NNTRAIN_PLAYER", player)
        assert command(["fit", str(spec), "--run-dir", player, "--no-plots", "-q"]) == 0
        thetas.append(open_model(spec.parent / player).assembly.network.params.theta)
    np.testing.assert_array_equal(*thetas)


def test_gradcheck_checks_the_weighted_gradient(spec, capsys):
    assert (
        command(["gradcheck", str(spec), "--set", "loss={kind: softmax_cross_entropy, class_weights: balanced}"]) == 0
    )
    assert command(["gradcheck", str(spec), "--inject", "no_mean"]) == 8
    assert "no_mean" in capsys.readouterr().out


def test_balanced_weights_are_stored_with_the_model(spec, capsys):
    spec.write_text(
        SPEC.replace("  sample_weight: w\n", "") + "loss: {kind: softmax_cross_entropy, class_weights: balanced}\n"
    )
    assert command(["check", str(spec)]) == 0
    counts = np.bincount(prepare_run(load(spec)).data.train.y)
    shown = ", ".join(f"{40 / (2 * count):.3g}" for count in counts)
    assert capsys.readouterr().out.strip().endswith(f"; softmax_cross_entropy, class_weights [{shown}]")
    assert command(["fit", str(spec), "--run-dir", "run", "--no-plots", "-q"]) == 0
    model = open_model(spec.parent / "run")
    assert model.assembly.loss.class_weights == pytest.approx(tuple(40 / (2 * counts)))
    part = model.part("validation").part
    weights = (40 / (2 * counts))[part.y]
    cost = evaluate(model, "validation").figures["cost"]
    assert cost == pytest.approx(by_hand(model, part, weights) * weights.mean(), rel=1e-12)  # divided by n
    capsys.readouterr()
    assert command(["fit", str(spec), "--run-dir", "run", "--no-plots", "-q", "--set", "train.epochs=4"]) == 0


def test_other_data_without_the_column_count_alike_with_a_note(spec, capsys):
    assert command(["fit", str(spec), "--run-dir", "run", "--no-plots", "-q"]) == 0
    lines = [line.split(",") for line in (spec.parent / "rows.csv").read_text().splitlines()]
    (spec.parent / "new.csv").write_text("".join(f"{u},{v},{y}\n" for u, v, _, y in lines[:30]))
    model = open_model(spec.parent / "run", [f"data.source.path={spec.parent / 'new.csv'}"])
    found = evaluate(model, "train")
    part = model.part("train").part
    assert found.figures["cost"] == pytest.approx(by_hand(model, part, np.ones(29)), rel=1e-12)
    assert f"{spec.parent / 'new.csv'}: has no column w, so each row counts 1 in the cost" in found.notes


def test_weights_that_are_all_zero_are_refused(spec):
    path = spec.parent / "rows.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("u,v,w,y\n" + "".join(f"{u},{v},0,{y}\n" for u, v, _, y in lines[1:]))
    with pytest.raises(DataError) as caught:
        prepare_run(load(spec))
    assert str(caught.value) == f"{spec}:7:18: data.sample_weight: the weights of 40 rows add up to 0"
    assert prepare(load(spec).spec.data, seed=0, dtype="float64").division == "weighted by w"
