"""Executors of other packages: Dask's scheduler and MPI's ranks. Each task starts a worker and waits for its end.

What a task returns is an exit status alone; results are read from the run directories, which all machines share.
"""

import math
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from nntrain.errors import MissingExtraError, OutputError, SpecError
from nntrain.sweeps.order import KILLED, Ended, Order
from nntrain.sweeps.order_files import OrderFiles
from nntrain.sweeps.worker import run_worker

PAUSE = 0.02  # seconds between two looks at what is under way
WAIT = 10  # seconds for a scheduler to answer
COUNT = 1.0  # seconds between two counts of its threads


class Future(Protocol):
    """What concurrent.futures and Dask have in common."""

    def done(self) -> bool:
        """Whether there is a result, or an error."""

    def result(self) -> Any:
        """Return the result. Raises the error."""


class FutureExecutor:
    """Trains orders through ``submit(order file, name)``, as many at once as ``slots()`` says, at most ``jobs``."""

    def __init__(
        self,
        files: OrderFiles,
        submit: Callable[[str, str], Future],
        slots: Callable[[], int],
        jobs: int | None,
        unit: tuple[str, str],
    ) -> None:
        self.unit = unit
        self._files, self._submit, self._slots, self._jobs = files, submit, slots, jobs
        self._under_way: dict[str, tuple[Future, Path]] = {}
        self._count = 0

    @property
    def capacity(self) -> int:
        """How many points are trained at once: one a slot."""
        slots = max(1, self._slots())
        return slots if self._jobs is None else min(slots, self._jobs)

    def start(self, order: Order) -> None:
        """Submit a point. Each attempt has a name of its own, so that no result of an earlier one stands for it."""
        self._count += 1
        name = f"{order.point}-{self._count}"
        path = self._files.write(order, name)
        self._under_way[order.point] = (self._submit(str(path), f"nntrain-{self._files.path.name}-{name}"), path)

    def ended(self, timeout: float) -> list[Ended]:
        """Return what has ended. A task that was lost with its worker counts as killed."""
        until = monotonic() + timeout
        while True:
            done = [point for point, (future, _) in self._under_way.items() if future.done()]
            if done or monotonic() >= until:
                return [self._settle(point) for point in done]
            sleep(PAUSE)

    def stop(self) -> None:
        """Ask every worker to save and end."""
        self._files.stop()

    def _settle(self, point: str) -> Ended:
        future, path = self._under_way.pop(point)
        try:
            status = int(future.result())
        except Exception:  # noqa: BLE001  # whatever went wrong on the way: the run directory says what there is
            status = KILLED
        self._files.remove(path)
        return Ended(point, status)


@contextmanager
def dask_executor(address: str, sweep: Path, jobs: int | None) -> Iterator[FutureExecutor]:
    """Connect to a Dask scheduler. Raises MissingExtraError, and OutputError when nobody answers there."""
    try:
        import distributed
    except ImportError:
        raise MissingExtraError("--dask needs Dask: pip install 'nntrain[dask]'") from None
    try:
        client = distributed.Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OutputError(f"--dask {address}: no scheduler answers: {str(error) or type(error).__name__}") from None
    files = OrderFiles(sweep)

    def submit(order: str, name: str) -> Future:
        future: Future = client.submit(run_worker, order, key=name, pure=False, retries=0)
        return future

    seen = [-math.inf, 0.0]  # when the threads were counted, and how many there were

    def slots() -> int:
        if monotonic() - seen[0] >= COUNT:  # workers come and go; the scheduler is asked
            with suppress(Exception):
                seen[1] = sum(client.nthreads().values())
            seen[0] = monotonic()
        return int(seen[1])

    try:
        yield FutureExecutor(files, submit, slots, jobs, ("Dask thread", "Dask threads"))
    finally:
        files.close()
        with suppress(Exception):
            client.close()


@contextmanager
def mpi_executor(sweep: Path, jobs: int | None) -> Iterator[FutureExecutor | None]:
    """Serve as one of MPI's ranks: rank 0 gets the executor, the others train for it and get None when it has ended.

    Raises MissingExtraError, and SpecError for a single rank.
    """
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPICommExecutor
    except ImportError:
        raise MissingExtraError("--mpi needs mpi4py: pip install 'nntrain[mpi]'") from None
    except RuntimeError as error:
        raise MissingExtraError(f"--mpi needs an MPI library: {error}; pip install mpich brings one") from None
    ranks = MPI.COMM_WORLD.size
    if ranks < 2:
        raise SpecError(f"--mpi: one rank alone cannot train; mpiexec -n 5 nntrain {' '.join(sys.argv[1:])}")
    if MPI.COMM_WORLD.rank:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):  # rank 0 asks workers to stop
            signal.signal(number, signal.SIG_IGN)
    files = OrderFiles(sweep)
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
        if pool is None:
            yield None
            return
        try:
            unit = ("MPI rank", "MPI ranks")
            yield FutureExecutor(files, lambda order, _: pool.submit(run_worker, order), lambda: ranks - 1, jobs, unit)
        finally:
            files.close()
