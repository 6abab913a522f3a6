"""Look at the data of a spec, or of a file that has none yet, before a model does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nntrain.autospec.draft import draft
from nntrain.autospec.source import DataRequest
from nntrain.data.dataset import Raw
from nntrain.data.describe.advice import Advice, advise
from nntrain.data.describe.survey import Survey, survey
from nntrain.data.options import DataOptions
from nntrain.data.prepare import divide
from nntrain.data.sources import Source
from nntrain.data.sources.tabular import TableSource
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
    found = survey(raw, divide(raw, options, seed), _positions(options.source, raw))
    return Look(found, advise(found, options.scale), guessed, raw.notes)


def _positions(source: Source, raw: Raw) -> Sequence[int]:
    """Return where each column stands in a table, counting those that are no features; else simply 0, 1, 2, …"""
    if isinstance(source, TableSource):
        return source.roles(source.open(source.path, None)).features
    return range(raw.train.X.shape[1])
