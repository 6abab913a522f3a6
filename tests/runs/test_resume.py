"""Runs that go on under other limits: what comes out is what one run would have given, or it is refused."""

import json
from contextlib import suppress

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, InterruptedRun, SpecError
from nntrain.runs import open_run, spec_of_run
from nntrain.runs.run import Run
from nntrain.spec import Spec

STEADY = "schedule=constant"  # a rate that does not depend on the length of the run
FREE = "train.stop.patience=null"


@pytest.fixture
def resumed(tmp_path):
    """Return a function that goes on with the run of this name from its own spec."""

    def go_on(name, *overrides, interrupted=bool):
        loaded = spec_of_run(tmp_path / name, overrides)
        with open_run(loaded, runs=tmp_path, run_dir=tmp_path / name, argv=["again"], draw=False, as_begun=True) as run:
            records = list(run.events(interrupted))
        return run, records

    return go_on


def after(steps):
    """Return an `interrupted` that says so at its so-manieth question."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


# --- as one long run -------------------------------------------------------------------------------------------------

# eight examples a batch, thirty for training: four steps an epoch, so that 6, 7 and 9 end within one
LIMITS = {
    "epochs": ("train.epochs=2", "train.epochs=5"),
    "within an epoch": ("train.max_steps=6", "train.max_steps=17"),
    "within the same epoch": ("train.max_steps=6", "train.max_steps=7"),
    "from within to the end of an epoch": ("train.max_steps=9", "train.max_steps=12"),
    "no limit any more": ("train.max_steps=6", "train.max_steps=null"),
    "within the first epoch": ("train.max_steps=1", "train.max_steps=2"),
    "a short step": ("train.stop.step_tolerance=1e3", "train.stop.step_tolerance=null"),
    "no patience any more": ("train.stop={patience: 1, min_delta: 9}", "train.stop={min_delta: 9}"),
    "patience from now on": (
        "train={epochs: 2, batch_size: 8}",
        "train={epochs: 9, batch_size: 8, stop: {patience: 2}}",
    ),
}


@pytest.mark.parametrize("momentum", ["optimizer.lr=0.05", "optimizer.lr=0.6"])
@pytest.mark.parametrize("case", LIMITS)
def test_a_run_that_ended_goes_on_as_if_it_had_not(case, momentum, tiny, trained, lasting, tmp_path):
    short, long = LIMITS[case]
    common = [momentum, STEADY, FREE] if "patience" not in case else [momentum, STEADY, "train.stop.patience=null"]
    trained(tiny(*common, long), "whole")
    first, _ = trained(tiny(*common, short), "parts")
    second, _ = trained(tiny(*common, long), "parts")
    assert first.state.step < second.state.step or case == "patience from now on"
    assert lasting(tmp_path / "parts") == lasting(tmp_path / "whole")


def test_cut_short_again_and_again_it_is_still_the_one_long_run(tiny, trained, resumed, lasting, tmp_path):
    trained(tiny(STEADY, FREE, "optimizer.lr=0.6"), "whole")
    trained(tiny(STEADY, FREE, "optimizer.lr=0.6", "train.max_steps=1"), "parts")
    for steps in (2, 3, 6, 7, 8, 13):
        resumed("parts", f"train.max_steps={steps}")
    resumed("parts", "train.max_steps=null")
    assert lasting(tmp_path / "parts") == lasting(tmp_path / "whole")


def test_the_best_before_a_cut_epoch_is_kept_for_going_on(tiny, trained, resumed, lasting, tmp_path):
    """With one checkpoint kept, the cut epoch's must not push out the best that one long run would have."""
    settings = (STEADY, FREE, "optimizer.lr=0.6", "checkpoint={keep: 1, min_seconds: 0}")
    trained(tiny(*settings), "whole")
    for steps in (2, 5, 7, 10):
        name = f"cut-{steps}"
        trained(tiny(*settings, f"train.max_steps={steps}"), name)
        resumed(name, "train.max_steps=null")
        assert lasting(tmp_path / name) == lasting(tmp_path / "whole")
        assert not [note for note in resumed(name)[0].notes if "best" in note]


