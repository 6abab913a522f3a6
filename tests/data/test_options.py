"""Options as a spec gives them: exact types, unknown keys refused, bare source names."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from nntrain.data.options import DataOptions
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.packaged import Digits
from nntrain.data.sources.synthetic import Blobs

ADAPTER = TypeAdapter(DataOptions)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"source": "digits"}, DataOptions(Digits())),
        ({"source": "digits", "validation": 0.2, "scale": "unit"}, DataOptions(Digits(), 0.2, None, "unit")),
        ({"source": "digits", "validation": 1, "test": 300}, DataOptions(Digits(), 1, 300)),
        ({"source": {"kind": "blobs", "n": 30, "features": 3}}, DataOptions(Blobs(n=30, features=3))),
        (
            {"source": {"kind": "csv", "path": "x.csv", "target": "label", "ignore": "id", "delimiter": ";"}},
            DataOptions(Csv(path=Path("x.csv"), target="label", ignore=("id",), delimiter=";")),
        ),
        (
            {"source": {"kind": "csv", "path": "x.csv", "target": 3, "ignore": [0, "id"], "header": False}},
            DataOptions(Csv(path=Path("x.csv"), target=3, ignore=(0, "id"), header=False)),
        ),
    ],
)
def test_what_is_understood(given: Any, expected: DataOptions) -> None:
    options = ADAPTER.validate_python(given)
    assert options == expected
    assert type(options.validation) is type(expected.validation)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"source": "digit"},
        {"source": {"kind": "digits", "n": 5}},
        {"source": {"kind": "csv"}},
        {"source": {"kind": "csv", "path": 3}},
        {"source": {"kind": "csv", "path": "x.csv", "target": 1.5}},
        {"source": {"kind": "csv", "path": "x.csv", "target": True}},
        {"source": {"kind": "csv", "path": "x.csv", "delimiter": "ab"}},
        {"source": {"kind": "blobs", "n": 10**12}},
        {"source": {"kind": "blobs", "classes": 1}},
        {"source": {"kind": "moons", "noise": -0.1}},
        {"source": "digits", "validation": 0},
        {"source": "digits", "validation": 1.0},
        {"source": "digits", "validation": 1.5},
        {"source": "digits", "validation": -0.2},
        {"source": "digits", "validation": "0.2"},
        {"source": "digits", "validation": True},
        {"source": "digits", "validation": float("nan")},
        {"source": "digits", "scale": "max"},
        {"source": "digits", "valid": 0.2},
    ],
)
def test_what_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(given)
