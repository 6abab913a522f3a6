"""The composition root: wires spec, data, network, training and artifacts, for the command line to iterate over."""

from nntrain.runs.assembly import Assembly, assemble
from nntrain.runs.preparation import Prepared, prepared
from nntrain.runs.resume import Done, stored
from nntrain.runs.run import Run, opened
from nntrain.runs.scoring import evaluate, open_model, predict

__all__ = [
    "Assembly",
    "Done",
    "Prepared",
    "Run",
    "assemble",
    "evaluate",
    "open_model",
    "opened",
    "predict",
    "prepared",
    "stored",
]
