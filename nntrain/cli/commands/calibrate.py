"""``nntrain calibrate``: probabilities that say how often they are right."""

from typing import Annotated

import typer

from nntrain.cli.arguments import Json, Model


def calibrate(
    model: Model,
    forget: Annotated[bool, typer.Option("--forget", help="Take the temperature back.")] = False,
    as_json: Json = False,
) -> None:
    """Calibrate the probabilities of a model.

    Its scores are divided by the temperature under which the validation rows are likeliest (Guo et al. 2017). It
    changes no decision. It is kept beside the model; eval and predict use it and say so.
    """
    from nntrain.cli.output.decision_view import show_forgotten, show_outcome
    from nntrain.runs import open_model
    from nntrain.runs.later_choice import calibrate as choose
    from nntrain.runs.later_choice import forget as take_back

    trained = open_model(model, decided=True)
    if forget:
        show_forgotten("temperature", take_back(trained, "temperature"), as_json=as_json)
        return
    show_outcome(choose(trained), trained, as_json=as_json)
