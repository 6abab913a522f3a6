"""The time of a training step, call by call, compared with the speed of matrix products on this machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from nntrain.core.calls import Call
from nntrain.core.extension import player
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import Batches
from nntrain.data.dataset import Dataset
from nntrain.inspection.played_profile import PlayedTimes, time_played, without_moving
from nntrain.runs.assembly import Assembly
from nntrain.train.job import Job
from nntrain.train.player import Player
from nntrain.train.step import Stepper

PEAK_SIZE = 1024  # rows and columns of the product that measures the machine's peak
PEAK_REPEATS = 7
FEWEST_ROUNDS = 20
FEWEST_EPOCHS = 3
TIMER_REPEATS = 200
REST = "loop and waiting"  # what is left of a step beside its calls and its batch
LEAST_COMPUTING = 0.9  # share of the time; below it the machine counts as busy


@dataclass(frozen=True, slots=True)
class CallTime:
    """One recorded call of the step: microseconds (median over rounds), and floating-point operations of products."""

    label: str
    function: str
    shapes: str
    microseconds: float
    flops: int

    @property
    def gflops(self) -> float:
        """Speed in GFLOP/s; 0 for calls that are not products."""
        return self.flops / self.microseconds / 1e3 if self.microseconds else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The calls of a step with their times in microseconds, and figures to compare them with.

    ``step`` is the time of a whole step with its batch, ``gather`` the part of it in which the batch was waited for or
    gathered, and ``floor`` the time of its matrix products alone. ``peak`` is the speed of a large product in GFLOP/s,
    with the same threads. ``computing`` is the share of the time of whole steps in which their thread had a processor,
    and ``played`` tells whether the C player takes the steps.
    """

    calls: Sequence[CallTime]
    gather: float
    computing: float
    step: float
    floor: float
    peak: float
    batch_size: int
    plan: dict[str, Any]
    played: bool

    @property
    def floor_ratio(self) -> float:
        """The share of the step's time that its matrix products alone take; 1 would be the fastest possible step."""
        return self.floor / self.step

    @property
    def busy(self) -> bool:
        """Whether the step had to wait for a processor, so that its time is not its own."""
        return self.computing < LEAST_COMPUTING

    def by_label(self) -> dict[str, float]:
        """Return microseconds by layer and pass, in order; their sum is the step."""
        sums = {"gather batch": self.gather}
        for call in self.calls:
            sums[call.label] = sums.get(call.label, 0.0) + call.microseconds
        return sums | {REST: max(0.0, self.step - sum(sums.values()))}


def profile(assembly: Assembly, data: Dataset, *, seconds: float = 2.0) -> Profile:
    """Train from initial weights for about so many seconds and time every call."""
    network = assembly.network
    network.initialize(assembly.spec.seed)
    job, extension = assembly.job(data.train), player()
    with np.errstate(all="ignore"):
        if extension is not None and Player.suits(job, extension):
            return _of_played(job, time_played(without_moving(job), extension, seconds * 5 / 6))
        return _of_interpreted(job, seconds)


def _of_played(job: Job, times: PlayedTimes) -> Profile:
    """Return the profile of steps that the C player takes."""
    size = f"{job.network.params.size}"
    records = [
        CallTime("update", f"{call.lower()} in one loop", size, 1e6 * seconds, 0)
        if isinstance(call, str)
        else replace(_record(call), microseconds=1e6 * seconds)
        for call, seconds in times.calls
    ]
    return Profile(
        calls=records,
        gather=1e6 * times.gather,
        computing=times.computing,
        step=max(1e6 * times.step, 1e6 * times.gather + sum(call.microseconds for call in records)),
        floor=sum(call.microseconds for call in records if call.flops),
        peak=_peak(job.network.dtype),
        batch_size=job.batches.batch_size,
        plan=job.network.plan.describe(),
        played=True,
    )


