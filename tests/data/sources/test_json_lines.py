"""JSON lines: tables like any other, read by what they say, or refused with the line."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.data.sources import reader_of
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.json_lines import JsonLines
from nntrain.errors import DataError

Write = Callable[..., Path]
ROWS = (
    '{"kind": "cat", "weight": 4.5, "tame": true, "sold": "yes"}\n'
    '{"weight": 30, "kind": "dog", "sold": "no", "tame": false}\n'
    "\n"
    '{"kind": null, "weight": 2e1, "sold": "yes", "tame": true}\n'
)


def fault(source: JsonLines) -> str:
    with pytest.raises(DataError) as caught:
        source.load(0)
    return str(caught.value).replace(f"{source.path.parent}/", "")


@pytest.mark.parametrize("packed", [False, True])
def test_it_is_the_table_that_csv_would_give(text: Write, packed: bool) -> None:
    path = text(gzip.compress(ROWS.encode()) if packed else ROWS, "x.jsonl")
    assert reader_of(path).kind == "json_lines"
    ours = JsonLines(path=path, target="sold", missing="mean").load(0)
    theirs = Csv(
        path=text("kind,weight,tame,sold\ncat,4.5,1,yes\ndog,30,0,no\n,20,1,yes\n"), target="sold", missing="mean"
    ).load(0)
    assert ours.feature_names == theirs.feature_names == ("kind", "weight", "tame")
    assert ours.fingerprint() == theirs.fingerprint()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"a": \n', "x.jsonl:2: is not JSON: Expecting value; one object stands in each line"),
        ('{"a": 1}\n[1]\n', "x.jsonl:2: an object such as {\"x\": 1} is expected, got '[1]'"),
        (
            '{"a": [1], "b": 1, "y": 0}\n{"a": 2, "b": {}, "y": 1}\n',
            "x.jsonl: columns 'a' (lists or objects), 'b' (lists or objects) hold no numbers or texts; "
            "set data.source.ignore: [a, b]",
        ),
        (
            '{"a": 1, "y": 0}\n{"a": 2, "y": 1}\n{"a": "x", "y": 1}\n{"a": 3, "y": 1}\n',
            "x.jsonl:3: 'a': 'x' is not a number",
        ),
        (
            '{"a": 1, "y": 0}\n{"y": 1}\n',
            "x.jsonl:2: 'a': missing value, got ''; set data.source.missing to mean or drop",
        ),
        ('{"a": 1, "y": 0}\n{"a": Infinity, "y": 1}\n', "x.jsonl:2: 'a': 'Infinity' is not a finite number"),
        ("\n", "x.jsonl: is empty"),
    ],
)
def test_faults_are_placed(text: Write, content: str, message: str) -> None:
    assert fault(JsonLines(path=text(content, "x.jsonl"), target="y" if '"y"' in content else -1)) == message


def test_large_whole_numbers_keep_every_digit(text: Write) -> None:
    path = text('{"a": 1, "y": 9007199254740993}\n{"a": 2, "y": 9007199254740992}\n', "x.jsonl")
    assert JsonLines(path=path).load(0).class_names == ("9007199254740992", "9007199254740993")


def test_a_test_file_may_have_its_keys_in_another_order(text: Write) -> None:
    test = text('{"sold": "no", "tame": false, "kind": "dog", "weight": 3}\n', "t.jsonl")
    raw = JsonLines(path=text(ROWS, "x.jsonl"), target="sold", missing="mean", test=test).load(0)
    assert raw.test is not None
    assert raw.test.X[0].tolist() == [1, 3, 0]
