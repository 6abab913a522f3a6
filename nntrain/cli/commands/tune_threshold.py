"""``nntrain tune-threshold``: from which probability on the second of two classes is chosen."""

from typing import Annotated

import typer

from nntrain.cli.arguments import Json, Model


def tune_threshold(
    model: Model,
    aim: Annotated[
        str,
        typer.Option("--for", metavar="AIM", help="f1, youden, or cost=1:5: what a false alarm and a miss cost."),
    ] = "f1",
    forget: Annotated[bool, typer.Option("--forget", help="Take the threshold back.")] = False,
    as_json: Json = False,
) -> None:
    """Choose the threshold between two classes.

    It is the best on the validation rows, for the F1 of the second class, Youden's J, or the cost of wrong decisions.
    It is kept beside the model; eval and predict use it and say so.
    """
    from nntrain.cli.output.decision_view import show_forgotten, show_outcome
    from nntrain.runs import open_model
    from nntrain.runs.later_choice import forget as take_back
    from nntrain.runs.later_choice import tune_threshold as tune
    from nntrain.runs.threshold import aim_of

    wanted = aim_of(aim)
    trained = open_model(model, decided=True)
    if forget:
        show_forgotten("threshold", take_back(trained, "margin"), as_json=as_json)
        return
    show_outcome(tune(trained, wanted), trained, as_json=as_json)
