#!/usr/bin/env python3
"""What ``nntrain predict`` costs beside pandas and NumPy: 1,000,000 rows of 20 numbers through one hidden layer.

python scripts/bench_predict.py            three pairs, one after the other, so that both sides see the same load
python scripts/bench_predict.py --rows N   another number of rows

The peer reads the same file with ``pandas.read_csv`` (its C engine), scales it, makes the same two products and writes
the classes. It prints the processor time (user and system) and the seconds of each, the medians, and their ratio.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SPEC = """\
name: wide
data: {source: {kind: csv, path: train.csv}, scale: standard}
model: {kind: mlp, hidden: [64]}
train: {epochs: 1, batch_size: 50}
"""
PEER = """\
import sys
import numpy as np
import pandas as pd
from safetensors.numpy import load_file
t = load_file(sys.argv[1])
X = pd.read_csv("new.csv").to_numpy()
X = ((X - t["scaler.shift"]) * t["scaler.scale"]).astype(np.float32)
h = np.maximum(X @ t["layers.0.W"].T + t["layers.0.b"], 0)
z = h @ t["layers.1.W"].T + t["layers.1.b"]
np.savetxt("peer.csv", z.argmax(1), "%d")
"""


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its processor time and the seconds it took."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="nntrain predict beside pandas and NumPy")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, rng = Path(name), np.random.default_rng(0)
        head = ",".join(f"x{k}" for k in range(20))
        X, y = rng.normal(size=(500, 20)), rng.integers(0, 3, 500)
        np.savetxt(folder / "train.csv", np.column_stack([X, y]), "%.6g", ",", header=f"{head},y", comments="")
        with (folder / "new.csv").open("w", encoding="utf-8") as file:
            file.write(head + "\n")
            for start in range(0, asked.rows, 100_000):
                np.savetxt(file, rng.normal(size=(min(100_000, asked.rows - start), 20)), "%.6g", ",")
        (folder / "wide.yaml").write_text(SPEC, encoding="utf-8")
        base = [sys.executable, "-m", "nntrain"]
        timed([*base, "fit", "wide.yaml", "--run-dir", "wide", "-q", "--no-plots"], folder)
        (checkpoint,) = (folder / "wide" / "checkpoints").glob("*.safetensors")
        ours, peers = [], []
        for _ in range(asked.pairs):
            ours.append(timed([*base, "predict", "wide", "new.csv", "-o", "ours.csv", "--force"], folder))
            peers.append(timed([sys.executable, "-c", PEER, str(checkpoint)], folder))
        for what, runs in (("nntrain predict", ours), ("pandas and NumPy", peers)):
            cpu, wall = (statistics.median(run[k] for run in runs) for k in (0, 1))
            print(f"{what:18}{cpu:7.2f} s of the processor{wall:7.2f} s by the clock")
        ratios = [statistics.median(a[k] / b[k] for a, b in zip(ours, peers, strict=True)) for k in (0, 1)]
        print(f"{'ratio':18}{ratios[0]:7.2f}{ratios[1]:23.2f}")


if __name__ == "__main__":
    main()
