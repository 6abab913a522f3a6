"""``nntrain eval``: score a trained model on data."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Guard, Json, Model, Overrides

if TYPE_CHECKING:
    from rich.table import Table

    from nntrain.runs.evaluation import Evaluation

MOST_CLASSES = 40  # rows of the table; the files have all
TOTAL = "rmse and r2 of all targets together are in the units that the cost counts in; a large unit weighs more"


def eval_(
    model: Model,
    split: Annotated[str, typer.Option(metavar="PART", help="train, validation or test.")] = "test",
    overrides: Overrides = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write evaluation.json and tables there.")
    ] = None,
    guard: Guard = False,
    as_json: Json = False,
) -> None:
    """Score a trained model on one part of its data.

    Other data can be given with --set data.source.path=… and the like: their columns are found by name, and scaled as
    the training data were. Of other data, train means every row. -o writes evaluation.json, predictions.csv (its rows
    are those of the source, the first is 0) and for classes confusion.csv.
    """
    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.runs import evaluate as score
    from nntrain.runs import open_model

    trained = open_model(model, overrides or ())
    notes(trained.notes)
    result = score(trained, split)
    notes(result.notes)
    if output is not None:
        _write(result, output, guard)
    if as_json:
        out_json(result.figures)
    else:
        _show(result, output)


def _show(result: "Evaluation", output: Path | None) -> None:
    from nntrain.cli.output.figures import count, figure
    from nntrain.cli.output.terminal import facts, note, plain, show, table

    figures = result.figures
    names = [name for name, value in figures.items() if isinstance(value, float)]
    totals = table("", *(f">{name}" for name in names), ">examples")
    totals.add_row(figures["split"], *(figure(figures[name]) for name in names), count(figures["n"]))
    tables = [totals]
    if result.confusion is not None:
        tables.append(_scores("class", [score.as_dict() for score in result.confusion.scores]))
    for key, what in (("labels", "label"), ("targets", "target")):
        if key in figures:
            tables.append(_scores(what, figures[key]))
    show(*tables)
    lines = [("checkpoint", f"{plain(figures['checkpoint'])} (epoch {figures['epoch']})")]
    if "targets" in figures:
        lines.append(("total", TOTAL))
    facts([*lines, *([("written to", plain(str(output)))] if output is not None else [])])
    if result.confusion is not None and len(result.confusion.class_names) > MOST_CLASSES:
        note(f"{MOST_CLASSES} of {len(result.confusion.class_names)} classes are shown; -o DIR writes all")


def _write(result: "Evaluation", folder: Path, guard: bool) -> None:
    """Write the files of an evaluation; those that are there already are replaced."""
    from nntrain.artifacts import durable, strict_json
    from nntrain.artifacts.csv_text import csv_text

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


def _scores(what: str, scores: Sequence[Mapping[str, Any]]) -> "Table":
    """Return the table of the figures of each class, label or target."""
    from nntrain.cli.output.figures import count, figure
    from nntrain.cli.output.terminal import plain, table

    names = [name for name in scores[0] if name not in ("name", "support")]
    rows = table(what, *(f">{name}" for name in names), *([">examples"] if "support" in scores[0] else []))
    for score in scores[:MOST_CLASSES]:
        support = [count(score["support"])] if "support" in score else []
        rows.add_row(plain(score["name"]), *(figure(score[name]) for name in names), *support)
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
