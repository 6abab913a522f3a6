"""Checks the gradients that training uses against numerical ones. Knows nothing of run directories."""

from nntrain.gradcheck.bugs.catalogue import BUGS
from nntrain.gradcheck.localise import Finding
from nntrain.gradcheck.network_check import NetworkCheck, TensorCheck, check_network, names
from nntrain.gradcheck.parts import PartCheck, check_parts
from nntrain.gradcheck.subject import Subject, of_checkpoint, of_spec, with_bug

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