@pytest.mark.parametrize("place", ["save", "cut", "log"])
def test_a_crash_while_a_cut_epoch_is_reopened_loses_nothing(
    place, tiny, trained, resumed, lasting, tmp_path, monkeypatch
):
    trained(tiny(STEADY, FREE), "whole")
    trained(tiny(STEADY, FREE, "train.max_steps=6"), "parts")
    owner, name = {"save": (Run, "_save"), "cut": (RunDir, "cut_metrics"), "log": (RunDir, "append_text")}[place]

    def crash(*args, **named):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(ZeroDivisionError):
            resumed("parts", "train.max_steps=null")
    resumed("parts")
    assert lasting(tmp_path / "parts") == lasting(tmp_path / "whole")


def test_an_extension_that_was_interrupted_is_not_forgotten(tiny, trained, resumed, lasting, tmp_path):
    trained(tiny(STEADY, FREE, "train.epochs=6"), "whole")
    trained(tiny(STEADY, FREE, "train.epochs=2"), "parts")
    for _ in range(2):
        with pytest.raises(InterruptedRun):
            resumed("parts", "train.epochs=6", interrupted=after(3))
    resumed("parts")
    assert lasting(tmp_path / "parts") == lasting(tmp_path / "whole")


# --- resume ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, 1, 4, 7, 11])
def test_resume_needs_nothing_but_the_run(steps, tiny, trained, resumed, lasting, tmp_path):
    trained(tiny(), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(), "broken", after(steps))
    (tmp_path / "tiny.yaml").unlink()
    text = (tmp_path / "broken/config.yaml").read_bytes()
    resumed("broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")
    assert (tmp_path / "broken/config.yaml").read_bytes() == text


