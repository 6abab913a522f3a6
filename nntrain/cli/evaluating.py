"""``nntrain eval``: score a trained model on data."""

from typing import Annotated

import typer

from nntrain.cli.arguments import Json, Model, Overrides


def evaluate(
    model: Model,
    split: Annotated[str, typer.Option(metavar="PART", help="train, validation or test.")] = "test",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Score a trained model on one part of its data, or on other data given with --set data.…"""
    from nntrain.cli.terminal import out_json
    from nntrain.experiment import evaluate as score
    from nntrain.experiment import open_model

    result = score(open_model(model, overrides or ()), split)
    out_json(result)
