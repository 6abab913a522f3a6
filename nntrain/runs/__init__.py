"""One run: wires spec, data, network, training and files, for a command to iterate over. Knows nothing of terminals."""

from nntrain.runs.assembly import Assembly, Prepared, assemble, prepare_run
from nntrain.runs.evaluation import evaluate
from nntrain.runs.resume import Done, spec_of_run
from nntrain.runs.run import Run, open_run
from nntrain.runs.trained import open_model

__all__ = [
    "Assembly",
    "Done",
    "Prepared",
    "Run",
    "assemble",
    "evaluate",
    "open_model",
    "open_run",
    "prepare_run",
    "spec_of_run",
]
