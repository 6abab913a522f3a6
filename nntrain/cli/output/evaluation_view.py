"""An evaluation on the screen, and as files: totals, classes or targets, the confusion, predictions row by row.

Knows nothing of how a model is scored.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.artifacts import durable, strict_json
from nntrain.artifacts.csv_text import csv_text
from nntrain.artifacts.row_files import CsvRows
from nntrain.cli.output.figures import count, figure
from nntrain.cli.output.terminal import facts, note, plain, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from nntrain.artifacts.row_files import Rows
    from nntrain.runs.confusion import Confusion
    from nntrain.runs.evaluation import Evaluation

MOST_CLASSES = 40  # rows of the table of classes; the files have all
MOST_COLUMNS = 12  # classes up to which the confusion is shown
MOST_PAIRS = 3
TOTAL = "figures of all targets together are in the units that the cost counts in; a large unit weighs more"


def show_evaluation(result: "Evaluation", output: Path | None) -> None:
    """Print the tables of an evaluation, and what is worth knowing beside them."""
    figures = result.figures
    tables = [_totals(figures)]
    if result.confusion is not None:
        tables.append(_scores("class", [score.as_dict() for score in result.confusion.scores]))
        if len(result.confusion.class_names) <= MOST_COLUMNS:
            tables.append(_matrix(result.confusion))
    for key, what in (("labels", "label"), ("targets", "target")):
        if key in figures:
            tables.append(_scores(what, figures[key]))
    if "groups" in figures:
        tables.append(_groups(figures["by"], figures["groups"]))
    show(*tables)
    lines = [("checkpoint", f"{plain(figures['checkpoint'])} (epoch {figures['epoch']})")]
    if result.confusion is not None and (pairs := result.confusion.worst(MOST_PAIRS)):
        lines.append(("confused", ", ".join(f"{plain(a)} taken for {plain(d)} ({count(n)})" for a, d, n in pairs)))
    if "targets" in figures:
        lines.append(("total", TOTAL))
    if "intervals" in figures:
        lines.append(("95 %", "the middle of 1,000 resamples of the rows"))
    facts([*lines, *([("written to", plain(str(output)))] if output is not None else [])])
    if len(figures.get("groups", ())) > MOST_CLASSES:
        note(f"{MOST_CLASSES} of {len(figures['groups'])} groups are shown; -o DIR and --json have all")
    if result.confusion is not None and len(result.confusion.class_names) > MOST_CLASSES:
        note(f"{MOST_CLASSES} of {len(result.confusion.class_names)} classes are shown; -o DIR writes all")


def write_evaluation(result: "Evaluation", folder: Path, guard: bool) -> None:
    """Write the files of an evaluation; those that are there already are replaced."""
    files = {"evaluation.json": strict_json.pretty(result.figures)}
    if result.confusion is not None:
        names = list(result.confusion.class_names)
        counts = zip(names, result.confusion.counts.tolist(), strict=True)
        rows = ([name, *row] for name, row in counts)
        files["confusion.csv"] = csv_text(["actual \\ predicted", *names], rows, guard=guard)
    if result.task != "reconstruction":
        predictions, as_csv = _predictions(result), CsvRows(guard)
        files["predictions.csv"] = as_csv.head(predictions) + as_csv.lines(predictions)
    with durable.report_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        durable.write_bytes(folder / name, text.encode())


def _totals(figures: Mapping[str, Any]) -> "Table":
    """Return the table of the figures: one row, or one row a figure where there are many or have intervals."""
    names = [name for name, value in figures.items() if isinstance(value, float)]
    intervals = figures.get("intervals")
    if intervals is None and len(names) <= 6:
        totals = table("", *(f">{name}" for name in names), ">examples")
        totals.add_row(figures["split"], *(figure(figures[name]) for name in names), count(figures["n"]))
        return totals
    totals = table(
        f"{plain(figures['split'])}, {count(figures['n'])} examples", ">", *([">95 %", ">"] if intervals else [])
    )
    for name in names:
        low_high = [figure(value) for value in intervals.get(name, (None, None))] if intervals else []
        totals.add_row(name, figure(figures[name]), *low_high)
    return totals


def _matrix(confusion: "Confusion") -> "Table":
    """Return the confusion as a table: true classes are rows, decided ones columns."""
    names = [plain(name) for name in confusion.class_names]
    rows = table("actual, taken for", *(f">{name}" for name in names))
    for name, row in zip(names, confusion.counts.tolist(), strict=True):
        rows.add_row(name, *(count(n) if n else "·" for n in row))
    return rows


def _scores(what: str, scores: Sequence[Mapping[str, Any]]) -> "Table":
    """Return the table of the figures of each class, label or target."""
    names = [name for name in scores[0] if name not in ("name", "support")]
    rows = table(what, *(f">{name}" for name in names), *([">examples"] if "support" in scores[0] else []))
    for score in scores[:MOST_CLASSES]:
        support = [count(score["support"])] if "support" in score else []
        rows.add_row(plain(score["name"]), *(figure(score[name]) for name in names), *support)
    return rows


def _groups(column: str, groups: Sequence[Mapping[str, Any]]) -> "Table":
    """Return the table of the figures of each group."""
    names = [name for name in groups[0] if name not in ("name", "n")]
    rows = table(plain(column), *(f">{name}" for name in names), ">examples")
    for group in groups[:MOST_CLASSES]:
        rows.add_row(plain(group["name"]), *(figure(group[name]) for name in names), count(group["n"]))
    return rows


def _predictions(result: "Evaluation") -> "Rows":
    """Return the columns of predictions.csv: the row of the source, what is true, what was predicted."""
    from nntrain.artifacts.row_files import Labels

    predicted = result.predictions
    names, values = predicted.columns, predicted.values
    columns: dict[str, Any] = {"row": result.rows}
    if predicted.chosen is not None:
        place = {name: index for index, name in enumerate(predicted.class_names)}
        actual = np.fromiter((place[name] for name in result.truth), np.int64, len(result.rows))
        columns["actual"] = Labels(predicted.class_names, actual)
        columns["predicted"] = Labels(predicted.class_names, predicted.chosen)
    else:
        texts = [""] if len(names) == 1 else [f"({name})" for name in names]
        own = values if predicted.decided is None else predicted.decided
        truth = np.asarray(result.truth).astype(np.float64 if predicted.decided is None else np.int64)
        for what, numbers in (("actual", truth), ("predicted", own)):
            columns.update({f"{what}{text}": numbers[:, k] for k, text in enumerate(texts)})
    if predicted.chosen is not None or predicted.decided is not None:
        what = "p" if predicted.probabilities else "score"
        columns.update({f"{what}({name})": values[:, k] for k, name in enumerate(names)})
    return columns
