"""The ranks of MPI that train one run together: the first leads, the others help.

The first rank has the run: its state, its directory and its decisions. In each step it sends its parameters to all, and
every rank sends back its shards' parts in cost, metrics and gradient, which the first adds in the order of the shards.
The others have no state, so that a run is resumed by any number of ranks, or by one process without MPI. Knows nothing
of the command line; mpi4py is imported only where a spec has several shards and a launcher of MPI has left a sign.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from nntrain.core.machine import changes, environment
from nntrain.core.types import Array
from nntrain.data.batches.in_memory import Batch
from nntrain.errors import DataError, MissingExtraError, SpecError, UserError
from nntrain.runs.assembly import prepare_run
from nntrain.runs.run import Run
from nntrain.spec import Loaded
from nntrain.train.job import Job
from nntrain.train.records import Interrupted
from nntrain.train.shards import Shards
from nntrain.train.state import State

SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")  # what launchers set
NUMBERS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "MV2_COMM_WORLD_RANK")
FEW_ROWS = 64  # of a batch for each rank: with fewer, sending mostly costs more than sharing gains
END = -1  # in place of an epoch: there is nothing more to compute
BUG = 1


def join_ranks(loaded: Loaded) -> "Leader | Helper | None":
    """Return what this process is among the ranks that train the run of a spec; None when it is alone.

    Raises MissingExtraError without an mpi4py that sees the ranks, and SpecError where the shards cannot be shared
    evenly: in the first rank alone, so that it is said once.
    """
    shards, started = loaded.spec.parallel.shards, _sign(SIZES)
    if shards == 1 or started == 1 or (started is None and _sign(NUMBERS) is None):
        return None
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # without the package, or without a library of MPI
        return _idle(loaded, f"ranks of MPI need mpi4py: pip install 'nntrain[mpi]' ({str(error).splitlines()[0]})")
    world = MPI.COMM_WORLD
    if world.size == 1:
        what = f"{started} ranks were started, but the MPI library of mpi4py sees one"
        return _idle(loaded, f"{what}; start them with the mpiexec of the same library") if started else None
    uneven = shards % world.size != 0
    if world.rank > 0:
        return Helper(loaded, None if uneven else world)
    if uneven:
        even = [str(number) for number in range(1, shards + 1) if shards % number == 0]
        what = (
            f"{shards} shards are not shared evenly by {world.size} ranks; start {', '.join(even[:-1])} or {even[-1]}"
        )
        raise loaded.locate_error(SpecError(f"parallel.shards: {what}"))
    return Leader(loaded, world, MPI.IN_PLACE)


def _idle(loaded: Loaded, why: str) -> "Helper":
    """Return a rank that has nothing to do, or raise MissingExtraError in the first one."""
    if _sign(NUMBERS):
        return Helper(loaded, None)
    raise MissingExtraError(f"parallel: {why}")


def each_alone(loaded: Loaded) -> Sequence[str]:
    """Return a line for the user, in the first of several ranks, if each of them trains a run of its own."""
    size = _sign(SIZES)
    if loaded.spec.parallel.shards > 1 or size is None or size < 2 or _sign(NUMBERS):
        return ()
    return [f"each of {size} ranks trains a run of its own; with --set parallel.shards={size} they share one"]


def _sign(names: Sequence[str]) -> int | None:
    """Return the number that a launcher of MPI has left under one of these names."""
    return next((int(os.environ[name]) for name in names if os.environ.get(name, "").isdigit()), None)


class _Task:
    """What the first rank sends before a step, in one piece of memory: epoch, batch and step, then all parameters."""

    def __init__(self, job: Job) -> None:
        theta = job.network.params.theta
        self.bytes = np.zeros(3 * 8 + theta.nbytes, np.uint8)
        self.place = self.bytes[: 3 * 8].view(np.int64)
        self.theta: Array = self.bytes[3 * 8 :].view(theta.dtype)


class _Answer:
    """What is sent back, in one piece of memory: for each shard a signal that came, its figures, and its gradient."""

    def __init__(self, job: Job, shards: int) -> None:
        grad, start = job.network.params.grad, 8 * (2 + job.metrics.n_sums(job.network.n_out))
        self.bytes = np.zeros((shards, start + -(-grad.nbytes // 8) * 8), np.uint8)
        numbers: Array = self.bytes[:, :start].view(np.float64)
        self.signals, self.figures = numbers[:, 0], numbers[:, 1:]
        self.gradients: Sequence[Array] = [row[start : start + grad.nbytes].view(grad.dtype) for row in self.bytes]


@dataclass(frozen=True, slots=True)
class _Report:
    """What a rank that helps says before the first step."""

    error: UserError | None = None
    resolved: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    environment: dict[str, Any] = field(default_factory=dict)


class Leader:
    """The first rank, for use in a ``with``, whose end ends the others; the team of the run that it leads."""

    def __init__(self, loaded: Loaded, world: Any, in_place: Any) -> None:
        self.mine = range(loaded.spec.parallel.shards // world.size)
        self._loaded, self._world, self._in_place = loaded, world, in_place
        self._was_heard = self._is_owed = False  # the reports of the others; what they send in a step
        self._task: _Task | None = None

    def __enter__(self) -> "Leader":
        return self

    def __exit__(self, *error: object) -> None:
        if not self._was_heard:  # there is nothing to train
            self._world.gather(None)
            self._world.bcast(False)
        elif self._task is not None:
            if self._is_owed:  # an error came up within a step
                self.collect()
            self._task.place[0] = END
            self._world.Bcast(self._task.bytes)

    def lead(self, run: Run) -> Sequence[str]:
        """Let all ranks compute the steps of a run; return lines for the user. Raises what keeps one from helping."""
        job, size = run.job, self._world.size
        reports = self._world.gather(None)[1:]
        self._was_heard = True
        errors = [error for number, report in enumerate(reports, 1) if (error := self._error(run, number, report))]
        self._world.bcast(not errors)
        if errors:
            raise errors[0]
        self._task, self._answer = _Task(job), _Answer(job, job.shards)
        self.figures, self.gradients = self._answer.figures, self._answer.gradients
        run.job = replace(job, team=self)
        notes = [_unlike(run, number, report) for number, report in enumerate(reports, 1)]
        if job.batches.batch_size < FEW_ROWS * size:
            rows = f"{size} ranks share batches of {job.batches.batch_size} rows"
            notes.append(f"{rows}, and gain from about {FEW_ROWS} rows each on")
        return [note for note in notes if note]

    def listen(self, interrupted: Interrupted) -> Interrupted:
        """Return what tells of signals that came to this rank or to one of the others."""

        def heard() -> str | bool:
            number = int(self._answer.signals.max())
            return interrupted() or (signal.Signals(number).name if number else "")

        return heard

    def hand_out(self, state: State) -> None:
        assert self._task is not None
        self._task.place[:] = state.epoch, state.batch, state.step
        self._task.theta[:] = state.params.theta
        self._world.Bcast(self._task.bytes)
        self._is_owed = True

    def collect(self) -> None:
        self._world.Gather(self._in_place, self._answer.bytes)
        self._is_owed = False

    def _error(self, run: Run, number: int, report: _Report) -> UserError | None:
        """Return why a rank cannot help."""
        if report.error is not None:
            return type(report.error)(f"rank {number}: {report.error}")
        if report.resolved != self._loaded.resolved:
            return SpecError(f"rank {number}: it has read another spec than the first rank")
        if report.fingerprint != run.data.fingerprint:
            return DataError(f"rank {number}: it has read other data than the first rank")
        return None


def _unlike(run: Run, number: int, report: _Report) -> str:
    """Return that a rank may round otherwise than the first, as a line; empty if not."""
    keys = ", ".join(dict.fromkeys(line.partition(":")[0] for line in changes(run.environment, report.environment)))
    return f"rank {number}: not the same {keys} as the first rank; last digits may depend on the ranks" if keys else ""


class Helper:
    """One of the other ranks, which computes shards of each batch; without a ``world`` it has nothing to do."""

    def __init__(self, loaded: Loaded, world: Any) -> None:
        self._loaded, self._world = loaded, world

    def serve(self, interrupted: Interrupted) -> None:
        """Compute until the first rank ends, which is told of a signal that comes here. A bug ends all ranks."""
        if self._world is None:
            return
        try:
            job = self._prepare()
            if self._world.bcast(None) and job is not None:
                with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # the first rank looks at values
                    self._compute(job, interrupted)
        except Exception:  # noqa: BLE001  # the first rank waits for an answer that never comes
            traceback.print_exc()
            self._world.Abort(BUG)

    def _prepare(self) -> Job | None:
        """Return the job, and tell the first rank of it, or of why there is none."""
        try:
            ready = prepare_run(self._loaded, begun=True, surveyed=0)
        except UserError as error:
            self._world.gather(_Report(error))
            return None
        facts = environment() | ready.job.network.facts()
        self._world.gather(_Report(None, self._loaded.resolved, ready.data.fingerprint, facts))
        return ready.job

    def _compute(self, job: Job, interrupted: Interrupted) -> None:
        each, params, clock = job.shards // self._world.size, job.network.params, np.zeros((), np.int64)
        first = self._world.rank * each
        task, answer, shards = _Task(job), _Answer(job, each), Shards(job, clock, alone=False)
        bound: dict[tuple[int, int], list[Callable[[], Any]]] = {}
        batches: Iterator[Batch] = iter(())
        place = END, 0  # epoch and batch that come next
        while True:
            self._world.Bcast(task.bytes)
            epoch, number, clock[...] = task.place.tolist()
            if epoch == END:
                return
            params.theta[:] = task.theta
            if (epoch, number) != place:
                batches = job.batches.epoch(epoch, first=number)
            batch, place = next(batches), (epoch, number + 1)
            if batch.slot not in bound:
                calls = [
                    shards.bind_apart(batch, first + k, answer.figures[k], answer.gradients[k]) for k in range(each)
                ]
                bound[batch.slot] = [call.bind() for call in chain(*calls)]
            for run in bound[batch.slot]:
                run()
            answer.signals[:] = getattr(signal, str(interrupted()), 0)
            self._world.Gather(answer.bytes, None)
