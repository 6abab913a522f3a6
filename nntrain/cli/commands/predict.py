"""``nntrain predict``: what a trained model says of new inputs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Guard, Model

PIECE = 1 << 20  # bytes read from standard input at a time
INPUT = "Features, in a file of any kind that training reads; - is a CSV on stdin."


def predict(
    model: Model,
    inputs: Annotated[Path, typer.Argument(metavar="INPUT", help=INPUT)],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.")] = "-",
    form: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="csv, jsonl, parquet or npy; by FILE's ending.")
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add the probability of each class or label.")] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Add the scores that the last layer gives.")] = False,
    top: Annotated[int | None, typer.Option("--top", metavar="K", help="Add the K best classes.")] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="COLUMN", help="Carry columns of the input through: id,name. Repeatable."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="P", help="Choose the second class above this probability.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option("--layer", metavar="NAME", help="Give the outputs of a layer, such as hidden.0.")
    ] = None,
    chunk: Annotated[int | None, typer.Option("--chunk", metavar="N", help="Work on N rows at a time.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    guard: Guard = False,
) -> None:
    """Predict from a file of features.

    The answer has one line an input: the class, or the number or 0 or 1 of each target. Columns are found by their
    names if the input has names, the target's is passed over; texts and missing values are treated as in training. Any
    number of rows takes the same memory. An npy array has the numbers alone, or the classes if there are none.
    """
    from nntrain.cli.output.prediction_file import target_of, write_rows
    from nntrain.cli.output.terminal import notes, use_utf8
    from nntrain.runs import open_model
    from nntrain.runs.prediction_stream import Answer, PredictionStream

    use_utf8()
    target = target_of(output, form, force=force)
    trained = open_model(model, decided=True)
    notes(trained.notes)
    columns = [name.strip() for names in keep or () for name in names.split(",")]
    answer = Answer(columns, top, proba, scores, layer, threshold, chunk)
    answer.check(trained)
    with _as_file(inputs) as path:
        predictions = PredictionStream(trained, path, answer)
        write_rows(predictions, target, guard=guard)
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
