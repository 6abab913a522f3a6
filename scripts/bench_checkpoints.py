#!/usr/bin/env python3
"""What keeping checkpoints costs, measured side by side: one save, and a whole training run with and without.

    python scripts/bench_checkpoints.py                  synthetic images in the shape of MNIST
    python scripts/bench_checkpoints.py --data FOLDER    a folder with the four files of MNIST
    python scripts/bench_checkpoints.py --quick          few of each: a test, not a measurement

The first figures are of saving 1.6 MB of parameters, alone and with the optimizer's vectors: all of it, what of it is
in fsync, the rest on the clock, and the rest in processor time, which other programs do not lengthen. The others are of
training 784-512-256-10 for some epochs with the default checkpoints and with saving left out, in turns.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, thread_time
from typing import Any

import bench
import bench_runs
import numpy as np
from benchmarks import machine

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core.rng import Stream, generator
from nntrain.runs import Run, open_run
from nntrain.runs.saver import Saver
from nntrain.spec import load

LAYERS = ((400, 784), (200, 400), (10, 200))  # 396,210 parameters with their biases: 1.6 MB in float32
VECTORS = {"sgd": 1, "momentum": 2, "adam": 3}  # of parameters in a checkpoint
CONFIG = """\
name: bench
data: {{source: {{kind: idx, path: {path}}}, scale: unit, validation: {validation}}}
model: {{kind: mlp, hidden: [512, 256], activation: relu}}
penalty: {{l2: 1e-4}}
optimizer: {{kind: sgd, lr: 0.1, momentum: 0.9}}
schedule: cosine
train: {{epochs: {epochs}, batch_size: 128}}
runtime: {{threads: {threads}}}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure everything and print it."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory(dir=options.disk) as name:
        figures = saving(Path(name), options.saves) | training(Path(name), options)
    machine.report(figures, options.output)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the four files of MNIST (default: synthetic images)")
    parser.add_argument("--disk", type=Path, metavar="FOLDER", help="where to write (default: the temporary folder)")
    parser.add_argument("--repeats", type=bench.count, metavar="N", default=5, help="pairs of runs (default 5)")
    parser.add_argument("--epochs", type=bench.count, metavar="N", default=5, help="of each run (default 5)")
    parser.add_argument("--threads", type=bench.count, metavar="N", default=1, help="BLAS threads (default 1)")
    parser.add_argument("--quick", action="store_true", help="few images and saves, 1 pair: a test, not a measurement")
    parser.add_argument("--output", metavar="FILE", help="also write the figures as JSON")
    options = parser.parse_args(arguments)
    options.saves, options.images = (3, 1024) if options.quick else (50, 60_000)
    if options.quick:
        options.repeats, options.epochs = 1, 2
    return options


# --- one save --------------------------------------------------------------------------------------------------------


def saving(folder: Path, saves: int) -> dict[str, float]:
    """Milliseconds of one save for each number of vectors, in turns; medians."""
    directory = RunDir.create(folder, "saving")
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in VECTORS}
    stored = {name: Checkpoint(tensors(count), {"step": 0}) for name, count in VECTORS.items()}
    with directory.lock():
        for step in range(saves):
            for name, checkpoint in stored.items():
                with fsyncs() as waited:
                    began, busy = perf_counter(), thread_time()
                    directory.save_checkpoint(step, checkpoint)
                    whole, worked = perf_counter() - began, thread_time() - busy
                found[name].append((whole, sum(wait for wait, _ in waited), worked - sum(work for _, work in waited)))
    figures = {}
    for name, times in found.items():
        size = sum(array.nbytes for array in stored[name].tensors.values()) / 1e6
        what = f"save {size:.1f} MB ({name})"
        figures[f"{what}, ms"] = 1e3 * median(whole for whole, _, _ in times)
        figures[f"{what}, in fsync, ms"] = 1e3 * median(waited for _, waited, _ in times)
        figures[f"{what}, beyond fsync, ms"] = 1e3 * median(whole - waited for whole, waited, _ in times)
        figures[f"{what}, beyond fsync, processor ms"] = 1e3 * median(worked for _, _, worked in times)
    return figures


