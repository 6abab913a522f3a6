"""What a registry accepts, and how it describes itself to whoever validates."""

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import TypeAdapter, ValidationError

from nntrain.core.fields import ONE_OR_MANY, Count, Flag, Fraction, Natural, NonNegative, Positive, Real, Whole
from nntrain.core.registry import Registry


def shapes() -> Registry[Any]:
    registry: Registry[Any] = Registry("shapes", "shape")

    @registry.register
    @dataclass(frozen=True, slots=True)
    class Circle:
        """Round."""

        kind: Literal["circle"] = "circle"
        formula: ClassVar[str] = "x² + y² = r²"
        radius: Positive = 1.0

    @registry.register
    @dataclass(frozen=True, slots=True)
    class Box:
        """Square."""

        kind: Literal["box"] = "box"
        formula: ClassVar[str] = "max(|x|, |y|) = a"
        side: Positive = field(kw_only=True)

    return registry


class TestRegister:
    def test_is_a_mapping_in_order(self) -> None:
        registry = shapes()
        assert list(registry) == ["circle", "box"]
        assert registry["circle"](radius=2.0).radius == 2.0
        assert len(registry) == 2
        assert repr(registry) == "Registry(shapes: circle, box)"
        assert registry != shapes()

    def test_refuses_what_is_incomplete(self) -> None:
        registry = shapes()

        @dataclass
        class NoKind:
            """Text."""

            formula: ClassVar[str] = "x"
            size: int = 1

        @dataclass
        class OtherDefault:
            """Text."""

            kind: Literal["a"] = "b"  # type: ignore[assignment]
            formula: ClassVar[str] = "x"

        @dataclass
        class NoFormula:
            """Text."""

            kind: Literal["a"] = "a"

        @dataclass
        class NoDocstring:
            kind: Literal["a"] = "a"
            formula: ClassVar[str] = "x"

        class NoDataclass:
            """Text."""

            kind: Literal["a"] = "a"
            formula: ClassVar[str] = "x"

        for entry, message in [
            (NoKind, "first field is `kind`"),
            (OtherDefault, "`kind` must be `kind: Literal"),
            (NoFormula, "needs a `formula"),
            (NoDocstring, "needs a docstring"),
            (NoDataclass, "must be a dataclass"),
        ]:
            with pytest.raises(TypeError, match=message):
                registry.register(entry)
        assert len(registry) == 2

    def test_refuses_a_taken_name(self) -> None:
        registry = shapes()
        with pytest.raises(ValueError, match="shape 'circle' is already Circle"):
            registry.register(registry["circle"])


class TestAsAnnotation:
    def test_takes_names_mappings_and_objects(self) -> None:
        registry = shapes()
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[Any, registry])
        circle, box = registry["circle"], registry["box"]
        assert adapter.validate_python("circle") == circle()
        assert adapter.validate_python({"kind": "box", "side": 2}) == box(side=2.0)
        assert adapter.validate_python(circle(radius=3.0)) == circle(radius=3.0)

    @pytest.mark.parametrize("value", ["box", "oval", {"radius": 1}, {"kind": "circle", "side": 1}, 3, None, ["box"]])
    def test_refuses(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Annotated[Any, shapes()]).validate_python(value)

    def test_json_schema_offers_bare_names_that_need_nothing_else(self) -> None:
        schema = TypeAdapter(Annotated[Any, shapes()]).json_schema()
        names, *entries = schema["anyOf"]
        assert names["enum"] == ["circle"]
        assert entries == [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Box"}]
        assert schema["$defs"]["Circle"]["description"] == "Round."
        assert schema["$defs"]["Box"]["required"] == ["side"]


class TestFields:
    @pytest.mark.parametrize(
        ("hint", "good", "bad"),
        [
            (Flag, [True, False], [1, 0, "true", None]),
            (Whole, [-3, 0], [1.0, "1", True]),
            (Count, [1, 10**12], [0, -1, 1.0, 1.5, "1", True]),
            (Natural, [0, 5], [-1, False]),
            (Real, [1, -0.5], ["1", True, float("nan"), float("inf")]),
            (Positive, [1e-300, 2], [0, -1, float("inf"), True]),
            (NonNegative, [0, 1.5], [-1e-9, float("nan")]),
            (Fraction, [0, 0.999], [1, -0.1, "0.5"]),
            (Annotated[tuple[Count, ...], ONE_OR_MANY], [3, [3], (1, 2), []], ["3", [0], {"a": 1}, None]),
        ],
    )
    def test_takes_exactly_what_it_says(self, hint: Any, good: list[Any], bad: list[Any]) -> None:
        adapter: TypeAdapter[Any] = TypeAdapter(hint)
        for value in good:
            adapter.validate_python(value)
        for value in bad:
            with pytest.raises(ValidationError):
                adapter.validate_python(value)

    def test_one_stands_for_a_list_of_one(self) -> None:
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[tuple[Count, ...], ONE_OR_MANY])
        assert adapter.validate_python(3) == adapter.validate_python([3]) == (3,)
        one, many = adapter.json_schema()["anyOf"]
        assert many == {"type": "array", "items": one}


class TestFamilies:
    PROGRAM = (
        "import sys; from nntrain.data.sources import SOURCES; {}; "
        "print([name.split('.')[-1] for name in sys.modules if name.startswith('nntrain.data.sources.')])"
    )

    def _imported(self, statement: str) -> str:
        command = [sys.executable, "-c", self.PROGRAM.format(statement)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def test_a_kind_imports_its_family_alone(self) -> None:
        assert self._imported("SOURCES['iris']") == "['base', 'packaged']\n"
        assert self._imported("'xor' in SOURCES") == "['base', 'synthetic']\n"

    @pytest.mark.parametrize("statement", ["len(SOURCES)", "'no_such' in SOURCES", "list(SOURCES)"])
    def test_all_import_every_family(self, statement: str) -> None:
        found = self._imported(statement)
        families = ("cifar", "csv", "idx", "json_lines", "npy", "npz", "packaged", "parquet", "svmlight", "synthetic")
        assert all(f"'{family}'" in found for family in families)

    def test_the_order_does_not_depend_on_what_was_asked_for_first(self) -> None:
        first = self._imported("print(list(SOURCES))").partition("\n")[0]
        assert self._imported("'xor' in SOURCES; 'csv' in SOURCES; print(list(SOURCES))").partition("\n")[0] == first
