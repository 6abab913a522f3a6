"""The files of a run that are derived from its records: curves.csv, curves.png and curves.svg.

The pictures come after everything else, and nothing that goes wrong with drawing them can undo a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nntrain.artifacts.rundir import RunDir
from nntrain.train import history

if TYPE_CHECKING:
    from nntrain.drawing.curves import Curves
    from nntrain.drawing.plot_process import PlotProcess

TABLE = "curves.csv"
PICTURES = ("curves.png", "curves.svg")


@dataclass(frozen=True, slots=True)
class CurveFiles:
    """Writes the curves of a locked run; without a painter there are no pictures."""

    directory: RunDir
    painter: "PlotProcess | None"

    def write_table(self) -> None:
        """Write curves.csv, if there is a record. Raises ``OutputError``, ``CheckpointError`` for damaged metrics."""
        records = self.directory.read_metrics()
        if records:
            self.directory.write_text(TABLE, history.to_csv(records))

    def draw(self, best: Mapping[str, Any] | None) -> list[str]:
        """Draw the pictures; return a note if they could not be drawn. Without a record there is nothing to draw.

        The epoch of ``best`` is marked; None marks the lowest validation cost. Raises as ``write_table``.
        """
        path = self.directory.path
        if self.painter is None:
            return []
        curves = curves_of(self.directory, best)
        if not curves.records:
            return []
        try:
            pictures = self.painter.render(curves)
        except Exception as error:  # noqa: BLE001  # whatever Matplotlib and its settings come up with
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            return [f"{path}: the curves were not drawn: {reason}; nntrain resume {path} draws them"]
        for kind, data in pictures.items():
            self.directory.write_bytes(f"curves.{kind}", data)
        return []

    def draw_missing(self, best: Mapping[str, Any] | None) -> list[str]:
        """Draw the pictures of a finished run that was to have them and was killed before; return notes as ``draw``."""
        wanted = (self.directory.read_record() or {}).get("draw")
        if not wanted or set(PICTURES) <= set(self.directory.names()):
            return []
        return self.draw(best)


def curves_of(directory: RunDir, best: Mapping[str, Any] | None, epoch: int | None = None) -> "Curves":
    """Return the curves of a run, up to an epoch if one is given; ``best`` has the epoch whose weights are kept.

    Raises ``CheckpointError`` for damaged files.
    """
    from nntrain.drawing.curves import Curves  # here, since a run may be without pictures
    from nntrain.runs.run_title import heading_of_run, score_names

    records = [record for record in directory.read_metrics() if epoch is None or record["epoch"] <= epoch]
    heading = heading_of_run(directory, epoch=epoch)
    kept = best["epoch"] if best and (epoch is None or best["epoch"] <= epoch) else None
    return Curves(records, heading, kept, score_names())
