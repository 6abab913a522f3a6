"""What a sweep file may say, and that all its mistakes are told at once, each with its place."""

from pathlib import Path

import pytest

from nntrain.errors import SpecError
from nntrain.sweeps.expansion import expand
from nntrain.sweeps.request import Halving, Options, Tpe, request_of_options
from nntrain.sweeps.sweep_file import is_sweep, read_request


@pytest.fixture
def written(here):
    def write(text):
        (here / "sweep.yaml").write_text(text, encoding="utf-8")
        return read_request(Path("sweep.yaml"))

    return write


def test_a_file_says_what_options_say(written):
    of_file = written("base: tiny.yaml\nseeds: 2\nover:\n  optimizer.lr: log(0.01, 0.1, 3)\n")
    of_options = request_of_options(Path("tiny.yaml"), ["optimizer.lr={log: [0.01, 0.1, 3]}"], Options(seeds=2))
    plans = expand(of_file), expand(of_options)
    assert [point.id for point in plans[0].points] == [point.id for point in plans[1].points]
    assert len(plans[0].points) == 6
    assert is_sweep(Path("sweep.yaml"))
    assert not is_sweep(Path("tiny.yaml"))


def test_cases_come_after_the_grid(written):
    text = (
        "base: tiny.yaml\nset: {train.epochs: 2}\nseeds: [3, 5]\nover: {optimizer.lr: [0.1, 0.2]}\n"
        "cases:\n- {set: {optimizer.kind: sgd}, over: {optimizer.lr: [1.0, 2.0], optimizer.momentum: [0.5]}}\n"
    )
    plan = expand(written(text))
    assert [dict(setting.values) for setting in plan.settings] == [
        {"optimizer.lr": 0.1},
        {"optimizer.lr": 0.2},
        {"optimizer.kind": "sgd", "optimizer.lr": 1.0, "optimizer.momentum": 0.5},
        {"optimizer.kind": "sgd", "optimizer.lr": 2.0, "optimizer.momentum": 0.5},
    ]
    assert [point.seed for point in plan.points] == [3, 5] * 4
    assert {point.resolved["train"]["epochs"] for point in plan.points} == {2}
    assert plan.points[-1].resolved["optimizer"]["kind"] == "sgd"


def test_more_draws_keep_the_first_ones(written):
    text = "base: tiny.yaml\nmethod: random\nover: {optimizer.lr: 'log(1e-3, 1)'}\nrandom: {settings: 3, seed: 7}\n"
    few = expand(written(text))
    many = expand(written(text.replace("settings: 3", "settings: 6")))
    assert [point.id for point in many.points][:3] == [point.id for point in few.points]
    assert len({point.id for point in many.points}) == 6


def test_random_options_draw(here):
    request = request_of_options(Path("tiny.yaml"), ["optimizer.lr=log(1e-3, 1)"], Options(random=4))
    assert len(expand(request).points) == 4


def test_a_seed_that_would_be_lost_is_refused(written, plan):
    text = "base: tiny.yaml\nset: {seed: 1}\nover: {optimizer.lr: [0.1]}\ncases: [{set: {seed: 2}}]\n"
    with pytest.raises(SpecError) as caught:
        written(text)
    assert caught.value.problems == (
        "sweep.yaml:4:16: seed: cannot be set here: seeds are given by `seeds`",
        "sweep.yaml:2:7: seed: cannot be set here: seeds are given by `seeds`",
    )
    with pytest.raises(SpecError, match="--set seed: the seeds of this sweep are given by `seeds`"):
        plan(seeds=2, overrides=["seed=4"])
    assert [point.seed for point in plan("optimizer.lr=[0.1]", overrides=["seed=4"]).points] == [4]


def test_all_mistakes_are_told_at_once(written):
    text = """\
bse: x
over:
  optimizer.lr: 0.1
  seed: [1, 2]
  d: {foo: 1}
cases: [1, {foo: 1}, {set: {a: 1}, over: {a: [1]}}]
seeds: 0
method: gird
random: {settings: 0}
rank: 3
"""
    with pytest.raises(SpecError) as caught:
        written(text)
    examples = "expected a list such as [0.1, 0.01], log(1e-3, 1, 7) or linear(0, 0.5, 6)"
    keys = "(one of base, cases, halving, method, over, random, rank, seeds, set, tpe)"
    assert sorted(caught.value.problems) == sorted(
        [
            f"sweep.yaml:1:1: bse: no such key; did you mean 'base'? {keys}",
            "sweep.yaml: base: missing; name the spec that the runs have in common",
            f"sweep.yaml:3:3: optimizer.lr: one value only, got 0.1; {examples}",
            "sweep.yaml:4:3: seed: cannot vary here: seeds are given by `seeds`",
            "sweep.yaml:5:3: d: a mapping is no list of values; expected a list such as [0.1, 0.01], "
            "log(1e-3, 1, 7) or linear(0, 0.5, 6)",
            "sweep.yaml:6:9: cases.0: expected a mapping with `set` and `over`",
            "sweep.yaml:6:13: cases.1.foo: no such key; (one of over, set)",
            "sweep.yaml:6:43: a: set already; give all its values at once",
            "sweep.yaml:7:8: seeds: expected how many, or a list of different whole numbers, got 0",
            "sweep.yaml:8:1: method: unknown, got 'gird'; did you mean 'grid'? (one of grid, halving, random, tpe)",
            "sweep.yaml:9:9: random.settings: expected a whole number from 1 on, got 0",
            "sweep.yaml:9:1: random: is for `method: random`",
            "sweep.yaml:6:1: cases: not with `random`; use a sweep file each",
            "sweep.yaml:10:7: rank: expected text, got 3",
        ]
    )


