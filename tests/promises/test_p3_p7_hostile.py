"""Input made to do harm, given to the command line: refused in one line, within bounded memory, nothing run or written.

Every test names the entry of the list that it shows. Single readers are tested in ``tests/data`` and ``tests/spec``.
"""

import gzip
import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SPEC = """\
name: %s
data: {source: %s}
model: {kind: mlp, hidden: [4]}
train: {epochs: 1, batch_size: 2}
"""
MANY = 10**12
MEMORY = 400 << 20  # bytes of address space beyond what starting takes


@pytest.fixture
def bounded(here):
    """Return a function that checks a spec in a process that may take little memory; its status and its one line."""

    def check(source, name="hostile"):
        (here / "spec.yaml").write_text(SPEC % (name, json.dumps(source)), encoding="utf-8")
        code = (
            "import resource, sys, nntrain.runs, nntrain.cli.entry as entry\n"
            "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
            f"resource.setrlimit(resource.RLIMIT_AS, (used + {MEMORY},) * 2)\n"
            "sys.exit(entry.run(['check', 'spec.yaml']))"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.returncode, done.stderr.strip().removeprefix("error: ").replace(f"{here}{os.sep}", "")

    return check


def planted(folder):
    """Return an object whose unpickling would leave a file behind."""

    class Planted:
        def __reduce__(self):
            return Path.touch, (folder / "ran",)

    return np.array([[Planted(), Planted()]] * 4, object)


# --- arrays ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["npz", "npz packed"])
def test_p3_object_arrays_are_refused_and_never_run(nntrain, here, kind):
    save = np.savez_compressed if "packed" in kind else np.savez
    save(here / "data.npz", X=planted(here), y=np.array([0, 1, 0, 1]))
    (here / "spec.yaml").write_text(SPEC % ("objects", "{kind: npz, path: data.npz}"), encoding="utf-8")
    status, _, err = nntrain("check", "spec.yaml")
    complaint = "X: holds Python objects, which are never loaded; store numbers or text"
    assert (status, err) == (3, f"error: data.npz: {complaint}\n")
    assert not (here / "ran").exists()


def test_p3_object_arrays_to_predict_from_are_refused_and_never_run(nntrain, here):
    (here / "spec.yaml").write_text(SPEC % ("xor", "xor"), encoding="utf-8")
    assert nntrain("fit", "spec.yaml", "--run-dir", "run", "-q", "--no-plots")[0] == 0
    np.save(here / "new.npy", planted(here), allow_pickle=True)
    status, _, err = nntrain("predict", "run", "new.npy")
    assert (status, err) == (3, "error: new.npy: holds Python objects, which are never loaded; store numbers or text\n")
    assert not (here / "ran").exists()


def test_p3_npz_bombs_are_refused_within_bounded_memory(bounded, here):
    with zipfile.ZipFile(here / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in (("X", (1 << 11, 1 << 14)), ("y", (1 << 11,))):
            head = io.BytesIO()
            np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                file.write(head.getvalue())
                for _ in range(shape[0]):
                    file.write(bytes(8 * (shape[1] if len(shape) > 1 else 1)))
    status, line = bounded({"kind": "npz", "path": "data.npz"})
    assert status == 3
    assert line.startswith("data.npz: X: unpacks from ")
    assert line.endswith(" to 268435584 bytes; store it unpacked")


@pytest.mark.parametrize("source", ["csv", "idx"])
def test_p3_gzip_bombs_are_refused_within_bounded_memory(bounded, here, source):
    bomb = gzip.compress(bytes(1 << 20), 9) * 1024  # a GiB in a MiB, member after member
    if source == "idx":
        head = b"\0\0\x08\x03" + (1 << 10).to_bytes(4, "big") * 3
        (here / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(head) + bomb + bomb)
        (here / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"\0\0\x08\x01" + bytes(4)))
        status, line = bounded({"kind": "idx", "path": "."})
        assert line == "train-images-idx3-ubyte.gz: does not fit in memory"
    else:
        (here / "table.csv.gz").write_bytes(bomb)
        status, line = bounded({"kind": "csv", "path": "table.csv.gz"})
        limit = 250 * len(bomb)
        assert line == f"table.csv.gz: unpacks to more than the {limit} bytes expected of it"
    assert status == 3


@pytest.mark.parametrize("kind", ["npz", "idx"])
def test_p3_headers_that_claim_10_to_the_12_elements_are_refused_within_bounded_memory(bounded, here, kind):
    if kind == "npz":
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (MANY,)})
        with zipfile.ZipFile(here / "data.npz", "w") as archive:
            archive.writestr("X.npy", head.getvalue() + bytes(8))
            archive.writestr("y.npy", head.getvalue() + bytes(8))
        status, line = bounded({"kind": "npz", "path": "data.npz"})
        assert line == f"data.npz: X: shape ({MANY},) of float64 needs {8 * MANY + 128} bytes, got 136"
    else:
        head = b"\0\0\x08\x03" + (10**6).to_bytes(4, "big") + (1000).to_bytes(4, "big") * 2
        (here / "train-images-idx3-ubyte").write_bytes(head + bytes(8))
        (here / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + bytes(4))
        status, line = bounded({"kind": "idx", "path": "."})
        expected = f"shape (1000000, 1000, 1000) needs {MANY + 16} bytes, got 24"
        assert line == f"train-images-idx3-ubyte: {expected}"
    assert status == 3