def tensors(vectors: int) -> dict[str, Any]:
    """Return so many vectors of parameters as a run has them: views of one array each."""
    rng = generator(0, Stream.SYNTHETIC)
    found = {}
    for vector in range(vectors):
        for layer, (n_out, n_in) in enumerate(LAYERS):
            name = f"{f'slot{vector}.' if vector else ''}layers.{layer}"
            found[f"{name}.W"] = rng.normal(size=(n_out, n_in)).astype(np.float32)
            found[f"{name}.b"] = rng.normal(size=n_out).astype(np.float32)
    return found


@contextmanager
def fsyncs() -> Iterator[list[tuple[float, float]]]:
    """Note the seconds and the processor seconds of every fsync inside."""
    right, waited = os.fsync, list[tuple[float, float]]()

    def timed(descriptor: int) -> None:
        began, busy = perf_counter(), thread_time()
        right(descriptor)
        waited.append((perf_counter() - began, thread_time() - busy))

    os.fsync = timed
    try:
        yield waited
    finally:
        os.fsync = right


# --- whole runs ------------------------------------------------------------------------------------------------------


def training(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds of training with the default checkpoints and without, in turns; the median of the ratios."""
    data = options.data.resolve() if options.data else folder / "images"
    if not options.data:
        bench_runs.write_images(data, "train", options.images)
        bench_runs.write_images(data, "t10k", options.images // 6)
    path = folder / "config.yaml"
    facts = {"path": json.dumps(str(data)), "validation": options.images // 12, "epochs": options.epochs}
    path.write_text(CONFIG.format(**facts, threads=options.threads), encoding="utf-8")
    runs: dict[bool, list[tuple[float, int]]] = {True: [], False: []}
    seconds_of(path, folder, saves=True)  # to fill the caches
    for repeat in range(options.repeats):
        for saves in (True, False) if repeat % 2 else (False, True):  # neither is always the first
            runs[saves].append(seconds_of(path, folder, saves=saves))
    kept, bare = runs[True], runs[False]
    return {
        "training with checkpoints, s": median(seconds for seconds, _ in kept),
        "training without, s": median(seconds for seconds, _ in bare),
        "with / without": median(a[0] / b[0] for a, b in zip(kept, bare, strict=True)),
        "checkpoints written in each run": median(saves for _, saves in kept),
    }


def seconds_of(config: Path, folder: Path, *, saves: bool) -> tuple[float, int]:
    """Train; return the seconds from the first step to the record of the last epoch, and the checkpoints till then."""
    with written(allowed=saves) as steps, open_run(load(config), runs=folder, run_dir=None, argv=[], draw=False) as run:
        if not isinstance(run, Run):
            raise SystemExit("bench_checkpoints: a new run is done already")
        began = perf_counter()
        for record in run.events():
            if record.epoch == run.loaded.spec.train.epochs:
                return perf_counter() - began, len(steps)
    raise SystemExit("bench_checkpoints: the run ended before its last epoch")


@contextmanager
def written(*, allowed: bool) -> Iterator[list[int]]:
    """Note the step of every checkpoint that is written inside; unless allowed, none is even prepared."""
    steps: list[int] = []
    write, save = RunDir.save_checkpoint, Saver.save

    def noted(self: RunDir, step: int, checkpoint: Checkpoint) -> Path:
        steps.append(step)
        return write(self, step, checkpoint)

    def nothing(self: Saver, *arguments: Any, **named: Any) -> None:
        pass

    RunDir.save_checkpoint = noted  # type: ignore[method-assign]
    Saver.save = save if allowed else nothing  # type: ignore[method-assign]
    try:
        yield steps
    finally:
        RunDir.save_checkpoint, Saver.save = write, save  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(main())
