"""Halving and TPE: what comes next depends on results alone, and a pause changes no bit."""

import csv
import io
import json
import math
from contextlib import suppress

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import InterruptedRun
from nntrain.sweeps.executor import LocalExecutor
from nntrain.sweeps.folder import SweepFolder

OVER = ("optimizer.lr=log(1e-3, 1e30, 6)",)  # the largest diverge
LONG = ["train.epochs=20", "checkpoint.every_epochs=4", "optimizer={kind: sgd, lr: 0.1}"]


@pytest.fixture(params=["halving", "tpe"])
def make(request, search):
    """Return a function that makes the same search anew."""
    if request.param == "tpe":
        pytest.importorskip("optuna", reason="no Optuna: pip install 'nntrain[hpo]'")
    options = {"halving": {"halving": "3,8"}, "tpe": {"tpe": 6}}[request.param]
    return lambda: search(*OVER, seeds=2, overrides=LONG, **options)


def test_results_depend_neither_on_jobs_nor_on_interruptions(make, coordinate, here, trained_once):
    tables = []
    for jobs in (1, 2, 4):
        with LocalExecutor(jobs) as executor:
            events, files = coordinate(make(), executor, f"jobs{jobs}")
            tables.append(files)
            assert events
            assert coordinate(make(), executor, f"jobs{jobs}") == ([], files)
    files, rounds = None, 0
    while files is None and rounds < 20:
        seen = []
        rounds += 1
        with LocalExecutor(2) as executor, suppress(InterruptedRun):
            interrupted = lambda seen=seen: len(seen) > 3  # noqa: E731
            _, files = coordinate(make(), executor, "halted", interrupted=interrupted, each=seen.append)
    assert rounds >= 3
    assert tables[1:] == [tables[0]] * 2
    assert files == tables[0]


def test_the_best_settings_go_on_and_have_the_bits_of_runs_that_never_paused(search, coordinate, here):
    over = "optimizer.lr=[0.001, 0.1, 0.3, 0.01, 1e30]"
    found = search(over, seeds=2, halving="3", overrides=LONG)
    with LocalExecutor(2) as executor:
        events, files = coordinate(found, executor, "halved")
        _, whole = coordinate(search(over, seeds=2, overrides=LONG), executor, "whole")
    settings = list(csv.DictReader(io.StringIO(files["settings.csv"])))
    assert [row["paused_at"] for row in settings] == ["", "", "3", "3", ""]  # two of five go on
    assert [row["diverged"] for row in settings] == ["0", "0", "0", "0", "2"]
    assert [event.outcome.status for event in events].count("paused") == 8
    every = {row["run"]: row for row in csv.DictReader(io.StringIO(whole["runs.csv"]))}
    ends = 0
    for row in csv.DictReader(io.StringIO(files["runs.csv"])):
        paths = [here / name / "runs" / row["run"] for name in ("halved", "whole")]
        records = [RunDir(path).read_metrics() for path in paths]
        if row["status"] == "paused":
            assert (row["epochs"], len(records[0])) == ("3", 3)
            assert float(row["validation.accuracy"]) == records[1][2]["validation"]["accuracy"]
        else:
            assert row == every[row["run"]]
            ends += row["status"] == "done"
            for kind in range(2):
                for record in records[kind]:
                    record.pop("seconds"), record.pop("examples_per_second")
            assert records[0] == records[1]
            newest = [RunDir(path).latest() for path in paths]
            if row["status"] == "done":
                one, other = (item.checkpoint.tensors for item in newest)
                assert {name: value.tobytes() for name, value in one.items()} == {
                    name: value.tobytes() for name, value in other.items()
                }
    assert ends == 4


def test_those_that_go_on_are_the_best_at_the_rung(search, coordinate, here):
    found = search("optimizer.lr=[0.001, 0.1, 0.3, 0.01]", halving="2,6", rank="validation.cost", overrides=LONG)
    with LocalExecutor(2) as executor:
        coordinate(found, executor, "halved")
    costs = {}
    for point in found.plan.points:
        records = RunDir(here / "halved" / "runs" / point.id).read_metrics()
        costs[point.id] = {record["epoch"]: record["validation"]["cost"] for record in records}
    least = sorted(costs, key=lambda point: costs[point][2])
    assert {point for point in costs if max(costs[point]) > 2} == set(least[:2])
    better = min(least[:2], key=lambda point: costs[point][6])
    assert {point for point in costs if max(costs[point]) == 20} == {better}


def test_a_failed_run_ends_an_adaptive_sweep_until_it_is_mended(search, coordinate, here):
    make = lambda: search("optimizer.lr=[0.1, 0.2, 0.3]", halving="1")  # noqa: E731
    strange = here / "sweep" / "runs" / make().plan.points[0].id
    with SweepFolder(here / "sweep").lock() as folder:
        folder.write("sweep.yaml", "")
    strange.mkdir()
    (strange / "novel.txt").write_text("mine", encoding="utf-8")
    with LocalExecutor(2) as executor:
        events, _ = coordinate(make(), executor)
        assert sorted(type(event).__name__ for event in events) == ["Failed", "Finished", "Finished"]
        (strange / "novel.txt").unlink()
        events, _ = coordinate(make(), executor)
        assert [event.outcome.status for event in events] == ["paused", "done"]


def test_tpe_proposes_what_results_say(search, coordinate, here):
    pytest.importorskip("optuna", reason="no Optuna: pip install 'nntrain[hpo]'")
    over = ("optimizer.lr=log(1e-5, 1)", "train.batch_size=log(4, 30)", "model.activation=[relu, tanh]")
    found = search(*over, tpe=26, rank="validation.cost")
    with LocalExecutor(2) as executor:
        coordinate(found, executor)
    values = [setting.values for setting in found.plan.settings]
    assert len(values) == 26
    assert all(type(value["train.batch_size"]) is int for value in values)
    rates = [math.log10(value["optimizer.lr"]) for value in values]
    assert sum(rates[14:]) / 12 > sum(rates[:10]) / 10 + 0.5  # what is proposed is larger than what is drawn


def test_without_optuna_the_extra_is_named(nntrain, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    assert nntrain("sweep", "tiny.yaml", "--over", "optimizer.lr=log(1e-3, 1)", "--tpe", "5") == (
        9,
        "",
        "error: method tpe needs Optuna: pip install 'nntrain[hpo]'\n",
    )


def test_the_command_shows_rungs(nntrain, here):
    command = (
        "sweep",
        "tiny.yaml",
        "--over",
        "optimizer.lr=[0.001, 0.05, 0.2, 0.4]",
        "--seeds",
        "2",
        "--halving",
        "1,2",
    )
    status, out, err = nntrain(*command, "--jobs", "1")
    assert status == 0, err
    lines = err.splitlines()
    assert lines[1] == " halving   runs pause at epoch 1 and 2; the best settings go on"
    assert lines[3].startswith("1/14 lr=0.001 seed=0 ")
    assert lines[3].endswith(" at epoch 1")
    assert lines[-1].startswith("14/14 ")
    assert [line.split()[-1] for line in out.splitlines()[3:7]] == ["–", "2", "1", "1"]
    assert max(map(len, out.splitlines())) <= 80
    assert nntrain(*command)[1] == out
    status, _, err = nntrain(*command, "--commands")
    assert (status, err) == (
        2,
        "error: --commands: with halving later runs depend on results; leave it out, to train here\n",
    )
    status, out, _ = nntrain(*command, "--json")
    plan, *_, end = (json.loads(line) for line in out.splitlines())
    assert (plan["event"], plan["rungs"], end["event"]) == ("plan", [1, 2], "end")
