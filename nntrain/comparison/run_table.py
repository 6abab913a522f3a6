"""A table of runs: the keys that differ, how each run ended, and its figures; the best by a figure.

What is the same in all runs has no column. Knows nothing of how a table is shown.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.artifacts.strict_json import canonical
from nntrain.comparison.run_record import RunRecord
from nntrain.errors import SpecError
from nntrain.ops.metrics import METRICS, higher_is_better
from nntrain.spec.emit import inline

IGNORED = ("name",)  # no setting of what is computed


def differing_keys(runs: Sequence[RunRecord]) -> list[str]:
    """Return the keys whose values differ among the runs, in the order of the specs.

    A spec leaves out rare keys at their defaults; the keys of a part whose kind differs count where they are given.
    """
    runs = [run for run in runs if run.spec]  # not those that cannot be read
    keys = dict.fromkeys(key for run in runs for key in run.spec if key not in IGNORED)
    parts = [key.removesuffix("kind") for key in keys if key.endswith(".kind") and _differs(runs, key)]
    given = {key for key in keys if any(key.startswith(part) for part in parts)}
    return [key for key in keys if _differs([run for run in runs if key not in given or key in run.spec], key)]


def _differs(runs: Sequence[RunRecord], key: str) -> bool:
    return len({canonical(run.spec.get(key)) for run in runs}) > 1


def main_figure(runs: Sequence[RunRecord]) -> str:
    """Return the figure that counts by default: the metric on the validation part, or what comes nearest to it."""
    names = list(dict.fromkeys(name for run in runs for name in run.figures if not name.endswith(".n")))
    for part in ("validation.", "train."):
        own = [name for name in names if name.startswith(part)]
        if own:
            return own[1] if len(own) > 1 else own[0]
    return "validation.cost"


def rises(figure: str) -> bool:
    """Tell whether more of a figure is better."""
    return higher_is_better(figure, [entry() for entry in METRICS.values()])


def sort_runs(runs: Sequence[RunRecord], name: str, *, falling: bool = False) -> list[RunRecord]:
    """Return the runs by a key or figure: numbers by size, then texts, then those without; equal ones as they were."""

    def order(run: RunRecord) -> tuple[int, float, str]:
        value = run.value(name)
        if isinstance(value, int | float) and math.isfinite(value):
            return (0, -value if falling else value, "")
        return (2, 0.0, "") if value is None else (1, 0.0, spell(value))

    return sorted(runs, key=order)


def best_run(runs: Sequence[RunRecord], figure: str) -> RunRecord | None:
    """Return the finished run that is best by a figure, the first of equal ones; None without any.

    SpecError for a figure of the test part.
    """
    if figure.startswith("test."):
        raise SpecError(f"--by {figure}: what is chosen by the test part is no longer tested by it; use validation.…")
    numbers = [run for run in runs if _is_finite(run.figures.get(figure))]
    return sort_runs(numbers, figure, falling=rises(figure))[0] if numbers else None


def full_table(runs: Sequence[RunRecord]) -> tuple[list[str], list[list[Any]]]:
    """Return all there is to tell as a header and rows of plain values: for files and other programs."""
    keys = differing_keys(runs)
    figures = list(dict.fromkeys(name for run in runs for name in run.figures))
    header = ["run", "status", *keys, "epochs", "kept_epoch", *figures]
    rows = [
        [str(run.path), run.status, *(run.spec.get(key) for key in keys), run.epochs, run.kept]
        + [run.figures.get(name) for name in figures]
        for run in runs
    ]
    return header, rows


def spell(value: Any) -> str:
    """Return a value as it would be written in a spec; nothing for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(inline(value))


def as_object(run: RunRecord, keys: Sequence[str]) -> Mapping[str, Any]:
    """Return a run for JSON: its path, how it ended, the values of the keys, and all figures."""
    values = {key: run.spec[key] for key in keys if key in run.spec}
    ended = {"status": run.status, "stopped": run.stopped or None, "epochs": run.epochs, "kept_epoch": run.kept}
    return {"run": run.path, **ended, "values": values, "figures": dict(run.figures)}


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
