"""Real data through eval --data, predict, and exports to ONNX and NumPy: the same classes and probabilities."""

import csv
import gzip
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from nntrain.cli.entry import run as command

pytestmark = pytest.mark.slow
SHORT = "train: {{epochs: 1, batch_size: 500}}\n"
MNIST = "data: {{source: {{kind: idx, path: {mnist}}}, scale: unit}}\nmodel: softmax\n" + SHORT
ADULT = (
    "data: {{source: {{kind: csv, path: {adult}/adult-train.csv, missing: mean}}, scale: standard}}\n"
    "model: {{kind: mlp, hidden: [16]}}\ntrain: {{epochs: 1, batch_size: 500}}\n"
)
CIFAR = "data: {{source: {{kind: cifar, path: {cifar}}}, scale: unit}}\nmodel: softmax\n" + SHORT
PARQUET = "data: {{source: {{kind: parquet, path: wide.parquet, target: y}}}}\nmodel: mlp\ntrain: {{batch_size: 50}}\n"
NEAR = 2e-5


def call(capsys, *arguments):
    """Run a command; return what it printed."""
    capsys.readouterr()
    status = command([str(argument) for argument in arguments])
    seen = capsys.readouterr()
    assert status == 0, seen.err
    return seen.out


def check(capsys, data, rows, *target):
    """Score, predict and export the run ``run``, and compare all on the same rows."""
    scored = json.loads(call(capsys, "eval", "run", "--data", data, *target, "--json"))
    lines = list(csv.reader(call(capsys, "predict", "run", data, "--proba").splitlines()))[1:]
    assert scored["n"] == len(lines) == len(next(iter(rows.values())))
    p = np.array([line[1:] for line in lines], float)
    found = {}
    for to, file in (("numpy", "m.py"), ("onnx", "m.onnx")):
        call(capsys, "export", "run", "--to", to, "-o", file, "--force")
    found["numpy"] = runpy.run_path("m.py")["predict"](rows)
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    inputs = {"X": np.column_stack(list(rows.values())).astype(float)} if names == ["X"] else {}
    for item in () if inputs else session.get_inputs():
        column = rows[item.name]
        inputs[item.name] = column.astype(object if "string" in item.type else float)[:, None]
    found["onnx"] = session.run(None, inputs)
    for labels, values in found.values():
        assert np.abs(np.asarray(values) - p).max() < NEAR
        ordered = np.sort(p, axis=1)
        clear = ordered[:, -1] - ordered[:, -2] > 2 * NEAR
        assert (np.asarray(labels).astype(str) == np.array([line[0] for line in lines]))[clear].all()


def fit(capsys, text):
    Path("s.yaml").write_text(f"name: s\n{text}", encoding="utf-8")
    call(capsys, "fit", "s.yaml", "--run-dir", "run", "-q", "--no-plots")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_mnist(real_data, capsys):
    fit(capsys, MNIST.format(mnist=real_data / "mnist"))
    images = real_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    pixels = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, offset=16).reshape(-1, 784)
    check(capsys, images, {f"x{k}": pixels[:, k] for k in range(784)})


def test_adult(real_data, capsys):
    fit(capsys, ADULT.format(adult=real_data / "adult"))
    data = real_data / "adult" / "adult-test.csv"
    table = [
        line
        for line in csv.reader(data.read_text(encoding="utf-8").splitlines(), skipinitialspace=True)
        if len(line) == 15
    ]
    columns = {f"x{k}": np.array([line[k] for line in table]) for k in range(14)}
    check(capsys, data, columns)


def test_cifar(real_data, capsys):
    (file,) = (real_data / "cifar10-lossless-4000").glob("*.bin.gz")
    fit(capsys, CIFAR.format(cifar=file))
    records = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8).reshape(-1, 3073)
    check(capsys, file, {f"x{k}": records[:, k + 1] for k in range(3072)})


def test_parquet(capsys):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=300) for name in "abc"}
    y = np.where(columns["a"] + columns["b"] > 0, "high", "low")
    parquet.write_table(pyarrow.table({**columns, "y": y}), "wide.parquet")
    fit(capsys, PARQUET.format())
    check(capsys, "wide.parquet", columns)
