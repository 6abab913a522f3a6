"""Read a spec, or restore a spec from plain values; every problem at once, sorted by place."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nntrain.core.types import Task
from nntrain.errors import SpecError
from nntrain.spec.emit import plain_values, to_yaml
from nntrain.spec.hints import fields_of, with_default_kinds
from nntrain.spec.merge import (
    EXTENDS,
    OVERRIDES,
    Override,
    UnreadableError,
    apply_overrides,
    put_values,
    read_layers,
    read_text,
)
from nntrain.spec.portable_text import portable_text
from nntrain.spec.spec import Spec
from nntrain.spec.tree import Mapping, Mark, Origin, Problem, is_broken, tree_of
from nntrain.spec.validate import build, mark_at


@dataclass(frozen=True, slots=True)
class Loaded:
    """A spec, its text and its complete plain values.

    The text is that of the file, without overrides, such that it means the same from any folder.
    """

    spec: Spec
    text: str
    resolved: dict[str, Any]
    tree: Mapping = field(repr=False, compare=False)

    def settle(self, task: Task, n_classes: int) -> "Loaded":
        """Return the same with what the data decide filled in."""
        spec = self.spec.settle(task, n_classes)
        return replace(self, spec=spec, resolved=resolve(spec))

    def locate_error(self, error: SpecError) -> SpecError:
        """Return an error found later, ``path: what`` a line, with the place of each path in front."""
        return SpecError(*(self._locate_line(line) for line in error.problems))

    def _locate_line(self, line: str) -> str:
        path, colon, text = line.partition(": ")
        keys = path.split(".")
        if not colon or keys[0] not in fields_of(Spec):
            return line
        return str(Problem(mark_at(self.tree, keys), path, text))


def load(path: Path | str, overrides: Sequence[str] = (), values: Iterable[Override] = ()) -> Loaded:
    """Read a spec file (``-``: standard input) and lay ``key=value`` overrides over it, then ``values``.

    Raises ``SpecError`` with one line ``file:line:column: where: what`` for every problem.
    """
    text = read_text(path)
    try:
        merged = read_layers(path, text, _with_kinds)
    except UnreadableError as error:
        raise _spec_error(error.problems) from None
    spec, tree = _build(merged.tree, overrides, values, merged.problems)
    return Loaded(spec, portable_text(text, merged, Spec), resolve(spec), tree)


def from_dict(values: AnyMapping[str, Any], overrides: Sequence[str] = ()) -> Spec:
    """Restore a spec from what ``resolve`` returned. Raises ``SpecError`` that names each value that does not fit."""
    return reload(values, overrides).spec


def reload(
    values: AnyMapping[str, Any],
    overrides: Sequence[str] = (),
    laid_over: Iterable[Override] = (),
    *,
    text: str = "",
    name: str = "spec",
) -> Loaded:
    """Return the spec whose values ``resolve`` returned, with overrides; ``name`` is how messages call it."""
    tree = tree_of(dict(values), Mark(Origin(name, Path.cwd(), is_file=False)))
    if not isinstance(tree, Mapping) or is_broken(tree):
        raise SpecError(f"{name}: nested too deeply")
    spec, tree = _build(tree, overrides, laid_over, [])
    return Loaded(spec, text, resolve(spec), tree)


def _with_kinds(tree: Mapping) -> Mapping:
    filled = with_default_kinds(tree, Spec)
    return filled if isinstance(filled, Mapping) else tree


def override(loaded: Loaded, values: Iterable[Override]) -> Loaded:
    """Return a spec with values laid over it, each with its own place for messages. Raises ``SpecError``."""
    tree, problems = put_values(loaded.tree, values)
    spec, tree = _check(tree, problems)
    return Loaded(spec, loaded.text, resolve(spec), tree)


def override_of(path: str, value: Any, where: str) -> Override:
    """Return a plain value as an override of the dotted path; ``where`` is how messages call its origin."""
    mark = Mark(Origin(where, Path.cwd(), OVERRIDES, is_file=False))
    return Override(path, tree_of(value, mark), mark)


def _build(
    tree: Mapping, overrides: Sequence[str], values: Iterable[Override], problems: list[Problem]
) -> tuple[Spec, Mapping]:
    tree, of_overrides = apply_overrides(_with_kinds(tree), overrides)
    tree, of_values = put_values(tree, values)
    return _check(tree, [*problems, *of_overrides, *of_values])


def _check(tree: Mapping, problems: list[Problem]) -> tuple[Spec, Mapping]:
    spec, of_values = build(Spec, tree, extra=(EXTENDS,))
    found = [*problems, *of_values]
    if found or spec is None:
        raise _spec_error(found)
    return spec, tree


def _spec_error(problems: Sequence[Problem]) -> SpecError:
    return SpecError(*dict.fromkeys(str(problem) for problem in sorted(problems, key=lambda problem: problem.order)))


def resolve(spec: Spec) -> dict[str, Any]:
    """Return the complete spec, defaults spelled out, as values that JSON and YAML can hold."""
    values: dict[str, Any] = plain_values(spec)
    return values


def dump(resolved: AnyMapping[str, Any]) -> str:
    """Return a resolved spec as YAML that ``load`` reads back to an equal spec."""
    return to_yaml(dict(resolved))
