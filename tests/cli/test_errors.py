"""Every failure: its exit status, its whole message, no traceback, and nothing left half done."""

import re

import numpy as np
import pytest

from nntrain.artifacts.rundir import RunDir

FIVE_MISTAKES = """\
name: tiny
data:
  source: digits
  validaton: 0.2
model: {kind: mlp, hiden: [64]}
loss: softmax_crossentropy
optimizer: {kind: sgd, lr: "0.1"}
train: {epochs: 1.5}
"""


def test_five_mistakes_give_five_lines(nntrain, here):
    (here / "bad.yaml").write_text(FIVE_MISTAKES, encoding="utf-8")
    result = nntrain("fit", "bad.yaml")
    assert (result.status, result.out) == (2, "")
    assert result.err.splitlines() == [
        "bad.yaml:4:3: data.validaton: unknown key; did you mean 'validation'? (one of fold, folds, groups, order, "
        "sample_weight, scale, seed, shuffle, source, "
        "take, target_scale, test, validation)",
        "bad.yaml:5:20: model.hiden: unknown key; did you mean 'hidden'? (one of activation, bias, dropout, hidden, "
        "init, input_dropout, input_noise, kind)",
        "bad.yaml:6:7: loss: unknown loss 'softmax_crossentropy'; did you mean 'softmax_cross_entropy'? (one of "
        "binary_hinge, crammer_singer, hinge, huber, mae, mse, poisson, sigmoid_cross_entropy, sigmoid_mse, "
        "softmax_cross_entropy, squared_hinge)",
        "bad.yaml:7:28: optimizer.lr: must be a number, got the text '0.1'; write it without quotes",
        "bad.yaml:8:17: train.epochs: must be a whole number, got 1.5",
    ]
    assert not (here / "runs").exists()