# --- specs -----------------------------------------------------------------------------------------------------------

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (LAUGHS, "spec.yaml:1:4: a: "),
        ("[" * 100_000, "spec.yaml:1:"),
        ("data: " + "{a: " * 50_000, "spec.yaml:1:"),
        ("#" * (1 << 21), "spec.yaml"),
        ("data: !!python/object/apply:os.system ['touch ran']\n", "spec.yaml:1:7: data: "),
        ("data: !!python/name:os.system x\n", "spec.yaml:1:7: data: "),
        ("data: !include /etc/passwd\n", "spec.yaml:1:7: data: "),
    ],
    ids=["bomb", "depth", "depth of mappings", "length", "a call", "a name", "an include"],
)
def test_p3_yaml_bombs_depth_and_tags_are_refused_at_once(nntrain, here, text, line):
    (here / "spec.yaml").write_text(text, encoding="utf-8")
    start = time.perf_counter()
    status, out, err = nntrain("check", "spec.yaml")
    assert (status, out) == (2, "")
    assert any(said.removeprefix("error: ").startswith(line) for said in err.splitlines()), err
    assert all(len(said) < 300 for said in err.splitlines())
    assert time.perf_counter() - start < 5
    assert not (here / "ran").exists()


# --- names of runs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../x", "/tmp/x", "-rf", "a\\0b", "x" * 300, "", ".", "..", "a/b", "a b", "é", "x\\n"]
)
def test_p7_hostile_run_names_are_refused(nntrain, here, name):
    (here / "spec.yaml").write_text(SPEC % (f'"{name}"', "xor"), encoding="utf-8")
    status, _, err = nntrain("fit", "spec.yaml", "-q", "--no-plots")
    assert status == 2
    assert err.startswith("spec.yaml:1:7: name: ")
    assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["spec.yaml"]


@pytest.mark.parametrize("path", ["x" * 300, "spec.yaml/run", "/proc/run"])
def test_p7_run_directories_that_cannot_be_are_refused(nntrain, here, path):
    (here / "spec.yaml").write_text(SPEC % ("x", "xor"), encoding="utf-8")
    status, _, err = nntrain("fit", "spec.yaml", "--run-dir", path, "-q", "--no-plots")
    assert status in (2, 7)
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_p7_a_run_directory_named_like_an_option_is_one(nntrain, here):
    (here / "spec.yaml").write_text(SPEC % ("x", "xor"), encoding="utf-8")
    assert nntrain("fit", "spec.yaml", "--run-dir", "-rf", "-q", "--no-plots")[0] == 0
    assert (here / "-rf" / "summary.json").exists()


# --- links -----------------------------------------------------------------------------------------------------------


