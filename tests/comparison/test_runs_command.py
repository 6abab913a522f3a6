"""``nntrain runs``: the table, what is chosen and sorted, and the best."""

import csv
import io
import json

import pytest


@pytest.fixture
def three(fit):
    """Three runs, of which one diverged."""
    fit("slow", "optimizer.lr=0.001")
    fit("quick", "optimizer.lr=0.1")
    fit("wild", "optimizer.lr=1e30", status=4)


def test_the_table_has_the_keys_that_differ(nntrain, three):
    status, out, err = nntrain("runs")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["run", "validation.accuracy", "test.accuracy", "ended", "lr"]
    assert [line.split()[0] for line in lines[2:5]] == ["★", "slow", "!"]
    assert lines[2].split()[1] == "quick"
    assert lines[4].split() == ["!", "wild", "–", "–", "diverged", "1e+30"]
    assert lines[5:] == [
        "3 runs; a key without a column is the same in all runs that have it",
        "★ best by validation.accuracy",
    ]


def test_conditions_and_order(nntrain, three):
    def names(*options):
        status, out, err = nntrain("runs", *options, "--json")
        assert (status, err) == (0, "")
        return [run["run"].removeprefix("runs/") for run in json.loads(out)["runs"]]

    assert names("--where", "optimizer.lr < 0.05") == ["slow"]
    assert names("--where", "optimizer.lr >= 0.1", "--where", "status = done") == ["quick"]
    assert names("--where", "status != done") == ["wild"]
    assert names("--where", "model.hidden == [4]", "--sort", "optimizer.lr") == ["slow", "quick", "wild"]
    assert names("--sort", "-optimizer.lr") == ["wild", "quick", "slow"]
    assert names("--where", "validation.cost > 0") == ["quick", "slow"]


def test_a_key_of_another_kind_has_no_column(nntrain, fit):
    fit("sgd")
    fit("adam", "optimizer=adam", "optimizer.lr=0.1")
    assert nntrain("runs")[1].splitlines()[0].split()[-1] == "kind"


def test_tables_for_other_programs(nntrain, three):
    rows = list(csv.DictReader(io.StringIO(nntrain("runs", "--csv")[1])))
    assert [(row["run"], row["status"], row["optimizer.lr"]) for row in rows] == [
        ("runs/quick", "done", "0.1"),
        ("runs/slow", "done", "0.001"),
        ("runs/wild", "diverged", "1e+30"),
    ]
    assert float(rows[0]["validation.accuracy"]) > float(rows[1]["validation.accuracy"])
    assert rows[2]["validation.accuracy"] == ""
    lines = nntrain("runs", "--md")[1].splitlines()
    assert lines[0].startswith("| run | status | optimizer.lr | epochs | kept_epoch | train.n |")
    assert len(lines) == 5
    assert len({line.count("|") for line in lines}) == 1


def test_the_best_is_a_path(nntrain, three):
    assert nntrain("runs", "best", "--by", "validation.accuracy")[:2] == (0, "runs/quick\n")
    assert nntrain("runs", "best", "runs", "--by", "validation.cost", "--where", "optimizer.lr<0.1")[1] == "runs/slow\n"


def test_a_damaged_run_is_shown_as_such(nntrain, three, here):
    (here / "runs" / "slow" / "run.json").write_text("{", encoding="utf-8")
    rows = [line.split() for line in nntrain("runs")[1].splitlines()]
    assert ["slow", "–", "–", "unreadable"] in rows
    assert nntrain("runs", "best")[1] == "runs/quick\n"


def test_a_sweep_is_a_folder_of_runs(nntrain, here):
    sweep = ("sweep", "tiny.yaml", "--over", "optimizer.lr=[0.1, 0.01]", "-q")
    assert nntrain(*sweep)[0] == 0
    best = nntrain("runs", "best", "runs/tiny-sweep")[1].strip()
    assert (here / best / "summary.json").exists()
    assert len(nntrain("runs", "runs/tiny-sweep", "runs")[1].splitlines()) == 6


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("nowhere",), 5, "error: nowhere: no such folder; name one with runs in it"),
        (("--where", "lr"), 2, "error: --where lr: expected a key, one of <= >= != == < > =, and a value"),
        (("--where", "optimizer.lr < x"), 2, "error: --where optimizer.lr < x: < needs a number, got 'x'"),
        (
            ("--where", "optimiser.lr=1"),
            2,
            "error: --where optimiser.lr: no run has such a key or figure; did you mean 'optimizer.lr'?",
        ),
        (
            ("--sort", "zzz"),
            2,
            "error: --sort zzz: no run has such a key or figure, such as optimizer.lr or validation.cost",
        ),
        (("--csv", "--md"), 2, "error: --csv, --md, --latex, --json: one of them at a time"),
        (
            ("best", "--by", "test.accuracy"),
            2,
            "error: --by test.accuracy: what is chosen by the test part is no longer tested by it; use validation.…",
        ),
        (
            ("best", "--where", "status=diverged"),
            5,
            "error: runs: no finished run with validation.cost; nntrain runs shows what there is",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(nntrain, three, arguments, status, message):
    assert nntrain("runs", *arguments) == (status, "", f"{message}\n")


def test_latex_needs_no_package_and_shows_every_sign(nntrain, fit):
    fit("a_1", "optimizer.lr=0.2")
    fit("b%", "model.hidden=[5]")
    status, out, err = nntrain("runs", "--latex")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == r"\begin{tabular}{lrrlrrrrrr}"
    assert lines[2].startswith(r"run & hidden & lr & ended & train cost & train accuracy & validation cost")
    assert {line.split(" & ")[0] for line in lines[4:6]} == {r"a\_1", r"b\%"}
    assert all(line.endswith(r" \\") for line in (lines[2], *lines[4:6]))
    assert lines[-1] == r"\end{tabular}"
    assert nntrain("runs", "--latex", "--md")[2] == "error: --csv, --md, --latex, --json: one of them at a time\n"
