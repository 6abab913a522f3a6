"""``nntrain predict``: what a trained model says of new inputs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Model

if TYPE_CHECKING:
    from nntrain.experiment.scoring import Trained


def predict(
    model: Model,
    inputs: Annotated[Path, typer.Argument(metavar="INPUT", help="Features: .csv, .tsv (.gz too), .npy or .npz.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.")] = "-",
    proba: Annotated[bool, typer.Option("--proba", help="Add the probability of each class.")] = False,
) -> None:
    """Predict from a file of features.

    The answer is CSV with a header, one line an input.
    """
    from nntrain.artifacts import durable
    from nntrain.cli.numbers import count
    from nntrain.cli.terminal import notes, out, say
    from nntrain.experiment import open_model

    trained = open_model(model)
    notes(trained.notes)
    text, rows = _predictions(trained, inputs, proba)
    if output == "-":
        out(text.removesuffix("\n"))
    else:
        durable.write_bytes(Path(output), text.encode())
        say(f"{output}: {count(rows)} predictions")


def _predictions(model: "Trained", inputs: Path, proba: bool) -> tuple[str, int]:
    """Return the predictions as CSV, and their number."""
    from nntrain.cli.spreadsheet import csv_text
    from nntrain.cli.terminal import notes
    from nntrain.errors import SpecError
    from nntrain.experiment import predict as foretell

    if proba and not model.gives_probabilities:
        kind = getattr(model.assembly.loss, "kind", "loss")
        raise SpecError(f"--proba: a model trained with {kind} on {model.assembly.task} gives no probabilities")
    predicted = foretell(model, inputs)
    notes(predicted.notes)
    values = predicted.values.tolist()
    if not predicted.labels:
        return csv_text(predicted.columns, values), len(values)
    if not proba:
        return csv_text(["prediction"], ([label] for label in predicted.labels)), len(values)
    header = ["prediction", *(f"p({name})" for name in predicted.columns)]
    rows = ([label, *row] for label, row in zip(predicted.labels, values, strict=True))
    return csv_text(header, rows), len(values)
