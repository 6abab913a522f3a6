"""Derivatives by differences, extrapolated to step 0 (Ridders 1982). Knows nothing of graphs."""

from collections.abc import Callable

import numpy as np

from nntrain.graph.operations import Array

FIRST = 0.05  # first step, relative to the size of the entry
LEAST = 0.1  # smaller entries count as this large
SHRINK = 4.0  # ratio of each step to the next
STEPS = 14
ROUNDING = 2 * float(np.finfo(np.float64).eps)


def slopes(f: Callable[[Array], float], value: Array, most: int) -> Array:
    """Return ∂f/∂value in the shape of ``value``: of at most ``most`` entries, nan for others and undefined ones."""
    gradient = np.full(value.shape, np.nan)
    chosen = np.unique(np.linspace(0, value.size - 1, min(most, value.size)).astype(np.int64))
    for entry in chosen:
        at = np.unravel_index(entry, value.shape)

        def along(step: float, at: tuple[np.integer, ...] = at) -> float:
            moved = value.copy()
            moved[at] += step
            return f(moved)

        gradient[at] = slope(along, FIRST * max(abs(float(value[at])), LEAST))
    return gradient


def slope(f: Callable[[float], float], step: float) -> float:
    """Return f′(0) by central differences, extrapolated over shrinking steps, where the result changes least."""
    best, least = np.nan, np.inf
    above: list[float] = []
    for _ in range(STEPS):
        right, left = f(step), f(-step)
        noise = ROUNDING * max(abs(right), abs(left)) / step
        row = [(right - left) / (2 * step)]
        for order, coarse in enumerate(above, start=1):
            row.append(row[-1] + (row[-1] - coarse) / (SHRINK ** (2 * order) - 1))
        for order in range(1, len(row)):
            change = max(abs(row[order] - row[order - 1]), abs(row[order] - above[order - 1]), noise)
            if change < least:
                best, least = row[order], change
        if least <= noise < np.inf:
            break  # smaller steps only add rounding errors
        above = row if np.isfinite(row[0]) else []
        step /= SHRINK
    return float(best)
