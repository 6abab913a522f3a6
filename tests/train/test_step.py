"""The recorded step: nothing large is allocated once it is bound, and nothing changes its precision in silence."""

import tracemalloc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from nntrain.core.plan import SMALL_KERNELS, Plan
from nntrain.ops.activations import ACTIVATIONS, Elementwise
from nntrain.ops.losses import LOSSES, Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.models import Mlp
from nntrain.ops.optimizers import OPTIMIZERS, Optimizer, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.train import step as step_module
from nntrain.train.loop import fit
from nntrain.train.state import State
from nntrain.train.step import Stepper

LIMIT = 64 << 10  # bytes


def tuned(registry, base, method):
    """Return the entries whose calls are written out; a formula on whole arrays makes new arrays in every step."""
    return [entry() for entry in registry.values() if getattr(entry, method, None) is not getattr(base, method)]


UNITS = tuned(ACTIVATIONS, Elementwise, "forward")
LOSS_OPTIONS = [
    *tuned(LOSSES, Loss, "bind"),
    SoftmaxCrossEntropy(class_weights=tuple(range(1, 13)), label_smoothing=0.1),
    SigmoidCrossEntropy(class_weights=(1.0, 2.0), label_smoothing=0.1),
]
OPTIMIZER_OPTIONS = [*tuned(OPTIMIZERS, Optimizer, "bind"), Sgd(momentum=0.9), Sgd(momentum=0.9, nesterov=True)]
# (examples, width of hidden layers, scores): blocks stored column after column, and row after row; each over the limit
NARROW, WIDE = (1000, 16, 12), (260, 70, 40)


def model(unit, width):
    return Mlp(hidden=(width, width), activation=(unit,), dropout=(0.2, 0.0))


def prepared(make_job, unit, loss, optimizer, shape, dtype="float64", **options):
    """Return a stepper, and its step bound to the first batch."""
    n, hidden, width = shape
    if getattr(loss, "class_weights", None) and isinstance(loss, SoftmaxCrossEntropy):
        loss = replace(loss, class_weights=tuple(float(k + 1) for k in range(width)))
    job = make_job(
        model(unit, hidden), loss, n=n, d=hidden, width=width, batch_size=n, dtype=dtype, optimizer=optimizer, **options
    )
    stepper = Stepper(job, State.start(job.network.params, job.optimizer))
    step = stepper(next(iter(job.batches.epoch(0))))
    stepper.set_rates(0.01)
    return stepper, step


@pytest.fixture(autouse=True)
def _small_buffers_inside_numpy():
    """Make the buffers small that NumPy takes for a broadcast, whatever the size of the arrays; usually 64 KiB each."""
    usual = np.setbufsize(1024)
    yield
    np.setbufsize(usual)


def peak_of(call):
    """Return the bytes that a call allocates at the most."""
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    call()
    return tracemalloc.get_traced_memory()[1] - before


def allocations(calls):
    """Return the descriptions of those recorded calls that allocate a large block."""
    for call in calls.bind():
        call()  # what is made once and kept does not count
    tracemalloc.start()
    try:
        peaks = [peak_of(bound) for bound in calls.bind()]
    finally:
        tracemalloc.stop()
    return [f"{c.label}: {c.function} {peak} bytes" for c, peak in zip(calls, peaks, strict=True) if peak >= LIMIT]


@pytest.mark.parametrize("shape", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_no_step_allocates(make_job, unit, shape):
    for loss in LOSS_OPTIONS:
        for dtype in ("float64", "float32") if shape == WIDE else ("float64",):
            size = (2 * shape[0], *shape[1:]) if dtype == "float32" else shape
            _, step = prepared(make_job, unit, loss, Sgd(), size, dtype, penalty=Penalty(l1=0.1, l2=0.1))
            assert allocations(step.recorded) == []


@pytest.mark.parametrize("kernels", sorted(SMALL_KERNELS))
def test_no_step_allocates_where_products_are_cut(make_job, kernels):
    _, step = prepared(make_job, UNITS[0], LOSS_OPTIONS[0], Sgd(), WIDE, plan=Plan.for_kernels(kernels, 1))
    assert allocations(step.recorded) == []


@pytest.mark.parametrize("optimizer", OPTIMIZER_OPTIONS, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_update_allocates(make_job, optimizer, dtype):
    stepper, _ = prepared(make_job, UNITS[0], LOSS_OPTIONS[0], optimizer, (50, 150, 40), dtype)
    assert stepper.network.params.theta.nbytes > 2 * LIMIT
    assert allocations(stepper.update_calls) == []
    tracemalloc.start()
    try:
        for call in (*stepper.remember(), *stepper.measure_gradient(), stepper.clip(), *stepper.measure_change()):
            assert peak_of(call.bind()) < LIMIT
    finally:
        tracemalloc.stop()


def test_no_epoch_allocates_after_the_first(make_job):
    """The whole loop, batches, validation and all: nothing beyond the order of the examples, 8 bytes each."""
    net = model(ACTIVATIONS["sigmoid"](), 64)
    job = make_job(net, n=3000, d=64, width=10, batch_size=500, validation=True, optimizer=Sgd(momentum=0.9))
    run = fit(job, State.start(job.network.params, job.optimizer))
    next(run)
    tracemalloc.start()
    try:
        assert peak_of(partial(next, run)) < LIMIT + 8 * 3000
    finally:
        tracemalloc.stop()
    run.close()


def test_an_allocation_would_be_seen(make_job):
    _, step = prepared(make_job, UNITS[0], LOSS_OPTIONS[0], Sgd(), WIDE)
    step.recorded.label = "planted"
    big = np.zeros((260, 40))
    step.recorded(lambda: big + 1)
    (seen,) = allocations(step.recorded)
    assert seen.startswith("planted")


# --- precision -------------------------------------------------------------------------------------------------------


def strangers(calls, dtype):
    """Return the calls that touch an array of another precision than the run's."""
    allowed = {np.dtype(dtype), np.dtype(bool)}
    found = []
    for call in calls:
        arrays = [call.out, *call.args, getattr(call.function, "__self__", None)]
        for array in (a for a in arrays if isinstance(a, np.ndarray | np.generic)):
            if array.dtype not in allowed and array.dtype.kind not in "iu":
                found.append(f"{call.label}: {call.function} {array.dtype}")
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_every_array_of_a_step_has_the_run_s_precision(make_job, unit, dtype):
    for loss in LOSS_OPTIONS:
        for optimizer in OPTIMIZER_OPTIONS:
            stepper, step = prepared(make_job, unit, loss, optimizer, (9, 5, 4), dtype, penalty=Penalty(l1=0.1, l2=0.1))
            assert strangers(step.recorded, dtype) == []
            assert strangers(stepper.update_calls, dtype) == []


def test_another_precision_would_be_seen(make_job):
    _, step = prepared(make_job, UNITS[0], LOSS_OPTIONS[0], Sgd(), (9, 5, 4), "float32")
    step.recorded(np.add, np.zeros(3, np.float32), np.ones((), np.float64), out=np.zeros(3, np.float32))
    assert len(strangers(step.recorded, "float32")) == 1


@pytest.mark.parametrize("optimizer", OPTIMIZER_OPTIONS, ids=repr)
def test_updating_in_parts_is_updating_at_once(make_job, optimizer, monkeypatch):
    thetas = []
    for chunk in (1 << 30, 17):
        monkeypatch.setattr(step_module, "CHUNK", chunk)
        job = make_job(optimizer=optimizer)
        list(fit(job, State.start(job.network.params, job.optimizer)))
        thetas.append(job.network.params.theta)
    np.testing.assert_array_equal(*thetas)
