"""An evaluation on the screen, and as files: totals, classes or targets, the confusion, predictions row by row.

Knows nothing of how a model is scored.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntrain.artifacts import durable, strict_json
from nntrain.artifacts.csv_text import csv_text
from nntrain.cli.output.figures import count, figure
from nntrain.cli.output.terminal import facts, note, plain, show, table

if TYPE_CHECKING:
    from rich.table import Table

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
        files["predictions.csv"] = csv_text(_columns(result), _rows(result), guard=guard)
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


def _columns(result: "Evaluation") -> list[str]:
    """Return the header of predictions.csv."""
    predicted = result.predictions
    what = "p" if predicted.probabilities else "score"
    values = [f"{what}({name})" for name in predicted.columns]
    if predicted.labels:
        return ["row", "actual", "predicted", *values]
    names = [""] if len(predicted.columns) == 1 else [f"({name})" for name in predicted.columns]
    pairs = [*(f"actual{name}" for name in names), *(f"predicted{name}" for name in names)]
    return ["row", *pairs, *(values if predicted.decided is not None else [])]


def _rows(result: "Evaluation") -> Iterator[Sequence[Any]]:
    """Yield the lines of predictions.csv: the row of the source, what is true, what was predicted."""
    predicted = result.predictions
    rows, values = result.rows.tolist(), predicted.values.tolist()
    if predicted.labels:
        for row, actual, label, p in zip(rows, result.truth, predicted.labels, values, strict=True):
            yield [row, actual, label, *p]
        return
    truth = [[float(value) for value in actual] for actual in result.truth]
    if predicted.decided is None:
        for row, actual, own in zip(rows, truth, values, strict=True):
            yield [row, *actual, *own]
        return
    for row, actual, chosen, p in zip(rows, truth, predicted.decided.tolist(), values, strict=True):
        yield [row, *map(int, actual), *chosen, *p]
