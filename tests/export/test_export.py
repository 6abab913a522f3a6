"""Models in other programs: every activation, loss and task gives there what it gives here; what cannot is refused."""

import csv
import runpy

import numpy as np
import pytest

import nntrain as package
from nntrain.cli.entry import run as command
from nntrain.errors import FindingError, SpecError
from nntrain.export import export_targets as targets
from nntrain.export import portable as portable_module
from nntrain.export.export_targets import TARGETS, export
from nntrain.export.portable import portable
from nntrain.export.trial import Answers, Trial
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.runs import open_model
from nntrain.spec import load

UNITS = {"maxout": "{kind: maxout, pieces: 3}", "formula": "{kind: formula, f: 'max(z, 0.1 * z, -1) ** 2 / 3'}"}
SINGLE = "model: {kind: mlp, hidden: [4]}\ntrain: {epochs: 2, batch_size: 8}\n"
MODELS = {
    "softmax": "data: {source: {kind: blobs, n: 40, classes: 3}, scale: standard}\nmodel: softmax\n",
    "one output": "data: {source: {kind: moons, n: 40}, scale: minmax}\nloss: sigmoid_cross_entropy\n" + SINGLE,
    "svm": "data: {source: {kind: moons, n: 40}}\nmodel: svm\n",
    "several hinges": "data: {source: {kind: blobs, n: 40, classes: 3}}\nmodel: svm\n",
    "mse on classes": "data: {source: {kind: moons, n: 40}}\nloss: mse\n" + SINGLE,
    "sigmoid of several": "data: {source: {kind: blobs, n: 40, classes: 3}}\nloss: sigmoid_mse\n" + SINGLE,
    "regression": "data: {source: {kind: csv, path: flats.csv, target: [rent, size]}, target_scale: standard}\n"
    + SINGLE,
    "counts": "data: {source: {kind: csv, path: flats.csv, target: size, task: regression}, scale: standard}\n"
    "optimizer: {kind: sgd, lr: 0.001}\nloss: poisson\n" + SINGLE,
    "labels": "data: {source: {kind: csv, path: flats.csv, target: [old, lift]}}\n" + SINGLE,
    "autoencoder": "data: {source: {kind: csv, path: flats.csv, target: size, task: regression}, scale: standard}\n"
    "model: {kind: autoencoder, hidden: [3]}\n",
    "texts and gaps": "data: {source: {kind: csv, path: people.csv, missing: mean}, scale: standard}\n" + SINGLE,
    "texts without names": "data: {source: {kind: csv, path: bare.csv, missing: mean}}\n" + SINGLE,
    "double": "data: {source: {kind: moons, n: 40}}\nmodel: {kind: mlp, hidden: [4, 3], activation: [tanh, gelu], "
    "dropout: 0.5, bias: false}\ntrain: {dtype: float64, batch_size: 8, epochs: 2}\n",
}


def with_unit(kind):
    """Return a spec with two layers of an activation."""
    unit = UNITS.get(kind, kind)
    return f"data: {{source: {{kind: moons, n: 40}}}}\nmodel: {{kind: mlp, hidden: [5, 4], activation: {unit}}}\n"


