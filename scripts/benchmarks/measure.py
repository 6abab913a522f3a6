"""How peers are compared: first that they train alike, then how fast, in turns so that a busy machine hits all.

Must not know which peers there are, nor how results are shown.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time, sleep

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

from benchmarks.peers.base import Peer, Run
from benchmarks.peers.plain_numpy import PlainNumpy
from benchmarks.workloads import Problem, Workload, problem

TOLERANCE = 1e-5  # relative, on the mean cost of every epoch of the probe
REST = 0.05  # seconds before each timed run: thread pools of the peer before spin on for a while

Say = Callable[[str], None]


@dataclass(slots=True)
class Timing:
    """Seconds a step in each repeat, the processor cores that were busy meanwhile, and the BLAS threads allowed."""

    threads: int
    seconds: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    @property
    def microseconds(self) -> float:
        """Median time of a step in µs."""
        return 1e6 * median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the interquartile range of the repeats over their median: how far they are to be trusted."""
        low, middle, high = np.quantile(self.seconds, (0.25, 0.5, 0.75))
        return float((high - low) / 2 / middle)

    def ratio(self, reference: "Timing") -> float:
        """Median of time / reference's time, paired repeat by repeat: above 1 the reference is faster."""
        return median(mine / theirs for mine, theirs in zip(self.seconds, reference.seconds, strict=True))


@dataclass(slots=True)
class Row:
    """A workload's timings by peer, and why the other peers have none."""

    workload: str
    timings: dict[str, Timing] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """A run that may be timed, and the BLAS threads its peer has chosen for it."""

    run: Run
    threads: int


def compare(workload: Workload, peers: Mapping[str, Peer], *, probe_steps: int, repeats: int, say: Say) -> Row:
    """Check the costs of the peers over ``probe_steps`` steps, then time those that agree."""
    row = Row(workload.title)
    probe, full = problem(workload.probe(probe_steps)), problem(workload)
    expected = PlainNumpy().make(probe.astype("float64"))(probe.workload.epochs)
    runs: dict[str, Ready] = {}
    threads = blas_threads()
    for name, peer in peers.items():
        say(f"{workload.name}: preparing {peer.title}")
        reason = peer.suits(full) or (disagreement(peer, probe, expected) if peer.trains else None)
        if reason is None:
            runs[name] = Ready(peer.make(full), blas_threads())
        else:
            row.left_out[name] = reason
        set_blas_threads(threads)
    row.timings = interleaved(runs, full.workload, repeats, say)
    set_blas_threads(threads)
    return row


def blas_threads() -> int:
    """The threads that the BLAS libraries in this process may use now."""
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=1)


def set_blas_threads(threads: int) -> None:
    """Let the BLAS libraries in this process use so many threads from now on."""
    threadpool_limits(threads, user_api="blas")


def disagreement(peer: Peer, probe: Problem, expected: "np.typing.NDArray[np.float64]") -> str | None:
    """How far the costs of a peer are from the expected ones; None when they agree within the tolerance."""
    costs = np.asarray(peer.make(probe)(probe.workload.epochs), dtype=np.float64)
    errors = np.abs(costs - expected) / np.abs(expected)
    if costs.shape == expected.shape and errors.max() <= TOLERANCE:  # a NaN fails here
        return None
    first = int(np.argmax(~(errors <= TOLERANCE)))
    return f"trains differently: cost {costs[first]:.7g} in epoch {first + 1}, expected {expected[first]:.7g}"


def interleaved(runs: Mapping[str, Ready], workload: Workload, repeats: int, say: Say) -> dict[str, Timing]:
    """Time every run once a repeat, each repeat beginning with another; one untimed run each comes first."""
    timings = {name: Timing(ready.threads) for name, ready in runs.items()}
    for ready in runs.values():
        set_blas_threads(ready.threads)
        ready.run(workload.epochs)
    for name in _turns(list(runs), repeats, lambda repeat: say(f"{workload.name}: repeat {repeat + 1} of {repeats}")):
        set_blas_threads(runs[name].threads)
        gc.collect()
        sleep(REST)
        wall, cpu = perf_counter(), process_time()
        runs[name].run(workload.epochs)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        timings[name].seconds.append(wall / workload.run_steps)
        timings[name].cores.append(cpu / wall)
    return timings


def _turns(names: list[str], repeats: int, begin: Callable[[int], None]) -> Iterator[str]:
    for repeat in range(repeats):
        begin(repeat)
        shift = repeat % max(len(names), 1)
        yield from names[shift:] + names[:shift]
