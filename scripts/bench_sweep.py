#!/usr/bin/env python3
"""What a sweep of many short runs costs beside the runs: processor time and memory of the coordinator, and files.

    python scripts/bench_sweep.py                 10,000 points of about 50 ms, on all cores
    python scripts/bench_sweep.py --points 1000

The points are 1,000 settings (fewer for fewer points) with seeds, trained by ``nntrain sweep`` on this machine. The
processor time of the coordinator is what its own process uses, from its start to its end: reading the data, making and
checking the plan, giving out the points, reading their results and writing the tables.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")
SETTINGS = 1000
EVERY = 0.05  # seconds between two samples
SPEC = """\
name: tiny
data: {source: {kind: blobs, n: 400, features: 8}, seed: 0, validation: 0.25}
model: {kind: mlp, hidden: [16]}
train: {epochs: 12, batch_size: 20}
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The processor time and the memory of the coordinator at one moment, and how many runs there were."""

    seconds: float
    megabytes: float
    runs: int


def sample(process: int, runs: Path) -> Sample | None:
    """Look at the coordinator, None once it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    if "VmRSS" not in status:
        return None
    kilobytes = int(status.partition("VmRSS:")[2].split()[0])
    there = runs.stat().st_nlink - 2 if runs.is_dir() else 0
    return Sample((int(fields[11]) + int(fields[12])) / TICK, kilobytes / 1024, there)


def measure(folder: Path, points: int) -> tuple[list[Sample], resource.struct_rusage, float]:
    """Run the sweep; return samples of its coordinator, what all its processes used, and how long it took."""
    (folder / "tiny.yaml").write_text(SPEC, encoding="utf-8")
    settings = min(SETTINGS, points)
    options = ["--over", f"optimizer.lr=log(1e-4, 0.1, {settings})", "--seeds", str(points // settings)]
    command = [sys.executable, "-m", "nntrain", "sweep", "tiny.yaml", *options, "--no-plots", "-q", "--out", "sweep"]
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    samples: list[Sample] = []
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        found = sample(process.pid, folder / "sweep" / "runs")
        samples += [found] if found is not None else []
        time.sleep(EVERY)
    if status:
        raise SystemExit(f"the sweep ended with {os.waitstatus_to_exitcode(status)}")
    return samples, used, time.monotonic() - began


def report(samples: list[Sample], used: resource.struct_rusage, seconds: float, folder: Path) -> None:
    """Print the figures."""
    points = len(list((folder / "sweep" / "runs").iterdir()))
    own, every = samples[-1].seconds, used.ru_utime + used.ru_stime
    print(f"{points:,} points in {seconds:.1f} s; processor time {every:.1f} s, {1000 * every / points:.1f} ms a point")
    print(f"coordinator: {own:.1f} s, {100 * own / every:.1f} % of it, {1000 * own / points:.2f} ms a point")
    trained = [one for one in samples if one.runs]
    tenths = [trained[int(share * (len(trained) - 1))] for share in (0.0, 0.1, 0.5, 0.9, 1.0)]
    memory = ", ".join(f"{one.megabytes:.0f} at {one.runs:,}" for one in tenths)
    print(f"memory of the coordinator, MiB: {memory} runs")
    sizes = []
    for run in list((folder / "sweep" / "runs").iterdir())[:200]:
        files = list(run.rglob("*"))
        sizes.append((len(files) + 1, sum(path.stat().st_blocks * 512 for path in files)))
    inodes, stored = median(count for count, _ in sizes), median(size for _, size in sizes)
    print(f"a run: {inodes:.0f} inodes, {stored / 1024:.0f} KiB on disk")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a sweep of many short runs costs beside the runs.")
    parser.add_argument("--points", type=int, default=10_000, help="how many points (10,000)")
    points = parser.parse_args().points
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report(*measure(folder, points), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
