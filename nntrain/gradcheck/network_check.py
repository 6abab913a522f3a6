"""Checks the gradients of a network tensor by tensor, and of the penalty; finds the cause of errors.

Knows nothing of specs or files.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite, prod

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.errors import GradientError
from nntrain.gradcheck.localise import Diagnosis, Finding
from nntrain.gradcheck.numeric import Direction, Entry, Options, Report
from nntrain.gradcheck.stages import OnePenalty, compare_stage
from nntrain.gradcheck.subject import Subject

PENALTY = "penalty"
RELATIVE_MOVE = 2.0**-13  # relative distance that parameters are moved to leave kinks


@dataclass(frozen=True, slots=True)
class TensorCheck:
    """The report on the gradient of one tensor of parameters, or of the penalty of all weights."""

    name: str
    shape: tuple[int, ...]
    report: Report

    @property
    def size(self) -> int:
        """Number of entries."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class NetworkCheck:
    """The checks of all wanted tensors, and the findings on what is wrong, from the cost back."""

    tensors: Sequence[TensorCheck]
    findings: Sequence[Finding]

    @property
    def agrees(self) -> bool:
        """Whether no gradient contradicts its derivative."""
        return all(check.report.agrees for check in self.tensors)

    @property
    def decided(self) -> bool:
        """Whether any entry could be compared with a derivative."""
        return any(entry.decided for check in self.tensors for entry in check.report.entries)


def names(subject: Subject) -> dict[str, str]:
    """Return the role of each tensor by its name: layers.0.W is hidden.0.W, that of the last layer output.W."""
    found = {}
    tensors = list(subject.whole.tensors)
    last = tensors[-1].split(".")[1]
    for name in tensors:
        _, number, tensor = name.split(".")
        found[name] = f"output.{tensor}" if number == last else f"hidden.{number}.{tensor}"
    return {**found, PENALTY: PENALTY} if subject.penalty else found


def check_network(
    subject: Subject, options: Options, *, wanted: Callable[[str], bool] = lambda name: True
) -> NetworkCheck:
    """Check every wanted tensor. Names are those of the parameters, and ``penalty``.

    Raises GradientError if the cost is not finite, since there is no derivative to compare with.
    """
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        cost = subject.whole.value()
        if not isfinite(cost):
            raise GradientError(f"the cost is {cost} at these parameters: there is no derivative to compare with")
        return _check_tensors(subject, options, wanted)


def _check_tensors(subject: Subject, options: Options, wanted: Callable[[str], bool]) -> NetworkCheck:
    checks = list(_checks(subject, options, wanted))
    if all(check.report.agrees for check in checks):
        return NetworkCheck(checks, ())
    findings = list(Diagnosis(subject, options).findings())
    if not findings:
        checks = [_review(subject, check, options) for check in checks]
    if not findings and not all(check.report.agrees for check in checks):
        worst = max(checks, key=lambda check: check.report.max_error)
        findings = [
            Finding("the network", worst.report, "every part is right by itself, so they are combined wrongly", None)
        ]
    return NetworkCheck(checks, findings)


def _checks(subject: Subject, options: Options, wanted: Callable[[str], bool]) -> Iterator[TensorCheck]:
    complex_network = subject.complex_whole if options.method != "central" else None
    for name, gradient, report in compare_stage(subject.whole, options, complex_stage=complex_network, wanted=wanted):
        yield TensorCheck(name, gradient.shape, report)
    if subject.engine_penalty and wanted(PENALTY):
        params = subject.network.params
        factors = subject.penalty.factors(params)
        weights = params.theta[: params.n_weights] if factors is None else params.theta
        complex_penalty = None
        if complex_network is not None:
            complex_penalty = OnePenalty(subject.penalty, weights.astype(np.complex128), factors)
        for _, gradient, report in compare_stage(
            OnePenalty(subject.engine_penalty, weights, factors), options, complex_stage=complex_penalty
        ):
            yield TensorCheck(PENALTY, gradient.shape, report)


def _review(subject: Subject, check: TensorCheck, options: Options) -> TensorCheck:
    """Check a tensor that disagrees at slightly moved parameters, where every part is right by itself.

    Where several units are exactly at their kinks, each chooses its own subgradient, and their combination need not lie
    between the one-sided slopes: max(0, θ) − max(0, −θ) is θ, but its gradient by such rules is 0. Away from the kinks
    the gradient is unique, and a wrong formula is as wrong as before.
    """
    if check.report.agrees or check.name == PENALTY:
        return check
    report, theta = check.report, subject.engine.params.theta
    before = theta.copy()
    rng = generator(subject.seed, Stream.PROBE)
    theta += RELATIVE_MOVE * rng.choice((-1.0, 1.0), theta.shape) * rng.uniform(0.5, 1.0, theta.shape) * _size(theta)
    again = replace(options, entries=tuple(entry.index for entry in report.wrong), method="central")
    if not report.wrong:
        again = replace(again, entries=(0,))
    [(_, _, moved)] = compare_stage(subject.whole, again, wanted=check.name.__eq__)
    theta[:] = before
    return replace(check, report=_mark_kinks(report, moved))


def _mark_kinks(report: Report, moved: Report) -> Report:
    """Return the report in which errors that vanish at the moved parameters count as kinks."""
    right = {entry.index for entry in moved.entries if entry.error <= report.tolerance and not entry.kink}
    entries: list[Entry] = [
        replace(entry, kink=True, error=0.0) if entry.index in right and entry in report.wrong else entry
        for entry in report.entries
    ]
    smooth = all(direction.error <= report.tolerance for direction in moved.directions)
    directions: list[Direction] = [
        replace(direction, numeric=None, error=0.0) if smooth and not direction.error <= report.tolerance else direction
        for direction in report.directions
    ]
    return replace(report, entries=entries, directions=directions)


def _size(theta: Array) -> Array:
    return np.maximum(1.0, np.abs(theta))
