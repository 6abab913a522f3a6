"""Conditions on runs, such as ``optimizer.lr < 0.1``: reads them and tells which runs meet them. Knows no key."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from nntrain.comparison.run_record import RunRecord
from nntrain.errors import SpecError
from nntrain.spec.tree import Origin, plain
from nntrain.spec.yaml_tree import parse

RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
SHAPE = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|!=|==|<|>|=)\s*(.+?)\s*", re.DOTALL)
ORDERED = ("<=", ">=", "<", ">")


@dataclass(frozen=True, slots=True)
class Condition:
    """A key or figure, a relation, and the value that it is held against."""

    name: str
    relation: str
    value: Any

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read ``key relation value``; the value as in a spec. SpecError with what is wrong."""
        match = SHAPE.fullmatch(text)
        if match is None:
            raise SpecError(f"--where {text}: expected a key, one of {' '.join(RELATIONS)}, and a value")
        node, problems = parse(match[3], Origin(f"--where {text}", Path.cwd(), is_file=False))
        if problems:
            raise SpecError(*(str(problem) for problem in problems))
        value = plain(node)
        if match[2] in ORDERED and not _is_number(value):
            raise SpecError(f"--where {text}: {match[2]} needs a number, got {value!r}")
        return cls(match[1], match[2], value)

    def holds(self, run: RunRecord) -> bool:
        """Tell whether a run meets it; an order is never met by what is not a number."""
        value = run.value(self.name)
        if self.relation in ORDERED and not _is_number(value):
            return False
        return bool(RELATIONS[self.relation](value, self.value))


def choose(runs: Sequence[RunRecord], conditions: Iterable[Condition]) -> list[RunRecord]:
    """Return the runs that meet every condition. SpecError for a name that no run has."""
    found = list(runs)
    for condition in conditions:
        check_name(condition.name, runs, "--where")
        found = [run for run in found if condition.holds(run)]
    return found


def check_name(name: str, runs: Sequence[RunRecord], option: str) -> None:
    """Raise SpecError for a key or figure that none of the runs has."""
    known = {"status", "epochs", "kept", "name", *(key for run in runs for key in (*run.spec, *run.figures))}
    if runs and name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ", such as optimizer.lr or validation.cost"
        raise SpecError(f"{option} {name}: no run has such a key or figure{hint}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
