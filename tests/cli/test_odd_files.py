"""Files of kinds that mislead in silence elsewhere: what every command says of them, in whole sentences."""

import json

import numpy as np
import pytest

from nntrain.data.describe.lookalikes import find_lookalikes, tell_apart

A, B = np.random.default_rng(3).normal(size=(2, 40)).round(2).tolist()


def write(path, names, column, where=0, mark=","):
    """Write a table of two numbers and a kind, one of the three replaced by a column."""
    rows = [[a, b, "pq"[k % 2]] for k, (a, b) in enumerate(zip(A, B, strict=True))]
    for row, value in zip(rows, column, strict=True):
        row[where] = value
    path.write_text("\n".join([mark.join(names), *(mark.join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")


def warnings(nntrain, file):
    """Return what describe warns of; check and fit tell the same, as notes."""
    described = nntrain("data", "describe", file, "--json")
    told = [f"{item['what']}; {item['do']}" for item in described.json["warnings"] if not item["harmless"]]
    assert nntrain("init", "--data", file, "-o", "guess.yaml").status == 0
    for command in (("check",), ("fit", "--run-dir", "run", "-q", "--no-plots", "--set", "train.epochs=1")):
        said = nntrain(command[0], "guess.yaml", *command[1:]).err
        assert [line for line in told if f"note: data: {line}\n" not in said] == []
    return told


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["Cat", "cat", "dog", "dog"], "'Cat' and 'cat'"),
        (["true", "TRUE", "False", "False"], "'TRUE' and 'true'"),
        (["cat", "cat\u00a0", "dog\u200b", "dog"], r"'cat' and 'cat\xa0'"),
        (["caf\u00e9", "cafe\u0301", "bar", "bar"], r"'cafe\u0301' and 'caf\xe9'"),
        (["New York", "NewYork", "Rome", "Rome"], "'New York' and 'NewYork'"),
    ],
)
def test_classes_that_look_alike_are_told(nntrain, here, labels, shown):
    write(here / "data.csv", ["a", "b", "label"], 10 * labels, where=2)
    line = f"the classes {shown} differ only in case, blanks or characters that look alike; "
    assert f"{line}write them alike in the file if they are the same" in warnings(nntrain, "data.csv")


def test_texts_of_a_column_that_look_alike_are_told(nntrain, here):
    write(here / "data.csv", ["sex", "b", "kind"], ["Male", "male", "female", "female"] * 10)
    line = "sex: 'Male' and 'male' differ only in case, blanks or characters that look alike; "
    assert f"{line}write them alike in the file if they are the same" in warnings(nntrain, "data.csv")


def test_what_looks_alike():
    texts = ["a", "A", "b", "\uff21", "a b", "ab", "a\u00ad", "c", "1", "1.0"]
    assert list(find_lookalikes(texts)) == [("a", "A"), ("a", "\uff21"), ("a b", "ab"), ("a", "a\u00ad")]
    assert tell_apart("x", "X") == "'x' and 'X'"


def test_whole_numbers_beyond_what_a_double_holds(nntrain, here):
    write(here / "data.csv", ["user", "b", "kind"], [2**53 + 1 + k for k in range(40)])
    reason = "whole numbers from 9,007,199,254,740,992 on, as ids and codes have, whose last digits would be lost"
    assert f"# {reason}\n" in nntrain("init", "--data", "data.csv", "-o", "-").out
    (here / "spec.yaml").write_text("{data: {source: {kind: csv, path: data.csv}}, model: softmax}")
    line = "note: data: user: whole numbers from 9,007,199,254,740,992 on, whose last digits are lost; "
    advice = "set data.source.ignore: [user] for ids, data.source.text: [user] for codes\n"
    assert line + advice in nntrain("check", "spec.yaml").err


@pytest.mark.parametrize(
    ("values", "example"),
    [
        ([f"{'$€'[k % 2]}{k}.50" for k in range(40)], "$0.50"),
        ([f"{k}.5" if k % 2 else f"{k}.5%" for k in range(40)], "0.5%"),
        ([f"{k} kg" for k in range(40)], "0 kg"),
        ([f"{k}.5K" for k in range(40)], "0.5K"),
        ([f"{k}.5D+01" for k in range(40)], "0.5D+01"),
        ([f'="{k}"' for k in range(40)], '="0"'),
    ],
)
def test_numbers_with_a_unit_or_sign_are_no_classes(nntrain, here, values, example):
    write(here / "data.csv", ["a", "b", "price"], values, where=2)
    said = f"error: data.csv: column 'price' holds numbers as texts, such as {example!r}; "
    for command in (("data", "describe", "data.csv"), ("init", "--data", "data.csv", "-o", "-")):
        result = nntrain(*command)
        assert (result.status, result.err) == (3, f"{said}write plain numbers in the file, or name another target\n")
    write(here / "data.csv", ["weight", "b", "kind"], values)
    drawn = nntrain("init", "--data", "data.csv", "-o", "-")
    left = f"40 different texts in 40 rows, such as {example!r}: write plain numbers in the file to use them"
    assert f"# {left}\n" in drawn.out


def test_codes_are_no_numbers_with_a_unit(nntrain, here):
    write(here / "data.csv", ["size", "b", "kind"], ["3a", "10-19", "1st", "42B7"] * 10)
    assert not [line for line in warnings(nntrain, "data.csv") if "unit" in line]


def test_a_semicolon_within_texts_parts_no_commas(nntrain, here):
    write(here / "data.csv", ["a", "b", "kind"], ["x;y", "z;w"] * 20, where=2)
    assert nntrain("data", "describe", "data.csv", "--json").json["class_names"] == ["x;y", "z;w"]


def test_values_that_nothing_known_parts(nntrain, here):
    write(here / "data.csv", ["a", "b", "kind"], ["p", "q"] * 20, where=2, mark=":")
    hint = "commas, semicolons, tabs, bars or blanks part the values of a table"
    assert nntrain("data", "describe", "data.csv").err == f"error: data.csv: no feature columns are left of 1; {hint}\n"


def test_a_key_that_stands_twice_in_an_object(nntrain, here):
    (here / "data.jsonl").write_text('{"a": 1, "b": 2}\n{"a": 1, "a": 2}\n')
    message = "error: data.jsonl:2: the key 'a' stands twice in an object\n"
    assert nntrain("data", "describe", "data.jsonl").err == message


def test_no_class_name_breaks_the_comments_of_a_spec(nntrain, here):
    lines = [json.dumps({"a": a, "kind": ["p\n", "q\u200b", "\u202er"][k % 3]}) for k, a in enumerate(A)]
    (here / "data.jsonl").write_text("\n".join(lines) + "\n")
    written = nntrain("init", "--data", "data.jsonl", "-o", "guess.yaml")
    assert written.status == 0
    assert r"# p 14, q\u200b 13, \u202er 13" in (here / "guess.yaml").read_text()
