"""Divergence, looked at once more: which step, which layer, which tensor, what came before, which rate to try."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from nntrain.errors import DivergenceError
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.initializers import INITIALIZERS
from nntrain.ops.losses import Mse
from nntrain.ops.models import Linear, Mlp
from nntrain.ops.optimizers import Adam, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import SCHEDULES
from nntrain.train import divergence as diagnosis
from nntrain.train.divergence import diagnose
from nntrain.train.loop import fit
from nntrain.train.state import State

DEEP = Mlp(hidden=(6, 5), activation=(ACTIVATIONS["relu"](),), dropout=(0.2,))


def start(job):
    return State.start(job.network.params, job.optimizer)


def stored(state):
    return {name: view.copy() for name, view in state.tensors().items()}, json.loads(json.dumps(state.figures()))


def finite(state):
    return all(np.isfinite(view).all() for view in state.tensors().values())


RATES = [1e3, 1e6, 1e12, 1e30, 1e37]


@pytest.mark.parametrize("lr", RATES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("batch_size", [8, 29])
def test_it_finds_the_step_that_was_not_taken(make_job, lr, momentum, batch_size):
    """The costs are those that training saw, the weights those before the step, and finite."""
    optimizer = Sgd(lr=lr, momentum=momentum)

    def make():
        return make_job(DEEP, Mse(), dtype="float32", optimizer=optimizer, batch_size=batch_size, epochs=60)

    job = make()
    with pytest.raises(DivergenceError):
        list(fit(job, start(job)))
    job.network.initialize(3)
    state = start(job)
    found = diagnose(job, state)
    assert finite(state)
    assert (found.epoch, found.step) == (state.epoch + 1, state.step + 1)
    assert len(found.costs) == len(found.ratios) == found.step - 1
    again = make()
    for _ in zip(range(found.step - 1), fit(again, start(again), pause_every=1), strict=False):
        pass
    np.testing.assert_array_equal(job.network.params.theta, again.network.params.theta)


@pytest.mark.parametrize("lr", RATES)
def test_the_rate_to_try_trains(make_job, lr):
    job = make_job(DEEP, Mse(), optimizer=Sgd(lr=lr), epochs=60)
    found = diagnose(job, start(job))
    assert found.lr_to_try < lr / 2
    tried = make_job(DEEP, Mse(), optimizer=Sgd(lr=found.lr_to_try), epochs=20)
    records = list(fit(tried, start(tried)))
    assert records[-1].train["cost"] <= records[0].train["cost"]


def first_step(make_job, model, optimizer, *, inputs=1.0, targets=1.0, **options):
    """Return the diagnosis of a run in float32 whose first step fails, and whether the weights are as they were."""
    job = make_job(model, Mse(), dtype="float32", optimizer=optimizer, n=16, batch_size=16, epochs=3, **options)
    X, t, _ = job.batches._source
    X *= np.float32(inputs)
    t *= np.float32(targets)
    before = job.network.params.theta.copy()
    found = diagnose(job, start(job))
    assert (found.epoch, found.step, found.costs, found.ratios) == (1, 1, [], [])
    np.testing.assert_array_equal(job.network.params.theta, before)
    return found.what


MOMENTUM = Sgd(lr=0.1, momentum=0.9)


def test_a_layer_is_named_by_its_place_and_kind(make_job):
    large = replace(INITIALIZERS["normal"](), std=1e30)
    what = first_step(make_job, Mlp(hidden=(5, 4), init=(large,)), MOMENTUM)
    assert what == "the output of layer 2 (dense) is not finite"


def test_a_gradient_is_named(make_job):
    """The cost is that of small residuals; their product with the inputs is beyond float32."""
    what = first_step(make_job, Linear(init=INITIALIZERS["zeros"]()), MOMENTUM, inputs=1e25, targets=1e18)
    assert what == "the gradient of layers.0.W (layer 0, dense) is not finite"


def test_the_cost_is_named(make_job):
    what = first_step(make_job, Linear(), MOMENTUM, targets=1e25)
    assert re.fullmatch("the (loss|cost) is not finite", what)


def test_an_update_is_named_and_not_applied(make_job):
    what = first_step(make_job, Linear(), Sgd(lr=1e38, momentum=0.9), targets=1e4)
    assert what == "layers.0.W (layer 0, dense) is not finite after the update, which was not applied"
    what = first_step(make_job, Linear(), Sgd(lr=1e38), targets=1e4)  # where the rate is folded into the gradient
    assert what == "the gradient passed down by the loss is not finite"


def test_a_slot_is_named_and_its_step_not_kept(make_job):
    """The mean of squared gradients overflows, and would stop every later step in silence."""
    what = first_step(make_job, Linear(), Adam(lr=1e-3), inputs=1e3, targets=3e18)
    assert what == "v.layers.0.W (layer 0, dense) is not finite after the update, which was not applied"


def test_an_explosion_without_overflow_has_its_history(make_job):
    job = make_job(Linear(), Mse(), batch_size=29, epochs=100, optimizer=Sgd(lr=3.0))
    found = diagnose(job, start(job))
    assert found.what.startswith("the epoch's cost grew to ")
    assert found.costs == sorted(found.costs)
    assert str(found) == (
        f"epoch {found.epoch}, step {found.step}: diverged, {found.what}; "
        f"cost before: {', '.join(f'{cost:.3g}' for cost in found.costs[-4:])}; "
        f"update ratio ‖Δθ‖/‖θ‖ before: {', '.join(f'{ratio:.3g}' for ratio in found.ratios[-4:])}; "
        f"try optimizer.lr {found.lr_to_try:g} (now 3), or set train.clip_norm"
    )


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", "plateau", "step"])
def test_from_the_middle_of_an_epoch_it_is_the_same(make_job, schedule):
    def make():
        return make_job(
            Linear(),
            Mse(),
            optimizer=Sgd(lr=30.0 if schedule == "one_cycle" else 3.0),
            penalty=Penalty(l2=0.1),
            epochs=60,
            schedule=SCHEDULES[schedule](),
            validation=True,
        )

    job = make()
    whole = diagnose(job, start(job))
    assert whole is not None
    job = make()
    state = start(job)
    for _, _ in zip(range(whole.step // 2), fit(job, state, pause_every=1), strict=False):
        pass
    carried, job = stored(state), make()
    state = start(job)
    state.restore(*carried)
    part = diagnose(job, state)
    assert (part.epoch, part.step, part.what) == (whole.epoch, whole.step, whole.what)
    assert part.costs[-1] == pytest.approx(whole.costs[-1], rel=1e-9)


def test_a_run_that_goes_well_has_no_diagnosis(make_job):
    job = make_job(epochs=2)
    assert diagnose(job, start(job)) is None
    assert diagnose(make_job(DEEP, Mse(), optimizer=Sgd(lr=1e30)), start(job), seconds=0.0) is None


def test_a_rate_is_given_however_little_time_there_is(make_job, monkeypatch):
    times = iter([0.0, 0.0, 0.0, *[100.0] * 100])
    monkeypatch.setattr(diagnosis, "perf_counter", lambda: next(times))
    job = make_job(Mlp(hidden=(6, 6)), Mse(), optimizer=Sgd(lr=1e300))
    found = diagnose(job, start(job))
    assert found is None or 0 < found.lr_to_try < 1e300
