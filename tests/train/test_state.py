"""Resuming: from tensors and figures alone, after any epoch and in the middle of one, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nntrain.data.batches import in_memory as batches
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.models import Mlp
from nntrain.ops.optimizers import OPTIMIZERS, Adam, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import SCHEDULES, Plateau
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord, Pause
from nntrain.train.settings import Stop, Training

DRAWN = {"dropout": (0.3, 0.1), "input_dropout": 0.2, "input_noise": 0.1}
DROPPING = Mlp(hidden=(6, 5), activation=(ACTIVATIONS["prelu"](),), **DRAWN)
RULES = [entry() for entry in OPTIMIZERS.values() if not entry.searches]
OPTIMIZER_OPTIONS = [*RULES, Sgd(momentum=0.9), Sgd(momentum=0.9, nesterov=True)]
PLATEAU = Plateau(gamma=0.5, patience=1, min_delta=0.01)


def start(job):
    return job.start()


def timeless(record):
    return {**record.as_dict(), "seconds": 0.0, "examples_per_second": 0.0}


def stored(state):
    """Return what a checkpoint would give back: copies of the tensors, and figures that went through JSON."""
    return {name: view.copy() for name, view in state.tensors().items()}, json.loads(json.dumps(state.figures()))


def run_through(job):
    """Return the records and the final state of a run that is never interrupted."""
    state = start(job)
    return [timeless(event) for event in fit(job, state)], state


def run_in_parts(make, stops):
    """Run with a process's end after each of the numbers of steps; every part has a job and a state of its own."""
    records, carried = [], None
    for stop in [*stops, None]:
        job = make()
        job.network.params.theta[:] = 77.0  # nothing of it may be left
        if carried is None:
            job = make()
        state = start(job)
        for vector in state.slots.values():
            vector[:] = 0.0 if carried is None else 77.0
        if carried is not None:
            state.restore(*carried)
        for event in fit(job, state, interrupted=lambda state=state, stop=stop: state.step == stop):
            if isinstance(event, EpochRecord):
                records.append(timeless(event))
        carried = stored(state)
    return records, state


def assert_equal_runs(whole, parts):
    (records, state), (other_records, other) = whole, parts
    assert records == other_records
    tensors, others = state.tensors(), other.tensors()
    assert tensors.keys() == others.keys()
    for name, view in tensors.items():
        assert view.tobytes() == others[name].tobytes(), name
    untimed = {"seconds": 0.0, "elapsed": 0.0}
    assert state.figures() | untimed == other.figures() | untimed


@pytest.mark.parametrize("optimizer", OPTIMIZER_OPTIONS, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_three_epochs_and_three_are_six(make_job, optimizer, dtype):
    def make():
        return make_job(DROPPING, optimizer=optimizer, dtype=dtype, validation=True, schedule=PLATEAU)

    assert_equal_runs(run_through(make()), run_in_parts(make, [12]))


@pytest.mark.parametrize("entry", SCHEDULES.values(), ids=SCHEDULES)
def test_no_schedule_notices_a_resume(make_job, entry):
    def make():
        return make_job(schedule=entry(warmup=0.8), penalty=Penalty(l2=0.01), validation=True)

    assert_equal_runs(run_through(make()), run_in_parts(make, [2, 12, 17]))


@pytest.mark.parametrize("step", range(1, 24))
def test_a_run_may_be_stopped_after_any_step(make_job, step):
    def make():
        return make_job(DROPPING, optimizer=Adam(lr=0.01), clip_norm=0.5, validation=True, schedule=PLATEAU)

    assert_equal_runs(run_through(make()), run_in_parts(make, [step]))


def test_a_run_may_be_stopped_after_every_step(make_job):
    def make():
        return make_job(DROPPING, optimizer=Adam(lr=0.01), validation=True, schedule=PLATEAU, stop=Stop(patience=9))

    assert_equal_runs(run_through(make()), run_in_parts(make, list(range(1, 24))))


@pytest.mark.parametrize("batch_size", [1, 29])
def test_stochastic_and_batch_descent_resume_too(make_job, batch_size):
    def make():
        return make_job(DROPPING, batch_size=batch_size, optimizer=Sgd(lr=0.01, momentum=0.9), epochs=4)

    assert_equal_runs(run_through(make()), run_in_parts(make, [2, 3]))


def test_the_number_of_batches_gathered_at_a_time_changes_nothing(make_job, monkeypatch):
    monkeypatch.setenv("NNTRAIN_PLAYER", "0")  # which gathers each batch by itself
    thetas = []
    for spot_bytes in (1, 2000, 1 << 30):
        monkeypatch.setattr(batches, "SPOT_BYTES", spot_bytes)
        job = make_job(n=61, batch_size=6)
        run_through(job)
        thetas.append(job.network.params.theta.tobytes())
    assert len(set(thetas)) == 1


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3, 5, 100])
def test_pauses_come_when_asked_for_and_change_nothing(make_job, every):
    quiet = run_through(make_job())
    job = make_job()
    state, events = start(job), []
    for event in fit(job, state, pause_every=every):
        if isinstance(event, Pause):
            assert event == Pause(state.step, interrupted=False)
            assert 0 < state.batch < job.batches.per_epoch
        events.append(event)
    pauses = [event.step for event in events if isinstance(event, Pause)]
    assert pauses == [step for step in range(1, 24) if step % every == 0 and step % 4]  # an epoch's end is a record
    assert_equal_runs(quiet, ([timeless(e) for e in events if isinstance(e, EpochRecord)], state))


