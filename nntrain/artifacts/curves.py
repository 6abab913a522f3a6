"""The derived files of a run: curves.csv, curves.png and curves.svg, all made from metrics.jsonl alone."""

from collections.abc import Sequence
from pathlib import Path

from nntrain.artifacts import history, plots
from nntrain.artifacts.rundir import RunDir


def write(
    run: RunDir, *, title: str, best_epoch: int | None = None, formats: Sequence[plots.Format] = ("png", "svg")
) -> list[Path]:
    """Write the curves of a locked run from its metrics; return the paths. Raises ``OutputError``, ``CheckpointError``.

    ``best_epoch`` is marked; None marks the lowest validation cost. Without a record there is nothing to write.
    """
    records = run.read_metrics()
    if not records:
        return []
    pictures = plots.render(records, title=title, formats=formats, best_epoch=best_epoch)
    paths = [run.write_text("curves.csv", history.to_csv(records))]
    return paths + [run.write_bytes(f"curves.{kind}", data) for kind, data in pictures.items()]
