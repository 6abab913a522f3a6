"""``nntrain eval``: score a trained model on data."""

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Guard, Json, Model, Overrides


def eval_(
    model: Model,
    split: Annotated[str, typer.Option(metavar="PART", help="train, validation or test.")] = "test",
    overrides: Overrides = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metrics", metavar="METRIC", help="Measure this too, or all that fit. Repeatable."),
    ] = None,
    ci: Annotated[bool, typer.Option("--ci", help="Give each metric a 95 % interval, by the bootstrap.")] = False,
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
    from nntrain.cli.output.evaluation_view import show_evaluation, write_evaluation
    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.runs import evaluate as score
    from nntrain.runs import open_model

    trained = open_model(model, overrides or ())
    notes(trained.notes)
    result = score(trained, split, metrics=metrics or (), intervals=ci)
    notes(result.notes)
    if output is not None:
        write_evaluation(result, output, guard)
    if as_json:
        out_json(result.figures)
    else:
        show_evaluation(result, output)
