"""Every failure that is the user's to mend, each with its exit code.

Knows nothing of the rest of the package. Anything that is not a ``UserError`` is a bug and may show a traceback.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class UserError(Exception):
    """A mistake or a mishap with a one-line cause: what, where, what to do."""

    exit_code: ClassVar[int] = 2


class SpecError(UserError):
    """The spec or the command line is wrong; one line a problem, all of them at once."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DataError(UserError):
    """Data is missing, malformed, or does not fit the model."""

    exit_code = 3


class DivergenceError(UserError):
    """Training produced numbers that are not finite, or a cost that explodes."""

    exit_code = 4

    def __init__(self, message: str, *, what: str = "") -> None:
        super().__init__(message)
        self.what = what


class CheckpointError(UserError):
    """A checkpoint is missing, damaged, or belongs to something else; or a run does not repeat bit for bit."""

    exit_code = 5


class LockedError(UserError):
    """Another process holds the run directory."""

    exit_code = 6


class OutputError(UserError):
    """Writing failed: disk full, read-only, vanished directory."""

    exit_code = 7


class GradientError(UserError):
    """The analytic gradient and the numerical gradient disagree."""

    exit_code = 8


class MissingExtraError(UserError):
    """An optional package is not installed."""

    exit_code = 9


class FailedRunsError(UserError):
    """Some runs of a sweep failed: they neither reached their end nor diverged."""

    exit_code = 10


class FindingError(UserError):
    """A run or a spec that was asked about with ``--strict`` has a serious fault."""

    exit_code = 11


class InterruptedRun(UserError):
    """A signal stopped the run after its checkpoint was saved."""

    exit_code = 75


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'lr'? (one of kind, lr)"``, or only the choices when nothing is close."""
    names = sorted(choices)
    close = get_close_matches(word, names, n=1)
    hint = f"; did you mean '{close[0]}'?" if close else ";"
    return f"{hint} (one of {', '.join(names)})"
