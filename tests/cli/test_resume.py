"""The three intentions and their spellings: go on, train for longer, begin from old weights."""

import json
import re

import pytest

from nntrain.artifacts.rundir import RunDir

STEADY = ("--set", "schedule=constant")


@pytest.fixture
def run(nntrain, here):
    """Return the directory of a run of four epochs with a cosine schedule."""
    assert nntrain("fit", "tiny.yaml", "--run-dir", "run", "-q", "--no-plots", "--set", "schedule=cosine").status == 0
    return here / "run"


def test_a_finished_run_says_so(nntrain, run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    result = nntrain("resume", "run")
    assert (result.status, result.err) == (0, "note: run: done already, nothing to train\n")
    assert " stopped     all epochs done; epoch 4, step 16\n" in result.out
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert nntrain("resume", "run", "--json").json["epochs"] == 4


def test_training_for_longer_says_what_changes_and_is_a_segment(nntrain, run):
    result = nntrain("resume", "run", "--epochs", "6", "--no-plots")
    assert result.status == 0
    assert result.err.startswith(
        "note: train.epochs: 4 before, 6 now\n"
        "note: the cosine schedule depends on the length of the run, now 24 steps instead of 16: the learning rate of "
        "step 17 will be 0.0125; that of step 16, the last so far, was 0.00048\n"
        "note: a run of this length from the start would have had other rates so far: this will not be the same run\n"
        "tiny, seed 0\n"
    )
    assert "  training   6 epochs of 4 steps, batches of 10\n" in result.err
    assert "  run        run, resumed at step 16\n" in result.err
    assert re.findall(r"^ *(\d)/6 ", result.err, re.MULTILINE) == ["5", "6"]
    segments = json.loads((run / "run.json").read_text(encoding="utf-8"))["segments"]
    assert [(segment["from_step"], segment["epochs"]) for segment in segments] == [
        (0, {"before": None, "after": 4}),
        (16, {"before": 4, "after": 6}),
    ]
    assert nntrain("resume", "run", "--epochs", "6").err == "note: run: done already, nothing to train\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("run", "--epochs", "3"), 2, "run: 4 epochs are done already, train.epochs is 3"),
        (("run", "--set", "optimizer.lr=1"), 2, "run: optimizer.lr: 0.05 in the run, 1.0 in the spec"),
        (
            ("run", "--set", "optimizer.learning_rate=1"),
            2,
            "--set optimizer.learning_rate: unknown key; did you mean 'lr'?",
        ),
        (("gone",), 5, "gone: no such run directory"),
        (("tiny.yaml",), 5, "tiny.yaml: is a spec, not a run directory; nntrain fit tiny.yaml begins one"),
        ((".",), 5, ".: is a folder of runs, not a run directory; name one of them"),
    ],
)
def test_what_cannot_be_gone_on_with(arguments, status, message, nntrain, run):
    result = nntrain("resume", *arguments)
    assert result.status == status
    assert result.err.startswith(f"error: {message}")


def test_begin_from_the_weights_of_a_run(nntrain, run, here):
    result = nntrain("fit", "tiny.yaml", "--run-dir", "child", "--no-plots", "--init-from", "run")
    assert result.status == 0
    best = RunDir(run).checkpoints()[-1]
    assert f"  weights    begun from {best}, epoch 4\n" in result.err
    again = nntrain("fit", "tiny.yaml", "--run-dir", "child", "--init-from", "run")
    assert (again.status, again.err) == (0, "note: child: done already, nothing to train\n")
    plain = nntrain("fit", "tiny.yaml", "--run-dir", "child")
    assert plain.status == 2
    begun = f"this run was begun from the weights of {best.relative_to(here)}"
    assert plain.err == f"error: child: {begun}; nntrain resume child goes on with it\n"
    other = nntrain("fit", "tiny.yaml", "--run-dir", "other", "--init-from", "run", "--set", "model.hidden=[5]")
    assert (other.status, (here / "other").exists()) == (5, False)


def damage(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "command", [("eval", "run"), ("show", "run"), ("predict", "run", "new.csv"), ("resume", "run")]
)
def test_behind_a_damaged_newest_an_older_one_is_used_and_named(command, nntrain, run, here):
    (here / "new.csv").write_text("1,2,3\n", encoding="utf-8")
    (run / "summary.json").unlink()  # or there is nothing to go on with
    older, newest = RunDir(run).checkpoints()[-2:]
    damage(newest)
    result = nntrain(*command)
    assert result.status == 0
    note = (
        rf"note: run/checkpoints/{newest.name}: damaged: the numbers of tensor '.*' have changed; using {older.name}\n"
    )
    assert re.match(note, result.err)
    if command[0] == "eval":
        assert f" checkpoint  run/checkpoints/{older.name} (epoch 3)\n" in result.out


@pytest.mark.parametrize(
    "command", [("eval", "run"), ("show", "run"), ("predict", "run", "new.csv"), ("resume", "run")]
)
def test_when_none_is_valid_nothing_is_touched(command, nntrain, run, here):
    (here / "new.csv").write_text("1,2,3\n", encoding="utf-8")
    (run / "summary.json").unlink()
    for path in RunDir(run).checkpoints():
        damage(path)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    result = nntrain(*command)
    assert (result.status, result.out) == (5, "")
    assert re.fullmatch(
        r"error: run/checkpoints/step-.*; none of the 2 checkpoints in run/checkpoints is valid\n", result.err
    )
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
