"""Random specs over every registered part, and files for every kind of source. Not a test.

The kinds of parts come from the registries, so a new part is drawn as soon as it is registered.
"""

import dataclasses
import gzip
import json
from importlib.util import find_spec

import numpy as np

from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.initializers import INITIALIZERS
from nntrain.ops.losses import LOSSES
from nntrain.ops.metrics import METRICS
from nntrain.ops.models import MODELS
from nntrain.ops.optimizers import OPTIMIZERS
from nntrain.ops.schedules import SCHEDULES

NEED_KEYS = {
    "formula": {"f": "max(z, 0.1 * z)"},
    "step": {"every": 2, "gamma": 0.5},
    "exponential": {"gamma": 0.9},
}
SOURCES = [
    *("digits", "iris", "xor", {"kind": "moons", "n": 40}, {"kind": "blobs", "n": 60, "features": 2}),
    *({"kind": "linear", "n": 50}, {"kind": "spirals", "n": 45}, {"kind": "rings", "n": 40}),
    *({"kind": "csv", "path": "t.csv", "target": "k"}, {"kind": "csv", "path": "t.csv.gz", "target": "k"}),
    *({"kind": "csv", "path": "r.csv", "target": "y"}, {"kind": "csv", "path": "r.csv", "target": ["y", "a"]}),
    *({"kind": "csv", "path": "gaps.csv", "target": "k", "missing": "fill"}, {"kind": "npz", "path": "d.npz"}),
    *({"kind": "csv", "path": "t.csv", "target": "k", "test": "t.csv.gz", "ignore": ["b"]},),
    *({"kind": "npy", "X": "X.npy", "y": "y.npy", "memory": memory} for memory in ("load", "stream")),
    *({"kind": "json_lines", "path": "t.jsonl", "target": "k"}, {"kind": "svmlight", "path": "d.svm", "features": 4}),
    *({"kind": "idx", "path": "idx"}, {"kind": "cifar", "path": "cifar.bin"}),
    *([{"kind": "parquet", "path": "t.parquet", "target": "k"}] if find_spec("pyarrow") else []),
]
OPTIONS = {  # values of the keys that parts may have
    "slope": [0.2],
    "alpha": [0.5],
    "initial": [0.1],
    "pieces": [2, 3],
    "std": [0.1],
    "limit": [0.3],
    "class_weights": ["balanced"],
    "label_smoothing": [0.1],
    "delta": [0.5],
    "lr": [0.01, 0.3],
    "decay": [0.01],
    "momentum": [0.9],
    "nesterov": [True],
    "eps": [1e-6],
    "rho": [0.8],
    "beta1": [0.8],
    "beta2": [0.9],
    "warmup": [3],
    "gamma": [0.5],
    "every": [2],
    "final": [0.1],
    "pct_start": [0.5],
    "div": [5],
    "scale": [3],
    "patience": [1],
    "min_delta": [0.01],
    "minimum": [0.1],
}


def part(registry, chance):
    """Draw an entry of a registry, and values for some of its keys."""
    kind = chance.choice(list(registry))
    given = {"kind": kind} | NEED_KEYS.get(kind, {})
    for field in dataclasses.fields(registry[kind]):
        if field.init and field.name in OPTIONS and chance.random() < 0.25:
            given[field.name] = chance.choice(OPTIONS[field.name])
    return given if len(given) > 1 or chance.random() < 0.5 else kind


def write_files(folder):
    """Write the data files that the sources name."""
    chance = np.random.default_rng(5)
    values, classes = chance.normal(size=(60, 3)), chance.integers(0, 3, 60)
    rows = [f"{a:.5f},{b:.3g},{'uvw'[i % 3]},{'PQR'[classes[i]]}" for i, (a, b, _) in enumerate(values)]
    table = "a,b,t,k\n" + "\n".join(rows) + "\n"
    (folder / "t.csv").write_text(table, encoding="utf-8")
    (folder / "t.csv.gz").write_bytes(gzip.compress(table.encode()))
    numbers = "\n".join(f"{a},{b},{2 * a - c}" for a, b, c in values)
    (folder / "r.csv").write_text(f"a,b,y\n{numbers}\n", encoding="utf-8")
    np.savez(folder / "d.npz", X=values.astype("f4"), y=classes)
    np.save(folder / "X.npy", chance.integers(0, 256, (90, 12)).astype(np.uint8))
    np.save(folder / "y.npy", chance.integers(0, 4, 90))
    missing = [f"{a:.3f},{'' if i % 5 == 0 else round(b, 3)},{'PQ'[i % 2]}" for i, (a, b, _) in enumerate(values)]
    (folder / "gaps.csv").write_text("a,b,k\n" + "\n".join(missing) + "\n", encoding="utf-8")
    objects = [{"a": round(a, 4), "t": "uvw"[i % 3], "k": "PQR"[classes[i]]} for i, (a, _, _) in enumerate(values)]
    (folder / "t.jsonl").write_text("".join(json.dumps(item) + "\n" for item in objects), encoding="utf-8")
    lines = [f"{classes[i]} 1:{a:.4f} 3:{b:.4f}\n" for i, (a, b, _) in enumerate(values)]
    (folder / "d.svm").write_text("".join(lines), encoding="utf-8")
    write_images(folder, chance)
    if find_spec("pyarrow"):
        from pyarrow import parquet, table

        parquet.write_table(
            table({"a": values[:, 0], "t": list("uvw" * 20), "k": list("PQQ" * 20)}), folder / "t.parquet"
        )


