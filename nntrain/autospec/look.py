"""A survey of the data of a spec, or of a file without one, with advice. Knows nothing of networks or training."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nntrain.autospec.draft import draft
from nntrain.autospec.source import DataRequest
from nntrain.data.dataset import Raw
from nntrain.data.describe.advice import Advice
from nntrain.data.describe.survey import Survey
from nntrain.data.division import divide
from nntrain.data.options import DataOptions
from nntrain.data.prepare import look_through
from nntrain.spec import load


@dataclass(frozen=True, slots=True)
class Look:
    """The survey of data, advice on it, (label, text) messages on what was guessed, and the notes from reading it."""

    survey: Survey
    advice: Sequence[Advice]
    guessed: Sequence[tuple[str, str]]
    notes: Sequence[str]


def look_at_spec(path: Path, overrides: Sequence[str] = ()) -> Look:
    """Survey the data of a spec. Raises SpecError for a bad spec and DataError for bad data."""
    spec = load(path, overrides).spec
    return _look(spec.data.load(spec.seed), spec.data, spec.seed, ())


def look_at_file(path: Path) -> Look:
    """Survey a data file with the source that ``nntrain init --data`` would guess."""
    drafted = draft(DataRequest(path))
    look = _look(drafted.raw, drafted.spec.data, 0, drafted.messages)
    return replace(look, notes=drafted.notes)


def _look(raw: Raw, options: DataOptions, seed: int, guessed: Sequence[tuple[str, str]]) -> Look:
    found, advice = look_through(raw, divide(raw, options, seed), options, raw.fingerprint())
    return Look(found, advice, guessed, raw.notes)
