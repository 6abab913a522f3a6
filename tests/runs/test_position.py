"""Checkpoints as version 0.1.0 wrote them: what is resumed, scored and predicted from them is the same to the bit."""

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import SUMMARY, RunDir
from nntrain.runs import open_model, open_run, spec_of_run
from nntrain.runs.position import position_of
from nntrain.runs.run import Run

STEADY = "schedule=constant"
WITHOUT_VALIDATION = "data.validation=null"


def parameters(checkpoint, prefix=""):
    """Return the parameters of a checkpoint under names with a prefix."""
    return {f"{prefix}{name}": array for name, array in checkpoint.tensors.items() if name.startswith("layers.")}


def rewrite_as_0_1_0(path):
    """Write the newest checkpoint of a run as version 0.1.0 did; the best epoch by patience has no file of its own.

    There the state held the weights of the best epoch, ``best.…``; at the end of training they and the parameters
    changed places. An epoch that training ended within was counted as finished, after a copy of the figures, ``cut``,
    and of the best weights, ``cut.…``, had been made.
    """
    directory = RunDir(path)
    newest = directory.latest().checkpoint
    meta, state = dict(newest.meta), {**newest.meta["state"], "restored": False, "cut": None}
    best, before = meta["best"], meta["cut"]
    tensors = dict(newest.tensors)

    def weights(found, prefix):
        stored = newest if found["step"] == meta["step"] else load(directory, found["step"])
        return parameters(stored, prefix)

    if before is not None:
        state["cut"] = {name: value for name, value in state.items() if name not in ("cut", "ended_by")}
        tensors |= weights(before["best"], "cut.")
        sums = dict.fromkeys(("batch", "rows", "cost_sum", "metric_sum", "seconds"), 0)
        improved = best["step"] == meta["step"]
        judged = {"best_value": best["value"], "best_epoch": best["epoch"], "waited": 0 if improved else 1}
        state |= {"epoch": state["epoch"] + 1} | sums | judged
        meta["cut"] = before | {"best": None}
    if best["step"] == meta["step"]:
        tensors |= weights(best, "best.")
    else:  # the best weights are the parameters now, and the last lie where the best were
        tensors |= parameters(newest, "best.") | weights(best, "")
        state["restored"], meta["epoch"] = True, best["epoch"]
    meta |= {"state": state, "best": None}
    replace_checkpoints(directory, tensors, meta)


def replace_checkpoints(directory, tensors, meta):
    """Leave a run with one checkpoint, of these tensors and facts."""
    facts = {key: value for key, value in meta.items() if key not in ("format", "version", "sha256", "seal")}
    with directory.lock():
        for file in directory.checkpoints():
            file.unlink()
        directory.save_checkpoint(meta["step"], Checkpoint(tensors, facts))


def load(directory, step):
    return storage.load(directory.checkpoint_path(step))


def stop(patience):
    return f"train={{epochs: 12, batch_size: 8, stop: {{patience: {patience}, min_delta: 0.1}}}}"


CASES = {  # how training ends first, and how then
    "patience": ([stop(2)], [stop(4)]),
    "all epochs": (["train={epochs: 5, batch_size: 8, stop: {patience: 9, min_delta: 0.1}}"], [stop(9)]),
    "within an epoch": (
        ["train={epochs: 12, max_steps: 7, batch_size: 8, stop: {patience: 9}}"],
        ["train={epochs: 12, batch_size: 8, stop: {patience: 9}}"],
    ),
    "within an epoch that is worse": (
        ["train={epochs: 12, max_steps: 7, batch_size: 8, stop: {patience: 9, min_delta: 5}}"],
        ["train={epochs: 12, batch_size: 8, stop: {patience: 9, min_delta: 5}}"],
    ),
}


@pytest.mark.parametrize("optimizer", ["adam", "{kind: sgd, lr: 0.3}"])
@pytest.mark.parametrize("case", CASES)
def test_an_old_run_goes_on_as_one_long_run(case, optimizer, tiny, trained, lasting, tmp_path):
    first, then = ([WITHOUT_VALIDATION, STEADY, f"optimizer={optimizer}", *settings] for settings in CASES[case])
    trained(tiny(*then), "whole")
    trained(tiny(*first), "old")
    before = open_model(tmp_path / "old")
    rewrite_as_0_1_0(tmp_path / "old")
    old = open_model(tmp_path / "old")
    assert old.assembly.network.params.theta.tobytes() == before.assembly.network.params.theta.tobytes()
    assert old.epoch == before.epoch
    run, records = trained(tiny(*then), "old")
    assert records
    assert lasting(tmp_path / "old") == lasting(tmp_path / "whole")
    assert (tmp_path / "old" / run.summary["checkpoint"]).exists()


