"""Plain values to frozen dataclasses, for values that leave no doubt: what a sound spec holds.

Reads the same type hints as pydantic, and is never more lenient: whatever is not plainly right raises ``DoubtError``,
and the caller asks pydantic, which knows how to say what is wrong. So a sound spec never waits for pydantic's import.
Knows no field by name.
"""

import dataclasses
import math
import types
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

from nntrain.core.fields import Exact, Finite, OneOrMany, Pattern, as_sequence
from nntrain.core.registry import Registry, spell_out

Read = Callable[[Any], Any]
Test = Callable[[Any], bool]


class DoubtError(Exception):
    """Raised for a value that pydantic has to judge."""


def build_quickly(cls: type, values: Any) -> Any:
    """Return the object of a dataclass that plain values describe. Raises ``DoubtError`` where they may be wrong."""
    try:
        return _reader_of_class(cls)(values)
    except (ValueError, TypeError, OverflowError) as error:  # a class that checks its values when it is made
        raise DoubtError from error


@cache
def _reader_of_class(cls: Any) -> Read:
    hints = get_type_hints(cls, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    missing = dataclasses.MISSING
    required = {name for name, field in fields.items() if field.default is field.default_factory is missing}
    readers: dict[str, Read] = {}  # made when they are needed

    def read(value: Any) -> Any:
        if type(value) is not dict or not required <= value.keys() <= fields.keys():
            raise DoubtError
        for name in value.keys() - readers.keys():
            readers[name] = _reader(hints[name])
        return cls(**{name: readers[name](part) for name, part in value.items()})

    return read


def _reader(hint: Any) -> Read:
    """Return what reads values of a type hint."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(args[0], hint.__metadata__)
    if origin is Literal:
        return partial(_one_of, args)
    if origin in (Union, types.UnionType):
        return partial(_only_member, [_reader(member) for member in args])
    if origin is tuple and args[1:] == (Ellipsis,):
        return partial(_items, _reader(args[0]))
    if hint is Path:
        return lambda value: Path(_exactly(str, value))
    if hint is float:
        return _float
    if hint in (int, str, bool, type(None)):
        return partial(_exactly, hint)
    return _reader_of_class(hint) if hasattr(hint, "__dataclass_fields__") else _doubt


def _annotated(base: Any, extras: tuple[Any, ...]) -> Read:
    registry = next((extra for extra in extras if isinstance(extra, Registry)), None)
    read = _reader(base) if registry is None else partial(_entry, registry)
    tests = [test for test in map(_test, extras) if test is not None]
    many = any(isinstance(extra, OneOrMany) for extra in extras)

    def checked(value: Any) -> Any:
        result = read(as_sequence(value) if many else value)
        if not all(test(result) for test in tests):
            raise DoubtError
        return result

    return checked


def _test(extra: Any) -> Test | None:
    """Return the test that an annotation asks of a value; None if it asks for none. What is not known is doubtful."""
    match extra:
        case Registry() | Exact() | OneOrMany():  # every reader is exact
            return None
        case Finite():
            return math.isfinite
        case Pattern():
            return extra.matches
        case Ge(ge=bound):
            return lambda value: bool(value >= bound)
        case Gt(gt=bound):
            return lambda value: bool(value > bound)
        case Le(le=bound):
            return lambda value: bool(value <= bound)
        case Lt(lt=bound):
            return lambda value: bool(value < bound)
        case MinLen(min_length=length):
            return lambda value: len(value) >= length
        case MaxLen(max_length=length):
            return lambda value: len(value) <= length
    return lambda value: False


def _entry(registry: Registry[Any], value: Any) -> Any:
    values = spell_out(value)
    kind = values.get("kind") if type(values) is dict else None
    if type(kind) is not str or kind not in registry:
        raise DoubtError
    entry: Any = registry[kind]
    return _reader_of_class(entry)(values)


def _only_member(readers: Iterable[Read], value: Any) -> Any:
    """Return what the only member of a union that takes a value makes of it: which of several would is doubtful."""
    found = []
    for read in readers:
        try:
            found.append(read(value))
        except DoubtError:
            continue
    if len(found) != 1:
        raise DoubtError
    return found[0]


def _items(read: Read, value: Any) -> Any:
    if type(value) not in (list, tuple):
        raise DoubtError
    return tuple(map(read, value))


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise DoubtError
    return value


def _float(value: Any) -> float:
    if type(value) not in (int, float):
        raise DoubtError
    return float(value)


def _one_of(choices: tuple[Any, ...], value: Any) -> Any:
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise DoubtError
    return value


def _doubt(value: Any) -> Any:
    raise DoubtError