def _of_interpreted(job: Job, seconds: float) -> Profile:
    """Return the profile of steps that the interpreter makes call by call."""
    network = job.network
    stepper = Stepper(job, job.start())
    stepper.set_rates(1e-6 * job.optimizer.lr)  # so that the weights hardly change
    step = stepper(next(job.batches.epoch(0)))
    calls = [*step.ahead, *step.backward, *stepper.rest]
    bound = [call.bind() for call in calls]
    records = [_record(call) for call in calls]
    times = _time_each(bound, seconds / 3)[0]
    products = [call for call, record in zip(bound, records, strict=True) if record.flops]
    floor = _time_each(products, seconds / 6)[1] if products else 0.0
    whole, gather, computing = _time_steps(stepper, job.batches, seconds / 3)
    timed = [replace(record, microseconds=1e6 * t) for record, t in zip(records, times, strict=True)]
    return Profile(
        calls=timed,
        gather=1e6 * gather,
        computing=computing,
        step=1e6 * max(whole, gather + sum(times)),
        floor=1e6 * floor,
        peak=_peak(network.dtype),
        batch_size=job.batches.batch_size,
        plan=network.plan.describe(),
        played=False,
    )


def _record(call: Call) -> CallTime:
    """Return the description of a call, without its time."""
    owner = getattr(call.function, "__self__", None)
    name = getattr(call.function, "__name__", type(call.function).__name__)
    arrays = [a for a in (owner, *call.args, call.out) if isinstance(a, np.ndarray)]
    shapes = " ".join("×".join(map(str, a.shape)) or "1" for a in arrays)
    matrices = [a for a in arrays if a.ndim == 2]
    is_product = name in ("matmul", "gemm") and len(matrices) == 3
    flops = 2 * matrices[0].shape[0] * matrices[0].shape[1] * matrices[1].shape[1] if is_product else 0
    label = f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name
    return CallTime(call.label, label, shapes, 0.0, flops)


def _time_each(calls: Sequence[Callable[[], Any]], seconds: float) -> tuple[list[float], float]:
    """Return the median seconds of each call among the others, and of a whole round timed as one."""
    each: list[list[float]] = [[] for _ in calls]
    rounds: list[float] = []
    until = perf_counter() + seconds
    while perf_counter() < until or len(rounds) < FEWEST_ROUNDS:
        start = perf_counter()
        for call in calls:
            call()
        rounds.append(perf_counter() - start)
        for call, times in zip(calls, each, strict=True):
            start = perf_counter()
            call()
            times.append(perf_counter() - start)
    cost = _timer_cost()
    return [max(0.0, median(times) - cost) for times in each], median(rounds)


def _timer_cost() -> float:
    """Return the seconds that one reading of the clock adds to what is timed."""
    return median(-(perf_counter() - perf_counter()) for _ in range(TIMER_REPEATS))


def _time_steps(stepper: Stepper, batches: Batches, seconds: float) -> tuple[float, float, float]:
    """Return the seconds of a step with its batch, those of its batch alone, and the share of them spent computing.

    The first two are medians over epochs; the first epoch, which binds the steps, does not count.
    """
    epochs: list[tuple[float, float]] = []
    bound: dict[tuple[int, int], Sequence[Callable[[], Any]]] = {}
    until, computed = perf_counter() + seconds, 0.0
    while perf_counter() < until or len(epochs) < FEWEST_EPOCHS:
        gathering, start, computed_before = 0.0, perf_counter(), thread_time()
        before = start
        for batch in batches.epoch(len(epochs)):
            gathering += perf_counter() - before
            if batch.slot not in bound:
                step = stepper(batch)
                bound[batch.slot] = [call.bind() for call in (*step.ahead, *step.backward, *stepper.rest)]
            for call in bound[batch.slot]:
                call()
            before = perf_counter()
        epochs.append((perf_counter() - start, gathering))
        computed += thread_time() - computed_before if len(epochs) > 1 else 0.0
    whole, gather = ([epoch[k] for epoch in epochs[1:]] for k in (0, 1))
    return median(whole) / batches.per_epoch, median(gather) / batches.per_epoch, min(1.0, computed / sum(whole))


def _peak(dtype: np.dtype[Any]) -> float:
    """Return the GFLOP/s of a large square product."""
    a: Array = np.ones((PEAK_SIZE, PEAK_SIZE), dtype)
    out = np.empty_like(a)
    times = []
    for _ in range(PEAK_REPEATS):
        start = perf_counter()
        np.matmul(a, a, out=out)
        times.append(perf_counter() - start)
    return 2 * PEAK_SIZE**3 / min(times) / 1e9
