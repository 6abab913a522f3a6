"""What there is to draw of a run, a checkpoint or a spec: the name of each picture and how it comes about.

To add a picture, write the function that gathers what it shows, and one line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nntrain.drawing.style import Draw
from nntrain.pictures.origin import Origin


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may ask of a picture; what a picture has no use for is refused before it is made."""

    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One kind of picture: what it shows, what gathers that, and the options beside ``epoch`` that it takes."""

    summary: str
    gather: Callable[[Origin, Options], Draw]
    options: tuple[str, ...] = ()


def gather_curves(origin: Origin, options: Options) -> Draw:
    """Return how to draw the learning curves."""
    return origin.curves(options.epoch).draw


PICTURES: Mapping[str, Picture] = {
    "curves": Picture("Cost, scores and learning rate over the epochs.", gather_curves),
}
