"""Metrics records as columns, as CSV, and as single figures. Knows no names of metrics.

A record nests figures by part: ``{"epoch": 1, "train": {"cost": 0.5}}``. The name of a column joins the keys:
``train.cost``.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

Record: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = float | int | None  # None: not finite, or not measured in this record


def flatten(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ("train.cost", 0.5), … in the record's order."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def columns(records: Iterable[Record]) -> dict[str, list[Cell]]:
    """Return each figure as a column with one cell a record; columns are in the order of their first appearance."""
    table: dict[str, list[Cell]] = {}
    count = 0
    for record in records:
        for name, value in flatten(record):
            column = table.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(_number(value))
        count += 1
    for column in table.values():
        column.extend([None] * (count - len(column)))
    return table


def to_csv(records: Iterable[Record]) -> str:
    """Return the columns as CSV: a header, then a line a record; an empty cell where there is no finite number."""
    table = columns(records)
    lines = [",".join(table)]
    lines.extend(
        ",".join("" if cell is None else repr(cell) for cell in row) for row in zip(*table.values(), strict=True)
    )
    return "\n".join(lines) + "\n"


def series(records: Iterable[Record], name: str) -> tuple[list[float], list[float]]:
    """Return (epochs, values) of one figure: without epochs that did not measure it, NaN where it was not finite."""
    epochs: list[float] = []
    values: list[float] = []
    for number, record in enumerate(records, start=1):
        figures = dict(flatten(record))
        if name in figures:
            value, epoch = _number(figures[name]), _number(figures.get("epoch", number))
            epochs.append(number if epoch is None else epoch)
            values.append(math.nan if value is None else value)
    return epochs, values


def best(records: Sequence[Record], name: str, mode: Literal["min", "max"] = "min") -> Record | None:
    """Return the record with the best finite value of a figure, the earliest of equals; None when there is none."""
    sign = 1 if mode == "min" else -1
    rated = [(sign * value, record) for record in records if (value := figure(record, name)) is not None]
    return min(rated, key=lambda pair: pair[0])[1] if rated else None


def figure(record: Record, name: str) -> float | None:
    """Return one finite figure of a record by its dotted name, else None."""
    return _number(dict(flatten(record)).get(name))


def _number(value: Any) -> Cell:
    """Return a finite number as int or float, else None; True and False are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = value.item() if hasattr(value, "item") else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return float(value) if isinstance(value, float) and math.isfinite(value) else None
