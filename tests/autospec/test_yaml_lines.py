"""Specs with reasons: what is written reads back as the same values, and no comment can become YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.autospec.yaml_lines import Line, as_values, block, map_values, write_commented
from nntrain.spec.tree import Origin
from nntrain.spec.yaml_tree import parse

LINES = [
    Line("name", "wdbc", "from the file"),
    block("data", block("source", Line("kind", "csv"), None, Line("ignore", [0, "a, b"], "ids")), Line("seed", 0)),
]
TEXT = """\
name: wdbc               # from the file

data:
  source:
    kind: csv
    ignore: [0, 'a, b']  # ids
  seed: 0
"""


def test_comments_stand_below_one_another() -> None:
    assert write_commented(LINES) == TEXT


def test_lines_as_values() -> None:
    assert as_values(LINES) == {"name": "wdbc", "data": {"source": {"kind": "csv", "ignore": [0, "a, b"]}, "seed": 0}}


def test_every_value_can_be_changed() -> None:
    changed = map_values(LINES, lambda value: f"<{value}>")
    assert as_values(changed)["data"]["source"]["kind"] == "<csv>"
    assert changed[0].why == "from the file"


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))  # a spec holds no NUL
VALUES = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(), TEXTS)


@given(st.one_of(VALUES, st.lists(VALUES, max_size=5)))
def test_any_value_reads_back(value: object) -> None:
    text = write_commented([Line("key", value, "why")])
    assert text.count("\n") == 1
    tree, problems = parse(text, Origin("spec", None))
    assert problems == []
    assert read(tree) == {"key": value}


def read(node: object) -> object:
    """Return the plain value of a node."""
    if hasattr(node, "entries"):
        return {key: read(entry.node) for key, entry in node.entries.items()}
    if hasattr(node, "items"):
        return [read(item) for item in node.items]
    return node.value


@pytest.mark.parametrize("why", ["two\nlines", "\x1b[31m", "a\u2028b"])
def test_a_comment_is_one_printable_line(why: str) -> None:
    with pytest.raises(ValueError, match=r"^a comment is one line of printable text$"):
        write_commented([Line("key", 1, why)])
