"""How much each class counts: a list in the order of the classes, weights by name, or balanced by their numbers.

Knows no loss.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from annotated_types import MinLen

from nntrain.core.fields import Positive
from nntrain.errors import SpecError, did_you_mean

BALANCED: Literal["balanced"] = "balanced"
ClassWeights: TypeAlias = Literal["balanced"] | Annotated[tuple[Positive, ...], MinLen(2)] | dict[str, Positive]


def find_problem(given: ClassWeights | None, class_names: Sequence[str]) -> tuple[str, str] | None:
    """Return (field, what is wrong with it) for data of these classes, or None."""
    n = len(class_names)
    if isinstance(given, tuple) and len(given) != n:
        return "class_weights", f"{n} classes need {n} weights, got {len(given)}"
    strange = [name for name in given if name not in class_names] if isinstance(given, Mapping) else []
    if strange:
        return f"class_weights.{strange[0]}", f"there is no such class{did_you_mean(strange[0], class_names)}"
    return None


def weights_of(
    given: ClassWeights | None, class_names: Sequence[str], class_rows: Sequence[float]
) -> tuple[float, ...] | None:
    """Return a weight for each class, in order; ``balanced`` is n / (c n_y) for n rows of c classes, n_y of class y.

    ``class_rows`` n_y are the rows of each class, as they count. SpecError where a class has none.
    """
    if isinstance(given, Mapping):
        return tuple(given.get(name, 1.0) for name in class_names)
    if given != BALANCED:
        return given
    absent = [name for name, rows in zip(class_names, class_rows, strict=True) if not rows]
    if absent:
        raise SpecError(f"loss.class_weights: balanced needs training rows of each class, got none of {absent[0]!r}")
    total = sum(class_rows)
    return tuple(total / (len(class_rows) * rows) for rows in class_rows)  # n / (c n_y)


def listed(given: ClassWeights) -> tuple[float, ...]:
    """Return weights that were settled, in the order of the classes."""
    if not isinstance(given, tuple):
        raise TypeError(f"class weights are settled by the classes first, got {given!r}")
    return given
