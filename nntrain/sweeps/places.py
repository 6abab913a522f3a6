"""Where a sweep is trained beside this machine: the executor that the options of a command ask for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nntrain.errors import SpecError
from nntrain.sweeps.executor import Executor


@dataclass(frozen=True, slots=True)
class Place:
    """Slurm, the address of a Dask scheduler, MPI, or none of them: processes of this machine."""

    slurm: bool = False
    dask: str | None = None
    mpi: bool = False

    @property
    def is_here(self) -> bool:
        """Whether points are trained by processes of this machine."""
        return not self.names

    @property
    def names(self) -> list[str]:
        """The options that were given."""
        given = {"--slurm": self.slurm, "--dask": self.dask is not None, "--mpi": self.mpi}
        return [name for name, there in given.items() if there]

    def check(self) -> None:
        """Raise SpecError for more than one place."""
        if len(self.names) > 1:
            raise SpecError(f"{', '.join(self.names)}: a sweep is trained in one place; leave one of them out")


@contextmanager
def remote_executor(place: Place, sweep: Path, jobs: int | None) -> Iterator[Executor | None]:
    """Open the executor of a place for the sweep in a folder; None in a rank of MPI that has trained and may end.

    Raises MissingExtraError for a missing package, SpecError and OutputError where the place cannot be used.
    """
    if place.slurm:
        from nntrain.sweeps.slurm import slurm_executor

        with slurm_executor(sweep, jobs) as slurm:
            yield slurm
    elif place.dask is not None:
        from nntrain.sweeps.future_executor import dask_executor

        with dask_executor(place.dask, sweep, jobs) as dask:
            yield dask
    else:
        from nntrain.sweeps.future_executor import mpi_executor

        with mpi_executor(sweep, jobs) as rank:
            yield rank