@pytest.mark.parametrize(
    ("over", "more", "message"),
    [
        ([], {}, "nothing varies; give --over KEY=VALUES or --seeds N"),
        (["seed=[1, 2]"], {}, "--over seed: cannot vary here: seeds are given by `seeds`"),
        (["a=[1]", "a=[2]"], {}, "--over a: varies already; give all its values at once"),
        ([], {"seeds": 0}, "--seeds: must be from 1 to 10,000, got 0"),
        ([], {"seeds": 2, "random": 3}, "--random: nothing varies; give --over KEY=VALUES"),
        ([], {"seeds": 2, "tpe": 3}, "--tpe: nothing varies; give --over KEY=VALUES"),
        (["a=[1]"], {"halving": "5;9"}, "--halving: expected epochs, as in 5,15, got '5;9'"),
        (
            ["a=[1]"],
            {"halving": "5", "tpe": 3},
            "--halving, --tpe: settings are found in one way; leave one of them out",
        ),
    ],
)
def test_wrong_options(over, more, message):
    with pytest.raises(SpecError) as caught:
        request_of_options(Path("tiny.yaml"), over, Options(**more))
    assert str(caught.value) == message


def test_methods_of_a_file(written):
    base = "base: tiny.yaml\nover: {optimizer.lr: 'log(1e-3, 1, 5)'}\n"
    halving = written(f"{base}method: halving\nhalving: {{rungs: [1, 3]}}\n")
    assert (halving.method, halving.halving, halving.draws) == ("halving", Halving([1, 3], 3), None)
    drawn = written(f"{base}method: halving\nhalving: {{rungs: [2], factor: 2}}\nrandom: {{settings: 9}}\n")
    assert (drawn.halving, drawn.draws.settings) == (Halving([2], 2), 9)
    assert written(f"{base}method: tpe\ntpe: {{settings: 8, batch: 2}}\n").tpe == Tpe(8, 0, 2)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("method: tpe", "sweep.yaml:3:1: tpe: missing; e.g. tpe: {settings: 40, seed: 0, batch: 4}"),
        ("method: halving", "sweep.yaml:3:1: halving: missing; e.g. halving: {rungs: [5, 15], factor: 3}"),
        ("tpe: {settings: 3}", "sweep.yaml:3:1: tpe: is for `method: tpe`"),
        (
            "method: tpe\ntpe: {settings: 3, batch: 0}",
            "sweep.yaml:4:6: tpe.batch: expected a whole number from 1 on, got 0",
        ),
        ("method: tpe\ntpe: 3", "sweep.yaml:4:6: tpe: expected a mapping, e.g. {settings: 40, seed: 0, batch: 4}"),
        (
            "method: halving\nhalving: {rungs: 3}",
            "sweep.yaml:4:10: halving.rungs: expected epochs at which runs pause, e.g. [5, 15], got 3",
        ),
        (
            "method: halving\nhalving: {rungs: [3], factor: 1}",
            "sweep.yaml:4:10: halving.factor: expected a whole number from 2 on, got 1",
        ),
    ],
)
def test_wrong_methods(written, more, message):
    with pytest.raises(SpecError) as caught:
        written(f"base: tiny.yaml\nover: {{optimizer.lr: [0.1]}}\n{more}\n")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        ("3,2", "halving.rungs: expected ascending epochs from 1 on, got [3, 2]"),
        ("0", "halving.rungs: expected ascending epochs from 1 on, got [0]"),
        ("2,4", "halving.rungs: 4 is not before the end of all runs, at 4 epochs"),
    ],
)
def test_rungs_lie_within_all_runs(search, epochs, message):
    with pytest.raises(SpecError) as caught:
        search("optimizer.lr=[0.1, 0.2]", halving=epochs)
    assert str(caught.value) == message
