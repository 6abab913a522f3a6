"""The values that a key takes."""

import pytest

from nntrain.core.rng import Stream, generator
from nntrain.errors import SpecError
from nntrain.spec.tree import plain
from nntrain.sweeps.axis import parse_axis


def values(text):
    return [plain(node) for node in parse_axis(text).values()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=[0.1, 1e-2]", [0.1, 0.01]),
        ("a=[[32], [64, 32]]", [[32], [64, 32]]),
        ("a=[sgd, {kind: adam, lr: 0.1}]", ["sgd", {"kind": "adam", "lr": 0.1}]),
        ("a=log(1e-3, 1.0, 7)", [0.001, 0.003162, 0.01, 0.03162, 0.1, 0.3162, 1.0]),
        ("a= LOG", None),
        ("a={log: [1e-4, 1e-2, 3]}", [0.0001, 0.001, 0.01]),
        ("a=linear(0, 0.5, 6)", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        ("a=log(16, 256, 5)", [16, 32, 64, 128, 256]),
    ],
)
def test_values(text, expected):
    if expected is None:
        with pytest.raises(SpecError, match="one value only"):
            values(text)
        return
    assert values(text) == expected
    assert [type(value) for value in values(text)] == [type(value) for value in expected]


def test_a_finer_grid_meets_a_coarser_one():
    assert set(values("a=log(1e-3, 1.0, 4)")) < set(values("a=log(1e-3, 1.0, 7)")) < set(values("a=log(1e-3, 1.0, 13)"))


EXAMPLES = "a list such as [0.1, 0.01], log(1e-3, 1, 7) or linear(0, 0.5, 6)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr", "--over lr: expected key=values, e.g. optimizer.lr='log(1e-3, 1, 7)'"),
        ("=1", "--over =1: expected key=values, e.g. optimizer.lr='log(1e-3, 1, 7)'"),
        ("lr=0.1", f"--over lr: one value only, got 0.1; expected {EXAMPLES}"),
        ("lr=[]", f"--over lr: no values, got []; expected {EXAMPLES}"),
        ("lr={a: 1}", f"--over lr: a mapping is no list of values; expected {EXAMPLES}"),
        ("lr=log(1, 2, 3, 4)", "--over lr: log: expected low, high and a number of values, as in (1e-3, 1, 7)"),
        ("lr=log(0, 1, 3)", "--over lr: log: both ends must be above 0, got 0"),
        ("lr=log(1, 0.1, 3)", "--over lr: log: the low end comes first, got 1, 0.1"),
        ("lr=log(a, 1, 3)", "--over lr: log: the ends must be finite numbers, got 'a'"),
        ("lr=log(true, 2, 3)", "--over lr: log: the ends must be finite numbers, got True"),
        ("lr=log(.inf, 2, 3)", "--over lr: log: the ends must be finite numbers, got inf"),
        (
            "lr=linear(0, 1, 1)",
            "--over lr: linear: the number of values must be a whole number from 2 to 100,000, got 1",
        ),
        (
            "lr=linear(0, 1, 2.5)",
            "--over lr: linear: the number of values must be a whole number from 2 to 100,000, got 2.5",
        ),
        ("lr=log(1, 2)", "--over lr: a grid needs a number of values, as in log(1, 2, 7)"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text, message):
    with pytest.raises(SpecError) as caught:
        parse_axis(text).values()
    assert str(caught.value) == message


def test_ranges_of_counts_have_whole_numbers(plan):
    found = plan("train.batch_size=log(4, 32, 5)", "penalty.l2=linear(0, 2, 5)")
    assert sorted({point.resolved["train"]["batch_size"] for point in found.points}) == [4, 7, 11, 19, 32]
    assert sorted({point.resolved["penalty"]["l2"] for point in found.points}) == [0, 0.5, 1, 1.5, 2]


def test_draws_stay_in_their_range_and_depend_on_the_generator_alone():
    axis = parse_axis("lr=log(1e-4, 1e-1)")
    drawn = [axis.draw(generator(0, Stream.SWEEP, index)).value for index in range(200)]
    assert all(1e-4 <= value <= 1e-1 for value in drawn)
    assert 60 <= sum(value < 10**-2.5 for value in drawn) <= 140  # half of them by logarithm
    assert drawn[:5] == [axis.draw(generator(0, Stream.SWEEP, index)).value for index in range(5)]