def write_images(folder, chance):
    """Write a folder of idx files, and a file of CIFAR-10's records."""
    (folder / "idx").mkdir()
    for name, magic, shape, most in (
        ("train-images-idx3-ubyte", b"\0\0\x08\x03", (40, 3, 3), 256),
        ("train-labels-idx1-ubyte", b"\0\0\x08\x01", (40,), 3),
        ("t10k-images-idx3-ubyte", b"\0\0\x08\x03", (12, 3, 3), 256),
        ("t10k-labels-idx1-ubyte", b"\0\0\x08\x01", (12,), 3),
    ):
        sizes = b"".join(size.to_bytes(4, "big") for size in shape)
        content = chance.integers(0, most, shape).astype(np.uint8)
        (folder / "idx" / name).write_bytes(magic + sizes + content.tobytes())
    records = chance.integers(0, 256, (30, 3073)).astype(np.uint8)
    records[:, 0] %= 10
    (folder / "cifar.bin").write_bytes(records.tobytes())


def draw(chance):
    """Return a random spec; parts that do not fit one another are refused when it is checked."""
    kind = chance.choice([*MODELS, "mlp", "mlp"])
    model = {"kind": kind}
    if kind in ("mlp", "autoencoder"):
        model["hidden"] = [chance.choice([1, 3, 5]) for _ in range(chance.choice([1, 2]))]
        model |= {"activation": part(ACTIVATIONS, chance), "init": part(INITIALIZERS, chance)}
        model["dropout"] = chance.choice([0, 0.3])
    data = {"source": chance.choice(SOURCES), "scale": chance.choice(["none", "unit", "standard", "minmax"])}
    data |= {"validation": chance.choice([0.2, 8])} if chance.random() < 0.6 else {}
    train = {"epochs": chance.choice([2, 4]), "batch_size": chance.choice([7, 32, "all"])}
    train["dtype"] = chance.choice(["float32", "float64"])
    train |= {"clip_norm": 0.5} if chance.random() < 0.2 else {}
    if chance.random() < 0.3:
        train["stop"] = {"patience": 1, "restore_best": chance.choice([True, False])}
    if chance.random() < 0.2:
        train["max_steps"] = chance.choice([5, 13])
    spec = {"seed": chance.choice([0, 7]), "data": data, "model": model, "train": train}
    spec |= {"optimizer": part(OPTIMIZERS, chance), "schedule": part(SCHEDULES, chance)}
    if "lbfgs" in str(spec["optimizer"]):  # which takes all rows at once, and the same cost each time
        spec["train"], spec["schedule"] = {**train, "batch_size": "all", "clip_norm": None}, "constant"
    if chance.random() < 0.4:
        spec["loss"] = part(LOSSES, chance)
    if chance.random() < 0.3:
        spec["metrics"] = chance.sample(list(METRICS), 2)
    if chance.random() < 0.3:
        spec["penalty"] = {chance.choice(["l1", "l2"]): 0.01, "biases": chance.choice([False, True])}
    if chance.random() < 0.3 and "hidden" in model:
        model |= {"input_dropout": chance.choice([0, 0.2]), "input_noise": chance.choice([0, 0.1])}
    if chance.random() < 0.3:
        spec["train"] = {**spec["train"], "average": chance.choice([0.0, 0.5])}
    every = {"every_epochs": chance.choice([1, 2, None]), "every_steps": chance.choice([None, None, 3])}
    return spec | {"checkpoint": every | {"min_seconds": 0, "keep": chance.choice([1, 2])}}
