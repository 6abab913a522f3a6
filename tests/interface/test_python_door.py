"""The Python interface: the same numbers as the commands, nothing printed, nothing of the process changed."""

import doctest
import importlib
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import nntrain
from nntrain.artifacts import checkpoint
from nntrain.cli.entry import run as command
from nntrain.errors import CheckpointError, DataError, DivergenceError, GradientError, SpecError

ROOT = Path(__file__).parents[2]
SPEC = {
    "name": "tiny",
    "data": {"source": {"kind": "moons", "n": 60}, "validation": 0.25, "test": 0.25, "scale": "standard"},
    "model": {"kind": "mlp", "hidden": [6, 4]},
    "train": {"epochs": 3, "batch_size": 8},
}
PEOPLE = """\
age,job,pay
25,clerk,low
31,smith,low
47,clerk,high
52,smith,high
38,clerk,low
61,smith,high
29,clerk,low
55,smith,high
"""
JOBS = {"kind": "csv", "target": "pay", "missing": "mean"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def trained(tmp_path):
    return nntrain.fit(SPEC, run_dir=tmp_path / "run")


@pytest.fixture
def people(tmp_path):
    """A model of a table with a column of texts and gaps that are filled in."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    spec = {
        "data": {"source": {**JOBS, "path": tmp_path / "people.csv"}, "scale": "standard"},
        "model": "softmax",
        "train": {"epochs": 30, "batch_size": 4},
    }
    return nntrain.fit(spec).model()


# --- the way in -------------------------------------------------------------------------------------------------------


def test_importing_costs_next_to_nothing():
    code = "import time; t = time.process_time(); import nntrain; t = time.process_time() - t; import sys, json\n"
    code += "print(json.dumps([t, sorted({name.split('.')[0] for name in sys.modules})]))"
    found = [
        json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    assert not {"numpy", "pydantic", "yaml", "matplotlib", "typer", "safetensors"} & set(found[0][1])
    assert min(seconds for seconds, _ in found) < 0.03


def test_every_public_name_is_there_whatever_is_imported_first():
    code = "import nntrain.runs.run, nntrain; print(len([getattr(nntrain, name) for name in nntrain.__all__]))\n"
    code += "print(callable(nntrain.runs), nntrain.runs.run.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == f"{len(nntrain.__all__)}\nTrue nntrain.runs.run\n"
    assert set(dir(nntrain)) == set(nntrain.__all__)
    with pytest.raises(AttributeError, match="module 'nntrain' has no attribute 'fitt'"):
        nntrain.fitt  # noqa: B018


@pytest.mark.parametrize("name", ["fit", "model", "gradient", "runs"])
def test_the_examples_in_the_docstrings_are_right(name):
    module = importlib.import_module(f"nntrain.interface.{name}")
    assert doctest.testmod(module).failed == 0


def test_the_page_is_right():
    found = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert found.attempted > 15
    assert found.failed == 0


# --- training ---------------------------------------------------------------------------------------------------------


def test_a_run_is_the_command_s_own(tmp_path, trained):
    (tmp_path / "tiny.yaml").write_text(json.dumps(SPEC))
    assert command(["fit", "tiny.yaml", "--run-dir", "typed", "-q", "--no-plots"]) == 0
    [ours], [theirs] = (sorted((tmp_path / name / "checkpoints").glob("step*"))[-1:] for name in ("run", "typed"))
    assert checkpoint.load(ours).tensors.keys() == checkpoint.load(theirs).tensors.keys()
    for name, tensor in checkpoint.load(ours).tensors.items():
        np.testing.assert_array_equal(tensor, checkpoint.load(theirs).tensors[name])
    summary = json.loads((tmp_path / "typed" / "summary.json").read_text())
    assert {name: summary[name] for name in ("validation", "test")} == {
        name: trained.summary[name] for name in ("validation", "test")
    }


def test_nothing_is_printed_and_nothing_of_the_process_changes(tmp_path, capfd):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with threadpool_limits(2, user_api="blas"):
        threads = [pool["num_threads"] for pool in threadpool_info()]
        run = nntrain.fit({**SPEC, "runtime": {"threads": 1}}, run_dir=tmp_path / "run")
        run.model().predict(np.zeros((3, 2)))
        run.model().evaluate("test")
        assert [pool["num_threads"] for pool in threadpool_info()] == threads
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before
    assert capfd.readouterr() == ("", "")


def test_the_history_is_what_on_epoch_saw(tmp_path):
    seen = []
    run = nntrain.fit(SPEC, run_dir=tmp_path / "run", on_epoch=seen.append)
    assert run.history == seen
    assert [record["epoch"] for record in seen] == [1, 2, 3]
    assert run.figures["validation.cost"] == run.summary["validation"]["cost"]


def test_a_run_goes_on_and_a_finished_one_is_left_alone(tmp_path, trained):
    longer = nntrain.fit(SPEC, ["train.epochs=5"], run_dir=trained.path)
    assert [record["epoch"] for record in longer.history] == [1, 2, 3, 4, 5]
    again = nntrain.fit(SPEC, {"train.epochs": 5}, run_dir=trained.path)
    assert again.summary == longer.summary
    assert again.spec["train"]["epochs"] == 5


def test_values_of_numpy_and_paths_are_overrides(tmp_path):
    (tmp_path / "people.csv").write_text(PEOPLE)
    source = {**JOBS, "path": tmp_path / "people.csv", "ignore": ("job",)}
    values = {"data.source": source, "optimizer.lr": np.float64(0.25), "model.hidden": np.array([3])}
    run = nntrain.fit({"data": {"source": "iris"}, "model": "mlp"}, values | {"train.epochs": 1, "train.batch_size": 4})
    assert run.spec["optimizer"]["lr"] == 0.25
    assert run.spec["model"]["hidden"] == [3]
    assert run.spec["data"]["source"]["path"] == str(tmp_path / "people.csv")


@pytest.mark.parametrize(
    ("spec", "overrides", "error", "message"),
    [
        ("none.yaml", None, SpecError, "none.yaml: no such file"),
        (SPEC, "optimizer.lr=1", SpecError, "overrides: a mapping or a list of texts is expected, got the text 'opti"),
        (SPEC, {"optimizer.lr": -1}, SpecError, "overrides: optimizer.lr: must be greater than 0, got -1"),
        (SPEC, ["optimizer.lr"], SpecError, "--set optimizer.lr: expected key=value, e.g. optimizer.lr=0.1"),
        (
            {**SPEC, "extends": "a.yaml"},
            None,
            SpecError,
            "spec: extends: only a file can extend another; name the file and give the rest as overrides",
        ),
        ({"model": "mlp"}, None, SpecError, "spec: data: missing"),
        (SPEC, {"data.source.kind": "csv"}, SpecError, "spec: data.source.path: missing"),
    ],
)
def test_a_wrong_spec_is_told_as_by_the_command(spec, overrides, error, message):
    with pytest.raises(error) as caught:
        nntrain.fit(spec, overrides)
    assert message in str(caught.value)
    assert not Path("runs").exists()


def test_divergence_is_an_exception():
    with pytest.raises(DivergenceError, match="diverged"):
        nntrain.fit(SPEC, {"optimizer.lr": 1e12})


# --- models -----------------------------------------------------------------------------------------------------------


def test_predictions_are_those_of_the_command(tmp_path, trained, capfd):
    X = np.random.default_rng(0).normal(size=(7, 2))
    np.savetxt(tmp_path / "x.csv", X, delimiter=",")
    assert command(["predict", str(trained.path), "x.csv", "--proba"]) == 0
    rows = [line.split(",") for line in capfd.readouterr().out.splitlines()[1:]]
    model = trained.model()
    assert model.predict(X).tolist() == [row[0] for row in rows]
    np.testing.assert_allclose(model.predict_proba(X), np.array([row[1:] for row in rows], float), rtol=1e-6)


def test_a_table_is_read_by_its_names_with_texts_and_gaps(people):
    right = people.predict_proba({"age": [25, 52], "job": ["clerk", "smith"]})
    mixed = {"job": np.array(["clerk", "smith"], object), "name": ["a", "b"], "age": ["25", " 52 "]}
    np.testing.assert_array_equal(people.predict_proba(mixed), right)
    assert people.notes == ("X: not used: 'name'",)
    np.testing.assert_array_equal(people.predict_proba([[25, "clerk"], [52, "smith"]]), right)
    mean = np.mean([25, 31, 47, 52, 38, 61, 29, 55])
    filled, known = (people.predict_proba({"age": [age], "job": ["smith"]}) for age in (None, mean))
    np.testing.assert_array_equal(filled, known)


def test_a_text_that_training_never_saw_is_noted(people):
    people.predict({"age": [30, 31], "job": ["pilot", "clerk"]})
    assert people.notes == (
        "X: column 'job': 1 row holds a text that training never saw, such as 'pilot'; it counts as none of the known",
    )


def test_a_frame_is_a_table(people):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"job": ["clerk", None], "age": pandas.array([25, None], dtype="Int64")})
    same = people.predict_proba({"age": [25, None], "job": ["clerk", None]})
    np.testing.assert_array_equal(people.predict_proba(frame), same)
    assert people.score(frame[:1], pandas.Series(["low"])) == 1.0


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ({"age": [1]}, "X: columns are missing: 'job'"),
        ({"age": ["x"], "job": ["clerk"]}, "X: row 0, column 'age': the model takes numbers, got 'x'"),
        ({"age": [np.inf], "job": ["clerk"]}, "X: row 0, column 'age': is not a finite number, got inf"),
        ({"age": [1, 2], "job": ["clerk"]}, "X: column 'job' has shape (1,), the first (2,)"),
        (np.zeros((1, 2)), "X: the model takes texts, which an array of numbers has not; give it a table"),
        (np.zeros(2), "X: rows and columns are expected, got shape (2,); one row is X.reshape(1, -1)"),
        (np.zeros((1, 3)), "X: 3 features, the model takes 2; leave the target column out"),
        (
            {"age": np.array(["2020-01-01"], "M8[D]"), "job": ["clerk"]},
            "X: column 'age' holds datetime64[D], the model takes numbers and texts",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused(people, X, message):
    with pytest.raises(DataError) as caught:
        people.predict(X)
    assert str(caught.value).startswith(message)


def test_gaps_of_an_array_are_filled_in_or_refused(tmp_path, trained):
    with pytest.raises(DataError, match=r"X\[1, 0\]: is not a finite number, got nan"):
        trained.model().predict([[0, 0], [np.nan, 0]])
    np.savetxt(tmp_path / "x.csv", [[1, 0], [3, 1], [np.nan, 0], [2, 1]], delimiter=",")
    source = {"kind": "csv", "path": "x.csv", "missing": "mean", "header": False}
    model = nntrain.fit({"data": {"source": source}, "model": "softmax", "train": {"batch_size": 2}}).model()
    np.testing.assert_array_equal(model.predict_proba([[np.nan]]), model.predict_proba([[2.0]]))


def test_no_rows_give_no_predictions(people):
    assert people.predict({"age": [], "job": []}).shape == (0,)


def test_scores_are_accuracy_and_the_mean_of_r2(tmp_path, people):
    assert people.score({"age": [25, 60, 60, 60], "job": ["clerk"] * 4}, ["low", "high", "low", "low"]) == 0.5
    with pytest.raises(DataError, match=r"y: class 'lo' never occurs in training; did you mean 'low'"):
        people.score({"age": [25], "job": ["clerk"]}, ["lo"])
    X = np.random.default_rng(1).normal(size=(40, 2))
    y = np.column_stack([X @ [1.0, 2.0], X @ [3.0, -1.0]]) + np.random.default_rng(2).normal(size=(40, 2))
    np.savez(tmp_path / "xy.npz", X=X, y=y)
    source = {"kind": "npz", "path": tmp_path / "xy.npz"}
    model = nntrain.fit({"data": {"source": source, "target_scale": "standard"}, "model": "linear"}).model()
    a = model.predict(X)
    by_hand = np.mean(1 - np.square(a - y).sum(axis=0) / np.square(y - y.mean(axis=0)).sum(axis=0))
    assert model.score(X, y) == pytest.approx(by_hand, rel=1e-12)


def test_the_numbers_of_a_class_are_its_names(tmp_path):
    run = nntrain.fit({"data": {"source": "digits", "scale": "unit"}, "model": "softmax", "train": {"epochs": 1}})
    model = run.model()
    X = np.random.default_rng(0).integers(0, 17, (20, 64))
    names = model.predict(X)
    for y in (names, names.astype(int), names.astype(float), names.astype(object)):
        assert model.score(X, y) == 1.0


def test_layers_are_worked_out_as_in_the_network(trained):
    model = trained.model()
    X, p = np.random.default_rng(3).normal(size=(5, 2)), model.parameters
    tensors = checkpoint.load(model.path).tensors
    h = ((X - tensors["scaler.shift"]) * tensors["scaler.scale"]).astype(np.float32)
    for k, name in enumerate(("hidden.0", "hidden.1")):
        h = np.maximum(h @ p[f"layers.{k}.W"].T + p[f"layers.{k}.b"], 0)
        np.testing.assert_allclose(model.transform(X, name), h, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.transform(X), model.transform(X, "hidden.1"))
    z = h @ p["layers.2.W"].T + p["layers.2.b"]
    np.testing.assert_allclose(model.transform(X, "output"), z, rtol=1e-5, atol=1e-6)
    with pytest.raises(SpecError, match=r"layer: no such layer, got 'hidden.2'; did you mean 'hidden.1'"):
        model.transform(X, "hidden.2")


def test_what_a_model_cannot_do_is_refused(tmp_path):
    svm = nntrain.fit({**SPEC, "model": "svm"}).model()
    with pytest.raises(SpecError, match="a model trained with binary_hinge on classification gives no probabilities"):
        svm.predict_proba(np.zeros((1, 2)))
    with pytest.raises(SpecError, match="layer: the model has no hidden layer; output are its scores"):
        svm.transform(np.zeros((1, 2)))
    with pytest.raises(CheckpointError, match="nowhere: no such"):
        nntrain.load("nowhere")
    with pytest.raises(CheckpointError, match="nowhere: no such folder"):
        nntrain.runs("nowhere")


def test_evaluate_is_the_command_s(trained, capfd):
    assert command(["eval", str(trained.path), "--json"]) == 0
    figures = json.loads(capfd.readouterr().out)
    assert json.loads(json.dumps(trained.model().evaluate("test"))) == figures


def test_runs_are_flat_mappings(tmp_path, trained):
    [found] = nntrain.runs(tmp_path)
    assert (found["run"], found["status"], found["epochs"]) == (str(trained.path), "done", 3)
    assert found["optimizer.lr"] == trained.spec["optimizer"]["lr"]
    assert found["test.cost"] == trained.figures["test.cost"]
    assert all(not isinstance(value, dict) for value in found.values())


# --- gradients --------------------------------------------------------------------------------------------------------


def square(x):
    return float(np.square(x).sum())


@pytest.mark.parametrize(
    ("gradient", "cause"),
    [
        (lambda x: 2 * x, ""),
        (lambda x: -2 * x, "every entry has the wrong sign, and the right size"),
        (lambda x: 0 * x, "it is 0 everywhere: it is never written, or the gradient from above is lost"),
        (lambda x: 6 * x, "every entry is 3 times the derivative: a constant factor"),
        (lambda x: 2 * x + [[0, 0], [0, 4.0]], "1 of 4 entries are wrong, 1 to 1.5 times the derivative"),
    ],
)
def test_a_gradient_by_hand_is_judged(gradient, cause):
    check = nntrain.check_gradient(square, gradient, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert check.cause == cause
    assert bool(check) is (not cause)


def test_a_check_names_the_entries_and_counts_kinks():
    check = nntrain.check_gradient(lambda x: float(np.abs(x).sum()), np.sign, np.array([0.0, 2.0]))
    assert str(check).startswith("undecided: largest relative error")
    assert str(check).endswith("1 of 2 entries checked, 1 at a kink")
    wrong = nntrain.check_gradient(lambda p: square(p["W"]) + p["b"], lambda p: {"W": p["W"], "b": 1.0}, WB)
    assert str(wrong).splitlines()[1] == "cause: W: every entry is 0.5 times the derivative: a constant factor"
    assert "W[0, 1]: analytic 2, numeric 4" in str(wrong)
    assert repr(wrong).startswith("<GradientCheck: disagree: largest relative error 5.00e-01")


WB = {"W": np.array([[1.0, 2.0]]), "b": 3.0}


def test_a_function_may_do_to_its_argument_what_it_likes():
    def spoils(x):
        x *= x
        return float(x.sum())

    assert nntrain.check_gradient(spoils, lambda x: 2 * x, np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("f", "grad", "x", "message"),
    [
        (lambda x: x, lambda x: x, np.zeros(3), "f: must return one number, got ndarray of shape (3,)"),
        (lambda x: np.nan, lambda x: x, np.zeros(3), "f is nan at x: there is no derivative to compare with"),
        (square, lambda x: x[:2], np.zeros(3), "the gradient: must have the shape of x, (3,), got (2,)"),
        (square, lambda x: {"W": x}, np.zeros(3), "the gradient: must be an array, as x is, got 'W'"),
        (square, lambda x: x, [], "x has no entries: there is nothing to check"),
        (square, lambda x: x, ["a"], "x: must be numbers, got list: could not convert string to float"),
    ],
)
def test_what_cannot_be_checked_is_refused(f, grad, x, message):
    with pytest.raises(GradientError) as caught:
        nntrain.check_gradient(f, grad, x)
    assert message in str(caught.value)


# --- a notebook -------------------------------------------------------------------------------------------------------


def test_a_notebook_gets_along_with_the_public_names(tmp_path):
    for name in ("pandas", "matplotlib"):
        pytest.importorskip(name)
    script = Path(__file__).with_name("notebook.py")
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (tmp_path / "rates.png").stat().st_size > 1000
