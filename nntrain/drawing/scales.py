"""Scales of axes by rule: logarithmic or not, how much they span at least, and which ticks they have.

A plateau is to look flat, and a fall is to be seen. Knows nothing of lines and of what is measured.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nntrain.drawing.captions import tick

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

FALL = 30.0  # a positive cost whose largest value is so many times its least one is drawn on a logarithmic scale
LEAST = 0.25  # a linear axis spans at least this share of the largest value
FLAT = 0.02  # a score that spans less gets the axis from 0 to 1
STEPS = (1, 2, 2.5, 5, 10)


def logarithmic(values: Sequence[float]) -> bool:
    """Whether a cost needs a logarithmic axis: a linear one would press its later half into the lowest fifth."""
    good = [v for v in values if math.isfinite(v)]
    if len(good) < 3 or min(good) <= 0:
        return False
    late = sorted(good[len(good) // 2 :])
    return late[len(late) // 2] < max(good) / 5 or max(good) / FALL >= min(good)


def set_cost_axis(axes: "Axes", values: Sequence[float], *, log: bool | None = None, least: float = LEAST) -> None:
    """Scale a cost: logarithmic by rule; a linear axis spans at least ``least`` of its size, so a plateau is flat."""
    good = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(good), max(good)
    if logarithmic(values) if log is None else log:
        low_power, high_power = math.log10(low), math.log10(high)
        half = max(high_power - low_power, math.log10(4)) / 2
        pad = 0.12 * max(half, 0.5)
        middle = (low_power + high_power) / 2
        axes.set_yscale("log")
        axes.set_ylim(10 ** max(middle - half - pad, -307), 10 ** min(middle + half + pad, 307))
        set_log_ticks(axes.yaxis, *axes.get_ylim())
        return
    span = max((high - low) * 1.12, least * max(abs(high), abs(low)), 1e-12)
    bottom = (low + high - span) / 2
    bottom = -0.03 * span if bottom < 0 <= low else bottom
    axes.set_ylim(bottom, bottom + span)
    set_plain_ticks(axes.yaxis)


def set_share_axis(axes: "Axes", values: Sequence[float]) -> None:
    """Scale a score between 0 and 1: all of it when the curve is flat, else at least a tenth of it."""
    good = [v for v in values if math.isfinite(v)] or [0.0, 1.0]
    low, high = min(good), max(good)
    if high - low < FLAT:
        low, high = 0.0, 1.0
    low = min(low, high - 0.1)
    pad = 0.05 * (high - low)
    axes.set_ylim(max(low - pad, -0.02), min(high + pad, 1.02))
    set_plain_ticks(axes.yaxis)


def set_log_ticks(axis: "Axis", low: float, high: float) -> None:
    """Label powers of ten; with fewer than three of them also 2 and 5 times."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    first, last = math.floor(math.log10(low)), min(math.ceil(math.log10(high)), 307)

    def inside(steps: Sequence[float]) -> list[float]:
        return [s * 10.0**e for e in range(first, last + 1) for s in steps if low <= s * 10.0**e <= high]

    powers = inside((1,))
    chosen = powers[:: max(1, math.ceil(len(powers) / 6))] if len(powers) >= 3 else inside((1, 2, 5))
    if len(chosen) < 2:
        chosen = inside((1, 1.5, 2, 3, 4, 5, 6, 8))
    axis.set_major_locator(FixedLocator(chosen))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def set_plain_ticks(axis: "Axis", n: int = 5, *, whole: bool = False) -> None:
    """Label round numbers, grouped, without an offset; ``whole`` for epochs and steps."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=n, steps=[1, 2, 5, 10] if whole else list(STEPS), integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(float(f"{value:.12g}"))))