@pytest.mark.parametrize("step", [1, 4, 7, 23])
def test_an_interrupt_ends_the_run_with_a_pause_at_the_next_step(make_job, step):
    job = make_job()
    state = start(job)
    events = list(fit(job, state, interrupted=lambda: state.step >= step))
    assert events[-1] == Pause(step, interrupted=True)
    assert state.step == step
    assert state.stopped is None


def test_an_interrupt_in_the_last_step_leaves_nothing_to_go_on_with(make_job):
    job = make_job()
    state = start(job)
    events = list(fit(job, state, interrupted=lambda: state.step == 24))
    assert isinstance(events[-1], EpochRecord)
    assert state.stopped == "all epochs done"


# --- patience ------------------------------------------------------------------------------------------------


def judged(make_job, costs, patience):
    values = iter(costs)
    job = make_job(DROPPING, epochs=8, optimizer=Sgd(momentum=0.9), stop=Stop(patience=patience))
    return replace(job, validation=lambda: {"cost": next(values), "accuracy": 0.0})


COSTS = [5.0, 3.0, 4.0, 3.5, 3.2, 2.0, 1.0, 0.5]


def test_a_run_that_ran_out_of_patience_can_go_on_as_if_it_had_not(make_job):
    whole = judged(make_job, COSTS, 10)
    state = start(whole)
    list(fit(whole, state))
    short = judged(make_job, COSTS, 3)
    stopped = start(short)
    list(fit(short, stopped))
    assert stopped.epoch == 5
    carried = stored(stopped)
    again = judged(make_job, COSTS[5:], 10)
    resumed = start(again)
    resumed.restore(*carried)
    resumed.reopen()
    list(fit(again, resumed))
    assert again.network.params.theta.tobytes() == whole.network.params.theta.tobytes()
    assert resumed.figures() | {"elapsed": 0} == state.figures() | {"elapsed": 0}


def test_a_finished_run_is_not_trained_again(make_job):
    job = judged(make_job, COSTS, 3)
    state = start(job)
    list(fit(job, state))
    theta = job.network.params.theta.copy()
    assert list(fit(job, state)) == []
    np.testing.assert_array_equal(job.network.params.theta, theta)


def test_more_epochs_go_on_from_the_last_state(make_job):
    whole = judged(make_job, COSTS, 9)
    list(fit(whole, start(whole)))
    first = judged(make_job, COSTS, 9)
    first = replace(first, training=replace(first.training, epochs=4))
    state = start(first)
    list(fit(first, state))
    carried = stored(state)
    again = judged(make_job, COSTS[4:], 9)
    resumed = start(again)
    resumed.restore(*carried)
    resumed.reopen()
    list(fit(again, resumed))
    assert again.network.params.theta.tobytes() == whole.network.params.theta.tobytes()


# --- what is stored --------------------------------------------------------------------------------------------------


def test_tensors_are_the_parameters_and_the_slots(make_job):
    job = judged(make_job, COSTS, 9)
    state = start(job)
    list(fit(job, state))
    names = [name for name, _ in job.network.params.named(job.network.params.theta)]
    assert list(state.tensors()) == [*names, *(f"velocity.{n}" for n in names)]
    assert sum(view.size for view in state.tensors().values()) == 2 * job.network.params.size


def test_tensors_of_another_network_are_refused(make_job):
    tensors, figures = stored(start(make_job(Mlp(hidden=(4,)))))
    state = start(make_job(Mlp(hidden=(5,))))
    with pytest.raises(ValueError, match=r"layers\.0\.W: must be \(5, 4\), got \(4, 4\)"):
        state.restore(tensors, figures)
    with pytest.raises(KeyError):
        start(make_job(optimizer=Adam())).restore(*stored(start(make_job())))


def test_figures_are_plain_json(make_job):
    _, state = run_through(make_job(validation=True, schedule=PLATEAU))
    text = json.dumps(state.figures(), allow_nan=False)
    assert json.loads(text).keys() == state.figures().keys()