MISTAKES = {  # arguments after `fit`, exit status, message
    "no file": (["gone.yaml"], 2, "gone.yaml: no such file"),
    "bad key": (
        ["tiny.yaml", "--set", "optimizer.rate=1"],
        2,
        "--set optimizer.rate: unknown key; (one of beta1, beta2, eps, kind, lr)",
    ),
    "batch": (
        ["tiny.yaml", "--set", "train.batch_size=100"],
        2,
        "--set train.batch_size: 100 is more than the 33 training rows; use 'all' for one batch",
    ),
    "loss": (
        ["tiny.yaml", "--set", "loss=mse", "--set", "data.source=linear", "--set", "model=softmax"],
        2,
        "--set loss: does not fit this model; use softmax_cross_entropy",
    ),
    "weights": (
        ["tiny.yaml", "--set", "loss={kind: softmax_cross_entropy, class_weights: [1, 2]}"],
        2,
        "--set loss: loss.class_weights: 3 classes need 3 weights, got 2",
    ),
    "data": (
        ["tiny.yaml", "--set", "data.source={kind: csv, path: gone.csv}"],
        3,
        "gone.csv: no such file or directory",
    ),
    "foreign": (
        ["tiny.yaml", "--run-dir", "."],
        2,
        ".: not a run directory, but it holds 'tiny.yaml'; name an empty or a new one",
    ),
    "file": (["tiny.yaml", "--run-dir", "tiny.yaml"], 7, "tiny.yaml: is a file, not a run directory"),
    "root": (["tiny.yaml", "--runs", "tiny.yaml"], 7, "tiny.yaml: cannot write: it exists already"),
    "argument": ([], 2, "Missing argument 'CONFIG'. (see 'nntrain fit --help')"),
    "option": (["tiny.yaml", "--zzz"], 2, "No such option: --zzz (see 'nntrain fit --help')"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(case, nntrain, here):
    arguments, status, message = MISTAKES[case]
    result = nntrain("fit", *arguments)
    assert result.err.splitlines() == [f"error: {message}"]
    assert (result.status, result.out) == (status, "")
    assert not (here / "runs").exists()


def test_conflicts_of_spec_and_data_come_together(nntrain):
    result = nntrain("check", "tiny.yaml", "--set", "train.batch_size=50", "--set", "checkpoint.best=validation.rmse")
    assert result.status == 2
    assert [line.split(": ")[1] for line in result.err.splitlines()] == [
        "--set train.batch_size",
        "--set checkpoint.best",
    ]


def test_a_wrong_column_is_one_line(nntrain, here):
    (here / "flowers.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n", encoding="utf-8")
    result = nntrain("check", "tiny.yaml", "--set", "data.source={kind: csv, path: flowers.csv, target: kid}")
    assert result.status == 3
    assert result.err == "error: flowers.csv:1: no column 'kid'; did you mean 'kind'? (one of a, b, kind)\n"


def test_a_wrong_shape_is_one_line(nntrain, here):
    np.savez(here / "data.npz", X=np.zeros((5, 2)), y=np.zeros(4, np.int64))
    result = nntrain("check", "tiny.yaml", "--set", "data.source={kind: npz, path: data.npz}")
    assert (result.status, result.err.count("\n")) == (3, 1)
    assert re.match(r"error: data\.npz: .*5.*4", result.err)


def test_other_features_than_the_model_takes(nntrain, here, done):
    (here / "in.csv").write_text("1,2\n", encoding="utf-8")
    result = nntrain("predict", done, "in.csv")
    assert (result.status, result.err) == (3, "error: in.csv: 2 features, the model takes 3\n")
    result = nntrain("eval", done, "--set", "data.source.features=4")
    assert (result.status, result.err) == (3, "error: data: 4 features, the model takes 3\n")


def test_an_unknown_part_of_the_data(nntrain, done):
    result = nntrain("eval", done, "--split", "tset")
    assert (
        result.err == "error: split: unknown name, got 'tset'; did you mean 'test'? (one of test, train, validation)\n"
    )
    assert result.status == 3


def test_only_the_data_of_a_trained_model_can_be_set(nntrain, done):
    result = nntrain("eval", done, "--set", "model.hidden=[9]")
    assert (result.status, result.err) == (
        2,
        "error: --set model.hidden=[9]: only data.… can be set for a trained model\n",
    )


def test_divergence_stops_with_the_reason(nntrain, here):
    result = nntrain(
        "fit",
        "tiny.yaml",
        "--run-dir",
        "d",
        "-q",
        "--no-plots",
        "--set",
        "optimizer=sgd",
        "--set",
        "optimizer.lr=1e6",
        "--set",
        "loss=mse",
    )
    assert (result.status, result.out, result.err.count("\n")) == (4, "", 1)
    message = (
        r"error: epoch \d+, step \d+: diverged, the .+ layer 2 \(dense\) is not finite; "
        r"cost before: .+; update ratio ‖Δθ‖/‖θ‖ before: .+; try optimizer\.lr \S+ \(now 1e\+06\), "
        r"or set train\.clip_norm; (last good checkpoint: d/checkpoints/step-\d+\.safetensors|no checkpoint was .+)\n"
    )
    assert re.fullmatch(message, result.err)
    assert RunDir(here / "d").status == "diverged"


def test_a_damaged_checkpoint_is_refused(nntrain, done):
    for path in sorted((done / "checkpoints").iterdir()):
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(data)
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    scored = nntrain("eval", path)
    assert (scored.status, scored.out) == (5, "")
    assert re.fullmatch(
        rf"error: {re.escape(str(path.relative_to(done.parent)))}: damaged: the numbers of tensor '.*' have changed\n",
        scored.err,
    )
    resumed = nntrain("fit", "tiny.yaml", "--run-dir", "done", "--set", "train.epochs=6")
    assert (resumed.status, resumed.out, resumed.err.count("\n")) == (5, "", 1)
    assert "none of the 2 checkpoints" in resumed.err
    assert before == {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}


def test_a_run_without_checkpoints_cannot_be_scored(nntrain, here):
    (here / "empty").mkdir()
    result = nntrain("eval", "empty")
    message = "error: empty: no checkpoint here; name a run directory or a .safetensors file\n"
    assert (result.status, result.err) == (5, message)


def test_a_locked_run_is_left_alone(nntrain, done):
    with RunDir(done).lock():
        result = nntrain("fit", "tiny.yaml", "--run-dir", "done", "--set", "train.epochs=9")
    message = "error: done: another process is writing this run; wait or name another\n"
    assert (result.status, result.out, result.err) == (6, "", message)


def test_another_spec_may_not_go_on(nntrain, done):
    result = nntrain("fit", "tiny.yaml", "--run-dir", "done", "--set", "optimizer.lr=0.1", "--set", "seed=1")
    message = (
        "error: done: seed: 0 in the run, 1 in the spec\n"
        "error: done: optimizer.lr: 0.05 in the run, 0.1 in the spec\n"
        "error: done: what is computed cannot change within a run; use another directory\n"
    )
    assert (result.status, result.err) == (2, message)


def test_fewer_epochs_than_are_done(nntrain, done):
    result = nntrain("fit", "tiny.yaml", "--run-dir", "done", "--set", "train.epochs=3")
    assert (result.status, result.err) == (2, "error: done: 4 epochs are done already, train.epochs is 3\n")
    assert RunDir(done).is_done()


def test_an_output_that_cannot_be_written(nntrain, done, here):
    (here / "in.csv").write_text("1,2,3\n", encoding="utf-8")
    result = nntrain("predict", done, "in.csv", "-o", "gone/out.csv")
    assert (result.status, result.err) == (7, "error: gone/out.csv: cannot write: the directory does not exist\n")
    result = nntrain("eval", done, "-o", "tiny.yaml")
    assert (result.status, result.out) == (7, "")
    assert result.err == "error: tiny.yaml: cannot write: it exists already\n"


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        (MemoryError("Unable to allocate 7 GiB"), 7, "error: out of memory: Unable to allocate 7 GiB"),
        (OSError(28, "No space left on device", "x"), 7, "error: x: No space left on device"),
        (KeyboardInterrupt(), 130, ""),
        (
            ZeroDivisionError("oh"),
            1,
            "error: this is a bug in nntrain; please report it with the lines above and the command",
        ),
    ],
)
def test_what_nobody_foresaw(raised, status, message, nntrain, monkeypatch):
    def fail(*_):
        raise raised

    monkeypatch.setattr("nntrain.spec.load", fail)
    result = nntrain("check", "tiny.yaml")
    assert (result.status, result.err.splitlines()[-1:]) == (status, [message] if message else [])
    assert ("Traceback" in result.err) == (status == 1)


def test_a_bad_split_hides_no_other_mistake(nntrain, here):
    bad = "  validation: 2000\n  target_scale: standard\n"
    spec = (here / "tiny.yaml").read_text(encoding="utf-8").replace("  validation: 0.25\n", bad)
    (here / "tiny.yaml").write_text(spec + "checkpoint: {best: validation.acuracy}\n", encoding="utf-8")
    result = nntrain("check", "tiny.yaml")
    lines = [
        "tiny.yaml:4:15: data.validation: 2000 rows taken from 48 would not leave a row of each class to train on",
        "tiny.yaml:5:17: data.target_scale: standard is for regression, the data are classification",
        "tiny.yaml:10:20: checkpoint.best: no such figure, got 'validation.acuracy'; did you mean "
        "'validation.accuracy'? (one of train.accuracy, train.cost, validation.accuracy, validation.cost)",
    ]
    assert (result.status, result.err.splitlines()) == (2, lines)
    result = nntrain("check", "tiny.yaml", "--set", "checkpoint.best=train.cost")
    assert (result.status, result.err.splitlines()) == (3, lines[:2])
