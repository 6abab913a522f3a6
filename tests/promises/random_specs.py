"""Random specs over every registered part, and files for every kind of source. Not a test.

The kinds of parts come from the registries, so a new part is drawn as soon as it is registered.
"""

import gzip

import numpy as np

from nntrain.core.registry import _needs_keys
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.initializers import INITIALIZERS
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import MODELS
from nntrain.ops.optimizers import OPTIMIZERS
from nntrain.ops.schedules import SCHEDULES

NEED_KEYS = {
    "formula": {"kind": "formula", "f": "max(z, 0.1 * z)"},
    "step": {"kind": "step", "every": 2, "gamma": 0.5},
    "exponential": {"kind": "exponential", "gamma": 0.9},
}
SOURCES = [
    *("digits", "iris", "xor", {"kind": "moons", "n": 40}, {"kind": "blobs", "n": 60, "features": 2}),
    *({"kind": "linear", "n": 50}, {"kind": "csv", "path": "t.csv", "target": "k"}, {"kind": "npz", "path": "d.npz"}),
    *({"kind": "csv", "path": "t.csv.gz", "target": "k"}, {"kind": "csv", "path": "r.csv", "target": "y"}),
    *({"kind": "npy", "X": "X.npy", "y": "y.npy", "memory": memory} for memory in ("load", "stream")),
]


def kinds(registry):
    """Return every kind of a registry with what it needs; those that need more than is known here are left out."""
    return [
        NEED_KEYS.get(kind, kind) for kind, entry in registry.items() if kind in NEED_KEYS or not _needs_keys(entry)
    ]


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


def draw(chance):
    """Return a random spec; parts that do not fit one another are refused when it is checked."""
    kind = chance.choice([*MODELS, "mlp", "mlp"])
    model = {"kind": kind}
    if kind in ("mlp", "autoencoder"):
        hidden = [chance.choice([1, 3, 5]) for _ in range(chance.choice([1, 2]))]
        model |= {
            "hidden": hidden,
            "activation": chance.choice(kinds(ACTIVATIONS)),
            "init": chance.choice(kinds(INITIALIZERS)),
        }
        model["dropout"] = chance.choice([0, 0.3])
    data = {"source": chance.choice(SOURCES), "scale": chance.choice(["none", "unit", "standard", "minmax"])}
    data |= {"validation": chance.choice([0.2, 8])} if chance.random() < 0.6 else {}
    train = {"epochs": chance.choice([2, 4]), "batch_size": chance.choice([7, 32, "all"])}
    train["dtype"] = chance.choice(["float32", "float64"])
    if chance.random() < 0.3:
        train["stop"] = {"patience": 1, "restore_best": chance.choice([True, False])}
    if chance.random() < 0.2:
        train["max_steps"] = chance.choice([5, 13])
    spec = {"seed": chance.choice([0, 7]), "data": data, "model": model, "train": train}
    spec["optimizer"], spec["schedule"] = chance.choice(kinds(OPTIMIZERS)), chance.choice(kinds(SCHEDULES))
    if chance.random() < 0.4:
        spec["loss"] = chance.choice(kinds(LOSSES))
    every = {"every_epochs": chance.choice([1, 2, None]), "every_steps": chance.choice([None, 3])}
    return spec | {"checkpoint": every | {"min_seconds": 0, "keep": chance.choice([1, 2])}}
