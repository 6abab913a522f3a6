"""From pydantic's complaints to one line a mistake, at the place where it was made.

pydantic's ``loc`` mixes keys with names of union members. It is followed along the type hints and the tree together, so
that only keys remain. Where an unknown key is a misspelt one, the key that it stands for is not called missing as well.
The complaints of all members of a union become one. Knows no field by name.
"""

import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, replace
from typing import Any

from nntrain.core.registry import Registry
from nntrain.errors import did_you_mean
from nntrain.spec.hints import Target, class_at, fields_of, misspelt, suggestion
from nntrain.spec.tree import Mapping, Mark, Node, Problem, Scalar, Sequence, is_broken
from nntrain.spec.yaml_tree import is_number

UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
NO_TAG = {"union_tag_not_found", "union_tag_invalid"}
SHOWN = 40  # characters of a value

EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "finite_number": "finite",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": "a list",
    "literal_error": "{expected}",
    "model_attributes_type": "a name or a mapping with a `kind`",
    "model_type": "a mapping",
    "none_required": "null",
    "path_type": "a path as text",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_long": "text of at most {max_length} characters",
    "string_too_short": "text of at least {min_length} characters",
    "string_type": "text",
    "too_long": "a list of at most {max_length}",
    "too_short": "a list of at least {min_length}",
    "tuple_type": "a list",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """The place that a ``loc`` leads to: the value there (if there is one), its key, and what may stand there."""

    path: tuple[str, ...]
    mark: Mark  # of the value, or of what should contain it
    key_mark: Mark
    node: Node | None
    targets: tuple[Target, ...]
    parent: type | None = None
    in_union: bool = False

    @property
    def name(self) -> str:
        return ".".join(self.path)


def explain(errors: Iterable[AnyMapping[str, Any]], root: type, tree: Mapping, extra: tuple[str, ...]) -> list[Problem]:
    """Return one problem for each mistake; ``extra`` are keys of the top level that are no fields of ``root``."""
    placed = [(error, walk(error["loc"], root, tree)) for error in errors]
    placed = [(error, at) for error, at in placed if at.node is None or not is_broken(at.node)]
    problems: list[Problem] = []
    stood_for: set[tuple[str, ...]] = set()
    for error, at in placed:
        if error["type"] in UNKNOWN:
            choices = [*fields_of(at.parent or root), *(extra if len(at.path) == 1 else ())]
            meant = suggestion(at.path[-1], choices)
            stood_for |= {(*at.path[:-1], meant)} if meant else set()
            problems.append(Problem(at.key_mark, at.name, f"unknown key{_hint(at.path[-1], meant, choices)}"))
    for error, at in placed:
        if error["type"] == "missing" and at.path not in stood_for:
            problems.append(Problem(at.mark, at.name, f"missing{_choices(at.targets)}"))
    values = [(error, at) for error, at in placed if error["type"] not in UNKNOWN | {"missing"}]
    return problems + _value_problems(values, [at.path for _, at in placed])


def walk(loc: Iterable[str | int], root: type, tree: Mapping) -> _Place:
    """Follow pydantic's ``loc``, leaving out names of union members and of registry entries, which are no keys."""
    at = _Place((), tree.mark, tree.mark, tree, (root,))
    for element in loc:
        at = _step(at, element)
    return at


def _step(at: _Place, element: str | int) -> _Place:
    if isinstance(element, int):
        if not isinstance(at.node, Sequence) or element >= len(at.node.items):
            return at
        item = at.node.items[element]
        return replace(at, path=(*at.path, str(element)), mark=item.mark, key_mark=item.mark, node=item)
    for target in at.targets:
        if isinstance(target, Registry) and element in target:
            return replace(at, targets=(target[element],))
    for target in at.targets:
        if not isinstance(target, Registry) and element in fields_of(target):
            return _into(at, element, target, fields_of(target)[element])
    if isinstance(at.node, Mapping) and element in at.node.entries:
        return _into(at, element, class_at(at.targets, at.node), ())
    return replace(at, in_union=True)


def _into(at: _Place, key: str, parent: type | None, targets: tuple[Target, ...]) -> _Place:
    entry = at.node.entries.get(key) if isinstance(at.node, Mapping) else None
    path = (*at.path, key)
    if entry is None:  # nothing there: point at the key whose value should have it
        return _Place(path, at.key_mark, at.key_mark, None, targets, parent)
    return _Place(path, entry.node.mark, entry.mark, entry.node, targets, parent)