def test_a_damaged_run_json_is_made_up_for_by_the_checkpoint(tiny, trained, resumed, lasting, tmp_path):
    trained(tiny(), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(), "broken", after(6))
    (tmp_path / "broken/run.json").write_bytes(b"{")
    resumed("broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_every_start_is_a_segment(tiny, trained, resumed, tmp_path):
    trained(tiny(STEADY, FREE, "train.epochs=2"), "run")
    with pytest.raises(InterruptedRun):
        resumed("run", "train.epochs=3", interrupted=after(1))
    resumed("run")
    record = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert all(segment.pop("time").startswith("20") for segment in record["segments"])
    extended = {
        "argv": ["again"],
        "from_step": 8,
        "epochs": {"before": 2, "after": 3},
        "changes": ["train.epochs: 2 before, 3 now"],
    }
    assert record["segments"] == [
        {"argv": ["nntrain"], "from_step": 0, "epochs": {"before": None, "after": 2}, "changes": []},
        extended,
        {"argv": ["again"], "from_step": 10, "epochs": {"before": 3, "after": 3}, "changes": []},
    ]


def test_what_the_length_of_the_run_decides_is_said(tiny, trained, resumed):
    settings = ("schedule=cosine", FREE, "optimizer.lr=0.5")
    trained(tiny(*settings), "run")
    run, _ = resumed("run", "train.epochs=8")
    assert run.notes == [
        "train.epochs: 4 before, 8 now",
        "the cosine schedule depends on the length of the run, now 32 steps instead of 16: the learning rate of step "
        "17 will be 0.25; that of step 16, the last so far, was 0.0048",
        "a run of this length from the start would have had other rates so far: this will not be the same run",
    ]
    with suppress(InterruptedRun):
        trained(tiny(*settings), "broken", after(7))
    run, _ = resumed("broken", "train.epochs=8")
    assert "the learning rate of step 9 will be 0.427; it would have been 0.25" in run.notes[1]


@pytest.mark.parametrize("schedule", ["constant", "{kind: step, every: 2}", "exponential", "inverse_sqrt", "plateau"])
def test_nothing_is_said_of_a_schedule_that_does_not_look_ahead(schedule, tiny, trained, resumed):
    trained(tiny(f"schedule={schedule}", FREE), "run")
    run, _ = resumed("run", "train.epochs=8")
    assert run.notes == ["train.epochs: 4 before, 8 now"]


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = {
    "model.hidden=[6]": "model.hidden: [5] in the run, [6] in the spec",
    "model=softmax": "model.kind: mlp in the run, softmax in the spec",
    "loss=hinge": "loss.kind: softmax_cross_entropy in the run, hinge in the spec",
    "data.source.n=44": "data.source.n: 40 in the run, 44 in the spec",
    "data.scale=standard": "data.scale: none in the run, standard in the spec",
    "train.batch_size=4": "train.batch_size: 8 in the run, 4 in the spec",
    "train.batch_size=all": "train.batch_size: 8 in the run, all in the spec",
    "train.dtype=float64": "train.dtype: float32 in the run, float64 in the spec",
    "train.clip_norm=1": "train.clip_norm: nothing in the run, 1.0 in the spec",
    "train.stop.monitor=train.cost": "train.stop.monitor: validation.cost in the run, train.cost in the spec",
    "optimizer.lr=0.1": "optimizer.lr: 0.05 in the run, 0.1 in the spec",
    "schedule=cosine": "schedule.kind: plateau in the run, cosine in the spec",
    "penalty.l2=1": "penalty.l2: 0.0 in the run, 1.0 in the spec",
    "seed=1": "seed: 0 in the run, 1 in the spec",
}


def test_a_default_loss_by_name_is_no_change(tiny, trained, tmp_path):
    trained(tiny(), "run")
    run, _ = trained(tiny("loss=softmax_cross_entropy"), "run")
    assert run.is_done
    run, _ = trained(tiny("loss=softmax_cross_entropy", "train.epochs=5"), "run")
    assert (run.notes, run.state.epoch) == (["train.epochs: 4 before, 5 now"], 5)
    run, _ = trained(tiny("train.epochs=6"), "run")
    assert (run.notes, run.state.epoch) == (["train.epochs: 5 before, 6 now"], 6)
    assert "loss: {kind: softmax_cross_entropy" in (tmp_path / "run/config.resolved.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", ["loss=null", "loss=softmax_cross_entropy"])
def test_a_run_that_did_not_record_its_default_loss_goes_on(setting, tiny, trained, tmp_path, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(Spec, "settle", lambda self, *_: self)
        trained(tiny(), "run")
    path = tmp_path / "run/run.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["spec"]["loss"] is None
    del record["data"]["n_classes"]
    del record["spec"]["penalty"]["l1"]  # as if it had come later: a setting that was not there is at its default
    path.write_text(json.dumps(record), encoding="utf-8")
    run, _ = trained(tiny(setting), "run")
    assert run.is_done
    run, _ = trained(tiny(setting, "train.epochs=5"), "run")
    assert (run.notes, run.state.epoch) == (["train.epochs: 4 before, 5 now"], 5)


def test_checkpoints_without_run_json_are_a_run(tiny, trained, tmp_path):
    trained(tiny(), "run")
    (tmp_path / "run/run.json").unlink()
    (tmp_path / "run/summary.json").unlink()
    run, _ = trained(tiny("train.epochs=5"), "run")
    assert (run.notes, run.state.epoch) == (["train.epochs: 4 before, 5 now"], 5)
    (tmp_path / "run/run.json").unlink()
    with pytest.raises(SpecError, match=r"run: seed: 0 in the run, 1 in the spec"):
        trained(tiny("seed=1"), "run")


def contents(path):
    return {item: item.read_bytes() for item in path.rglob("*") if item.is_file()}


@pytest.mark.parametrize("state", ["done", "broken"])
def test_p2_what_would_be_computed_otherwise_is_refused_with_the_difference(state, tiny, trained, tmp_path):
    with suppress(InterruptedRun):
        trained(tiny(), "run", after(6) if state == "broken" else bool)
    before = contents(tmp_path / "run")
    for setting, difference in REFUSED.items():
        with pytest.raises(SpecError) as caught:
            trained(tiny(setting), "run")
        advice = "what is computed cannot change within a run; use another directory"
        assert caught.value.problems == (f"{tmp_path}/run: {difference}", f"{tmp_path}/run: {advice}")
    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize(
    ("steps", "override", "message"),
    [
        (None, "train.epochs=3", "4 epochs are done already, train.epochs is 3"),
        (9, "train.epochs=2", "3 epochs are begun already, train.epochs is 2"),
        (9, "train.max_steps=9", "10 steps are done already, train.max_steps is 9"),
        (9, "train.max_steps=10", "10 steps are done already, train.max_steps is 10"),
    ],
)
def test_less_than_is_done_already_is_refused(steps, override, message, tiny, trained, resumed, tmp_path):
    with suppress(InterruptedRun):
        trained(tiny(), "run", bool if steps is None else after(steps))
    before = contents(tmp_path / "run")
    with pytest.raises(SpecError) as caught:
        resumed("run", override)
    assert str(caught.value) == f"{tmp_path}/run: {message}"
    assert contents(tmp_path / "run") == before


def test_more_epochs_do_not_undo_what_ended_the_run(tiny, trained, resumed):
    first, _ = trained(tiny(STEADY, "train.stop={patience: 1, min_delta: 9}"), "run")
    run, records = resumed("run", "train.epochs=50")
    assert (records, run.state.step) == ([], first.state.step)
    ended = (
        "train.stop.patience ended this run (no better validation.cost for 1 epoch, best in epoch 1), and still does"
    )
    assert run.notes[-1].endswith(f"run: nothing to train: {ended}")
    assert run.is_done is False


def test_best_weights_that_were_not_kept_cannot_be_the_result(tiny, trained, resumed, tmp_path):
    """Without a validation part nothing is kept until patience is set; then the best epoch so far is wanted."""
    settings = ("data.validation=null", FREE, STEADY, "train.stop.min_delta=9", "checkpoint.keep=1")
    trained(tiny(*settings), "run")
    before = contents(tmp_path / "run")
    with pytest.raises(SpecError) as caught:
        resumed("run", "train.stop.patience=2", "train.epochs=9")
    message = "the weights of the best epoch by train.cost, 1, were not kept; set it to false"
    assert str(caught.value) == f"{tmp_path}/run: train.stop.restore_best: {message}"
    assert contents(tmp_path / "run") == before
    run, _ = resumed("run", "train.stop.patience=6", "train.stop.restore_best=false", "train.epochs=9")
    assert (run.summary["best"], run.summary["epoch"], run.summary["epochs"]) == (None, 7, 7)


def test_best_weights_that_happen_to_be_there_are_the_result(tiny, trained, resumed):
    trained(tiny("data.validation=null", FREE, STEADY, "train.stop.min_delta=9", "checkpoint.keep=9"), "run")
    run, _ = resumed("run", "train.stop.patience=5", "train.epochs=9")
    assert (run.summary["best"]["epoch"], run.summary["best"]["monitor"]) == (1, "train.cost")
    assert (run.summary["epoch"], run.summary["epochs"]) == (1, 6)


def test_another_figure_for_the_best_counts_from_there_on(tiny, trained, resumed):
    trained(tiny(STEADY, FREE), "run")
    run, _ = resumed("run", "checkpoint.best=train.cost", "train.epochs=6")
    changed = "checkpoint.best: validation.cost before, train.cost now: the best is that of the epochs to come"
    assert changed in run.notes
    assert run.summary["best"]["monitor"] == "train.cost"
    assert run.summary["best"]["epoch"] in (5, 6)


def test_a_damaged_best_is_told_and_not_believed_in(tiny, trained, resumed, tmp_path):
    with pytest.raises(InterruptedRun):
        trained(tiny("optimizer.lr=0.6"), "run", after(14))
    directory = RunDir(tmp_path / "run")
    best = directory.checkpoint_path(directory.latest().checkpoint.meta["best"]["step"])
    assert best != directory.latest().path
    best.write_bytes(best.read_bytes()[:-1])
    run, _ = resumed("run")
    assert len(run.notes) == 1
    assert run.notes[0].startswith(f"{best}: damaged: ")
    assert run.notes[0].endswith(": the best is that of the epochs to come")


@pytest.mark.parametrize("name", ["gone", "file", "empty", "other"])
def test_what_is_no_run_cannot_be_gone_on_with(name, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/config.yaml").write_text("name: x", encoding="utf-8")
    nothing = "no run to resume: neither run.json nor a checkpoint holds its spec"
    message = {"gone": "no such run directory", "file": "is a file; name the run directory"}.get(name, nothing)
    with pytest.raises(CheckpointError) as caught:
        spec_of_run(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {message}"


def test_with_no_valid_checkpoint_nothing_is_touched(tiny, trained, resumed, tmp_path):
    with pytest.raises(InterruptedRun):
        trained(tiny(), "run", after(9))
    for path in RunDir(tmp_path / "run").checkpoints():
        path.write_bytes(path.read_bytes()[:-1])
    before = contents(tmp_path / "run")
    for settings in ((), ("train.epochs=50",)):
        with pytest.raises(CheckpointError, match=r"none of the \d checkpoints in .* is valid"):
            resumed("run", *settings)
    assert contents(tmp_path / "run") == before


def test_metrics_that_are_missing_are_found_before_anything_is_touched(tiny, trained, resumed, tmp_path):
    trained(tiny(), "run")
    metrics = tmp_path / "run/metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes()[:-5])
    before = contents(tmp_path / "run")
    with pytest.raises(CheckpointError, match="records are missing"):
        resumed("run", "train.epochs=9")
    assert contents(tmp_path / "run") == before
