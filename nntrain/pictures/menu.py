"""What there is to draw of a run, a checkpoint or a spec: the name of each picture and how it comes about.

To add a picture, write the function that gathers what it shows, and one line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from nntrain.drawing.style import Draw
from nntrain.errors import SpecError, did_you_mean
from nntrain.pictures.activation_pictures import gather_activations
from nntrain.pictures.boundary_pictures import film_boundary, gather_boundary
from nntrain.pictures.descent_pictures import gather_descent
from nntrain.pictures.error_pictures import gather_errors
from nntrain.pictures.gradient_pictures import gather_gradients
from nntrain.pictures.origin import Origin
from nntrain.pictures.picture_options import Options
from nntrain.pictures.score_pictures import gather_calibration, gather_confusion, gather_ranking, gather_residuals
from nntrain.pictures.scored_part import ScoredExamples
from nntrain.pictures.weight_pictures import gather_weights


@dataclass(frozen=True, slots=True)
class Picture:
    """One kind of picture: what it shows, what gathers that, and the options beside ``epoch`` that it takes.

    ``film`` gathers the pictures of a film of the training, where there is one.
    """

    summary: str
    gather: Callable[[Origin, Options], Draw]
    options: tuple[str, ...] = ()
    film: Callable[[Origin, Options], list[Draw]] | None = None


def _of_part(gather: Callable[[ScoredExamples, Options], Draw]) -> Callable[[Origin, Options], Draw]:
    """Return the like for a picture of how a model does on a part of its data: the part is scored first."""

    def gather_scored(origin: Origin, options: Options) -> Draw:
        return gather(ScoredExamples.of(origin, options.epoch, options.split), options)

    return gather_scored


def gather_curves(origin: Origin, options: Options) -> Draw:
    """Return how to draw the learning curves."""
    return origin.curves(options.epoch).draw


PICTURES: Mapping[str, Picture] = {
    "curves": Picture("Cost, scores and learning rate over the epochs.", gather_curves),
    "weights": Picture("Rows of the first W, as pictures or as a table of shades.", gather_weights, ("shape",)),
    "boundary": Picture(
        "What is said over two inputs; as .gif while it learns.",
        gather_boundary,
        ("split", "columns", "every"),
        film_boundary,
    ),
    "confusion": Picture("Which class is taken for which.", _of_part(gather_confusion), ("split",)),
    "errors": Picture(
        "The worst examples: what was said and what is true.", _of_part(gather_errors), ("split", "shape", "count")
    ),
    "calibration": Picture(
        "How often it is right against how sure it is; the ECE.", _of_part(gather_calibration), ("split",)
    ),
    "roc": Picture("ROC, precision and threshold for two classes.", _of_part(gather_ranking), ("split", "positive")),
    "residuals": Picture(
        "Predicted against true numbers, and the errors.", _of_part(gather_residuals), ("split", "target")
    ),
    "activations": Picture("What the units of each layer do: dead, saturated.", gather_activations, ("split",)),
    "gradients": Picture("Norms by layer and lengths of steps over the epochs.", gather_gradients),
    "descent": Picture("The cost over a plane, with the path of the training.", gather_descent),
}
ALIASES = {"pr": "roc", "threshold": "roc"}  # the three belong on one sheet


def find_picture(name: str, options: Options) -> Picture:
    """Return the picture of a name; SpecError for one that is not there, or has no use for an option that is given."""
    found = PICTURES.get(ALIASES.get(name, name))
    if found is None:
        raise SpecError(f"WHAT: no such picture, got '{name}'{did_you_mean(name, [*PICTURES, *ALIASES])}")
    for field in fields(options):
        if field.name not in ("epoch", *found.options) and getattr(options, field.name) is not None:
            users = ", ".join(other for other, picture in PICTURES.items() if field.name in picture.options)
            raise SpecError(f"--{field.name}: is for {users}; {name} has no use for it")
    return found
