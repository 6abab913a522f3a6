"""Training from the command line: what is said where, and runs that go on, are done, or were interrupted."""

import json
import re

import pytest

from nntrain.artifacts.rundir import RunDir

HEADER = """\
tiny, seed 0
  data       blobs: 33 train, 15 validation, 12 test · 3 features → 3 classes
  model      mlp 3–4–3, tanh · 31 parameters, float32
  loss       softmax_cross_entropy
  optimizer  adam 0.05 · constant learning rate
  training   4 epochs of 4 steps, batches of 10
"""

PROGRESS = r"""
  run        r

                            train            validation
      epoch       cost   accuracy       cost   accuracy         lr
        1/4     N     N     N     N       0\.05
        2/4     N     N     N     N       0\.05
        3/4     N     N     N     N       0\.05
        4/4     N     N     N     N       0\.05

  train is measured over the epoch's own batches, validation after the epoch
""".replace("N", r"\d\.\d{4}")

RESULT = r"""
                cost   accuracy   examples
 ─────────────────────────────────────────
 train        N     N         33
 validation   N     N         15
 test         N     N         12

 kept        epoch 4, the best validation\.cost: N
 stopped     all epochs done; epoch 4, step 16
 time        \d\.\d\d s of training, \d+( thousand)? examples/s
 curves      r/curves\.csv
 checkpoint  r/checkpoints/step-000000000016\.safetensors
 next        nntrain eval r
""".replace("N", r"\d\.\d{4}")

FILES = ["checkpoints", "config.resolved.yaml", "config.yaml", "curves.csv", "log.txt", "metrics.jsonl", "run.json"]