@pytest.mark.parametrize("case", CASES)
def test_an_old_run_without_its_summary_ends_with_the_same_result(case, tiny, trained, lasting, tmp_path):
    """As after a crash between the last checkpoint and the summary: there is nothing to train."""
    settings = [WITHOUT_VALIDATION, STEADY, "optimizer.lr=0.5", *CASES[case][0]]
    trained(tiny(*settings), "run")
    result = lasting(tmp_path / "run")
    rewrite_as_0_1_0(tmp_path / "run")
    (tmp_path / "run" / SUMMARY).unlink()
    _, records = trained(tiny(*settings), "run")
    assert records == []
    assert lasting(tmp_path / "run") == result


CRASHES = {
    "before the best is written": (Run, "_save_old_best"),
    "after the best is written": (Run, "_save"),
    "before the metrics are cut": (RunDir, "cut_metrics"),
    "while training": (Run, "_record"),
}


@pytest.mark.parametrize("case", ["patience", "within an epoch that is worse"])
@pytest.mark.parametrize("place", CRASHES)
def test_a_crash_while_an_old_run_is_resumed_loses_nothing(place, case, tiny, trained, lasting, tmp_path, monkeypatch):
    first, then = ([WITHOUT_VALIDATION, STEADY, "checkpoint.min_seconds=0", *settings] for settings in CASES[case])
    trained(tiny(*then), "whole")
    trained(tiny(*first), "old")
    rewrite_as_0_1_0(tmp_path / "old")

    def crash(*args, **named):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(*CRASHES[place], crash)
        with pytest.raises(ZeroDivisionError):
            trained(tiny(*then), "old")
    trained(tiny(*then), "old")
    assert lasting(tmp_path / "old") == lasting(tmp_path / "whole")


def test_nothing_of_an_old_best_is_left_where_no_best_is_wanted(tiny, trained, lasting, tmp_path):
    settings = [WITHOUT_VALIDATION, STEADY, "optimizer.lr=0.5"]
    trained(tiny(*settings, "train={epochs: 12, batch_size: 8, stop: {min_delta: 0.1}}"), "whole")
    trained(tiny(*settings, stop(2)), "old")
    rewrite_as_0_1_0(tmp_path / "old")
    trained(tiny(*settings, "train={epochs: 12, batch_size: 8, stop: {min_delta: 0.1}}"), "old")
    assert lasting(tmp_path / "old") == lasting(tmp_path / "whole")


def test_an_old_run_may_name_a_validation_figure_without_a_validation_part(tiny, trained, tmp_path):
    trained(tiny(WITHOUT_VALIDATION, "train.stop.monitor=train.accuracy", "train.epochs=2"), "old")
    record, directory = tmp_path / "old/run.json", RunDir(tmp_path / "old")
    record.write_text(record.read_text(encoding="utf-8").replace("train.accuracy", "validation.accuracy"), "utf-8")
    newest = directory.latest().checkpoint
    newest.meta["spec"]["train"]["stop"]["monitor"] = "validation.accuracy"
    replace_checkpoints(directory, newest.tensors, newest.meta)
    loaded = spec_of_run(directory.path, ["train.epochs=3"])
    with open_run(loaded, runs=tmp_path, run_dir=directory.path, argv=[], draw=False, as_begun=True) as run:
        assert len(list(run.events())) == 1
    assert run.summary["best"]["monitor"] == "train.accuracy"
    assert run.notes[0].startswith(
        "train.stop.monitor: there is no validation part, so patience watches train.accuracy, which cannot show"
    )


def test_a_position_of_today_is_taken_as_it_is(tiny, trained, tmp_path):
    trained(tiny(), "run")
    checkpoint = RunDir(tmp_path / "run").latest().checkpoint
    position = position_of(checkpoint)
    assert position.tensors is checkpoint.tensors
    assert position.figures is checkpoint.meta["state"]
    assert position.best is None
