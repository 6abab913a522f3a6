"""Data as people have them, given to the command line: taken for what they are, or refused in one line with the place.

Every test names the entry of the list that it shows. How single formats are read is tested in ``tests/data``.
"""

import json
import os
import struct

import numpy as np
import pytest

SPEC = """\
name: data
data: {source: {kind: csv, path: table.csv}%s}
model: {kind: mlp, hidden: [4]}
optimizer: {kind: adam, lr: 0.01}
train: {epochs: 2, batch_size: 2}
"""
GOOD = "1,2,a\n3,4,b\n5,6,a\n7,8,b\n"


@pytest.fixture
def checked(nntrain, here):
    """Return a function that writes a table and checks a spec on it: the line, and the exit status of a refusal."""

    def check(content, *settings, more=""):
        (here / "table.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        (here / "spec.yaml").write_text(SPEC % more, encoding="utf-8")
        status, out, err = nntrain("check", "spec.yaml", *settings)
        assert status in (0, 3), err
        err = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("note: "))
        assert (out + err).count("\n") == 1, out + err
        return (out if status == 0 else err).strip().removeprefix("error: ").replace(f"{here}{os.sep}", "")

    return check


def assert_fits(line, shape):
    assert line.startswith(f"ok: data: mlp {shape}, relu"), line


# --- what is no number -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "width,height,kind\n"])
@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("nan", "missing value, got 'nan'"),
        ("NaN", "missing value, got 'NaN'"),
        ("", "missing value, got ''"),
        ("?", "missing value, got '?'"),
        ("inf", "'inf' is not a finite number"),
        ("-Infinity", "'-Infinity' is not a finite number"),
        ("1e999", "'1e999' is not a finite number"),
    ],
)
def test_p7_nan_inf_and_blank_are_refused_with_row_and_column(checked, header, value, complaint):
    place = "table.csv:4:2 (height): " if header else "table.csv:3:2: "
    assert checked(header + GOOD.replace("6", value)).startswith(place + complaint)


@pytest.mark.parametrize("column", [1, 2])
def test_p7_a_blank_target_is_refused_with_row_and_column(checked, column):
    rows = [["1", "2", "0"], ["3", "4", "1"], ["5", "6", "0"]]
    rows[1][column] = ""
    content = "\n".join(",".join(row) for row in rows)
    assert checked(content, "--set", f"data.source.target={column}").startswith(
        f"table.csv:2:{column + 1}: missing value"
    )


# --- tables that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("1,2,a\n3,4\n5,6,b\n", "table.csv:2: row of 2 columns, 3 are expected"),
        ("1,2,a\n3,4,b,5\n5,6,b\n", "table.csv:2: row of 4 columns, 3 are expected"),
        ("x,y,z\n", "table.csv: has a header line but no rows"),
        ("", "table.csv: is empty"),
        ("\n\n", "table.csv: is empty"),
        ("1,2,a\n3,4,a\n5,6,a\n", "spec.yaml:2:7: data: one class only, got 'a' in all 3 rows"),
        ("1,2,a\n3,4,a\n", "spec.yaml:2:7: data: one class only, got 'a' in all 2 rows"),
    ],
    ids=["short row", "long row", "header only", "empty", "blank lines", "one class, three rows", "one class"],
)
def test_p7_ragged_rows_header_only_empty_and_one_class_are_refused(checked, content, complaint):
    assert checked(content) == complaint


def test_p7_one_row_of_numbers_trains(checked):
    assert_fits(checked("1,2,0.5\n", "--set", "train.batch_size=1"), "2–4–1")


# --- splits and columns ----------------------------------------------------------------------------------------------


def test_p7_a_class_missing_in_a_split_is_scored_and_one_missing_in_training_refused(nntrain, here, checked):
    rare = GOOD + "9,9,c\n"
    assert_fits(checked(rare, more=", validation: 0.4"), "2–4–3")  # the only row of c stays in training
    (here / "test.csv").write_text("1,2,a\n", encoding="utf-8")
    assert_fits(checked(rare, "--set", "data.source.test=test.csv"), "2–4–3")
    fit = ("fit", "spec.yaml", "--set", "data.source.test=test.csv", "--run-dir", "run", "-q", "--no-plots")
    assert nntrain(*fit)[0] == 0
    status, out, _ = nntrain("eval", "run", "--json")
    support = {item["name"]: item["support"] for item in json.loads(out)["classes"]}
    assert (status, support) == (0, {"a": 1, "b": 0, "c": 0})
    (here / "test.csv").write_text("1,2,a\n1,2,z\n", encoding="utf-8")
    complaint = "test.csv:2:3: class 'z' never occurs in training; (one of a, b, c)"
    assert checked(rare, "--set", "data.source.test=test.csv") == complaint


