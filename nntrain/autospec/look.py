"""Look at the data of a spec, or of a file that has none yet, before a model does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.autospec.draft import draft
from nntrain.autospec.source import DataRequest
from nntrain.data.dataset import Raw
from nntrain.data.describe.advice import Advice
from nntrain.data.describe.survey import Survey
from nntrain.data.options import DataOptions
from nntrain.data.prepare import divide, look_through
from nntrain.spec import load


@dataclass(frozen=True, slots=True)
class Look:
    """The survey of data, advice on them, what was guessed on the way, (label, text) a line, and what reading told."""

    survey: Survey
    advice: Sequence[Advice]
    guessed: Sequence[tuple[str, str]]
    notes: Sequence[str]


def look_at_spec(path: Path, overrides: Sequence[str] = ()) -> Look:
    """Look at the data of a spec. Raises what the spec and its data raise."""
    spec = load(path, overrides).spec
    return _look(spec.data.source.load(spec.seed), spec.data, spec.seed, ())


def look_at_file(path: Path) -> Look:
    """Look at a data file as ``nntrain init --data`` would take it."""
    drafted = draft(DataRequest(path))
    return _look(drafted.raw, drafted.spec.data, 0, drafted.messages)


def _look(raw: Raw, options: DataOptions, seed: int, guessed: Sequence[tuple[str, str]]) -> Look:
    found, advice = look_through(raw, divide(raw, options, seed), options, raw.fingerprint())
    return Look(found, advice, guessed, raw.notes)
