"""The derived files of a run: curves.csv, curves.png and curves.svg, all made from metrics.jsonl alone."""

from pathlib import Path

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.plot_process import PlotProcess
from nntrain.train import history


def write(run: RunDir, painter: PlotProcess, *, title: str, best_epoch: int | None = None) -> list[Path]:
    """Write the curves of a locked run from its metrics; return the paths. Raises ``OutputError``, ``CheckpointError``.

    ``best_epoch`` is marked; None marks the lowest validation cost. Without a record there is nothing to write.
    """
    records = run.read_metrics()
    if not records:
        return []
    pictures = painter.render(records, title=title, best_epoch=best_epoch)
    paths = [run.write_text("curves.csv", history.to_csv(records))]
    return paths + [run.write_bytes(f"curves.{kind}", data) for kind, data in pictures.items()]
