"""Scales by rule: what makes a cost logarithmic, and how much an axis spans at least."""

import pytest
from matplotlib.figure import Figure

from nntrain.drawing.line_labels import leaves, spread
from nntrain.drawing.scales import logarithmic, set_cost_axis, set_log_ticks, set_share_axis


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([2.0, 0.01, 0.01], True),  # falls 200-fold
        ([2.0, 0.06, 0.06], True),  # and 33-fold
        ([2.0, 0.3, 0.2, 0.15, 0.12, 0.11], True),  # a linear axis would press the later half into the lowest fifth
        ([2.0, 1.5, 1.0], False),
        ([2.0, 0.0, 0.0], False),
        ([2.0, -1e-9, 1.0], False),
        ([5.0, 0.001], False),  # two points are no curve
        ([], False),
        ([float("nan"), 2.0, 0.01, 0.01], True),
    ],
)
def test_a_cost_is_logarithmic_where_a_linear_axis_would_hide_its_fall(values: list[float], wanted: bool) -> None:
    assert logarithmic(values) is wanted


def test_a_plateau_looks_flat() -> None:
    axes = Figure().add_subplot()
    set_cost_axis(axes, [1.0, 1.0 - 9e-9])
    low, high = axes.get_ylim()
    assert high - low == pytest.approx(0.25)
    assert low < 0.99 < 1.0 < high


def test_a_cost_that_ends_at_0_has_0_at_the_bottom() -> None:
    axes = Figure().add_subplot()
    set_cost_axis(axes, [1.0, 0.5, 0.0])
    assert -0.05 < axes.get_ylim()[0] < 0


@pytest.mark.parametrize(
    ("values", "limits"), [([0.5, 0.505], (-0.02, 1.02)), ([0.97, 0.995], (0.89, 1.0)), ([0.2, 0.9], (0.165, 0.935))]
)
def test_a_flat_score_has_the_axis_from_0_to_1(values: list[float], limits: tuple[float, float]) -> None:
    axes = Figure().add_subplot()
    set_share_axis(axes, values)
    assert axes.get_ylim() == pytest.approx(limits, abs=0.001)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.09, 2.0, ["0.1", "0.2", "0.5", "1", "2"]),
        (0.5, 3000.0, ["1", "10", "100", "1,000"]),
        (3.0, 4.5, ["3", "4"]),
        (1e-307, 1e-300, ["10⁻³⁰⁷", "10⁻³⁰⁵", "10⁻³⁰³", "10⁻³⁰¹"]),
    ],
)
def test_ticks_of_a_logarithmic_axis(low: float, high: float, ticks: list[str]) -> None:
    axis = Figure().add_subplot().yaxis
    axis.axes.set_yscale("log")
    set_log_ticks(axis, low, high)
    assert axis.get_major_formatter().format_ticks(axis.get_majorticklocs()) == ticks


def test_labels_are_moved_apart_and_each_as_little_as_possible() -> None:
    assert spread([0.5, 0.5], 0.2) == pytest.approx([0.4, 0.6])
    assert spread([0.1, 0.9], 0.2) == pytest.approx([0.1, 0.9])
    assert spread([0.9, 0.1, 0.1], 0.2, 0.0, 1.0) == pytest.approx([0.9, 0.0, 0.2])
    assert spread([1.0, 1.0, 1.0], 0.1, 0.0, 1.0) == pytest.approx([0.8, 0.9, 1.0])
    assert spread([], 0.1) == []


def test_a_line_leaves_where_it_crosses_the_ceiling() -> None:
    assert leaves([1, 2, 3], [1, 2, 10], 6, log=False) == pytest.approx((2.5, 6))
    assert leaves([1, 2, 3], [1, 10, 1000], 100, log=True) == pytest.approx((2.5, 100))
    assert leaves([1, 2], [5, 6], 3, log=False) == (1, 3)
    assert leaves([1, 2], [5, float("nan")], 6, log=True) == (1, 5)
