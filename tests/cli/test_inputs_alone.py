"""A model that gives back its inputs takes every column unless it is told, and says which one may be a label."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.locate import locate

SPEC = """\
data: {source: {kind: csv, path: table.csv}, test: 0.25, scale: standard}
model: {kind: autoencoder, hidden: 2}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 2, batch_size: 10}
"""
RNG = np.random.default_rng(0)
MEASURED = RNG.normal(size=(40, 3)).round(3)
LABEL = "note: data: {}: taken as input like any other column, but may be what the rows are labelled with; set {}\n"
SPECIES = LABEL.format("species", "data.source.target: species to leave it out")


def table(names, rows):
    return "\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def spec(here):
    (here / "spec.yaml").write_text(SPEC)
    (here / "table.csv").write_text(table("abc", MEASURED))
    return "spec.yaml"


def fit(nntrain, spec, *sets):
    """Train; return the features, and what was said."""
    settings = [part for setting in sets for part in ("--set", setting)]
    result = nntrain("fit", spec, "--run-dir", "run", "-q", "--no-plots", *settings)
    assert result.status == 0, result.err
    notes = [line for line in result.err.splitlines() if "is no better than" not in line]
    return locate(Path("run")).checkpoint.meta["data"]["feature_names"], notes


def columns(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_column_of_numbers_is_an_input(nntrain, spec, here):
    described = nntrain("data", "describe", spec)
    assert " features     3 numbers\n" in described.out
    assert " baseline     none, as there is no target: the model gives back its inputs\n" in described.out
    assert nntrain("data", "describe", spec, "--json").json["baseline"] is None
    assert nntrain("check", spec).out.startswith("ok: experiment: autoencoder 3–2–3, identity")
    assert fit(nntrain, spec) == (["a", "b", "c"], [])
    assert nntrain("eval", "run", "--json").json["n"] == 10
    straight = nntrain("predict", "run", "table.csv").out
    (here / "other.csv").write_text(table("xCbA", [(0, *row[::-1]) for row in MEASURED]))
    other = nntrain("predict", "run", "other.csv")
    assert other.out == straight
    assert "note: other.csv: not used: 'x'\n" in other.err
    scored = nntrain("eval", "run", "--set", "data.source.path=other.csv", "--json")
    assert scored.json["cost"] == nntrain("eval", "run", "--json").json["cost"]


def test_what_is_computed_is_written_down_and_resumed(nntrain, spec):
    fit(nntrain, spec)
    assert json.loads(Path("run/run.json").read_text())["spec"]["data"]["source"]["target"] == []
    assert nntrain("resume", "run", "--epochs", "3", "-q", "--no-plots").status == 0
    message = "error: --set data.source.target: must say what the model is to predict, got nothing\n"
    refused = nntrain("check", spec, "--set", "model=linear", "--set", "data.source.target=[]")
    assert (refused.status, refused.err) == (2, message)
    assert nntrain("check", spec, "--set", "model=linear").out.startswith("ok: experiment: linear 2–1")


def test_predictions_have_the_units_of_the_file(nntrain, spec, here):
    a = np.linspace(10, 20, 40)
    (here / "table.csv").write_text(table("ab", np.stack([a, 1000 * a + 7], axis=1)))
    fit(nntrain, spec, "train.epochs=100", "model.hidden=1")
    answers = columns(nntrain("predict", "run", "table.csv").out)
    assert [float(row["a"]) for row in answers] == pytest.approx(a, rel=1e-2)
    assert [float(row["b"]) for row in answers] == pytest.approx(1000 * a + 7, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "known", "told"),
    [
        ("species", "ab", SPECIES),
        ("Class", "a2", LABEL.format("Class", "data.source.target: Class to leave it out")),
        ("leaf", "ab", LABEL.format("leaf", "data.source.target: leaf to leave it out")),  # a last column of few texts
        ("height", "2", ""),
    ],
)
def test_a_column_that_may_be_a_label_is_an_input_and_named(nntrain, spec, here, name, known, told):
    labels = [known[k % len(known)] + "1" * (k % 7 == 0) for k in range(40)]
    (here / "table.csv").write_text(
        table(["a", "b", name], [(*row[:2], x) for row, x in zip(MEASURED, labels, strict=True)])
    )
    described = nntrain("data", "describe", spec, "--json").json
    warned = [f"note: data: {item['what']}; {item['do']}\n" for item in described["warnings"] if not item["harmless"]]
    assert "".join(warned) == nntrain("check", spec).err == told
    features, notes = fit(nntrain, spec)
    assert (features[:2], "".join(f"{note}\n" for note in notes)) == (["a", "b"], told)
    assert len(features) > 2


def test_a_named_target_is_left_out_of_the_inputs_and_passed_over(nntrain, spec, here):
    labels = ["ash", "oak"] * 20
    (here / "table.csv").write_text(
        table(["species", "a", "b"], [(x, *row[:2]) for row, x in zip(MEASURED, labels, strict=True)])
    )
    assert nntrain("check", spec).err == SPECIES
    assert fit(nntrain, spec, "data.source.target=species") == (["a", "b"], [])
    predicted = nntrain("predict", "run", "table.csv")
    assert "note: table.csv: passed over, since the model predicts it: 'species'\n" in predicted.err
    (here / "new.csv").write_text(table("ab", MEASURED[:, :2]))
    assert nntrain("predict", "run", "new.csv").out == predicted.out
    scored = nntrain("eval", "run", "--split", "train", "--json", "--set", "data.source.path=new.csv")
    assert (scored.status, scored.json["n"]) == (0, 40)


def test_two_labels_and_an_id_are_named(nntrain, spec, here):
    rows = [(100 + k, "xy"[k % 2], *row[:2], "pq"[k % 2]) for k, row in enumerate(MEASURED)]
    (here / "table.csv").write_text(table(["id", "class", "a", "b", "label"], rows))
    told = nntrain("check", spec).err
    several = "class, label: taken as input like any other column, but may be what the rows are labelled with; "
    assert f"{several}set data.source.ignore: [class, label] to leave them out\n" in told
    assert "note: data: id: counts the rows, as an id does; set data.source.ignore: [id]\n" in told


def test_arrays_need_no_targets(nntrain, spec, here):
    np.save(here / "X.npy", MEASURED)
    np.savez(here / "arrays.npz", X=MEASURED)
    for source in ("{kind: npy, X: X.npy}", "{kind: npz, path: arrays.npz, y: null}"):
        assert nntrain("check", spec, "--set", f"data.source={source}").out.startswith(
            "ok: experiment: autoencoder 3–2–3"
        )
    assert fit(nntrain, spec, "data.source={kind: npz, path: arrays.npz, y: null}") == ([], [])
    assert nntrain("eval", "run", "--json").json["n"] == 10
    assert len(columns(nntrain("predict", "run", "X.npy").out)) == 40
    refused = nntrain("check", spec, "--set", "data.source={kind: npy, X: X.npy}", "--set", "model=linear")
    message = "error: --set data.source: data.source.y: must say what the model is to predict, got nothing\n"
    assert (refused.status, refused.err) == (2, message)
    refused = nntrain("check", spec, "--set", "data.source={kind: npz, path: arrays.npz}", "--set", "model=linear")
    assert refused.err == "error: arrays.npz: no array 'y'; (one of X); data.source.y: null is for an autoencoder\n"


@pytest.mark.parametrize("kind", ["json_lines", "svmlight"])
def test_other_tables_mean_the_same(nntrain, spec, here, kind):
    lines = {
        "json_lines": [json.dumps(dict(zip("abc", row, strict=True))) for row in MEASURED.tolist()],
        "svmlight": [f"{k % 2} 1:{a} 2:{b} 3:{c}" for k, (a, b, c) in enumerate(MEASURED)],
    }[kind]
    (here / "table.txt").write_text("\n".join(lines) + "\n")
    names = {"json_lines": ["a", "b", "c"], "svmlight": ["1", "2", "3"]}[kind]  # a label of svmlight is never an input
    assert fit(nntrain, spec, f"data.source={{kind: {kind}, path: table.txt}}") == (names, [])
    assert len(columns(nntrain("predict", "run", "table.txt").out)) == 40
