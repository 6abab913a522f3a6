"""``nntrain eval``: score a trained model on data."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Json, Model, Overrides

if TYPE_CHECKING:
    from nntrain.runs.scoring import Evaluation

MOST_CLASSES = 40  # rows of the table; the files have all


def evaluate(
    model: Model,
    split: Annotated[str, typer.Option(metavar="PART", help="train, validation or test.")] = "test",
    overrides: Overrides = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write evaluation.json and tables there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Score a trained model on one part of its data.

    Other data can be given with --set data.source.path=… and the like; they are scaled as the training data were.
    With -o, classes also give confusion.csv and predictions.csv.
    """
    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.runs import evaluate as score
    from nntrain.runs import open_model

    trained = open_model(model, overrides or ())
    notes(trained.notes)
    result = score(trained, split)
    notes(result.notes)
    if output is not None:
        _write(result, output)
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
        classes = table("class", ">precision", ">recall", ">f1", ">examples")
        for score in result.confusion.scores[:MOST_CLASSES]:
            cells = (figure(score.precision), figure(score.recall), figure(score.f1), count(score.support))
            classes.add_row(plain(score.name), *cells)
        tables.append(classes)
    show(*tables)
    lines = [("checkpoint", f"{plain(figures['checkpoint'])} (epoch {figures['epoch']})")]
    facts([*lines, *([("written to", plain(str(output)))] if output is not None else [])])
    if result.confusion is not None and len(result.confusion.class_names) > MOST_CLASSES:
        note(f"{MOST_CLASSES} of {len(result.confusion.class_names)} classes are shown; -o DIR writes all")


def _write(result: "Evaluation", folder: Path) -> None:
    """Write the files of an evaluation; those that are there already are replaced."""
    from nntrain.artifacts import durable, strict_json
    from nntrain.cli.output.csv_text import csv_text

    files = {"evaluation.json": strict_json.pretty(result.figures)}
    if result.confusion is not None:
        names = list(result.confusion.class_names)
        counts = zip(names, result.confusion.counts.tolist(), strict=True)
        files["confusion.csv"] = csv_text(["actual \\ predicted", *names], ([name, *row] for name, row in counts))
        files["predictions.csv"] = csv_text(["row", "actual", "predicted", *_columns(result)], _rows(result))
    with durable.report_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        durable.write_bytes(folder / name, text.encode())


def _columns(result: "Evaluation") -> list[str]:
    what = "p" if result.predictions.probabilities else "score"
    return [f"{what}({name})" for name in result.predictions.columns]


def _rows(result: "Evaluation") -> Iterator[Sequence[Any]]:
    predicted = result.predictions
    for row, (actual, label, values) in enumerate(
        zip(result.truth, predicted.labels, predicted.values.tolist(), strict=True)
    ):
        yield [row, actual, label, *values]