def _hint(word: str, meant: str | None, choices: list[str]) -> str:
    if meant:
        return f"; did you mean '{meant}'? (one of {', '.join(sorted(choices))})"
    return did_you_mean(word, choices)


def _choices(targets: tuple[Target, ...]) -> str:
    registry = next((target for target in targets if isinstance(target, Registry)), None)
    return f"; name the {registry.noun} (one of {', '.join(sorted(registry))})" if registry else ""


def _value_problems(placed: list[tuple[AnyMapping[str, Any], _Place]], blamed: list[tuple[str, ...]]) -> list[Problem]:
    groups: dict[tuple[str, ...], list[tuple[AnyMapping[str, Any], _Place]]] = {}
    for error, at in placed:
        groups.setdefault(at.path, []).append((error, at))
    deeper = {path[:length] for path in blamed for length in range(len(path))}
    problems = []
    for path, group in groups.items():
        if path in deeper and all(at.in_union for _, at in group):
            continue  # another member of the union came further: its complaint tells more
        problems.append(_value_problem([error for error, _ in group], group[0][1]))
    return problems


def _value_problem(errors: list[AnyMapping[str, Any]], at: _Place) -> Problem:
    for error in errors:
        if error["type"] in NO_TAG:
            return _kind_problem(at)
        if error["type"] == "value_error":
            return Problem(at.mark, at.name, str(error["ctx"]["error"]))
    value = at.node.value if isinstance(at.node, Scalar) else None
    literals = [word for error in errors for word in _literals(error)]
    expected = list(dict.fromkeys(_expected(error) for error in errors))
    if "a number" in expected and "a whole number" in expected:
        expected.remove("a whole number")
    text = f"must be {', or '.join(expected)}, got {describe_node(at.node)}{_quotes(value, expected)}"
    meant = suggestion(value, literals) if isinstance(value, str) and literals else None
    return Problem(at.mark, at.name, text + (f"; did you mean '{meant}'?" if meant else ""))


def _kind_problem(at: _Place) -> Problem:
    registry = next(target for target in at.targets if isinstance(target, Registry))
    kind = at.node.get("kind") if isinstance(at.node, Mapping) else at.node
    path = f"{at.name}.kind" if isinstance(at.node, Mapping) else at.name
    if isinstance(kind, Scalar) and isinstance(kind.value, str):
        return Problem(kind.mark, path, f"unknown {registry.noun} '{kind.value}'{did_you_mean(kind.value, registry)}")
    if kind is not None:
        return Problem(kind.mark, path, f"must be the name of a {registry.noun}, as text, got {describe_node(kind)}")
    wrong = misspelt(at.node, "kind") if isinstance(at.node, Mapping) else None
    if isinstance(at.node, Mapping) and wrong is not None:
        return Problem(at.node.entries[wrong].mark, f"{at.name}.{wrong}", "unknown key; did you mean 'kind'?")
    return Problem(at.key_mark, path, f"missing{_choices(at.targets)}")


def _expected(error: AnyMapping[str, Any]) -> str:
    template = EXPECTED.get(error["type"])
    if template is None:  # a complaint this table does not have: pydantic's own words
        return str(error["msg"]).removeprefix("Input should be ")
    bounds = error.get("ctx", {})
    return template.format(
        **{name: f"{bound:g}" if isinstance(bound, float) else bound for name, bound in bounds.items()}
    )


def _literals(error: AnyMapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", error["ctx"]["expected"]) if error["type"] == "literal_error" else []


def _quotes(value: Any, expected: list[str]) -> str:
    """Say how to write a number that was given as text."""
    if not isinstance(value, str) or not {"a number", "a whole number"} & set(expected):
        return ""
    if is_number(value):
        return "; write it without quotes"
    bare = value.replace("_", "")
    return f"; write {bare}" if is_number(bare) else ""


def describe_node(node: Node | None) -> str:
    """Describe a value in a message, as YAML spells it."""
    match node:
        case Mapping():
            return "a mapping"
        case Sequence(items=items):
            return f"a list of {len(items)}"
        case Scalar(value=str() as value):
            return f"the text {value[:SHOWN] + '…' if len(value) > SHOWN else value!r}"
        case Scalar(value=bool() as value):
            return str(value).lower()
        case Scalar(value=int() | float() as value):
            return str(value)[:SHOWN].replace("inf", ".inf").replace("nan", ".nan")
        case _:
            return "nothing"
