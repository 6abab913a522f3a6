"""``nntrain predict``: what a trained model says of new inputs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Guard, Model

if TYPE_CHECKING:
    from nntrain.runs.evaluation import Predictions
    from nntrain.runs.trained import Trained

PIECE = 1 << 20  # bytes read from standard input at a time
INPUT = "Features, in a file of any kind that training reads; - is a CSV on stdin."


def predict(
    model: Model,
    inputs: Annotated[Path, typer.Argument(metavar="INPUT", help=INPUT)],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.")] = "-",
    proba: Annotated[bool, typer.Option("--proba", help="Add the probability of each class or label.")] = False,
    guard: Guard = False,
) -> None:
    """Predict from a file of features.

    The answer is CSV with a header, one line an input: the class, or the number or 0 or 1 of each target. Columns are
    found by their names if the input has names, the target's is passed over; texts and missing values are treated as in
    training.
    """
    from nntrain.artifacts import durable
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.terminal import notes, out, say, use_utf8
    from nntrain.runs import open_model
    from nntrain.runs import predict as foretell

    use_utf8()
    trained = open_model(model)
    notes(trained.notes)
    _check_probabilities(trained, proba)
    with _as_file(inputs) as path:
        predictions = foretell(trained, path)
        pieces = _csv(predictions, proba, guard=guard and output != "-")
        if output == "-":
            for piece in pieces:
                out(piece.removesuffix("\n"))
        else:
            durable.write_bytes(Path(output), b"".join(piece.encode() for piece in pieces))
            say(f"{output}: {count(predictions.rows)} predictions")
        notes(line.replace(str(path), "<stdin>") if path != inputs else line for line in predictions.notes)


@contextmanager
def _as_file(inputs: Path) -> Iterator[Path]:
    """Give standard input, which can be read only once, a file for the time being; messages call it by its name."""
    from tempfile import gettempdir

    from nntrain.artifacts import durable
    from nntrain.artifacts.scratch import scratch_folder
    from nntrain.cli.interrupts import end_in_order
    from nntrain.errors import DataError

    if str(inputs) != "-":
        yield inputs
        return
    end_in_order()
    with ExitStack() as held:
        with durable.report_write_errors(Path(gettempdir())):
            copy = held.enter_context(scratch_folder("nntrain-")) / "stdin.csv"
            with copy.open("wb") as file:
                file.writelines(_pieces_of_stdin())
        try:
            yield copy
        except DataError as error:
            raise DataError(str(error).replace(str(copy), "<stdin>")) from None


def _pieces_of_stdin() -> Iterator[bytes]:
    import sys

    from nntrain.errors import DataError

    try:
        while piece := sys.stdin.buffer.read(PIECE):
            yield piece
    except OSError as error:
        raise DataError(f"<stdin>: cannot be read: {error.strerror or error}") from None


def _check_probabilities(model: "Trained", wanted: bool) -> None:
    from nntrain.errors import SpecError

    if wanted and not model.gives_probabilities:
        kind = getattr(model.assembly.loss, "kind", "loss")
        raise SpecError(f"--proba: a model trained with {kind} on {model.assembly.task} gives no probabilities")


def _csv(predictions: "Iterable[Predictions]", proba: bool, *, guard: bool) -> Iterator[str]:
    """Yield the predictions as CSV, some rows at a time, the header first."""
    from nntrain.artifacts.csv_text import csv_text, label_lines, number_lines

    header = True
    for predicted in predictions:
        names, rows = _table(predicted, proba)
        if header:
            yield csv_text(names, (), guard=guard)
            header = False
        if predicted.labels:
            yield label_lines(predicted.labels, guard=guard) if not proba else csv_text(None, rows, guard=guard)
        else:
            yield number_lines(rows)


def _table(predicted: "Predictions", proba: bool) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
    """Return the names of the columns, and the rows."""
    values = predicted.values.tolist()
    if predicted.decided is not None:
        chosen = predicted.decided.tolist()
        if not proba:
            return predicted.columns, iter(chosen)
        names = [*predicted.columns, *(f"p({name})" for name in predicted.columns)]
        return names, ([*labels, *row] for labels, row in zip(chosen, values, strict=True))
    if not predicted.labels:
        return predicted.columns, iter(values)
    if not proba:
        return ["prediction"], ([label] for label in predicted.labels)
    names = ["prediction", *(f"p({name})" for name in predicted.columns)]
    return names, ([label, *row] for label, row in zip(predicted.labels, values, strict=True))
