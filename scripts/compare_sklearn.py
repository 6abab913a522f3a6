#!/usr/bin/env python3
"""Compare `nntrain init --data FILE` and `nntrain fit`, no hand edit, with scikit-learn on the same rows.

    scripts/compare_sklearn.py [--data FOLDER] [--only iris wine …] [--splits N]

Each set is divided anew for every split (class by class, a quarter to test), unless it brings a test part; both sides
read the same two files, each with a reader and a preprocessing of its own. scikit-learn trains its MLP with the spec's
units, penalty, rate, batches and epochs, and its linear model with its defaults. Figures are means over the splits:
accuracy, or R², in percent. nntrain passes where it is at most 1.5 points below the better of the two. Without
scikit-learn those two are left out, by name. The folder is --data or NNTRAIN_TEST_DATA.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, stdev

from comparison.sets import SETS
from comparison.sides import ours, theirs

POINTS = 1.5  # percent that nntrain may be below
HEAD = ("data set", "rows", "splits", "nntrain", "sklearn MLP", "sklearn linear", "difference", "verdict")


@dataclass
class Result:
    """The test figures of a set in percent, one a split."""

    name: str
    figure: str
    rows: int = 0
    ours: list[float] = field(default_factory=list)
    mlp: list[float] = field(default_factory=list)
    linear: list[float] = field(default_factory=list)

    @property
    def differences(self) -> list[float]:
        """Ours less theirs, split by split, where theirs is the one with the better mean."""
        best = max(self.mlp, self.linear, key=lambda them: mean(them) if them else 0.0)
        return [ours - other for ours, other in zip(self.ours, best, strict=True)] if best else []

    @property
    def is_below(self) -> bool:
        """Whether nntrain falls short by more than is allowed."""
        return bool(self.differences) and mean(self.differences) < -POINTS

    @property
    def cells(self) -> Sequence[str]:
        """The row of the table."""
        figures = (told(them) for them in (self.ours, self.mlp, self.linear))
        verdict = "–" if not self.differences else "BELOW" if self.is_below else "within"
        splits = str(len(self.ours))
        return (f"{self.name}, {self.figure}", f"{self.rows:,}", splits, *figures, told(self.differences, "+"), verdict)


def told(values: Sequence[float], sign: str = "") -> str:
    """Return a mean and its standard error, where it can be told; a dash for none."""
    if not values:
        return "–"
    error = f" ± {stdev(values) / len(values) ** 0.5:.2f}" if len(values) > 1 else ""
    return f"{mean(values):{sign}.2f}{error}"


def compared(name: str, data: Path, splits: int, peers: bool) -> Result:
    """Train both sides on every split of a set."""
    entry = SETS[name]
    result = Result(name, "R²" if entry.regression else "accuracy")
    for seed in range(splits):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            train, test = entry.divided(data, folder, seed)
            figure, spec = ours(train, test, folder, seed)
            result.ours.append(figure)
            if peers:
                arrays = entry.arrays(train, test)
                result.rows = len(arrays[0])
                for values, score in zip((result.mlp, result.linear), theirs(arrays, spec, seed), strict=True):
                    values.append(score)
    return result


def table(results: Sequence[Result]) -> str:
    """Return a Markdown table."""
    lines = [HEAD, ["---", *["---:"] * 6, "---"], *(result.cells for result in results)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 when nntrain is below on any set."""
    parser = argparse.ArgumentParser(description="Compare what nntrain guesses with scikit-learn, on the same rows.")
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("NNTRAIN_TEST_DATA"), help="folder of the data sets"
    )
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS))
    parser.add_argument("--splits", type=int, default=None, help="at most so many splits of a set")
    asked = parser.parse_args(arguments)
    if asked.data is None:
        parser.error("name the folder with --data or NNTRAIN_TEST_DATA")
    peers = find_spec("sklearn") is not None
    results = []
    for name in asked.only:
        start, splits = time.perf_counter(), min(SETS[name].splits, asked.splits or SETS[name].splits)
        results.append(compared(name, asked.data, splits, peers))
        print(f"{' '.join(results[-1].cells)} ({time.perf_counter() - start:.0f} s)", file=sys.stderr, flush=True)
    print(table(results))
    if not peers:
        print("\nLeft out: scikit-learn's MLP and linear model (not installed).")
    return int(any(result.is_below for result in results))


if __name__ == "__main__":
    sys.exit(main())