@pytest.mark.parametrize("scale", ["none", "unit", "standard", "minmax"])
def test_p7_a_constant_column_trains_with_every_scale(nntrain, checked, scale):
    checked("1,7,a\n3,7,b\n5,7,a\n7,7,b\n", more=f", scale: {scale}")
    status, out, err = nntrain("fit", "spec.yaml", "--run-dir", "run", "--json", "--no-plots")
    assert (status, err.count("Warning")) == (0, 0)
    assert 0 < json.loads(out)["train"]["cost"] < 10


# --- labels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        *(("-1", "1"), ("-7", "3"), (str(2**53), str(2**53 + 1)), ("0", "1000000000"), ("red", "blue"), ("É", "z")),
        *(("@bob", "-low"), ("+ve", "=1+1"), ("'quoted", "-")),
    ],
    ids=[
        *("negative", "more negative", "2^53+1", "0 and 10^9", "strings", "letters beyond ASCII"),
        *("signs", "formulas", "apostrophe and dash"),
    ],
)
def test_p7_labels_negative_large_far_apart_and_text_come_back_as_they_went_in(nntrain, here, checked, labels):
    a, b = labels
    assert_fits(checked("".join(f"{i},{i % 2},{labels[i % 2]}\n" for i in range(8))), "2–4–2")
    settings = ("--set", "train.epochs=400", "--set", "optimizer.lr=0.05")
    assert nntrain("fit", "spec.yaml", "--run-dir", "run", "-q", "--no-plots", *settings)[0] == 0
    (here / "new.csv").write_text("2,0\n3,1\n", encoding="utf-8")
    assert nntrain("predict", "run", "new.csv")[:2] == (0, f"prediction\n{a}\n{b}\n")
    assert nntrain("predict", "run", "new.csv", "-o", "told.csv")[0] == 0
    assert (here / "told.csv").read_text(encoding="utf-8") == f"prediction\n{a}\n{b}\n"


def test_p7_labels_of_1_5_are_amounts_or_refused_as_classes(checked):
    content = "1,2,1.5\n3,4,2.5\n5,6,1.5\n"
    assert_fits(checked(content), "2–4–1")
    complaint = "table.csv: a class label is a whole number or text, got 1.5; for numbers, task: regression"
    assert checked(content, "--set", "data.source.task=classification") == complaint


# --- ways to write a table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        GOOD.replace(",", "  "),
        "".join('"' + row.replace(",", '","') + '"\n' for row in GOOD.split()),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        "\ufeff" + '"width";"height, cm";kind\r\n' + GOOD.replace("\n", "\r\n").replace(",", ";"),
    ],
    ids=["semicolon", "tab", "bar", "blanks", "quotes", "BOM", "CRLF", "no last line end", "all at once"],
)
def test_p7_every_dialect_gives_the_same_training(nntrain, here, checked, content):
    results = []
    for text in (GOOD, content):
        checked(text)
        status, out, _ = nntrain("fit", "spec.yaml", "--run-dir", f"run{len(results)}", "--json", "--no-plots")
        assert status == 0
        results.append(json.loads(out)["train"])
    assert results[0] == results[1]


def test_p7_latin_1_is_read_with_a_note(checked, nntrain, here):
    assert_fits(checked("1,2,a\n3,4,\xe9t\xe9\n5,6,a\n".encode("latin-1")), "2–4–2")
    assert "note: table.csv: is not UTF-8, so it is read as cp1252" in nntrain("check", "spec.yaml")[2]


def test_p7_one_row_is_refused_with_all_that_is_wrong(nntrain, here):
    (here / "table.csv").write_text("1,2,a\n", encoding="utf-8")
    (here / "spec.yaml").write_text(SPEC % "", encoding="utf-8")
    status, _, err = nntrain("check", "spec.yaml")
    assert (status, err.count("\n")) == (2, 2)
    assert "spec.yaml:2:7: data: one class only, got 'a' in all 1 rows\n" in err
    assert "train.batch_size: 2 is more than the 1 training rows; use 'all' for one batch\n" in err


