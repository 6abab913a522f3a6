"""The result of a run: the figures of the kept weights, where its files are, and what to do next."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nntrain.cli.output.figures import count, duration, figure, per_second
from nntrain.cli.output.terminal import facts, plain, show, table

if TYPE_CHECKING:
    from rich.table import Table

PARTS = ("train", "validation", "test")


def show_outcome(summary: Mapping[str, Any], run: Path) -> None:
    """Write the result table of a summary to stdout."""
    show(_figures(summary))
    facts(outcome(summary, run))


def _figures(summary: Mapping[str, Any]) -> "Table":
    parts = {name: summary[name] for name in PARTS if summary.get(name)}
    names = [name for name, value in next(iter(parts.values())).items() if isinstance(value, float)]
    rows = table("", *(f">{name}" for name in names), ">examples")
    for part, figures in parts.items():
        rows.add_row(part, *(figure(figures.get(name)) for name in names), count(figures["n"]))
    return rows


def outcome(summary: Mapping[str, Any], run: Path) -> list[tuple[str, str]]:
    """Return (label, text) of each line under the table."""
    pictures = [run / name for name in ("curves.png", "curves.csv") if (run / name).exists()]
    speed = summary.get("examples_per_second")
    time = f"{duration(summary['seconds'])} of training" + (f", {per_second(speed, 'examples')}" if speed else "")
    lines = [("kept", _kept(summary)), ("stopped", _stopped(summary)), *_optimum(summary), ("time", time)]
    lines += [("curves", plain(str(path))) for path in pictures[:1]]
    lines += [("checkpoint", plain(str(run / summary["checkpoint"])))]
    return [*lines, ("next", f"nntrain eval {plain(str(run))}")]


def _kept(summary: Mapping[str, Any]) -> str:
    best = summary["best"]
    if best:
        return f"epoch {best['epoch']}, the best {best['monitor']}: {figure(best['value'])}"
    return f"epoch {summary['epoch']}" + (", the last" if summary["epoch"] == summary["epochs"] else "")


def _optimum(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how near to its optimum the cost is, where that was measured."""
    found = summary.get("optimum")
    if not found:
        return []
    gap = found["duality_gap"]
    bound = "" if gap is None else f"; the cost is at most {gap:.2g} above the least"
    return [("optimum", f"‖∇J‖ = {found['gradient_norm']:.2g}{bound}")]


def _stopped(summary: Mapping[str, Any]) -> str:
    return f"{summary['stopped']}; epoch {summary['epochs']}, step {count(summary['steps'])}"
