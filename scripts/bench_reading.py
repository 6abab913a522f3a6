#!/usr/bin/env python3
"""Reading a CSV file of 100 MB: nntrain with and without pyarrow, np.loadtxt and pandas, side by side.

Every repeat runs all readers in turn on the same file in the page cache; the table has the median of the paired ratios
to the last reader, by the clock and by processor time. Readers that are not installed are left out by name.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from nntrain.data.formats import numbers
from nntrain.data.formats.sniffer import sniff
from nntrain.data.tables.text_table import read_columns

FORMS: dict[str, tuple[str, int]] = {  # how numbers are written, and how many in a row
    "17 digits": ("{!r}", 20),
    "6 digits": ("{:.6g}", 20),
    "bytes": ("{:.0f}", 100),
}
MIXED, SHARE, KINDS = "mixed", 0.02, (2, 7, 20)  # numbers with so many gaps beside texts of so many kinds


def write(path: Path, form: str, columns: int, size: int) -> None:
    """Write so many bytes of random numbers under a header."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(f"x{k}" for k in range(columns)) + "\n")
        while file.tell() < size:
            block = rng.standard_normal((2000, columns)) if form != "{:.0f}" else rng.integers(0, 256, (2000, columns))
            file.write("".join(",".join(map(form.format, row)) + "\n" for row in block.tolist()))


def write_mixed(path: Path, size: int) -> None:
    """Write so many bytes of eight numbers, some of them missing, and three texts a row."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(f"c{k}" for k in range(8 + len(KINDS))) + "\n")
        while file.tell() < size:
            block = (100 * rng.standard_normal((2000, 8))).round(3).astype(str)
            block[rng.random(block.shape) < SHARE] = ""
            texts = [np.char.mod("kind_%d", rng.integers(0, count, 2000)) for count in KINDS]
            file.write("".join(",".join(row) + "\n" for row in np.column_stack([block, *texts]).tolist()))


def read(path: Path) -> Any:
    """Read a file with nntrain as it is installed."""
    return read_columns(path, sniff(path))


def read_without_pyarrow(path: Path) -> Any:
    """Read a file with nntrain as where pyarrow is not installed."""
    with mock.patch.object(numbers, "LARGE", math.inf):
        return read(path)


def readers() -> dict[str, Callable[[Path], Any]]:
    """Return what reads a file, by name; the others are compared with the last."""
    found: dict[str, Callable[[Path], Any]] = {}
    try:
        import pyarrow.csv  # noqa: F401

        found["nntrain[arrow]"] = read
    except ImportError:
        print("pyarrow is not installed: left out", file=sys.stderr)
    found["nntrain"] = read_without_pyarrow
    found["np.loadtxt"] = lambda path: np.loadtxt(path, delimiter=",", skiprows=1)
    try:
        import pandas  # type: ignore[import-untyped]

        found["pandas"] = lambda path: pandas.read_csv(path).to_numpy()
    except ImportError:
        print("pandas is not installed: left out", file=sys.stderr)
    return found


def measure(path: Path, found: Mapping[str, Callable[[Path], Any]], repeats: int) -> dict[str, list[tuple[float, ...]]]:
    """Return (seconds, processor seconds) of each repeat by reader."""
    taken: dict[str, list[tuple[float, ...]]] = {name: [] for name in found}
    for _ in range(repeats):
        for name, reader in found.items():
            clock, cpu = time.perf_counter(), time.process_time()
            reader(path)
            taken[name].append((time.perf_counter() - clock, time.process_time() - cpu))
    return taken


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    found = readers()
    print(f"{'table':<10} {'reader':<15} {'s':>6} {'/ last':>12} {'processor s':>12} {'/ last':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for name in (*FORMS, MIXED):
            path = Path(folder) / "table.csv"
            if name == MIXED:
                write_mixed(path, options.megabytes * 10**6)
                found.pop("np.loadtxt")  # it reads numbers alone
            else:
                write(path, *FORMS[name], options.megabytes * 10**6)
            taken = measure(path, found, options.repeats)
            last = list(taken)[-1]
            for reader, pairs in taken.items():
                clock, cpu = (statistics.median(pair[k] for pair in pairs) for k in range(2))
                ratios = [
                    statistics.median(it[k] / theirs[k] for it, theirs in zip(pairs, taken[last], strict=True))
                    for k in range(2)
                ]
                print(f"{name:<10} {reader:<15} {clock:6.2f} {ratios[0]:12.2f} {cpu:12.2f} {ratios[1]:12.2f}")


if __name__ == "__main__":
    main()