def test_p7_a_linked_run_directory_is_refused(nntrain, here):
    (here / "elsewhere").mkdir()
    (here / "run").symlink_to("elsewhere")
    (here / "spec.yaml").write_text(SPEC % ("x", "xor"), encoding="utf-8")
    status, _, err = nntrain("fit", "spec.yaml", "--run-dir", "run", "-q", "--no-plots")
    assert (status, err.count("\n")) == (7, 1)
    assert err.startswith("error: run: is a symbolic link")
    assert list((here / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["summary.json", "run.json", "curves.csv", "config.yaml", "metrics.jsonl"])
def test_p3_links_inside_a_run_directory_are_not_written_through(nntrain, here, name):
    (here / "victim").write_text("precious", encoding="utf-8")
    (here / "run").mkdir()
    (here / "run" / name).symlink_to(here / "victim")
    (here / "spec.yaml").write_text(SPEC % ("x", "xor"), encoding="utf-8")
    nntrain("fit", "spec.yaml", "--run-dir", "run", "-q", "--no-plots")
    assert (here / "victim").read_text(encoding="utf-8") == "precious"


def test_p3_temporary_files_of_others_are_neither_followed_nor_kept_open(nntrain, here, monkeypatch):
    """A file or link planted under the temporary name of the next write is not written through."""
    from nntrain.artifacts import durable

    (here / "victim").write_text("precious", encoding="utf-8")
    opened = []
    real = os.open

    def spying(path, flags, *more, **kwargs):
        if flags & os.O_CREAT and "tmp" in str(path):
            opened.append(flags)
        return real(path, flags, *more, **kwargs)

    monkeypatch.setattr(os, "open", spying)
    durable.write_bytes(here / "file", b"new")
    assert opened
    assert all(flags & os.O_EXCL for flags in opened)


# --- names of classes ------------------------------------------------------------------------------------------------

EVIL = ["<script>alert(1)</script>", "\x1b[31mred\x1b[0m", "=cmd|'/c calc'!A1", "+1+1", "@SUM(A1)", "&amp;"]


def test_p3_class_names_with_html_ansi_and_formulas_are_escaped(nntrain, here):
    rows = "".join(f'{i},{i % 6},"{EVIL[i % 6]}"\n' for i in range(36))
    (here / "table.csv").write_text(rows, encoding="utf-8")
    (here / "spec.yaml").write_text(SPEC % ("evil", "{kind: csv, path: table.csv}, test: 6"), encoding="utf-8")
    status, out, err = nntrain("fit", "spec.yaml", "--run-dir", "run")
    assert status == 0, err
    scored = nntrain("eval", "run", "-o", "scored")
    for text in (out, err, scored[1], scored[2]):
        assert "\x1b" not in text
    assert "\\x1b[31mred" in scored[1]
    written = {path: path.read_text(encoding="utf-8") for path in here.rglob("*") if path.suffix in (".svg", ".html")}
    assert written
    assert all("<script" not in text for text in written.values())
    header = (here / "scored/confusion.csv").read_text(encoding="utf-8").splitlines()[0]
    assert all(f",{formula}" in header for formula in EVIL[2:5])
    assert nntrain("eval", "run", "-o", "guarded", "--guard-formulas")[0] == 0
    header = (here / "guarded/confusion.csv").read_text(encoding="utf-8").splitlines()[0]
    assert all(f",'{formula}" in header for formula in EVIL[2:5])
    (here / "new.csv").write_text("1,2\n", encoding="utf-8")
    told = nntrain("predict", "run", "new.csv", "--proba")[1].splitlines()[0]
    assert "p('" not in told
    assert told.count("p(") == 6
    (here / "table.csv").write_text("1,2\n3,4\n5,0\n", encoding="utf-8")
    labels = nntrain("predict", "run", "table.csv")[1].splitlines()[1:]
    assert {label.strip('"') for label in labels} <= set(EVIL)
    assert nntrain("predict", "run", "table.csv", "-o", "told.csv", "--guard-formulas")[0] == 0
    guarded = (here / "told.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.strip('"').removeprefix("'") for line in guarded] == [label.strip('"') for label in labels]


def test_p3_the_process_that_measures_memory_can_be_limited():
    """The bound of these tests bites: a process under it cannot take a GiB."""
    code = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY},) * 2)\n"
        "try: bytearray(1 << 30)\n"
        "except MemoryError: print('bounded')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "bounded\n"
    assert resource.RLIMIT_AS
