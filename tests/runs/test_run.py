"""Runs that stop and go on: whatever happens in between, what comes out is the same."""

import json
from contextlib import suppress

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, DataError, DivergenceError, InterruptedRun, SpecError
from nntrain.runs import Done, open_model, prepare_run
from nntrain.runs import run as running
from nntrain.runs.curve_files import CurveFiles
from nntrain.runs.journal import Journal
from nntrain.runs.saver import Saver


def after(calls):
    """Return an `interrupted` that says so at its so-manieth question."""
    asked = iter(range(calls))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize("steps", range(0, 15, 2))
def test_interrupted_at_any_step_it_ends_as_if_it_had_not_been(steps, tiny, trained, lasting, tmp_path):
    trained(tiny(), "whole")
    with pytest.raises(InterruptedRun, match=r"saved at step \d+ after a request; nntrain resume .*broken goes on"):
        trained(tiny(), "broken", after(steps))
    assert RunDir(tmp_path / "broken").status == "interrupted"
    run, _ = trained(tiny(), "broken")
    assert run.resumed is not None
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_interrupted_at_every_step_it_still_ends(tiny, trained, lasting, tmp_path):
    trained(tiny(), "whole")
    for _ in range(30):
        with suppress(InterruptedRun):
            trained(tiny(), "broken", after(0))
            break
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


