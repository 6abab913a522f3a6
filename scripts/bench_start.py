#!/usr/bin/env python3
"""What whole commands cost beside ``python -c 'import numpy'``, and what ``nntrain predict`` costs a million rows.

    python scripts/bench_start.py                 all commands, 7 rounds
    python scripts/bench_start.py --only predict  the prediction of 1,000,000 rows of 9 numbers alone

Every round runs all commands in turn. A line has the medians of a command's seconds by the clock and of its processor
time, user and system, and the median of the paired ratios of processor times to ``import numpy`` in the same round: on
a busy machine only these ratios hold.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from bench import count
from benchmarks import machine

ROOT = Path(__file__).resolve().parents[1]
NUMPY = "import numpy"
COLUMNS = 9
ONE_STEP = """\
data: {source: xor}
model: {kind: mlp, hidden: 4}
train: {max_steps: 1, batch_size: all}
"""
TABLE = """\
data: {{source: {{kind: csv, path: {path}, target: y}}, scale: standard}}
model: {{kind: mlp, hidden: 16}}
train: {{epochs: 1}}
"""
Times = tuple[float, float]  # seconds by the clock, and of processor time


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the commands and print a line for each."""
    options = parse(arguments)
    with tempfile.TemporaryDirectory() as name:
        commands = prepare(Path(name), rows=2000 if options.quick else 1_000_000)
        kept = {NUMPY, *(options.only or commands)}
        rounds = [
            {name: run(command) for name, command in commands.items() if name in kept}
            for _ in range(1 if options.quick else options.repeats)
        ]
    machine.report(figures(rounds), options.output)
    return 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ("help", "one step", "digits-mlp", "digits-mlp with pictures", "predict")
    parser.add_argument("--only", choices=names, action="append", help="measure this command; repeatable")
    parser.add_argument("--repeats", type=count, metavar="N", default=7, help="rounds (default 7)")
    parser.add_argument("--quick", action="store_true", help="few rows, 1 round: a test, not a measurement")
    parser.add_argument("--output", metavar="FILE", help="also write the figures as JSON")
    return parser.parse_args(arguments)


def prepare(folder: Path, rows: int) -> dict[str, list[str]]:
    """Write specs, a table of so many rows and a model for it; return the commands by name."""
    nntrain = [sys.executable, "-m", "nntrain"]
    runs, quiet = ["--runs", str(folder / "runs")], ["-q", "--no-plots"]
    (folder / "one.yaml").write_text(ONE_STEP, encoding="utf-8")
    X = np.random.default_rng(0).standard_normal((rows, COLUMNS))
    names = [f"x{k}" for k in range(COLUMNS)]
    write_table(folder / "rows.csv", names, X)
    write_table(folder / "train.csv", [*names, "y"], np.column_stack([X[:500], X[:500, 0] > X[:500, 1]]))
    (folder / "table.yaml").write_text(TABLE.format(path=folder / "train.csv"), encoding="utf-8")
    run([*nntrain, "fit", str(folder / "table.yaml"), *quiet, "--run-dir", str(folder / "model")])
    digits = str(ROOT / "configs" / "digits-mlp.yaml")
    return {
        NUMPY: [sys.executable, "-c", NUMPY],
        "help": [*nntrain, "--help"],
        "one step": [*nntrain, "fit", str(folder / "one.yaml"), *quiet, *runs],
        "digits-mlp": [*nntrain, "fit", digits, *quiet, *runs],
        "digits-mlp with pictures": [*nntrain, "fit", digits, "-q", *runs],
        "predict": [
            *nntrain,
            "predict",
            str(folder / "model"),
            str(folder / "rows.csv"),
            "-o",
            str(folder / "out.csv"),
            "--force",
        ],
    }


def write_table(path: Path, names: Sequence[str], values: np.ndarray) -> None:  # type: ignore[type-arg]
    """Write numbers with four digits behind the point as CSV."""
    np.savetxt(path, values, fmt="%.4f", delimiter=",", header=",".join(names), comments="")


def run(command: Sequence[str]) -> Times:
    """Run a command to its end, processes of its own included."""
    env = machine.variables(1, os.environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages are compiled once, too
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    seconds, after = time.perf_counter() - began, os.times()
    if done.returncode:
        raise SystemExit(f"bench_start: exit status {done.returncode} from {command!r}: {done.stderr.strip()}")
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return seconds, used


def figures(rounds: Sequence[Mapping[str, Times]]) -> dict[str, float]:
    """Return the medians by name of the command."""
    found = {}
    for name in rounds[0]:
        found[f"{name}: by the clock, s"] = median(times[name][0] for times in rounds)
        found[f"{name}: processor, s"] = median(times[name][1] for times in rounds)
        if name != NUMPY:
            found[f"{name}: times {NUMPY}"] = median(times[name][1] / times[NUMPY][1] for times in rounds)
    return found


if __name__ == "__main__":
    sys.exit(main())
