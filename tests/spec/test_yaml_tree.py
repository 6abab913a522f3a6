"""What is written is what is read, and what is refused is refused at its place."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.spec.tree import Mapping, Node, Origin, Problem, is_broken, plain
from nntrain.spec.yaml_tree import MAX_BYTES, parse

ORIGIN = Origin("c.yaml", Path("/"))


def read(text: str) -> tuple[Node, list[str]]:
    node, problems = parse(text, ORIGIN)
    return node, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E5", 1e5),
        ("-1.5e+2", -150.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("017", 17),
        ("0o17", 15),
        ("0xFf", 255),
        ("-3", -3),
        ("+3", 3),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("1e", "1e"),
        (".", "."),
        ("٣", "٣"),
        ("'1e-3'", "1e-3"),
        ('"true"', "true"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("~", None),
        ("null", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("[1, a, 2.0]", [1, "a", 2.0]),
        ("|\n  a\n  b\n", "a\nb\n"),
    ],
)
def test_reads_yaml_1_2_core(text: str, value: Any) -> None:
    node, problems = read(f"key: {text}")
    assert problems == []
    assert plain(node) == {"key": value}
    assert type(plain(node)["key"]) is type(value)


def test_reads_not_a_number() -> None:
    assert math.isnan(plain(read("key: .nan")[0])["key"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3", "c.yaml:5:3: b.c: written twice, first on line 3; keep one"),
        ("a: *x", "c.yaml:1:4: a: aliases are not allowed, got *x; write the value out"),
        ("a: &x 1", "c.yaml:1:4: a: anchors are not allowed, got &x; use `extends` to share values"),
        (
            "a: !!python/name:os.system x",
            "c.yaml:1:4: a: tags are not allowed, got tag:yaml.org,2002:python/name:os.system",
        ),
        ("a: !mine [1]", "c.yaml:1:4: a: tags are not allowed, got !mine"),
        ("1: a", "c.yaml:1:1: a key must be text, got 1; quote it"),
        ("a:\n  true: 1", "c.yaml:2:3: a: a key must be text, got true; quote it"),
        ("~: 1", "c.yaml:1:1: a key must be text, got nothing"),
        ("? [a, b]\n: 1", "c.yaml:1:3: a key must be text, got a list"),
        (
            "a:\n\tb: 1",
            "c.yaml:2:1: not valid YAML: a tab cannot indent; use spaces (while scanning for the next token)",
        ),
        (
            "a: [1, 2\nb: 3",
            "c.yaml:2:2: not valid YAML: expected ',' or ']', but got ':' (while parsing a flow sequence, line 1)",
        ),
        ("a: b: c", "c.yaml:1:5: not valid YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 2", "c.yaml:2:1: a second document starts here; keep one a file"),
        ('a: "\\U00110000"', "c.yaml:1:7: no such character"),
        ('a: "\\ud800"', "c.yaml:1:4: a: text must not hold NUL or half of a surrogate pair"),
        ('a: "\\0"', "c.yaml:1:4: a: text must not hold NUL or half of a surrogate pair"),
        ("a: 1\nb: x\x07y", "c.yaml:2:5: the character U+0007 cannot stand in YAML"),
        ("a: " + "9" * 5000, "c.yaml:1:4: a: a number of 5000 characters is too long"),
        ("a: 0x" + "f" * 99, "c.yaml:1:4: a: a number of 101 characters is too long"),
        ('"a\\e[31m": 1\n"a\\e[31m": 2', "c.yaml:2:1: a\\x1b[31m: written twice, first on line 1; keep one"),
    ],
)
def test_refuses_at_its_place(text: str, message: str) -> None:
    assert read(text)[1] == [message]


def test_goes_on_after_a_problem() -> None:
    node, problems = read("a: *x\na2: !t 1\n3: 4\nb: 1\nb: 2\nc: 3")
    assert len(problems) == 4
    assert isinstance(node, Mapping)
    assert list(node.entries) == ["a", "a2", "b", "c"]
    assert plain(node)["b"] == 1
    assert is_broken(node)


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 50_000, "a: " + "[" * 50_000])
def test_depth_is_refused_quickly(text: str) -> None:
    start = time.perf_counter()
    problems = read(text)[1]
    assert time.perf_counter() - start < 5
    assert len(problems) == 1
    assert problems[0].endswith("nested deeper than 20 levels")


def test_twenty_levels_are_read() -> None:
    assert read("[" * 20 + "]" * 20)[1] == []


@pytest.mark.parametrize("letter", ["a", "é"])
def test_length_is_refused(letter: str) -> None:
    assert read("x: " + letter * (MAX_BYTES // len(letter.encode())))[1] == [
        "c.yaml:1:1: longer than 1,048,576 bytes (1 MiB)"
    ]


def test_marks_count_from_one() -> None:
    node, _ = read("a: 1\nb:\n  c: [x, y]")
    assert isinstance(node, Mapping)
    below = node.entries["b"].node
    assert isinstance(below, Mapping)
    assert str(below.entries["c"].mark) == "c.yaml:3:3"
    assert str(below.entries["c"].node.mark) == "c.yaml:3:6"


YAML_TEXT = st.text() | st.text(alphabet="ab:-[]{}&*!|>?'\"#%@,\n\t \\0U1.eE~<")


@given(YAML_TEXT)
def test_any_text_gives_a_tree_or_problems(text: str) -> None:
    node, problems = parse(text, ORIGIN)
    assert all(isinstance(problem, Problem) and "\n" not in str(problem) for problem in problems)
    assert problems or not is_broken(node)
