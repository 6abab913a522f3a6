"""Predictions as a file or on stdout: the format by name or ending, nothing replaced in silence, nothing held at once.

Knows nothing of models.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntrain.artifacts.row_files import Rows, TextRows
    from nntrain.runs.prediction_stream import PredictionStream

STDOUT = "-"
TEXTS = ("csv", "jsonl")
FORMATS = (*TEXTS, "parquet", "npy")
ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".npy": "npy"}


@dataclass(frozen=True, slots=True)
class PredictionFile:
    """Where predictions go, None for stdout, and in which format."""

    path: Path | None
    form: str


def target_of(output: str, form: str | None, *, force: bool) -> PredictionFile:
    """Return where predictions go. SpecError for a format that there is not, and for a file that exists."""
    from nntrain.errors import SpecError, did_you_mean

    path = None if output == STDOUT else Path(output)
    chosen = form or ENDINGS.get(path.suffix.lower() if path else "", "csv")
    if chosen not in FORMATS:
        raise SpecError(f"--format: no such format, got '{chosen}'{did_you_mean(chosen, FORMATS)}")
    if path is None and chosen not in TEXTS:
        raise SpecError(f"--format {chosen}: is no text; name a file for it with -o")
    if path is not None and not force and (path.exists() or path.is_symlink()):
        raise SpecError(f"{path}: exists already; name another file with -o, or replace it with --force")
    return PredictionFile(path, chosen)


def write_rows(predictions: "PredictionStream", target: PredictionFile, *, guard: bool) -> None:
    """Write predictions as they are made, and say how many there are unless they go to stdout."""
    from nntrain.artifacts.growing_file import growing_file
    from nntrain.artifacts.row_files import CsvRows, JsonRows, NpyRows, ParquetRows
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.terminal import say

    text: TextRows = CsvRows(guard and target.path is not None) if target.form == TEXTS[0] else JsonRows()
    if target.path is None:
        _print(predictions, text)
        return
    with growing_file(target.path) as file:
        if target.form in TEXTS:
            first = True
            for rows in predictions:
                file.write(((text.head(rows) if first else "") + text.lines(rows)).encode())
                first = False
        else:
            writer = ParquetRows(file) if target.form == FORMATS[2] else NpyRows(file)
            for rows in predictions:
                writer.add(rows if isinstance(writer, ParquetRows) else _numbers_of(rows))
            writer.end()
    say(f"{target.path}: {count(predictions.rows)} predictions")


def _print(predictions: "PredictionStream", text: "TextRows") -> None:
    from nntrain.cli.output.terminal import out

    first = True
    for rows in predictions:
        head = text.head(rows) if first else ""
        out(f"{head}{text.lines(rows)}".removesuffix("\n"))
        first = False


def _numbers_of(rows: "Rows") -> "Rows":
    """Return what an npy array can hold: the columns of numbers, or the only column of labels."""
    import numpy as np

    from nntrain.artifacts.row_files import Labels
    from nntrain.errors import SpecError

    numbers = {name: column for name, column in rows.items() if isinstance(column, np.ndarray)}
    kept = [name for name, column in rows.items() if not isinstance(column, np.ndarray | Labels)]
    if kept:
        raise SpecError(f"--keep {kept[0]}: an npy array holds numbers alone; use another format")
    return numbers or rows