def test_slots_start_at_zero(make_job):
    for optimizer in OPTIMIZER_OPTIONS:
        state = start(make_job(optimizer=optimizer))
        assert tuple(state.slots) == tuple(optimizer.slots)
        assert not any(vector.any() for vector in state.slots.values())
        assert all(
            v.shape == state.params.theta.shape and v.dtype == state.params.theta.dtype for v in state.slots.values()
        )


def test_training_options_have_the_documented_defaults():
    assert (Training().epochs, Training().batch_size, Training().dtype) == (10, 32, "float32")
    assert Stop() == Training().stop


# --- going on after the end ------------------------------------------------------------------------------------------


def at_end(make, **limits):
    """Return the records and the stored state of a run that ended by these limits."""
    job = make(**limits)
    state = start(job)
    return [timeless(event) for event in fit(job, state)], stored(state)


@pytest.mark.parametrize("patience", [None, 2])
@pytest.mark.parametrize("step", range(1, 12))
def test_a_run_cut_short_in_an_epoch_goes_on_as_the_longer_one(make_job, step, patience):
    """Neither patience nor the schedule has seen the epoch that training ended within."""

    def make(**limits):
        stop = Stop(patience=patience, min_delta=0.01)
        return make_job(DROPPING, optimizer=Adam(lr=0.3), validation=True, schedule=PLATEAU, stop=stop, **limits)

    first, carried = at_end(make, max_steps=step)
    job = make()
    state = start(job)
    state.restore(*carried)
    assert state.batch == step % 4
    if state.stopped.startswith("max_steps"):
        assert state.ended_by == ("max_steps", step)
        state.reopen()
        assert (state.step, state.ended_by) == (step, None)
    kept = first if not step % 4 else first[:-1]
    rest = [timeless(event) for event in fit(job, state)]
    if state.ended_by[0] == "stop.patience" and not rest:
        assert patience
    else:
        assert_equal_runs(run_through(make()), (kept + rest, state))


ENDS = [
    ("epochs", 4, {"epochs": 4}, {"epochs": 5}),
    ("max_steps", 9, {"max_steps": 9}, {"max_steps": None}),
    ("stop.patience", 3, {"stop": Stop(patience=3)}, {"stop": Stop(patience=4)}),
    ("stop.patience", 3, {"stop": Stop(patience=2)}, {"stop": Stop()}),
    ("stop.step_tolerance", 0.5, {"stop": Stop(step_tolerance=0.6)}, {"stop": Stop(step_tolerance=0.5)}),
    ("stop.max_seconds", 2.0, {"stop": Stop(max_seconds=1.9)}, {"stop": Stop(max_seconds=2.1)}),
]


@pytest.mark.parametrize(("setting", "reached", "ends", "goes_on"), ENDS)
def test_a_limit_ends_again_what_still_meets_it(setting, reached, ends, goes_on):
    assert Training(**ends).ends(setting, reached)
    assert not Training(**goes_on).ends(setting, reached)


# --- the mean of the parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_the_mean_is_that_of_the_parameters_after_each_of_the_last_steps(make_job, share, dtype):
    job, seen = make_job(optimizer=Adam(lr=0.01), average=share, dtype=dtype, validation=True, epochs=5), []
    plain = make_job(optimizer=Adam(lr=0.01), dtype=dtype, epochs=5)
    for _ in fit(plain, plain.start(), pause_every=1):
        seen.append(plain.network.params.theta.copy())
    state = start(job)
    records = [event for event in fit(job, state) if isinstance(event, EpochRecord)]
    assert len(seen) == state.step == 20
    expected = np.mean(seen[round(share * 20) :], axis=0)
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(state.average, expected, rtol=30 * eps, atol=30 * eps)
    np.testing.assert_array_equal(job.network.params.theta, plain.network.params.theta)  # it changes no step
    tensors = state.tensors()
    assert all(tensors[name].tobytes() == view.tobytes() for name, view in job.network.params.named(state.average))
    with state.as_result():
        assert records[-1].validation == job.validation()
    assert (records[-1].validation == job.validation()) == (share == 0.95)  # the mean of one step


def test_before_its_first_step_the_mean_is_the_parameters_themselves(make_job):
    job = make_job(average=0.75, epochs=2, max_steps=8)
    state = start(job)
    for event in fit(job, state, pause_every=1):
        step = event.step
        assert np.array_equal(state.average, job.network.params.theta) == (step <= 7)


@pytest.mark.parametrize("step", [1, 9, 12, 13, 20])
@pytest.mark.parametrize("optimizer", [Sgd(lr=0.1), Sgd(lr=0.1, momentum=0.9), Adam(lr=0.01)], ids=repr)
def test_no_mean_notices_a_resume(make_job, step, optimizer):
    def make():
        return make_job(DROPPING, optimizer=optimizer, average=0.5, validation=True, schedule=PLATEAU)

    assert_equal_runs(run_through(make()), run_in_parts(make, [step]))
