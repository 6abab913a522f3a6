"""The measurement of sweeps runs and prints its figures."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_sweep.py"


def test_it_prints_what_a_sweep_costs():
    done = subprocess.run([sys.executable, SCRIPT, "--points", "6"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"6 points in [\d.]+ s; processor time [\d.]+ s, [\d.]+ ms a point", lines[0])
    assert re.fullmatch(r"coordinator: [\d.]+ s, [\d.]+ % of it, [\d.]+ ms a point", lines[1])
    assert lines[2].startswith("memory of the coordinator, MiB: ")
    assert re.fullmatch(r"a run: \d+ inodes, \d+ KiB on disk", lines[3])
