"""``nntrain eval``: score a trained model on data."""

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Guard, Json, Model, Overrides


def eval_(
    model: Model,
    split: Annotated[str | None, typer.Option(metavar="PART", help="train, validation or test (the default).")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="Score every row of this file instead.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="COLUMN|FILE", help="With --data: what is to be predicted. Repeatable."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="COLUMN", help="Score the groups of this column apart as well.")
    ] = None,
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
    """Score a trained model on a part of its data or a file.

    --data takes a file of any kind that training reads; its columns are found by name, and scaled as the training data
    were. Its targets have the names or places that they had in training, unless --target names them; those of an npy or
    idx file lie in a file of their own. --set data.… changes which rows are scored. -o writes evaluation.json,
    predictions.csv (its rows are those of the source, the first is 0) and for classes confusion.csv.
    """
    from nntrain.cli.output.evaluation_view import show_evaluation, write_evaluation
    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.data.known_part import WholeFile
    from nntrain.errors import SpecError
    from nntrain.runs import evaluate as score
    from nntrain.runs import open_model
    from nntrain.runs.remarks import remarks_on_model

    if data is not None and (split is not None or overrides):
        other = f"--split {split}" if split is not None else f"--set {(overrides or [''])[0]}"
        raise SpecError(f"--data {data}: every row of the file is scored; leave out {other}")
    if target and data is None:
        raise SpecError(f"--target {target[0]}: is for the file that --data names")
    trained = open_model(model, overrides or (), decided=True)
    notes(trained.notes)
    rows = WholeFile(data, target or ()) if data is not None else split or "test"
    result = score(trained, rows, metrics=metrics or (), intervals=ci, by=by)
    notes(result.notes)
    told = [] if overrides or result.notes else remarks_on_model(trained, result)
    if output is not None:
        write_evaluation(result, output, guard)
    if as_json:
        out_json(result.figures)
    else:
        show_evaluation(result, output)
    notes(told)
