"""The composition root: wires spec, data, network, training and artifacts, for the command line to iterate over."""

from nntrain.experiment.assembly import Assembly, assemble
from nntrain.experiment.describing import Description, describe
from nntrain.experiment.preparing import Prepared, prepared
from nntrain.experiment.resuming import Done, stored
from nntrain.experiment.running import Run, opened
from nntrain.experiment.scoring import evaluate, open_model, predict

__all__ = [
    "Assembly",
    "Description",
    "Done",
    "Prepared",
    "Run",
    "assemble",
    "describe",
    "evaluate",
    "open_model",
    "opened",
    "predict",
    "prepared",
    "stored",
]
