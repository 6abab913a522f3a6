"""Results as they are shown and kept: one sheet a thread count, as a Markdown table and as JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.measure import Row, Timing


@dataclass(slots=True)
class Sheet:
    """What one process measured with one number of threads."""

    threads: int
    pinned: bool
    repeats: int
    machine: str
    versions: dict[str, str]
    kernels: list[str] = field(default_factory=list)
    not_available: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Sheet":
        """Read back what ``dataclasses.asdict`` made."""
        rows = [
            Row(row["workload"], {name: Timing(**t) for name, t in row["timings"].items()}, row["left_out"])
            for row in values["rows"]
        ]
        return cls(**{**values, "rows": rows})


def to_json(sheets: Sequence[Sheet], reference: str) -> str:
    """Everything that was measured, with the medians and the ratios of the table."""
    return json.dumps([_with_ratios(sheet, reference) for sheet in sheets], indent=2, ensure_ascii=False) + "\n"


def _with_ratios(sheet: Sheet, reference: str) -> dict[str, Any]:
    values = dataclasses.asdict(sheet)
    for row, kept in zip(sheet.rows, values["rows"], strict=True):
        base = row.timings.get(reference)
        for name, timing in row.timings.items():
            figures = {"microseconds": timing.microseconds, "ratio": timing.ratio(base) if base else None}
            kept["timings"][name] |= figures
    return {"reference": reference, **values}


def to_markdown(sheets: Sequence[Sheet], reference: str, titles: Mapping[str, str]) -> str:
    """The sheets one below the other. A cell is peer time / reference time: above 1 the reference is faster."""
    return "\n\n".join(_sheet(sheet, reference, titles) for sheet in sheets) + "\n"


def _sheet(sheet: Sheet, reference: str, titles: Mapping[str, str]) -> str:
    peers = [name for name in titles if any(name in row.timings for row in sheet.rows) and name != reference]
    head = ["workload (batch)", f"{titles[reference]}, µs a step", *(titles[name] for name in peers)]
    lines = [_line(head), _line(["---", *["---:"] * (len(head) - 1)])]
    cells = ([row.workload, _time(row, reference), *(_ratio(row, n, reference) for n in peers)] for row in sheet.rows)
    lines += map(_line, cells)
    lines += ["", *_notes(sheet, [reference, *peers], titles)]
    return "\n".join([f"### {_threads(sheet)}", "", *lines])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _time(row: Row, name: str) -> str:
    if name not in row.timings:
        return "—"
    time = row.timings[name].microseconds
    return f"{time:.1f}" if time < 100 else f"{time:.0f}"


def _ratio(row: Row, name: str, reference: str) -> str:
    if name not in row.timings:
        return "—"
    if reference not in row.timings:
        return f"({_time(row, name)} µs)"
    return f"{row.timings[name].ratio(row.timings[reference]):.2f}"


def _threads(sheet: Sheet) -> str:
    pinned = f"pinned to {sheet.threads} core{'s' * (sheet.threads > 1)}" if sheet.pinned else "not pinned"
    return f"{sheet.threads} thread{'s' * (sheet.threads > 1)}, {pinned}"


def _notes(sheet: Sheet, shown: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    """What the table was measured on, how many cores were busy, how much repeats differ, and who is missing."""
    of = {titles[name]: [row.timings[name] for row in sheet.rows if name in row.timings] for name in shown}
    busy = (
        f"{name} {median(cores for t in timings for cores in t.cores):.1f}" for name, timings in of.items() if timings
    )
    spread = (f"{name} {median(t.spread for t in timings):.0%}" for name, timings in of.items() if timings)
    notes = [
        f"Cells: time / time of {titles[shown[0]]}, paired, median of {sheet.repeats} interleaved repeats.",
        f"Machine: {sheet.machine}; " + ", ".join(f"{name} {number}" for name, number in sheet.versions.items()) + ".",
        f"Thread pools: {'; '.join(sheet.kernels)}.",
        f"Cores busy: {', '.join(busy)}.",
        f"Repeats differ by (half the interquartile range): {', '.join(spread)}.",
        *(f"Left out: {titles[name]}: {reason}." for name, reason in sheet.not_available.items()),
    ]
    left_out = ((row.workload, name, reason) for row in sheet.rows for name, reason in row.left_out.items())
    notes += [f"Left out of {workload}: {titles[name]}: {reason}." for workload, name, reason in left_out]
    return [f"* {note}" for note in notes]
