"""Files that a run never saw, scored as a whole: every format, columns by name or place, groups, what is refused."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

SPEC = """\
name: pets
data: {source: {kind: csv, path: train.csv, target: kind, missing: mean}, test: 0.25, scale: standard}
model: softmax
optimizer: {kind: sgd, lr: 0.5}
train: {epochs: 5, batch_size: 8}
"""
ARRAYS = """\
name: arrays
data: {source: {kind: npz, path: train.npz}, scale: unit}
model: softmax
train: {epochs: 5, batch_size: 8}
"""
KINDS = ("cat", "dog", "emu")


def rows_of(n, seed):
    """Return rows of (weight, fur, legs, kind), some weights missing."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 3, n)
    fur = np.array(["short", "long", "none"])[(kinds + (rng.random(n) < 0.3)) % 3]
    weight = np.where(rng.random(n) < 0.1, np.nan, np.round(kinds * 4 + rng.normal(size=n), 3))
    legs = np.where(kinds == 2, 2, 4)
    return [
        {"weight": None if np.isnan(w) else float(w), "fur": str(f), "legs": int(k), "kind": KINDS[c]}
        for w, f, k, c in zip(weight, fur, legs, kinds, strict=True)
    ]


def write_csv(path, rows, names, *, header=True):
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([names] if header else [])
        writer.writerows([["" if row[name] is None else row[name] for name in names] for row in rows])


@pytest.fixture
def pets(nntrain, here):
    """Return a run trained on train.csv."""
    write_csv("train.csv", rows_of(60, 0), ("weight", "fur", "legs", "kind"))
    (here / "pets.yaml").write_text(SPEC, encoding="utf-8")
    assert nntrain("fit", "pets.yaml", "--run-dir", "pets", "-q", "--no-plots").status == 0
    return here / "pets"


def test_tables_of_every_format_are_scored_whole(nntrain, pets, here):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    new = rows_of(40, 1)
    write_csv("new.csv", new, ("kind", "legs", "fur", "weight"))
    write_csv("bare.csv", new, ("weight", "fur", "legs", "kind"), header=False)
    (here / "new.tsv").write_text((here / "new.csv").read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-8")
    (here / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in new), encoding="utf-8")
    parquet.write_table(pyarrow.Table.from_pylist(new), here / "new.parquet")
    predicted = nntrain("predict", pets, "new.csv").out.splitlines()[1:]
    accuracy = np.mean([label == row["kind"] for label, row in zip(predicted, new, strict=True)])
    assert 0.5 < accuracy < 1
    figures = []
    for name in ("new.csv", "new.tsv", "new.jsonl", "new.parquet", "bare.csv"):
        found = nntrain("eval", pets, "--data", name, "--json").json
        assert (found["split"], found["n"]) == (name, 40)
        assert found["accuracy"] == pytest.approx(accuracy, abs=1e-12)
        figures.append([found["cost"], found["confusion"]])
        assert nntrain("predict", pets, name).out.splitlines()[1:] == predicted
    assert all(item == figures[0] for item in figures)


def test_groups_are_scored_apart(nntrain, pets):
    new = [{**row, "town": "York" if k % 3 else None} for k, row in enumerate(rows_of(40, 2))]
    write_csv("new.csv", new, ("weight", "fur", "legs", "kind", "town"))
    result = nntrain("eval", pets, "--data", "new.csv", "--by", "town", "--json")
    groups = result.json["groups"]
    assert result.json["by"] == "town"
    assert [(group["name"], group["n"]) for group in groups] == [("York", 26), ("(missing)", 14)]
    predicted = nntrain("predict", pets, "new.csv").out.splitlines()[1:]
    right = np.array([label == row["kind"] for label, row in zip(predicted, new, strict=True)])
    York = np.array([row["town"] == "York" for row in new])
    assert [group["accuracy"] for group in groups] == pytest.approx([right[York].mean(), right[~York].mean()])
    by_number = nntrain("eval", pets, "--data", "new.csv", "--by", "legs", "--json").json["groups"]
    assert [group["name"] for group in by_number] == ["2", "4"]
    own = nntrain("eval", pets, "--by", "fur", "--json").json
    assert sum(group["n"] for group in own["groups"]) == own["n"] == 15
    assert re.search(r"^ fur +cost +accuracy +examples$", nntrain("eval", pets, "--by", "fur").out, re.M)


