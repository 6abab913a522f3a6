#!/usr/bin/env python3
"""Whole runs of ``nntrain fit`` on images in the shape of MNIST, from the start of the process to its end.

    python scripts/bench_runs.py                      synthetic images, written to a temporary folder as idx.gz
    python scripts/bench_runs.py --data FOLDER        a folder with the four files of MNIST

Prints what a run of 784-100-10 with batches of 128 costs over its bare steps, how long it takes to its first step,
the most memory it held, and what two trials at once with one BLAS thread each gain over one after the other with two.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import bench
import numpy as np
from benchmarks import machine

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """\
name: bench
data: {{source: {{kind: idx, path: {path}}}, scale: unit}}
model: {{kind: mlp, hidden: 100, activation: relu}}
optimizer: {{kind: sgd, lr: 0.05}}
train: {{epochs: {epochs}, batch_size: 128}}
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A spec file, where its runs go, and how often and for how many epochs it is run."""

    config: Path
    runs: Path
    epochs: int
    steps: int  # of a whole run
    repeats: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything and print it."""
    options = parse(arguments)
    with prepared(options) as setting:
        figures = whole(setting) | start(setting) | trials(setting)
    machine.report(figures, options.output)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the four files of MNIST (default: synthetic images)")
    parser.add_argument("--repeats", type=bench.count, metavar="N", default=5, help="runs of each kind (default 5)")
    parser.add_argument("--quick", action="store_true", help="few images, 1 run of each: a test, not a measurement")
    parser.add_argument("--output", metavar="FILE", help="also write the figures as JSON")
    return parser.parse_args(arguments)


@contextmanager
def prepared(options: argparse.Namespace) -> Iterator[Setting]:
    """Write images and spec to a temporary folder, and warm the file caches with one run."""
    images, epochs, repeats = (512, 2, 1) if options.quick else (60_000, 10, options.repeats)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = options.data.resolve() if options.data else folder / "images"
        if not options.data:
            write_images(data, "train", images)
            write_images(data, "t10k", images // 6)
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(path=json.dumps(str(data)), epochs=epochs), encoding="utf-8")
        setting = Setting(config, folder / "runs", epochs, epochs * -(-images // 128), repeats)
        fit(setting, threads=1)
        yield setting


def write_images(folder: Path, part: str, n: int) -> None:
    """Write n images of 28 × 28 bytes, mostly black, and their labels, as MNIST does."""
    rng = np.random.default_rng(n)
    folder.mkdir(exist_ok=True)
    labels = rng.integers(0, 10, n).astype(np.uint8)
    strokes = rng.random((10, 784)) < 0.2  # a pattern a class
    images = np.where(strokes[labels], rng.integers(0, 256, (n, 784)), 0).astype(np.uint8)
    sizes = {"images-idx3": (images, (n, 28, 28)), "labels-idx1": (labels, (n,))}
    for what, (array, shape) in sizes.items():
        head = bytes((0, 0, 8, len(shape))) + b"".join(size.to_bytes(4, "big") for size in shape)
        with gzip.open(folder / f"{part}-{what}-ubyte.gz", "wb", compresslevel=6) as file:
            file.write(head + array.tobytes())


def whole(setting: Setting) -> dict[str, float]:
    """A run against its bare steps, in turns, with one BLAS thread; and the most memory that a run held."""
    runs, bare = [], []
    for _ in range(setting.repeats):
        runs.append(fit(setting, threads=1))
        bare.append(setting.steps * seconds_per_step())
    return {
        "whole run, s": median(seconds for seconds, _ in runs),
        "its bare steps, s": median(bare),
        "whole run / bare steps": median(run[0] / steps for run, steps in zip(runs, bare, strict=True)),
        "peak memory, MiB": max(peak for _, peak in runs),
        "peak memory that nntrain show states, MiB": stated_peak(setting),
    }


def stated_peak(setting: Setting) -> float:
    """The peak memory in MiB that ``nntrain show`` expects of the run."""
    command = [sys.executable, "-m", "nntrain", "show", str(setting.config), "--json", "--set", "runtime.threads=1"]
    output, _ = finish(spawn(command, 1))
    return float(json.loads(output)["peak_bytes"]) / 2**20


def seconds_per_step() -> float:
    """The recorded calls of a step alone, timed in a process of its own."""
    options = bench.parse(["--workloads", "A128", "--peers", "nntrain-steps", "--repeats", "3"])
    timings = bench.measure_apart(options, threads=1).rows[0].timings
    return timings["nntrain-steps"].microseconds / 1e6


def start(setting: Setting) -> dict[str, float]:
    """Seconds from the start of the process to the first step, reading the data apart."""
    script = Path(bench.__file__).with_name("benchmarks") / "first_step.py"
    found = []
    for _ in range(setting.repeats):
        command = [sys.executable, str(script), str(setting.config), str(setting.runs), repr(time.time())]
        found.append(json.loads(finish(spawn(command, threads=1))[0]))
    return {name: median(one[name] for one in found) for name in found[0]}


def trials(setting: Setting) -> dict[str, float]:
    """Two independent runs: at once with one BLAS thread each, and one after the other with two."""
    at_once, in_turn = [], []
    for _ in range(setting.repeats):
        began = time.perf_counter()
        both = [launch(setting, threads=1) for _ in range(2)]
        for process in both:
            finish(process)
        at_once.append(time.perf_counter() - began)
        in_turn.append(sum(fit(setting, threads=2)[0] for _ in range(2)))
    return {
        "two trials at once, one thread each, s": median(at_once),
        "two trials in turn, two threads, s": median(in_turn),
        "in turn / at once": median(a / b for a, b in zip(in_turn, at_once, strict=True)),
    }


def launch(setting: Setting, *, threads: int) -> subprocess.Popen[str]:
    """Start ``nntrain fit`` with so many BLAS threads."""
    command = [sys.executable, "-m", "nntrain", "fit", str(setting.config), "--runs", str(setting.runs), "-q"]
    command += ["--set", f"runtime.threads={threads}"]
    return spawn(command, threads)


def spawn(command: Sequence[str], threads: int) -> subprocess.Popen[str]:
    """Start a command whose libraries use so many threads and find this checkout of nntrain."""
    env = machine.variables(threads, os.environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def fit(setting: Setting, *, threads: int) -> tuple[float, float]:
    """Run ``nntrain fit`` to its end; return its seconds and its peak memory in MiB."""
    began = time.perf_counter()
    _, peak = finish(launch(setting, threads=threads))
    return time.perf_counter() - began, peak


def finish(process: subprocess.Popen[str]) -> tuple[str, float]:
    """Wait for a process; return its output and its peak memory in MiB. A process that fails ends the measurement."""
    assert process.stdout is not None
    with process.stdout as stream:
        output = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench_runs: exit status {process.returncode} from {process.args!r}")
    return output, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    sys.exit(main())