# --- idx -------------------------------------------------------------------------------------------------------------


def idx(shape, values, *, magic=b"\0\0\x08", claimed=None):
    sizes = struct.pack(f">{len(shape)}I", *(claimed or shape))
    return magic + bytes([len(shape)]) + sizes + bytes(values)


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (idx((4, 2, 2), range(16)), None),
        (idx((4, 2, 2), range(16), magic=b"\0\x01\x08"), "is not an idx file: wrong magic number, got 00 01 08 03"),
        (idx((4, 2, 2), range(16), magic=b"\0\0\x0a"), "is not an idx file: wrong magic number, got 00 00 0a 03"),
        (idx((4, 2, 2), range(15)), "shape (4, 2, 2) needs 32 bytes, got 31"),
        (idx((4, 2, 2), range(17)), "shape (4, 2, 2) needs 32 bytes, got 33"),
        (idx((4, 2, 2), range(16), claimed=(10**6, 10**3, 10**3)), "shape (1000000, 1000, 1000) needs 1000000000016"),
    ],
    ids=["good", "magic", "type", "short", "long", "10^12 values"],
)
def test_p7_idx_magic_and_length_are_checked(nntrain, here, images, complaint):
    (here / "set").mkdir()
    (here / "set/train-images-idx3-ubyte").write_bytes(images)
    (here / "set/train-labels-idx1-ubyte").write_bytes(idx((4,), [0, 1, 0, 1]))
    (here / "spec.yaml").write_text(SPEC.replace("csv, path: table.csv", "idx, path: set") % "", encoding="utf-8")
    status, out, err = nntrain("check", "spec.yaml")
    if complaint is None:
        assert_fits(out, "4–4–2")
    else:
        assert (status, err.count("\n")) == (3, 1)
        assert err.startswith(f"error: set/train-images-idx3-ubyte: {complaint}")


# --- storage ---------------------------------------------------------------------------------------------------------

X = np.random.default_rng(0).integers(0, 200, (40, 3))
Y = (X.sum(axis=1) > 300).astype(np.int64)
STORED = {
    "float32": X.astype("<f4"),
    "float64": X.astype("<f8"),
    "uint8": X.astype(np.uint8),
    "big-endian": X.astype(">f8"),
    "big-endian int16": X.astype(">i2"),
    "Fortran order": np.asfortranarray(X.astype(np.float64)),
}


def trained(nntrain, folder, source):
    spec = folder / "spec.yaml"
    spec.write_text(
        f"data: {{source: {json.dumps(source)}, scale: standard, test: 0.2}}\nmodel: mlp\n"
        "train: {epochs: 3, dtype: float64}\n",
        encoding="utf-8",
    )
    status, out, err = nntrain("fit", spec, "--run-dir", folder / "run", "--json", "--no-plots")
    assert status == 0, err
    return {part: json.loads(out)[part] for part in ("train", "test")}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_p7_types_byte_order_and_memory_order_give_the_same_result(nntrain, here, stored):
    found = []
    for name, array in (("plain", X), ("other", stored)):
        (here / name).mkdir()
        np.savez(here / name / "data.npz", X=array, y=Y)
        found.append(trained(nntrain, here / name, {"kind": "npz", "path": "data.npz"}))
    for part in ("train", "test"):
        assert found[1][part] == pytest.approx(found[0][part], rel=1e-12)


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_p7_memory_maps_give_the_same_result(nntrain, here, stored):
    """Fortran order cannot be read by row from the disk: it is refused there, with the way out."""
    found = []
    for memory in ("load", "stream"):
        (here / memory).mkdir()
        for name, array in (("X", stored), ("y", Y)):
            np.save(here / memory / f"{name}.npy", array)
        source = {"kind": "npy", "X": "X.npy", "y": "y.npy", "memory": memory}
        if np.isfortran(stored) and memory == "stream":
            status, err = refused(nntrain, here / memory, source)
            way = "is stored column by column; store it by row, with np.ascontiguousarray"
            assert (status, err) == (3, f"error: stream/X.npy: {way}\n")
        else:
            found.append(trained(nntrain, here / memory, source))
    assert found[0] == found[-1]


def refused(nntrain, folder, source):
    spec = folder / "spec.yaml"
    spec.write_text(f"data: {{source: {json.dumps(source)}}}\nmodel: mlp\n", encoding="utf-8")
    status, _, err = nntrain("check", spec)
    return status, err
