"""What builds sound specs without pydantic, held equal to pydantic: the same objects, and never one that it refuses."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from nntrain.core.registry import Registry
from nntrain.spec import Spec, load
from nntrain.spec.emit import plain_values
from nntrain.spec.hints import default_of, fields_of
from nntrain.spec.quick_build import DoubtError, build_quickly

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
JUDGE: Any = TypeAdapter(Spec)
NUMBERS = st.sampled_from(
    [*(0, 1, 2, 3, 128, -1, 1 << 63, 10**400, 0.0, -0.0, 0.5, 1.0, 0.1, -2.5, 1e-300, 1e37), float("inf"), float("nan")]
)
WORDS = ["relu", "all", "none", "unit", "validation.cost", "a.csv", "", "x\n", "é", "a" * 70, "float32", "auto", "z**2"]
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.sampled_from(WORDS))


@st.composite
def values_of(draw: Any, hint: Any, depth: int = 0) -> Any:
    """Draw a value that a type hint may take, or any other now and then."""
    if draw(st.integers(0, 24)) == 0:
        return draw(st.one_of(LEAVES, st.lists(LEAVES, max_size=2), st.dictionaries(st.just("kind"), LEAVES)))
    metadata = getattr(hint, "__metadata__", ())
    registry = next((extra for extra in metadata if isinstance(extra, Registry)), None)
    if registry is not None:
        kind = draw(st.sampled_from(sorted(registry)))
        if draw(st.booleans()):
            return kind
        return {"kind": kind, **draw(mappings_of(registry[kind], depth))}
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return draw(values_of(args[0], depth))
    if origin is tuple:
        return draw(st.lists(values_of(args[0], depth), max_size=3))
    if isinstance(hint, type) and fields_of(hint):
        return draw(mappings_of(hint, depth))
    if args and origin is not None and not isinstance(args[0], str):
        return draw(values_of(draw(st.sampled_from(args)), depth))
    return draw(st.sampled_from(args)) if args else draw(PLAIN.get(hint, LEAVES))


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 5),
    float: st.floats(0, 1) | NUMBERS,
    bool: st.booleans(),
    str: st.sampled_from(WORDS),
    Path: st.sampled_from(WORDS),
    type(None): st.none(),
}


@st.composite
def mappings_of(draw: Any, cls: type, depth: int = 0) -> dict[str, Any]:
    """Draw some of the keys of a class, those without a default nearly always."""
    hints = get_type_hints(cls, include_extras=True)
    names = [name for name in fields_of(cls) if name != "kind"]
    kept = [n for n in names if draw(st.integers(0, 19)) > (0 if default_of(cls, n) is None else 13)]
    found = {name: draw(values_of(hints[name], depth + 1)) for name in kept}
    return found | ({"strange": 1} if draw(st.integers(0, 39)) == 0 else {})


class TestEquality:
    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mappings_of(Spec))
    def test_what_is_built_at_once_is_what_pydantic_builds(self, values: dict[str, Any]) -> None:
        try:
            built = build_quickly(Spec, values)
        except DoubtError:
            return
        judged = JUDGE.validate_python(values)  # raises where pydantic refuses
        assert repr(built) == repr(judged)  # tells 1 from 1.0 and 0.0 from -0.0; nan equals nan here

    @pytest.mark.parametrize("hint", sorted({str(h) for h in get_type_hints(Spec, include_extras=True)}))
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_every_block_by_itself(self, hint: str, data: st.DataObject) -> None:
        sound = {"data": {"source": "digits"}, "model": "softmax"}
        values = sound | {hint: data.draw(values_of(get_type_hints(Spec, include_extras=True)[hint]))}
        try:
            built = build_quickly(Spec, values)
        except DoubtError:
            return
        assert repr(built) == repr(JUDGE.validate_python(values))

    @pytest.mark.parametrize("value", [True, "3", 1.0, -1, None, [1], {}])
    def test_a_wrong_seed_is_left_to_pydantic(self, value: Any) -> None:
        values = {"data": {"source": "digits"}, "model": "softmax", "seed": value}
        with pytest.raises(DoubtError):
            build_quickly(Spec, values)
        with pytest.raises(ValidationError):
            JUDGE.validate_python(values)


class TestNoWaiting:
    @pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
    def test_a_sound_spec_leaves_no_doubt(self, path: Path) -> None:
        resolved = load(path).resolved
        assert plain_values(build_quickly(Spec, resolved)) == resolved

    def test_pydantic_is_not_imported_for_it(self) -> None:
        program = "import sys; from nntrain.spec import load; load(sys.argv[1]); print('pydantic' in sys.modules)"
        command = [sys.executable, "-c", program, str(CONFIGS[0])]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
