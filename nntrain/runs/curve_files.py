"""The files of a run that are derived from metrics.jsonl alone: curves.csv, curves.png and curves.svg.

The pictures come after everything else, and nothing that goes wrong with drawing them can undo a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.plot_process import PlotProcess
from nntrain.train import history

TABLE = "curves.csv"
PICTURES = ("curves.png", "curves.svg")


@dataclass(frozen=True, slots=True)
class CurveFiles:
    """Writes the curves of a locked run; without a painter there are no pictures."""

    directory: RunDir
    painter: PlotProcess | None
    title: str

    def write_table(self) -> None:
        """Write curves.csv, if there is a record. Raises ``OutputError``, ``CheckpointError`` for damaged metrics."""
        records = self.directory.read_metrics()
        if records:
            self.directory.write_text(TABLE, history.to_csv(records))

    def draw(self, best: Mapping[str, Any] | None) -> list[str]:
        """Draw the pictures; return a note if they could not be drawn. Without a record there is nothing to draw.

        The epoch of ``best`` is marked; None marks the lowest validation cost. Raises as ``write_table``.
        """
        records, path = self.directory.read_metrics(), self.directory.path
        if self.painter is None or not records:
            return []
        try:
            pictures = self.painter.render(records, title=self.title, best_epoch=best["epoch"] if best else None)
        except Exception as error:  # noqa: BLE001  # whatever Matplotlib and its settings come up with
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            return [f"{path}: the curves were not drawn: {reason}; nntrain resume {path} draws them"]
        for kind, data in pictures.items():
            self.directory.write_bytes(f"curves.{kind}", data)
        return []

    def draw_missing(self, best: Mapping[str, Any] | None) -> list[str]:
        """Draw the pictures of a finished run that was to have them and was killed before; return notes as ``draw``."""
        wanted = (self.directory.read_record() or {}).get("draw")
        if not wanted or all((self.directory.path / name).exists() for name in PICTURES):
            return []
        return self.draw(best)
