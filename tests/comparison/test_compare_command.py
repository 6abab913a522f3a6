"""``nntrain compare``: which key parts two runs and when, what they share, and which decisions flipped."""

import json
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir


def against(nntrain, *runs):
    status, out, err = nntrain("compare", *runs, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)["against"]


def test_runs_that_differ_in_nothing_are_the_same_bits(nntrain, fit):
    runs = fit("one"), fit("two"), fit("three")
    assert nntrain("compare", *runs) == (
        0,
        "the same bits: 3 of 3 runs, 4 epochs, every figure and every weight\n",
        "",
    )
    assert [one["same_bits"] for one in against(nntrain, *runs)] == [True, True]


def test_one_key_is_named_with_the_epoch(nntrain, fit):
    runs = fit("one"), fit("two", "optimizer.lr=0.2")
    (found,) = against(nntrain, *runs)
    assert found["settings"] == {"optimizer.lr": [0.1, 0.2]}
    assert (found["same_bits"], found["same_data"], found["environment"]) == (False, True, [])
    records = [RunDir(run).read_metrics()[0]["train"]["cost"] for run in runs]
    assert found["parting"] == {
        "epoch": 1,
        "figure": "train.cost",
        "values": records,
        "causes": ["optimizer.lr"],
    }
    out = nntrain("compare", *runs)[1].splitlines()
    assert out[0].split() == ["one", "two"]
    assert out[2].split() == ["optimizer.lr", "0.1", "0.2"]
    assert out[3].split() == ["data", "the", "same"]
    line = next(line for line in out if line.startswith(" parts"))
    assert line.split(maxsplit=1)[1] == (f"in epoch 1 (train.cost {records[0]:.4f}, {records[1]:.4f}), by optimizer.lr")


def test_a_key_that_acts_later_parts_later(nntrain, fit):
    steps = "schedule={kind: step, every: 2, gamma: 0.5}"
    found = against(nntrain, fit("one"), fit("two", steps))[0]
    assert found["parting"]["epoch"] > 1
    assert found["parting"]["causes"] == ["schedule.kind"]


def test_several_keys_stand_in_the_order_of_use(nntrain, fit):
    runs = fit("one"), fit("two", "optimizer.lr=0.2", "data.scale=standard", "model.hidden=[5]")
    assert against(nntrain, *runs)[0]["parting"]["causes"] == ["data.scale", "model.hidden", "optimizer.lr"]
    assert ", by data.scale first; model.hidden, optimizer.lr come later" in nntrain("compare", *runs)[1]


def test_a_run_that_ends_sooner_parts_there(nntrain, fit):
    found = against(nntrain, fit("one"), fit("two", "train.epochs=6"))[0]
    assert (found["parting"]["epoch"], found["parting"]["figure"]) == (5, "epochs")
    assert found["parting"]["values"] == [4, 6]


def test_decisions_are_those_of_predict(nntrain, fit):
    runs = fit("one", "optimizer.lr=0.001"), fit("two")
    decided = []
    for index, run in enumerate(runs):
        assert nntrain("eval", run, "-o", f"eval{index}")[0] == 0
        rows = (Path(f"eval{index}") / "predictions.csv").read_text(encoding="utf-8").splitlines()[1:]
        decided.append([row.split(",")[1:3] for row in rows])
    pairs = list(zip(*decided, strict=True))
    flips = against(nntrain, *runs)[0]["flips"]
    assert flips["n"] == len(pairs) == 18
    assert flips["different"] == sum(a[1] != b[1] for a, b in pairs) > 0
    assert flips["only_second"] == sum(a[0] != a[1] and b[0] == b[1] for a, b in pairs)
    assert flips["only_first"] == sum(a[0] == a[1] and b[0] != b[1] for a, b in pairs)


def test_other_examples_are_not_paired(nntrain, fit):
    found = against(nntrain, fit("one"), fit("two", "seed=1"))[0]
    assert found["flips"] is None
    assert found["settings"] == {"seed": [0, 1]}


def test_a_diverged_run_is_compared_as_far_as_it_went(nntrain, fit):
    runs = fit("one"), fit("wild", "optimizer.lr=1e30", status=4)
    assert against(nntrain, *runs)[0]["flips"] is None
    lines = [line.split() for line in nntrain("compare", *runs)[1].splitlines()]
    assert ["ended", "done", "diverged"] in lines


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("one",), 2, "error: RUN: name two runs or more to compare"),
        (("nowhere", "one"), 5, "error: nowhere: no such run directory"),
        ((".", "one"), 5, "error: .: not a run directory: there is no run.json to read"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(nntrain, fit, arguments, status, message):
    fit("one")
    names = [Path("runs") / "one" if name == "one" else name for name in arguments]
    assert nntrain("compare", *names) == (status, "", f"{message}\n")


def test_figures_that_part_late_have_the_digits_that_tell_them_apart():
    from nntrain.cli.commands.compare import _apart

    assert _apart(1.1187511860424082, 1.1187511779640362) == ("1.11875119", "1.11875118")
    assert _apart(0.1 + 0.2, 0.3) == ("0.30000000000000004", "0.3")
    assert _apart(None, 0.5) == ("None", "0.5")
