"""Field types of specs: numbers that are exactly what they say, with their bounds.

``Real`` takes 3 and 0.5 but neither "0.5" nor true; ``Count`` takes whole numbers only. The bounds are read by whoever
validates and by the JSON Schema. No real number and no count is larger than float32 and int64 can compute with: what is
beyond is a slip, and would end in infinities.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt

LARGEST = 1e37  # float32 holds 3.4e38; numbers drawn with this deviation fit too
LARGEST_WHOLE = (1 << 63) - 1


class Exact:
    """Refuse text and booleans where a number is due (pydantic's protocol, in plain dicts)."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), "strict": True}


class Finite:
    """Refuse NaN and infinities."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), "allow_inf_nan": False}


class Pattern:
    """Let text match a regular expression, one that means the same to Python and to ECMAScript."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def matches(self, text: str) -> bool:
        """Whether text matches for sure: here ``$`` also stands in front of a last line end, elsewhere it does not."""
        return text.isascii() and "\n" not in text and re.search(self.pattern, text) is not None

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), "pattern": self.pattern}


class OneOrMany:
    """Let a single value stand for a list of one: ``activation: relu`` is ``activation: [relu]``."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        wrap = {"type": "no-info", "function": as_sequence}
        return {"type": "function-before", "function": wrap, "schema": handler(source)}

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        many = handler(core_schema)
        return {"anyOf": [many["items"], many]} if "items" in many else dict(many)


def as_sequence(value: Any) -> Any:
    """Return a value as a sequence of one, if it is none yet."""
    return value if isinstance(value, list | tuple) else (value,)


ONE_OR_MANY = OneOrMany()  # Annotated[tuple[X, ...], ONE_OR_MANY]

# Metadata of a dataclass field, field(default=0.0, metadata=RARE). A written spec leaves a rare field out while it has
# its default, and gives a list of one as the item where a field is marked as PLAIN_ONE.
RARE = {"rare": True}
PLAIN_ONE = {"plain_one": True}

Flag = Annotated[bool, Exact()]
Whole = Annotated[int, Exact(), Ge(-LARGEST_WHOLE), Le(LARGEST_WHOLE)]
Count = Annotated[int, Exact(), Ge(1), Le(LARGEST_WHOLE)]  # 1, 2, 3, …
Natural = Annotated[int, Exact(), Ge(0)]  # 0, 1, 2, …
Real = Annotated[float, Exact(), Finite(), Ge(-LARGEST), Le(LARGEST)]
Positive = Annotated[float, Exact(), Finite(), Gt(0), Le(LARGEST)]
NonNegative = Annotated[float, Exact(), Finite(), Ge(0), Le(LARGEST)]
Fraction = Annotated[float, Exact(), Finite(), Ge(0), Lt(1)]  # [0, 1)
