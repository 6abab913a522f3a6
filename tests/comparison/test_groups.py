"""Groups of runs that differ in their seed alone: means, paired tests, and what is told of them."""

import json

import pytest

from nntrain.comparison.groups import RunGroup, groups_of
from nntrain.comparison.run_record import read_run
from nntrain.core.student import Sample


@pytest.fixture
def four(fit):
    """Return runs of two rates with two seeds each, in an order that mixes them."""
    names = [("a0", 0.1, 0), ("b0", 0.2, 0), ("b1", 0.2, 1), ("a1", 0.1, 1)]
    return [fit(name, f"optimizer.lr={rate}", f"seed={seed}") for name, rate, seed in names]


def test_runs_are_grouped_by_everything_but_the_seed(four):
    groups = groups_of([read_run(path) for path in four])
    assert [[run.name for run in group.runs] for group in groups] == [["a0", "a1"], ["b0", "b1"]]
    assert [group.seeds for group in groups] == [[0, 1], [0, 1]]


def test_runs_without_seeds_are_no_groups(four, fit):
    read = [read_run(path) for path in four]
    assert groups_of(read[:2]) is None  # no two of one spec
    assert groups_of([read[0], read[3]]) is None  # one spec: there is nothing to hold it against
    assert groups_of([*read, read_run(fit("again", "seed=0"))]) is None  # twice the same seed


def test_differences_are_taken_seed_by_seed(four):
    records = [read_run(path) for path in four]
    first, second = groups_of(records)
    own = {run.name: run.figures["validation.cost"] for run in records}
    found = second.difference(first, "validation.cost")
    assert found == Sample.of([own["b0"] - own["a0"], own["b1"] - own["a1"]])
    alone = RunGroup(second.runs[:1])
    assert alone.difference(first, "validation.cost").n == 1


def test_what_the_command_shows(four, nntrain):
    status, out, err = nntrain("compare", *four)
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["lr=0.1", "lr=0.2"]
    assert lines[2] == ["optimizer.lr", "0.1", "0.2"]
    assert lines[3] == ["seeds", "0,", "1", "0,", "1"]
    assert max(map(len, out.splitlines())) <= 80
    assert lines[-3][:2] in (["difference", "validation.accuracy"], ["paired", "t"])
    status, out, _ = nntrain("compare", *four, "--json")
    found = json.loads(out)
    assert [group["settings"] for group in found["groups"]] == [{"optimizer.lr": 0.1}, {"optimizer.lr": 0.2}]
    (against,) = found["against"]
    assert against["validation.cost"].keys() == {"n", "mean", "sd", "half", "p", "seeds_needed"}


def test_seeds_that_would_show_a_difference_are_told(monkeypatch):
    from nntrain.cli.output.group_view import _difference

    found = Sample.of([0.012, -0.004, 0.007])  # mean 0.005, s² = 6.7e-5: 0.611 deviations
    assert _difference(found, "validation.accuracy") == [
        ("difference", "validation.accuracy +0.0050 ± 0.0203 over 3 seeds that both have"),
        ("paired t", "p = 0.4: not told apart by these seeds"),
        ("seeds", "about 24 seeds would show 0.5 points (80 % power)"),
    ]
    assert _difference(Sample.of([1.0]), "validation.cost") == [
        ("difference", "validation.cost: one seed in both groups; a test needs two")
    ]
    assert [what for what, _ in _difference(Sample.of([0.5, 0.50001, 0.50002]), "validation.rmse")] == [
        "difference",
        "paired t",
    ]
