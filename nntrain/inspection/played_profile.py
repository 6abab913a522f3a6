"""The time of each operation while the C player trains: whole groups of steps, first without a clock, then with one.

Knows nothing of how times are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter, thread_time
from types import ModuleType

import numpy as np

from nntrain.core.calls import Call
from nntrain.core.tape import Tape
from nntrain.errors import DivergenceError
from nntrain.train.job import Job
from nntrain.train.player import Player

FEWEST_LAPS = 3
GATHERING = ("GATHER", "SCALE", "PICK", "TABLE")
UPDATES = ("MOMENTUM", "ADAM")  # in one loop
CLOCK = "TICK"  # the operation that does as good as nothing: what it takes is the reading of the clock


@dataclass(frozen=True, slots=True)
class PlayedTimes:
    """Seconds of a step with its batch, of its batch, and of each call; ``computing`` is the share with a processor.

    An update in one loop stands as its name instead of a call.
    """

    step: float
    gather: float
    computing: float
    calls: Sequence[tuple[Call | str, float]]


@dataclass(frozen=True, slots=True)
class _Lap:
    steps: int
    whole: int  # of them with whole batches
    seconds: float
    computed: float
    spent: Sequence[Sequence[int]]  # nanoseconds of each operation, by tape of whole batches; empty without a clock


def time_played(job: Job, extension: ModuleType, seconds: float) -> PlayedTimes:
    """Train from the present weights for about so many seconds; raises DivergenceError where a cost is not finite."""
    player = Player(job, job.start(), extension)
    _lap(player, 0.0)  # builds the tapes
    laps = _laps(player, seconds / 2)
    tapes = [tape for (_, measured), tape in player.tapes.items() if tape.rows == job.batches.batch_size]
    for tape in tapes:
        tape.spent()
    player.waited = 0.0
    clocked, spent = 0, []
    for lap in _laps(player, seconds / 2, tapes):
        clocked += lap.steps
        if lap.whole:
            spent.append(np.sum(lap.spent, axis=0) / (1e9 * lap.whole))
    gather, calls = _by_call(tapes[0], np.median(spent, axis=0).tolist())
    return PlayedTimes(
        step=median(lap.seconds / lap.steps for lap in laps),
        gather=gather + player.waited / clocked,
        computing=min(1.0, sum(lap.computed for lap in laps) / sum(lap.seconds for lap in laps)),
        calls=calls,
    )


def _laps(player: Player, seconds: float, clocks: Sequence[Tape] = ()) -> list[_Lap]:
    laps: list[_Lap] = []
    until = perf_counter() + seconds
    while perf_counter() < until or len(laps) < FEWEST_LAPS:
        laps.append(_lap(player, until, clocks))
    return laps


def _lap(player: Player, until: float, clocks: Sequence[Tape] = ()) -> _Lap:
    """Take steps to the end of the epoch, or until that time; at least a group, and the last batch on its own."""
    state, batches = player.state, player.job.batches
    last, first, whole = batches.per_epoch - 1, state.step, 0
    start, computed = perf_counter(), thread_time()
    player.begin()
    while state.batch <= last and (state.step == first or perf_counter() < until):
        before, is_short = state.step, state.batch == last and bool(batches.size % batches.batch_size)
        failure = player.take(max(1, last - state.batch), measured=False)
        if failure is not None:
            raise DivergenceError(f"step {state.step + 1}: {failure}, with the initial weights; scale the data")
        whole += 0 if is_short else state.step - before
    seconds, computed = perf_counter() - start, thread_time() - computed
    if state.batch > last:
        state.finish_epoch()
    return _Lap(state.step - first, whole, seconds, computed, [tape.spent() for tape in clocks])


def _by_call(tape: Tape, spent: Sequence[float]) -> tuple[float, list[tuple[Call | str, float]]]:
    """Return the time of gathering, and that of each call, without the reading of the clock.

    The pieces of a product share its time, as threads do them side by side.
    """
    clock = min((t for owner, t in zip(tape.owners, spent, strict=True) if owner == CLOCK), default=0.0)
    gather, times, pools = 0.0, dict[int, tuple[Call | str, float]](), dict[int, list[int]]()
    for owner, raw in zip(tape.owners, spent, strict=True):
        own = max(0.0, raw - clock)
        if owner in GATHERING:
            gather += own
        elif not isinstance(owner, str) or owner in UPDATES:
            times[id(owner)] = (owner, times.get(id(owner), (owner, 0.0))[1] + own)
            if isinstance(owner, Call) and owner.product is not None:
                pools.setdefault(id(owner.product), []).append(id(owner))
    for pieces in pools.values():
        sizes = {piece: _size(times[piece][0]) for piece in pieces}
        pool, whole = sum(times[piece][1] for piece in pieces), sum(sizes.values())
        times |= {piece: (times[piece][0], pool * size / whole) for piece, size in sizes.items()}
    return gather, list(times.values())


def _size(call: Call | str) -> int:
    return call.out.size if isinstance(call, Call) and call.out is not None else 0


def without_moving(job: Job) -> Job:
    """Return the job with a rate so small that the weights hardly change, however long it is timed."""
    return replace(job, optimizer=replace(job.optimizer, lr=1e-6 * job.optimizer.lr))  # type: ignore[type-var]
