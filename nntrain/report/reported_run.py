"""A run as it is reported: its records, and its kept model scored once, however many sections need it.

Works on a run in any state. Knows nothing of pages.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.captions import number, share
from nntrain.drawing.inline_svg import Inliner
from nntrain.errors import CheckpointError, UserError
from nntrain.pictures.origin import RunOrigin
from nntrain.pictures.scored_part import ScoredExamples, first_part
from nntrain.runs.run_title import heading_of_run, score_names
from nntrain.runs.stored_facts import read_spec
from nntrain.runs.trained import Trained

SAID = {"train": "training"}


class KeptOrigin(RunOrigin):
    """A run directory whose kept model is opened once."""

    def model(self, epoch: int | None = None) -> Trained:
        return super().model(epoch) if epoch is not None else self._kept

    @cached_property
    def _kept(self) -> Trained:
        return super().model()


class ReportedRun:
    """A run directory, which is only read. CheckpointError for one without its record, and for damaged files."""

    def __init__(self, path: Path) -> None:
        self.path, self.directory = path, RunDir(path)
        record = self.directory.read_record()
        if record is None or not isinstance(record.get("spec"), Mapping):
            raise CheckpointError(f"{path}: has no run.json, so it is no run directory; name one that fit has made")
        self.record: Mapping[str, Any] = record
        self.summary = self.directory.read_summary()
        self.records: Sequence[Mapping[str, Any]] = self.directory.read_metrics()
        self.spec = read_spec(record["spec"], path / "run.json")
        self.heading = heading_of_run(self.directory)
        self.origin = KeptOrigin(path, ())
        self.pictures = Inliner()
        self.problem = ""

    @property
    def status(self) -> str:
        """How far the run has come: done, diverged, interrupted, or running, which it may no longer be."""
        return self.directory.status

    @property
    def diverged(self) -> bool:
        """Whether the run ended by diverging."""
        return self.summary is None and self.status == "diverged"

    @cached_property
    def scored(self) -> ScoredExamples | None:
        """The kept model on the test part, or else on another; None, with a ``problem``, where it cannot be scored."""
        if self.diverged:
            self.problem = "The run diverged, so there is no result."
            return None
        try:
            model = self.origin.model()
            return ScoredExamples.of_model(self.origin, model, first_part(model), intervals=True)
        except UserError as error:
            self.problem = str(error)
            return None


def part_name(part: str) -> str:
    """Return the name of a part of the data in words."""
    return SAID.get(part, part)


def metric_name(name: str) -> str:
    """Return the name of a figure in words: up to four letters are an abbreviation."""
    return name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ")


def figure_column(name: str, values: Sequence[Any]) -> list[str]:
    """Return figures that stand below one another as texts with the same decimals, if they do not differ too much."""
    known = [float(value) for value in values if isinstance(value, int | float) and math.isfinite(value)]
    largest = max(map(abs, known), default=0.0)
    least = min((abs(value) for value in known if value), default=largest)
    if name in score_names() and largest <= 1:
        places = 4 if any(0.9995 <= value < 1 for value in known) else 3
    elif not largest or not 1e-4 <= least <= largest < 1e7 or largest > 1e4 * least:
        return [figure_text(name, value) for value in values]
    else:
        places = max(0, 3 - math.floor(math.log10(largest)))
    return [
        f"{value:,.{places}f}".replace("-", "−") if isinstance(value, int | float) and math.isfinite(value) else "–"
        for value in values
    ]


def figure_text(name: str, value: Any) -> str:
    """Return a figure as text; null, which stands for what is not finite, as a dash."""
    if not isinstance(value, int | float) or value != value:
        return "–"
    return share(value) if name in score_names() and abs(value) <= 1 else number(value)
