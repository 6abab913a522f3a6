"""The files of a run that are derived from metrics.jsonl alone: curves.csv, curves.png and curves.svg."""

from pathlib import Path

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.plot_process import PlotProcess
from nntrain.train import history


def write(run: RunDir, painter: PlotProcess | None, *, title: str, best_epoch: int | None = None) -> list[Path]:
    """Write the curves of a locked run and return their paths. Raises ``OutputError``, ``CheckpointError``.

    Without a painter only curves.csv is written, and nothing without a record. ``best_epoch`` is marked; None marks the
    lowest validation cost.
    """
    records = run.read_metrics()
    if not records:
        return []
    pictures = painter.render(records, title=title, best_epoch=best_epoch) if painter is not None else {}
    paths = [run.write_text("curves.csv", history.to_csv(records))]
    return paths + [run.write_bytes(f"curves.{kind}", data) for kind, data in pictures.items()]
