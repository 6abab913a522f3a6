"""The shapes of the facts that a run keeps: in its checkpoints, in run.json, in summary.json and in metrics.jsonl.

Each file is checked against its shape when it is read, so that the code behind may rely on the types. Facts that are
not listed here are let through. Knows nothing of what the facts are used for.
"""

import math
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias, get_args

from nntrain.core.types import Task
from nntrain.errors import CheckpointError

OTHERS = "*"  # in a shape: all keys that it does not name
LARGEST = 10**18  # a count from here on is no count


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its name in a message, and the test for it."""

    name: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Many:
    """A list whose items all have one shape."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Either:
    """A value that may be null, or a fact that may be absent; otherwise it has the given shape."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Omissible:
    """A fact that may be absent, but not null; where it is there, it has the given shape."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Nullable:
    """A fact that must be there and may be null; otherwise it has the given shape."""

    shape: "Shape"


Shape: TypeAlias = Kind | Many | Either | Omissible | Nullable | Mapping[str, Any]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST if isinstance(value, int) else math.isfinite(value)


TEXT = Kind("a text", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = Kind("a number", _is_number)
COUNT = Kind("a whole number from 0 on", lambda value: _is_number(value) and isinstance(value, int) and value >= 0)
MAPPING = Kind("a mapping", lambda value: isinstance(value, Mapping))
FIGURES = Kind(
    "a mapping of numbers",
    lambda value: isinstance(value, Mapping) and all(item is None or _is_number(item) for item in value.values()),
)
SHARE = Kind("a share from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)
SUMS = Kind(
    "a number or a list of numbers",
    lambda value: _is_number(value) or (isinstance(value, list) and all(map(_is_number, value))),
)
TASK = Kind("a task", lambda value: value in get_args(Task))

BEST: Shape = Either({"monitor": TEXT, "value": Nullable(NUMBER), "epoch": COUNT, "step": COUNT})
PARENT: Shape = Either({"path": TEXT, "sha256": TEXT})
_ENDED_BY = Kind(
    "a setting and a number",
    lambda value: isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and _is_number(value[1]),
)
_POSITION: dict[str, Shape] = {
    **dict.fromkeys(("epoch", "batch", "step", "rows", "waited"), COUNT),
    **dict.fromkeys(("cost_sum", "seconds", "elapsed"), NUMBER),
    "metric_sum": SUMS,
    "first_cost": Either(NUMBER),
    "schedule_memory": Many(NUMBER),
    "search_memory": Either(Many(NUMBER)),
    "best_value": Either(NUMBER),
    "best_epoch": Either(COUNT),
    "stopped": Either(TEXT),
    "ended_by": Either(_ENDED_BY),
}
CHECKPOINT: Shape = {  # a checkpoint that only keeps old weights of the best epoch has no state
    "data": {
        "task": TASK,
        **dict.fromkeys(("n_features", "n_targets", "n_rows"), COUNT),
        **dict.fromkeys(("class_names", "feature_names", "target_names"), Many(TEXT)),
        "columns": Either(Many(TEXT)),  # checkpoints of earlier versions do not have it
        "class_rows": Either(Many(NUMBER)),
        "fingerprint": TEXT,
        "encoder": Either({"names": Many(TEXT), "categories": Many(Many(TEXT))}),
    },
    "spec": MAPPING,
    "epoch": COUNT,
    "step": COUNT,
    "state": Either({**_POSITION, "restored": Either(FLAG), "cut": Either(_POSITION)}),
    "metrics_length": COUNT,
    "metrics_sha256": Either(TEXT),  # checkpoints of earlier versions do not have it
    "best": BEST,
    "cut": Either({"best": BEST, "metrics_length": COUNT}),
    "parent": PARENT,
    "environment": MAPPING,
}
WEIGHTS: Shape = {  # what is asked of a checkpoint that only gives its weights
    "data": Either({"class_names": Either(Many(TEXT))}),
    "spec": Either({"name": Either(TEXT)}),
    "epoch": Either(COUNT),
    "step": Either(COUNT),
}
RUN: Shape = {
    **dict.fromkeys(("name", "status", "started", "updated"), Either(TEXT)),
    "spec": Either(MAPPING),
    "data": Either({"task": Either(TASK), "n_classes": Either(COUNT)}),
    "sizes": Either(Many(COUNT)),
    "parent": PARENT,
    "environment": Either(MAPPING),
    "argv": Either(Many(TEXT)),
    "draw": Either(FLAG),
    "monitors": Either({"patience": Either(TEXT), "best": Either(TEXT)}),
    "segments": Either(Many({"changes": Many(TEXT)})),
}
_SCORES: Shape = Either(Many({"name": TEXT, OTHERS: Either(NUMBER)}))  # of each target or label
_FIGURES: dict[str, Shape] = {
    "n": COUNT,
    "cost": Either(NUMBER),
    "accuracy": Either(SHARE),
    "targets": _SCORES,
    "labels": _SCORES,
    OTHERS: Either(NUMBER),
}
_PART: Shape = Omissible(_FIGURES)
SUMMARY: Shape = {
    "stopped": Either(TEXT),
    **dict.fromkeys(("epochs", "steps", "epoch"), COUNT),
    "seconds": NUMBER,
    "examples_per_second": Either(NUMBER),
    "checkpoint": TEXT,
    "best": BEST,
    "train": _FIGURES,
    "validation": _PART,
    "test": _PART,
    "baselines": Either(
        {
            "answer": TEXT,
            "model": {"part": TEXT, "metric": TEXT, "value": Nullable(NUMBER)},
            "neighbours": Either({"k": COUNT, "rows": COUNT, "parts": {OTHERS: FIGURES}}),
            OTHERS: FIGURES,
        }
    ),
    "layers": Either({OTHERS: FIGURES}),
}
RECORD: Shape = {
    "epoch": COUNT,
    "step": COUNT,
    "lr": Either(NUMBER),
    "train": FIGURES,
    "validation": Either(FIGURES),
    "gradient_norm": Either(NUMBER),
    "update_ratio": Either(NUMBER),
    "seconds": NUMBER,
    "examples_per_second": Either(NUMBER),
    "layers": Either({OTHERS: FIGURES}),
}


def check(facts: Mapping[str, Any], shape: Shape, where: str) -> None:
    """Raise ``CheckpointError`` with the name of the first fact that is missing or is not of its kind."""
    problem = next(_problems(facts, shape, ""), None)
    if problem is not None:
        raise CheckpointError(f"{where}: {problem}")


def _problems(value: Any, shape: Shape, name: str) -> Iterator[str]:
    """Yield in words what is not as the shape wants it, depth first."""
    if isinstance(shape, Either | Nullable):
        return iter(()) if value is None else _problems(value, shape.shape, name)
    if isinstance(shape, Omissible):
        return _problems(value, shape.shape, name)
    if isinstance(shape, Kind):
        return iter(() if shape.holds(value) else (_wrong(name, shape.name, value),))
    if isinstance(shape, Many):
        if not isinstance(value, list | tuple):
            return iter((_wrong(name, "a list", value),))
        return chain.from_iterable(_problems(item, shape.item, f"{name}[{k}]") for k, item in enumerate(value))
    if not isinstance(value, Mapping):
        return iter((_wrong(name, "a mapping", value),))
    named = {key: item for key, item in shape.items() if key != OTHERS}
    others = {key: shape[OTHERS] for key in value if key not in named} if OTHERS in shape else {}
    return chain.from_iterable(_problems_of_key(value, key, item, name) for key, item in {**named, **others}.items())


def _problems_of_key(value: Mapping[str, Any], key: str, shape: Shape, name: str) -> Iterator[str]:
    path = f"{name}.{key}" if name else key
    if key in value:
        return _problems(value[key], shape, path)
    may_be_absent = isinstance(shape, Either | Omissible)
    return iter(() if may_be_absent else (f"lacks '{path}'; was it written by nntrain?",))


def _wrong(name: str, kind: str, value: Any) -> str:
    return f"the fact '{name}' must be {kind}, got {reprlib.repr(value)}"
