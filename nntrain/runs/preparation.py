"""From a spec to everything a run trains on and with, before anything is made on disk."""

from dataclasses import dataclass

from nntrain.data.dataset import Dataset
from nntrain.data.prepare import prepare
from nntrain.errors import SpecError
from nntrain.runs.assembly import Assembly, assemble
from nntrain.spec import Loaded
from nntrain.train.job import Job

IN_FLOAT64 = ("train.dtype=float64", "train.batch_size=all")  # laid over a spec whose numbers are looked at closely


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The data of a spec, the assembly that fits them, and the training job on both; parameters are still zero."""

    data: Dataset
    assembly: Assembly
    job: Job


def prepare_run(loaded: Loaded) -> Prepared:
    """Load the data and build the job. Raises DataError, and SpecError with every conflict of spec and data."""
    spec = loaded.spec
    data = prepare(spec.data, seed=spec.seed, dtype=spec.train.dtype)
    assembly = assemble(spec, data)
    try:
        return Prepared(data, assembly, assembly.job(data.train, data.validation))
    except SpecError as error:
        raise loaded.locate_error(error) from None
