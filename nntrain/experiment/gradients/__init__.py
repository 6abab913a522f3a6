"""The gradient that training runs on against the numerical one: of a spec's network, or of every registered part."""

from nntrain.experiment.gradients.bugs import BUGS
from nntrain.experiment.gradients.checking import NetworkCheck, TensorCheck, check_network, names
from nntrain.experiment.gradients.diagnosis import Finding
from nntrain.experiment.gradients.parts import PartCheck, check_parts
from nntrain.experiment.gradients.subject import Subject, of_checkpoint, of_spec, with_bug

__all__ = [
    "BUGS",
    "Finding",
    "NetworkCheck",
    "PartCheck",
    "Subject",
    "TensorCheck",
    "check_network",
    "check_parts",
    "names",
    "of_checkpoint",
    "of_spec",
    "with_bug",
]