@pytest.mark.parametrize("place", ["start", "record", "save", "finish", "curves", "summary"])
def test_a_crash_at_any_stage_loses_nothing(place, tiny, trained, lasting, tmp_path, monkeypatch):
    trained(tiny(), "whole")
    crashes = {
        "start": (Journal, "log"),
        "record": (running.Run, "_save"),
        "save": (RunDir, "prune"),
        "finish": (running.Run, "_finish"),
        "curves": (CurveFiles, "write_table"),
        "summary": (Journal, "write"),
    }
    owner, name = crashes[place]
    right, calls = getattr(owner, name), []

    def crash(self, *args, **named):
        calls.append(args)
        if place != "summary" or args == ("done",):
            raise ZeroDivisionError
        return right(self, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(ZeroDivisionError):
            trained(tiny(), "broken")
    assert calls
    assert not RunDir(tmp_path / "broken").is_done()
    trained(tiny(), "broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_a_damaged_newest_checkpoint_is_named_and_an_older_one_used(tiny, trained, lasting, tmp_path):
    trained(tiny(), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(), "broken", after(12))
    older, newest = RunDir(tmp_path / "broken").checkpoints()[-2:]
    newest.write_bytes(newest.read_bytes()[:-1])
    run, _ = trained(tiny(), "broken")
    assert len(run.notes) == 1
    assert run.notes[0].startswith(f"{newest}: ")
    assert run.notes[0].endswith(f"; using {older.name}")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_a_best_checkpoint_that_is_gone_is_told_and_not_believed_in(tiny, trained, tmp_path):
    with pytest.raises(InterruptedRun):
        trained(tiny(), "run", after(14))
    directory = RunDir(tmp_path / "run")
    best = directory.latest().checkpoint.meta["best"]
    directory.checkpoint_path(best["step"]).unlink()
    if directory.latest() is None:
        pytest.fail("the best was the only one")
    run, _ = trained(tiny(), "run")
    assert (
        f"the checkpoint of the best epoch, {best['epoch']}, is gone: the best is that of the epochs to come"
        in run.notes
    )
    assert (tmp_path / "run" / run.summary["checkpoint"]).exists()


def test_a_finished_run_is_not_opened_again(tiny, trained):
    first, _ = trained(tiny(), "run")
    again, records = trained(tiny("runtime.threads=1"), "run")
    assert isinstance(again, Done)
    assert again.is_done
    assert (again.summary, records) == (json.loads(json.dumps(first.summary)), [])


def test_other_data_under_the_same_spec_are_refused(tiny, trained, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(40)), encoding="utf-8")
    spec = tiny(f"data.source={{kind: csv, path: {path}}}")
    with pytest.raises(InterruptedRun):
        trained(spec, "run", after(3))
    path.write_text("a,b\n" + "".join(f"{i + 1},{i % 2}\n" for i in range(40)), encoding="utf-8")
    with pytest.raises(DataError, match="the data have changed since this run began"):
        trained(spec, "run")


def test_nothing_is_made_before_data_and_spec_are_known_to_be_good(tiny, trained, tmp_path):
    with pytest.raises(DataError):
        trained(tiny("data.source={kind: csv, path: gone.csv}"), "run")
    with pytest.raises(SpecError):
        trained(tiny("train.batch_size=31"), "run")
    assert not (tmp_path / "run").exists()


def test_a_directory_with_other_things_in_it_is_left_alone(tiny, trained, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/config.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(SpecError, match=r"not a run directory, but it holds 'config\.yaml'"):
        trained(tiny(), "run")
    assert (tmp_path / "run/config.yaml").read_text(encoding="utf-8") == "mine"


def test_a_foreign_checkpoint_is_no_traceback(tiny, trained, tmp_path):
    from nntrain.artifacts.checkpoint import Checkpoint

    with pytest.raises(InterruptedRun):
        trained(tiny(), "run", after(3))
    directory = RunDir(tmp_path / "run")
    with directory.lock():
        directory.save_checkpoint(99, Checkpoint({}, {"spec": tiny().resolved}))
    with pytest.raises(CheckpointError, match=r"step-000000000099\.safetensors: lacks 'data'; was it written by"):
        trained(tiny(), "run")


def test_a_diverging_run_names_its_last_good_checkpoint(tiny, trained, tmp_path):
    spec = tiny("optimizer={kind: sgd, lr: 1.0e+30}", "checkpoint.every_steps=1", "loss=mse", "model.dropout=0")
    with pytest.raises(DivergenceError) as caught:
        trained(spec, "run")
    last = RunDir(tmp_path / "run").checkpoints()[-1]
    assert str(caught.value).endswith(f"; last good checkpoint: {last}")
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert record["status"] == "diverged"
    assert "diverged, " in record["stopped"]


def test_the_result_is_that_of_the_best_epoch(tiny, trained, tmp_path):
    run, records = trained(tiny("train.epochs=40", "optimizer.lr=0.5", "train.stop.patience=null"), "run")
    best = min(records, key=lambda record: record.validation["cost"])
    assert best.epoch < 40
    assert run.summary["best"] == {
        "monitor": "validation.cost",
        "value": best.validation["cost"],
        "epoch": best.epoch,
        "step": best.step,
    }
    assert run.summary["validation"]["cost"] == best.validation["cost"]
    assert run.summary["epoch"] == best.epoch
    assert run.summary["epochs"] == 40
    assert RunDir(tmp_path / "run").checkpoint_path(best.step).exists()


def test_without_validation_the_last_epoch_is_the_result(tiny, trained):
    run, _ = trained(tiny("data.validation=null", "train.stop.patience=null"), "run")
    assert run.summary["best"] is None
    assert run.summary["checkpoint"].endswith("000000000020.safetensors")
    assert "validation" not in run.summary


PATIENT = "train={epochs: 9, batch_size: 8, stop: {patience: 2, min_delta: 0.2}}"


def test_without_validation_patience_names_and_keeps_what_it_watches(tiny, trained, tmp_path):
    run, records = trained(tiny("data.validation=null", PATIENT), "run")
    best = next(record for record in records if record.epoch == run.summary["epoch"])
    assert run.summary["stopped"] == f"no better train.cost for 2 epochs, best in epoch {best.epoch}"
    assert best.epoch == len(records) - 2
    assert run.summary["best"] == {
        "monitor": "train.cost",
        "value": best.train["cost"],
        "epoch": best.epoch,
        "step": best.step,
    }
    assert run.notes == [
        "train.stop.monitor: there is no validation part, so patience watches train.cost, which cannot show when the "
        "network starts to learn by heart; set data.validation to a fraction or a count of rows"
    ]
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert record["monitors"] == {"patience": "train.cost", "best": "train.cost"}
    assert "patience watches train.cost" in (tmp_path / "run/log.txt").read_text(encoding="utf-8")
    model = open_model(tmp_path / "run")
    assert (model.epoch, model.step) == (best.epoch, best.step)
    assert RunDir(tmp_path / "run").latest().checkpoint.meta["step"] == records[-1].step


@pytest.mark.parametrize("settings", [(), ("train.max_steps=6",), ("data.validation=null", PATIENT)])
def test_a_best_of_null_keeps_no_best(settings, tiny, trained, tmp_path):
    run, records = trained(tiny("checkpoint={best: null, keep: 1}", *settings), "run")
    assert (run.summary["best"], run.summary["epoch"]) == (None, records[-1].epoch)
    assert [path.name for path in RunDir(tmp_path / "run").checkpoints()] == [
        f"step-{records[-1].step:012d}.safetensors"
    ]
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert record["monitors"]["best"] is None


@pytest.mark.parametrize("setting", ["train.stop.monitor", "checkpoint.best"])
def test_a_figure_that_cannot_be_measured_is_refused(setting, tiny):
    advice = "set data.validation to a fraction or a count of rows, or name train.accuracy"
    with pytest.raises(SpecError) as caught:
        prepare_run(tiny("data.validation=null", f"{setting}=validation.accuracy"))
    message = f"there is no validation part, got 'validation.accuracy'; {advice}"
    assert str(caught.value) == f"--set {setting}: {message}"
    assert prepare_run(tiny(f"{setting}=validation.accuracy")).notes == []


@pytest.mark.parametrize("setting", ["train.stop.monitor", "checkpoint.best"])
def test_a_figure_that_there_is_not_is_refused(setting, tiny):
    with pytest.raises(SpecError) as caught:
        prepare_run(tiny(f"{setting}=validation.acuracy"))
    known = "train.accuracy, train.cost, validation.accuracy, validation.cost"
    message = f"no such figure, got 'validation.acuracy'; did you mean 'validation.accuracy'? (one of {known})"
    assert str(caught.value) == f"--set {setting}: {message}"


def test_the_run_says_what_it_depends_on(tiny, trained, tmp_path):
    trained(tiny(), "run")
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert (record["status"], record["argv"], record["seed"]) == ("done", ["nntrain"], 0)
    assert record["environment"]["numpy"]
    assert record["environment"]["plan"]["threads"] >= 1
    assert len(record["data"]["fingerprint"]) == 64
    assert record["spec"] == json.loads(json.dumps(tiny().settle("classification", 2).resolved))
    assert (tmp_path / "run/config.yaml").read_text(encoding="utf-8") == tiny().text


# --- what waits to be written ----------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("pauses", [[0.0] * 9, [2.0] * 9, [0.0, 2.0, 0.0, 0.0, 2.0, 0.3, 0.3, 0.3, 0.3]])
@pytest.mark.parametrize("best", [1, 4, 9])
def test_what_waited_lies_there_in_the_end_as_if_it_had_not(pauses, best, tmp_path):
    import numpy as np

    clock, directory = Clock(), RunDir.at(tmp_path)
    value = np.zeros(3)
    with directory.lock():
        saver = Saver(directory, keep=2, spacing=1.0, clock=clock)
        for step, pause in enumerate(pauses, start=1):
            clock.now += pause
            value[:] = step  # the arrays of a run are changed in place
            saver.save(step, {"x": value}, {"step": step}, kept=[min(step, best)])
            assert saver.step == step
            on_disk = [found.meta["step"] for found in checkpoints(directory)]
            assert on_disk[:1] == ([1] if best == 1 else on_disk[:1])
        saver.flush()
        saver.flush()
    found = checkpoints(directory)
    assert [item.meta["step"] for item in found] == sorted({best, 8, 9})
    assert all(item.tensors["x"].tolist() == [item.meta["step"]] * 3 for item in found)


EVERY = [[step] for step in range(1, 8)]


@pytest.mark.parametrize(("spacing", "expected"), [(1.0, [[1], [1], [1], [4], [4], [4], [7]]), (0.0, EVERY)])
def test_nothing_waits_beyond_the_spacing(spacing, expected, tmp_path):
    clock, directory = Clock(), RunDir.at(tmp_path)
    with directory.lock():
        saver = Saver(directory, keep=1, spacing=spacing, clock=clock)
        seen = []
        for step in range(1, 8):
            saver.save(step, {}, {"step": step}, kept=())
            seen.append([item.meta["step"] for item in checkpoints(directory)])
            clock.now += 0.4
    assert seen == expected


def checkpoints(directory):
    from nntrain.artifacts import checkpoint

    return [checkpoint.load(path) for path in directory.checkpoints()]