def test_what_is_scored_is_said_and_strange_files_are_refused(nntrain, pets, here):
    write_csv("strange.csv", [*rows_of(3, 1), {**rows_of(1, 1)[0], "kind": "yak"}], ("weight", "fur", "legs", "kind"))
    write_csv("few.csv", rows_of(3, 1), ("weight", "fur", "kind"))
    write_csv("other.csv", [{**r, "species": r["kind"]} for r in rows_of(9, 1)], ("weight", "fur", "legs", "species"))
    seen = nntrain("eval", pets, "--data", "train.csv")
    assert (
        "note: train.csv: 46 of its 60 rows were trained on, and say nothing of new ones\n" in seen.err
    )  # one row is there twice
    table = [
        (("strange.csv",), 3, "strange.csv: row 3 (the first is 0): class 'yak' never occurs in training"),
        (("few.csv",), 3, "few.csv:1: columns are missing: 'legs'\n"),
        (("other.csv",), 3, "other.csv:1: columns are missing: 'kind'; not known to the model: 'species'\n"),
        (("other.csv", "--by", "age"), 3, "columns are missing: 'kind'"),
        (("few.csv", "--split", "train"), 2, "few.csv: every row of the file is scored; leave out --split train\n"),
        (("none.csv",), 3, "none.csv: no such file"),
        ((".",), 3, ".: is a folder; name the file in it whose rows are to be scored\n"),
    ]
    for arguments, status, message in table:
        result = nntrain("eval", pets, "--data", *arguments)
        assert (result.status, message in result.err) == (status, True), result.err
    asked = nntrain("eval", pets, "--data", "other.csv", "--target", "species", "--json")
    assert (asked.status, asked.json["n"]) == (0, 9)
    place = nntrain("eval", pets, "--data", "other.csv", "--target", "3", "--json").json
    assert place["accuracy"] == asked.json["accuracy"]
    alone = nntrain("eval", pets, "--target", "species")
    assert (alone.status, alone.err) == (2, "error: --target species: is for the file that --data names\n")


def test_arrays_of_every_format_are_scored_whole(nntrain, here):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (30, 2, 3)).astype(np.uint8), rng.integers(0, 3, 30)
    np.savez("train.npz", X=X, y=y)
    np.savez("new.npz", X=X, labels=y)
    np.save("X.npy", X)
    np.save("y.npy", y)
    head = bytes([0, 0, 8, 3, *(30).to_bytes(4, "big"), 0, 0, 0, 2, 0, 0, 0, 3])
    (here / "new-images-idx3-ubyte").write_bytes(head + X.tobytes())
    (here / "new-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 30]) + y.astype(np.uint8).tobytes())
    (here / "arrays.yaml").write_text(ARRAYS, encoding="utf-8")
    assert nntrain("fit", "arrays.yaml", "--run-dir", "run", "-q", "--no-plots").status == 0
    expected = nntrain("eval", "run", "--split", "train", "--json").json
    asked = [("train.npz",), ("new.npz", "--target", "labels"), ("X.npy", "--target", "y.npy")]
    for arguments in [*asked, ("new-images-idx3-ubyte",)]:
        found = nntrain("eval", "run", "--data", *arguments, "--json").json
        assert {name: found[name] for name in ("n", "cost", "confusion")} == {
            name: expected[name] for name in ("n", "cost", "confusion")
        }
    assert "X.npy: an npy array has no targets; name the npy file that holds them with --target" in (
        nntrain("eval", "run", "--data", "X.npy").err
    )
    (here / "new-labels-idx1-ubyte").unlink()
    assert "new-images-idx3-ubyte: has no labels; name the idx file" in (
        nntrain("eval", "run", "--data", "new-images-idx3-ubyte").err
    )
    assert "--by: groups are the values of a column of a table, the data are npz" in (
        nntrain("eval", "run", "--data", "train.npz", "--by", "x").err
    )


def test_an_index_that_a_sparse_file_never_names_is_zero(nntrain, here):
    (here / "train.svm").write_text("1 1:2 3:1\n0 2:1 3:4\n1 1:1\n0 2:2 3:1\n" * 3, encoding="utf-8")
    (here / "new.svm").write_text("1 1:2 2:0\n0 1:0 2:1\n", encoding="utf-8")
    spec = "data: {source: {kind: svmlight, path: train.svm}}\nmodel: softmax\ntrain: {epochs: 3, batch_size: 4}\n"
    (here / "s.yaml").write_text(spec, encoding="utf-8")
    assert nntrain("fit", "s.yaml", "--run-dir", "s", "-q", "--no-plots").status == 0
    assert nntrain("eval", "s", "--data", "new.svm", "--json").json["n"] == 2
    assert len(nntrain("predict", "s", "new.svm").out.splitlines()) == 3