def lasting(run):
    """Return all that must not depend on when and how often a run was started: metrics without times, weights."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        del record["seconds"], record["examples_per_second"]
    found = RunDir(run).latest()
    return records, {name: array.tobytes() for name, array in found.checkpoint.tensors.items()}


def test_the_result_goes_to_stdout_and_the_rest_to_stderr(nntrain, here):
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", "--no-plots")
    assert result.status == 0
    assert result.err.startswith(HEADER)
    machine = r"  machine    .+, \d+ threads? on \d+ cores(, C player not built)?"
    assert re.fullmatch(re.escape(HEADER) + machine + PROGRESS, result.err)
    assert re.fullmatch(RESULT, result.out)
    assert sorted(path.name for path in (here / "r").iterdir() if path.name[0] != ".") == [*FILES, "summary.json"]


def test_curves_are_drawn_unless_told_otherwise(nntrain, here):
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q")
    assert " curves      r/curves.png\n" in result.out
    assert (here / "r/curves.png").read_bytes().startswith(b"\x89PNG")
    assert (here / "r/curves.svg").exists()


def test_json_is_one_strict_object_and_nothing_else(nntrain, here):
    result = nntrain("fit", "tiny.yaml", "--json", "--no-plots")
    assert (result.status, result.err, result.out.count("\n")) == (0, "", 1)
    (run,) = (here / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert result.json == {"run": str(run.relative_to(here)), **summary}
    assert {"name", "seed", "stopped", "epochs", "steps", "seconds", "train", "validation", "test"} <= summary.keys()
    assert summary["test"].keys() == {"n", "cost", "accuracy"}


def test_what_is_no_number_is_null(nntrain, here):
    (here / "flat.csv").write_text("x,y\n" + "".join(f"{i},1.5\n" for i in range(20)), encoding="utf-8")
    csv = "data.source={kind: csv, path: flat.csv, task: regression}"
    result = nntrain("fit", "tiny.yaml", "--json", "--no-plots", "--set", csv)
    assert result.status == 0
    assert result.json["train"]["r2"] is None
    shown = nntrain("eval", result.json["run"])
    assert re.search(r"test +\d\.\d{4} +\d\.\d{4} +– ", shown.out)


def test_quiet_says_only_the_result(nntrain):
    result = nntrain("fit", "tiny.yaml", "-q", "--no-plots")
    assert (result.status, result.err) == (0, "")
    assert " kept " in result.out


def test_many_epochs_have_few_rows(nntrain):
    result = nntrain("fit", "tiny.yaml", "--no-plots", "--set", "train.epochs=400")
    rows = re.findall(r"^ *(\d+)/400 ", result.err, re.MULTILINE)
    assert rows[0] == "1"
    assert rows[-1] == "400"
    assert 10 <= len(rows) <= 31


def test_the_last_epoch_has_its_row_whatever_stopped_it(nntrain):
    result = nntrain("fit", "tiny.yaml", "--no-plots", "--set", "train.epochs=400", "--set", "train.max_steps=30")
    assert re.findall(r"^ *(\d+)/400 ", result.err, re.MULTILINE) == ["1", "8"]
    assert " stopped     max_steps 30 reached; epoch 8, step 30\n" in result.out


def test_a_finished_run_is_left_alone(nntrain, done):
    def contents():
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in done.rglob("*") if path.is_file()}

    before = {path: value for path, value in contents().items() if path.name != ".lock"}
    result = nntrain("fit", "tiny.yaml", "--run-dir", "done", "--set", "name=other", "--set", "checkpoint.keep=5")
    assert (result.status, result.err) == (0, "note: done: done already, nothing to train\n")
    assert before == {path: value for path, value in contents().items() if path.name != ".lock"}
    assert " kept        epoch 4, the best" in result.out


LONGER = {  # what is set first, and what then
    "epochs": ("train.epochs=3", "train.epochs=6"),
    "patience": (  # stopped early
        "train={epochs: 30, batch_size: 10, stop: {patience: 2, min_delta: 0.9}}",
        "train={epochs: 30, batch_size: 10, stop: {patience: 5, min_delta: 0.9}}",
    ),
}


@pytest.mark.parametrize("case", LONGER)
def test_to_go_on_longer_is_as_if_it_had_been_meant_from_the_start(case, nntrain, here):
    shorter, longer = LONGER[case]
    for run, settings in (("once", longer), ("twice", shorter), ("twice", longer)):
        result = nntrain("fit", "tiny.yaml", "-q", "--no-plots", "--run-dir", run, "--set", settings)
        assert result.status == 0
    assert lasting(here / "once") == lasting(here / "twice")
    assert len(lasting(here / "once")[0]) > 3


# --- without a validation part ---------------------------------------------------------------------------------------

WATCHES = (
    "note: train.stop.monitor: there is no validation part, so patience watches train.cost, which cannot show when the "
    "network starts to learn by heart; set data.validation to a fraction or a count of rows\n"
)
ALONE = ("--set", "data.validation=null")


def test_patience_without_validation_names_what_it_watches_everywhere(nntrain, here):
    settings = (*ALONE, "--set", "train={epochs: 30, batch_size: 10, stop: {patience: 2, min_delta: 9}}")
    checked = nntrain("check", "tiny.yaml", *settings)
    assert (checked.status, checked.err) == (0, WATCHES)
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", "--no-plots", *settings)
    assert result.err.startswith(WATCHES)
    assert "batches of 10, patience 2 on train.cost, the best train.cost is kept\n" in result.err
    assert re.search(r"^ kept        epoch 1, the best train\.cost: [\d.]+$", result.out, re.MULTILINE)
    assert " stopped     no better train.cost for 2 epochs, best in epoch 1; epoch 3, step " in result.out
    assert "validation.cost" not in result.out + result.err + (here / "r/log.txt").read_text(encoding="utf-8")


def test_without_validation_and_patience_the_last_epoch_is_kept(nntrain):
    result = nntrain("fit", "tiny.yaml", "--no-plots", *ALONE)
    assert "batches of 10, the last epoch is kept\n" in result.err
    assert " kept        epoch 4, the last\n" in result.out


def test_a_best_of_null_is_no_best(nntrain):
    result = nntrain("fit", "tiny.yaml", "--no-plots", "--set", "checkpoint.best=null")
    assert result.status == 0
    assert "batches of 10, the last epoch is kept\n" in result.err
    assert " kept        epoch 4, the last\n" in result.out
