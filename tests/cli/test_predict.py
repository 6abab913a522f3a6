"""What predict can be asked for: columns carried through, the best classes, scores, layers, formats, thresholds."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import nntrain as package

TABLE = """\
name: towns
data: {source: {kind: csv, path: towns.csv, target: size}, scale: standard}
model: {kind: mlp, hidden: [5, 3], activation: tanh}
train: {epochs: 3, batch_size: 8}
"""


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def towns(nntrain, here):
    """Return a run of three classes, with new rows in new.csv."""
    rng = np.random.default_rng(3)
    rows = [f"{k},{a:.4f},{b:.4f},{'abc'[k % 3]}" for k, (a, b) in enumerate(rng.normal(size=(30, 2)))]
    (here / "towns.csv").write_text("id,a,b,size\n" + "\n".join(rows) + "\n", encoding="utf-8")
    spec = TABLE.replace("target: size", "target: size, ignore: id")
    (here / "towns.yaml").write_text(spec, encoding="utf-8")
    new = [f'n{k},{a!r},{b!r},"x, {k}"' for k, (a, b) in enumerate(rng.normal(size=(11, 2)).tolist())]
    new[4] = new[4].replace("n4", "NA")
    (here / "new.csv").write_text("id,a,b,note\n" + "\n".join(new) + "\n", encoding="utf-8")
    assert nntrain("fit", "towns.yaml", "--run-dir", "towns", "-q", "--no-plots").status == 0
    return here / "towns"


def test_all_that_can_be_asked_for_agrees_with_python(nntrain, towns):
    asked = ("--keep", "id,note", "--keep", "a", "--top", "2", "--proba", "--scores")
    rows = table(nntrain("predict", towns, "new.csv", *asked).out)
    model = package.load(towns)
    given = table(Path("new.csv").read_text(encoding="utf-8"))
    X = {name: [float(row[name]) for row in given] for name in ("a", "b")}
    proba = model.predict_proba(X)
    best = np.argsort(-proba, axis=1)
    assert list(rows[0]) == [
        *("id", "note", "a", "prediction", "top1", "p(top1)", "top2", "p(top2)"),
        *(f"p({name})" for name in "abc"),
        *(f"score({name})" for name in "abc"),
    ]
    assert [row["id"] for row in rows] == [f"n{k}" if k != 4 else "NA" for k in range(11)]
    assert [row["note"] for row in rows] == [f"x, {k}" for k in range(11)]
    assert [float(row["a"]) for row in rows] == X["a"]
    assert [row["top1"] for row in rows] == [row["prediction"] for row in rows] == model.predict(X).tolist()
    assert [row["top2"] for row in rows] == [model.classes[k] for k in best[:, 1]]
    found = np.array([[row[f"p({name})"] for name in "abc"] for row in rows], np.float32)
    assert np.array_equal(found, proba)  # nine digits are all that a float32 has
    scores = np.array([[row[f"score({name})"] for name in "abc"] for row in rows], np.float32)
    assert np.array_equal(scores, model.transform(X, "output"))
    hidden = table(nntrain("predict", towns, "new.csv", "--layer", "hidden.1", "--keep", "id").out)
    assert list(hidden[0]) == ["id", "hidden.1.0", "hidden.1.1", "hidden.1.2"]
    outputs = np.array([[row[f"hidden.1.{k}"] for k in range(3)] for row in hidden], np.float32)
    assert np.array_equal(outputs, model.transform(X))


def test_formats_hold_the_same(nntrain, towns, here):
    pytest.importorskip("pyarrow")
    from pyarrow import parquet

    expected = table(nntrain("predict", towns, "new.csv", "--proba", "--keep", "id").out)
    for name in ("p.csv", "p.jsonl", "p.parquet"):
        assert nntrain("predict", towns, "new.csv", "--proba", "--keep", "id", "-o", name, "--chunk", "4").status == 0
    assert table((here / "p.csv").read_text(encoding="utf-8")) == expected
    lines = [json.loads(line) for line in (here / "p.jsonl").read_text(encoding="utf-8").splitlines()]
    stored = parquet.read_table(here / "p.parquet")
    assert parquet.ParquetFile(here / "p.parquet").num_row_groups == 3
    for name in expected[0]:
        text = [row[name] for row in expected]
        values = [np.float32(value) for value in text] if name.startswith("p(") else text
        assert [row[name] if isinstance(row[name], str) else np.float32(row[name]) for row in lines] == values
        assert stored[name].to_pylist() == values
    assert nntrain("predict", towns, "new.csv", "--proba", "-o", "p.npy").status == 0
    assert np.load("p.npy").tolist() == [[np.float32(row[f"p({name})"]) for name in "abc"] for row in expected]
    assert nntrain("predict", towns, "new.csv", "-o", "c.npy").status == 0
    assert np.load("c.npy").tolist() == [row["prediction"] for row in expected]
    again = nntrain("predict", towns, "new.csv", "-o", "p.csv")
    assert (again.status, again.err) == (
        2,
        "error: p.csv: exists already; name another file with -o, or replace it with --force\n",
    )
    assert nntrain("predict", towns, "new.csv", "-o", "p.csv", "--force").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--keep", "ident"), 3, "new.csv:1: no column 'ident'; (one of a, b, id, note)"),
        (("--keep", "id,id"), 3, "new.csv: --keep: column 'id' is named twice"),
        (("--top", "4"), 2, "--top: the model has 3 classes, got 4"),
        (
            ("--threshold", "0.3"),
            2,
            "decides between two classes or gives labels, the model has 3",
        ),
        (("--layer", "hidden.7"), 2, "layer: no such layer, got 'hidden.7'"),
        (("--layer", "hidden.0", "--proba"), 2, "--layer hidden.0: gives the outputs of a layer, not predictions"),
        (("--format", "xml"), 2, "--format: no such format, got 'xml'"),
        (("--format", "npy"), 2, "--format npy: is no text; name a file for it with -o"),
        (("--chunk", "0"), 2, "--chunk: at least 1 row, got 0"),
        (("-o", "none/p.csv"), 7, "none/p.csv: cannot write: the directory does not exist"),
    ],
)
def test_what_cannot_be_had_is_refused(nntrain, towns, arguments, status, message):
    result = nntrain("predict", towns, "new.csv", *arguments)
    assert (result.status, message in result.err) == (status, True), result.err


def test_a_threshold_moves_the_second_class(nntrain, here):
    (here / "two.yaml").write_text("data: {source: {kind: moons, n: 40}}\nmodel: mlp\ntrain: {epochs: 2}\n", "utf-8")
    assert nntrain("fit", "two.yaml", "--run-dir", "two", "-q", "--no-plots").status == 0
    (here / "x.csv").write_text("".join(f"{x},{x / 2}\n" for x in np.linspace(-1, 2, 13)), encoding="utf-8")
    p = sorted(float(row["p(1)"]) for row in table(nntrain("predict", "two", "x.csv", "--proba").out))
    for threshold in (p[2], p[9]):
        rows = table(nntrain("predict", "two", "x.csv", "--proba", "--threshold", threshold).out)
        assert {row["prediction"] for row in rows} == {"0", "1"}
        assert all((row["prediction"] == "1") == (float(row["p(1)"]) > threshold) for row in rows)