@pytest.fixture
def made(tmp_path, trained, monkeypatch):
    """Return a function from the text of a spec to its trained model."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    with (tmp_path / "flats.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["rent", "size", "old", "lift", "floor"])
        for size in rng.integers(1, 40, 40).tolist():
            writer.writerow([f"{size * 10.5:.2f}", size, size % 2, int(size > 9), size / 3])
    sides = ["?" if a % 7 == 0 else ("north", "south")[a % 2] for a in range(40)]
    people = [f"{a},{side},{'' if a % 5 == 0 else a},{'yn'[a % 3 > 0]}" for a, side in enumerate(sides)]
    (tmp_path / "bare.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("age,side,pay,vote\n" + "\n".join(people) + "\n", encoding="utf-8")

    def make(text):
        path = tmp_path / "made.yaml"
        text = text if "train:" in text else text + "train: {epochs: 2, batch_size: 8}\n"
        path.write_text(f"name: made\n{text}", encoding="utf-8")
        run, _ = trained(load(path), "made")
        return open_model(run.directory.path)

    return make


def in_this_process(path, rows, plain):
    """Run a Python file here, which is faster than in a process of its own."""
    found = runpy.run_path(str(path))["predict"](dict(rows))
    labels, values = found if isinstance(found, tuple) else (None, found)
    return Answers(np.asarray(values), labels if plain.class_names else None)


def write_and_run(model, tmp_path):
    plain = portable(model)
    for name, data in TARGETS["numpy"].files(model, plain, "m.py").items():
        (tmp_path / name).write_bytes(data)
    trial = Trial.of(model, plain)
    return trial.compare(in_this_process(tmp_path / "m.py", trial.rows, plain), plain, "m.py")


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_every_activation_is_the_same_in_numpy(made, tmp_path, kind):
    assert write_and_run(made(with_unit(kind)), tmp_path) < 2e-6


@pytest.mark.parametrize("name", MODELS)
def test_every_task_is_the_same_in_numpy(made, tmp_path, name):
    assert write_and_run(made(MODELS[name]), tmp_path) < 2e-5


def test_every_loss_has_an_output_unit_that_is_known():
    assert all(type(loss()).link in portable_module.UNITS for loss in LOSSES.values())


def test_a_table_goes_out_as_one_file_that_numpy_alone_runs(made, tmp_path, capsys):
    model = made(MODELS["texts and gaps"])
    assert command(["export", str(tmp_path / "made"), "--to", "numpy"]) == 0
    assert capsys.readouterr().out.startswith(
        "made.py and made.npz: written; a bare Python with NumPy says the same of 200 rows, within "
    )
    predict = runpy.run_path("made.py")["predict"]
    rows = {"age": [30, 31, 7], "side": ["north", "never seen", None], "pay": [1.5, np.nan, 3]}
    labels, p = predict(rows)
    theirs = package.load(tmp_path / "made")
    assert labels.tolist() == theirs.predict(rows).tolist()
    np.testing.assert_allclose(p, theirs.predict_proba(rows), atol=1e-6)
    assert len((tmp_path / "made.py").read_text(encoding="utf-8").splitlines()) < 70
    again = command(["export", str(tmp_path / "made"), "--to", "numpy"])
    message = "error: made.py: exists already; name another file with -o, or replace it with --force\n"
    assert (again, capsys.readouterr().err) == (2, message)
    assert command(["export", str(tmp_path / "made"), "--to", "numpy", "--force"]) == 0
    assert model.assembly.task == "classification"


@pytest.mark.parametrize("to", ["csv", "safetensors"])
def test_tensors_come_back(made, tmp_path, to):
    model = made(MODELS["regression"])
    done = export(model, to, tmp_path / f"m{TARGETS[to].ending}")
    assert done.difference == 0
    assert [path.name for path in done.files] == [f"m{TARGETS[to].ending}"]


def test_a_safetensors_file_is_a_model_to_nntrain(made, tmp_path):
    model = made(MODELS["softmax"])
    export(model, "safetensors", tmp_path / "m.safetensors")
    other = open_model(tmp_path / "m.safetensors")
    assert other.assembly.network.params.theta.tolist() == model.assembly.network.params.theta.tolist()


def test_what_disagrees_is_not_written(made, tmp_path, monkeypatch):
    model = made(MODELS["softmax"])
    right = targets.archive_of
    monkeypatch.setattr(targets, "archive_of", lambda plain: right(plain) | {"scaler.scale": plain.scale * 1.01})
    with pytest.raises(FindingError, match=r"^m\.py: differs from nntrain by .* in 200 rows; nothing was written$"):
        export(model, "numpy", tmp_path / "m.py")
    assert not list(tmp_path.glob("m.*"))


def test_what_has_no_formula_is_refused_by_its_name(made, tmp_path, monkeypatch, capsys):
    model = made(MODELS["one output"])
    relu = type(model.assembly.network.layers[1])
    monkeypatch.setattr(relu, "expression", lambda self: "")
    with pytest.raises(SpecError, match=r"^export: the activation relu has no formula that other programs can"):
        portable(model)
    monkeypatch.undo()
    monkeypatch.setattr(type(model.assembly.loss), "link", lambda self, z: z)
    with pytest.raises(SpecError, match="output unit of the loss sigmoid_cross_entropy cannot be written"):
        portable(model)
    assert command(["export", str(tmp_path / "made"), "--to", "onyx"]) == 2
    assert "--to: no such target, got 'onyx'; did you mean 'onnx'?" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "torch"])
@pytest.mark.parametrize("what", [*MODELS, *ACTIVATIONS])
def test_other_programs_say_the_same(made, tmp_path, what, to):
    pytest.importorskip({"onnx": "onnxruntime", "torch": "torch"}[to])
    done = export(made(MODELS.get(what) or with_unit(what)), to, tmp_path / f"m{TARGETS[to].ending}")
    assert done.difference < 2e-5
