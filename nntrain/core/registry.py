"""Named parts: a mapping from a kind to the frozen dataclass that implements it.

A registry is at once the lookup table, the type annotation of a spec field (``Annotated[Activation, ACTIVATIONS]``),
and the source of ``nntrain list``, of the JSON Schema, of the README tables and of test parameters. It must not know
who reads it: the schema hook below speaks pydantic's protocol in plain dicts and imports nothing.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Mapping[str, type[T]], Generic[T]):
    """Kind → frozen dataclass, in order of registration.

    ``noun`` is the singular for messages ("activation"); ``name`` the plural for listings ("activations").
    """

    def __init__(self, name: str, noun: str) -> None:
        self.name = name
        self.noun = noun
        self._entries: dict[str, type[T]] = {}
        self._families: tuple[str, ...] = ()
        self._unread: list[str] = []  # families that are not imported yet

    def find_in(self, package: str, *families: str) -> None:
        """Say which modules of a package register the entries; that is the order of the entries, too.

        A family is imported when the kind of one of its entries is asked for, or when all entries are.
        """
        self._families = tuple(f"{package}.{family}" for family in families)
        self._unread = list(self._families)

    def import_all(self) -> None:
        """Import every family, and put the entries in the order of the families."""
        if not self._unread:
            return
        while self._unread:
            import_module(self._unread.pop(0))
        place = {family: index for index, family in enumerate(self._families)}
        by_family = sorted(self._entries.items(), key=lambda item: place.get(item[1].__module__, len(place)))
        self._entries = dict(by_family)

    def _find(self, kind: object) -> None:
        """Import the family that defines a kind: the one in whose text the kind stands, or all if none is found."""
        if kind in self._entries or not isinstance(kind, str):
            return
        for family in self._unread:
            if f'Literal["{kind}"]' in _source(family):
                self._unread.remove(family)
                import_module(family)
                break
        if kind not in self._entries:
            self.import_all()

    def __getitem__(self, kind: str) -> type[T]:
        self._find(kind)
        return self._entries[kind]

    def __contains__(self, kind: object) -> bool:
        self._find(kind)
        return kind in self._entries

    def __iter__(self) -> Iterator[str]:
        self.import_all()
        return iter(self._entries)

    def __len__(self) -> int:
        self.import_all()
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Registry({self.name}: {', '.join(self)})"

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def register(self, entry: C) -> C:
        """Add a dataclass under its ``kind``; refuse one without kind, formula or docstring, or a taken name."""
        kind = _kind_of(entry)
        if not getattr(entry, "formula", ""):
            raise TypeError(f"{entry.__name__}: a {self.noun} needs a `formula: ClassVar[str]`")
        if not summary_of(entry) and sys.flags.optimize < 2:  # python -OO drops docstrings
            raise TypeError(f"{entry.__name__}: a {self.noun} needs a docstring")
        if kind in self._entries:
            raise ValueError(f"{self.noun} {kind!r} is already {self._entries[kind].__name__}")
        entry.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]  # an unknown key is an error
        self._entries[kind] = entry
        return entry

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Describe the tagged union of all entries; a bare name stands for ``{kind: name}``."""
        choices = {kind: handler.generate_schema(entry) for kind, entry in self.items()}  # type: ignore[attr-defined]
        union = {"type": "tagged-union", "choices": choices, "discriminator": "kind"}
        return {"type": "function-before", "function": {"type": "no-info", "function": spell_out}, "schema": union}

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Callable[[Any], Any]) -> dict[str, Any]:
        """Offer editors the bare names of entries that need nothing else, or any entry as a mapping."""
        entries = handler(core_schema)["oneOf"]
        bare = [kind for kind, entry in self.items() if not _needs_keys(entry)]
        names = {"enum": bare, "type": "string", "description": f"The {self.noun} with its defaults."}
        return {"title": self.noun, "anyOf": [names, *entries] if bare else entries}


def _source(module: str) -> str:
    """Return the text of a module without importing it, "" where it has none."""
    found = find_spec(module)
    read = getattr(found.loader, "get_source", None) if found else None
    return (read(module) or "") if read else ""


def summary_of(entry: type) -> str:
    """Return the first line of a docstring as plain text; empty where there is none but the one dataclasses make."""
    text = entry.__doc__ or ""
    return "" if text.startswith(f"{entry.__name__}(") else text.partition("\n")[0].replace("``", "")


def spell_out(value: Any) -> Any:
    """Return the mapping that a bare name stands for; other values stay."""
    return {"kind": value} if isinstance(value, str) else value


def _needs_keys(entry: type) -> bool:
    """Whether some field of a dataclass has no default."""
    missing = dataclasses.MISSING
    fields = dataclasses.fields(entry) if dataclasses.is_dataclass(entry) else ()
    return any(field.init and field.default is field.default_factory is missing for field in fields)


def _kind_of(entry: type) -> str:
    """Return the literal kind of a dataclass whose first field is ``kind: Literal["name"] = "name"``."""
    fields = dataclasses.fields(entry) if dataclasses.is_dataclass(entry) else ()
    if not fields or fields[0].name != "kind":
        raise TypeError(f"{entry.__name__}: must be a dataclass whose first field is `kind`")
    hint = get_type_hints(entry)["kind"]
    if get_origin(hint) is not Literal or get_args(hint) != (fields[0].default,):
        raise TypeError(f'{entry.__name__}: `kind` must be `kind: Literal["name"] = "name"`')
    return str(fields[0].default)
