"""``nntrain sweep`` as users have it."""

import csv
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

OVER = ("--over", "optimizer.lr=[0.05, 0.2]", "--seeds", "2")


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_sweep_from_plan_to_best(nntrain, here):
    status, out, err = nntrain("sweep", "tiny.yaml", *OVER, "--jobs", "2")
    assert status == 0, err
    lines = err.splitlines()
    assert lines[0] == " plan      2 settings × 2 seeds = 4 runs: 0 done, 4 to do, on 2 processes"
    assert lines[1] == " seeds     vary the weights, the batches and the data"  # moons are drawn by the seed
    assert sorted(line.split(" ", 1)[0] for line in lines[2:]) == ["1/4", "2/4", "3/4", "4/4"]
    folder = here / "runs" / "tiny-sweep"
    settings, runs = rows(folder / "settings.csv"), rows(folder / "runs.csv")
    assert [row["place"] for row in settings] == ["1", "2"]
    assert [(row["optimizer.lr"], row["seed"], row["status"]) for row in runs] == [
        ("0.05", "0", "done"),
        ("0.05", "1", "done"),
        ("0.2", "0", "done"),
        ("0.2", "1", "done"),
    ]
    best = settings[0]
    own = [float(row["validation.accuracy"]) for row in runs if row["setting"] == best["setting"]]
    assert float(best["mean"]) == pytest.approx(sum(own) / 2)
    assert out.splitlines()[3].split()[:2] == ["★", best["optimizer.lr"]]
    assert out.splitlines()[-1].split() == ["next", "nntrain", "fit", "runs/tiny-sweep/best.yaml"]
    assert max(map(len, out.splitlines())) <= 80
    assert nntrain("fit", folder / "best.yaml", "--no-plots", "-q")[0] == 0

    status, again, err = nntrain("sweep", "tiny.yaml", *OVER, "--jobs", "1")
    assert (status, again) == (0, out)
    assert err.splitlines()[0] == " plan      2 settings × 2 seeds = 4 runs: 4 done, 0 to do"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "vary the weights, the batches and the split"),
        (("--set", "data.seed=5"), "vary the weights and the batches, not the split"),
    ],
)
def test_seeds_can_share_one_split(nntrain, here, more, said):
    source = ("--set", "data={source: iris, validation: 0.2, test: 0.2}", "--set", "train.epochs=1", *more)
    status, out, err = nntrain("sweep", "tiny.yaml", "--seeds", "2", *source)
    assert status == 0, err
    shown = f"seeds {said}".split()
    assert shown in [line.split() for line in err.splitlines()]
    assert shown in [line.split() for line in out.splitlines()]
    status, out, _ = nntrain("compare", *sorted((here / "runs" / "tiny-sweep" / "runs").iterdir()), "--json")
    assert status == 0
    assert (json.loads(out)["against"][0]["flips"] is not None) == bool(more)  # the same test rows, or others


def test_events_are_objects(nntrain, here):
    status, out, err = nntrain("sweep", "tiny.yaml", *OVER, "--json")
    assert (status, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["plan", "run", "run", "run", "run", "end"]
    assert events[0] | {"folder": ""} == {
        "event": "plan", "settings": 2, "seeds": [0, 1], "runs": 4, "rank": "validation.accuracy", "merged": 0,
        "rungs": [], "done": 0, "diverged": 0, "to do": 4, "folder": "",
    }  # fmt: skip
    assert sorted(event["finished"] for event in events[1:5]) == [1, 2, 3, 4]
    assert events[1]["values"].keys() == {"optimizer.lr"}
    tables, pictures = ["runs.csv", "settings.csv", "best.yaml"], ["score-optimizer.lr.png", "curves.png"]
    assert events[-1]["files"] == [*tables, *pictures]


def test_failed_runs_have_their_own_exit_code(nntrain, here):
    assert nntrain("sweep", "tiny.yaml", "--over", "optimizer.lr=[0.1]", "--commands")[0] == 0
    (spec,) = (here / "runs" / "tiny-sweep" / "specs").iterdir()
    strange = here / "runs" / "tiny-sweep" / "runs" / spec.stem
    strange.mkdir()
    (strange / "novel.txt").write_text("mine", encoding="utf-8")
    status, out, err = nntrain("sweep", "tiny.yaml", "--over", "optimizer.lr=[0.1, 0.2]")
    assert status == 10
    shown = Path("runs") / "tiny-sweep"
    assert err.splitlines()[-1] == (
        f"error: 1 of 2 runs failed; see {shown / 'messages'}; the same command tries again"
    )
    assert (
        f"failed: lr=0.1 seed=0: exit 2: {shown / 'runs' / spec.stem}: not a run directory, but it holds 'novel.txt'; "
        "name an empty or a new one"
    ) in err.splitlines()
    assert ["failed", "1", "of", "2", "runs"] in [line.split() for line in out.splitlines()]


def test_commands_can_be_run_by_anything(nntrain, here, tmp_path):
    status, out, err = nntrain("sweep", "tiny.yaml", *OVER, "--commands")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 4
    for line in lines:
        assert nntrain(*line.split()[1:])[0] == 0
    assert nntrain("sweep", "tiny.yaml", *OVER, "--commands") == (0, "", "")
    status, _, err = nntrain("sweep", "tiny.yaml", *OVER)
    assert err.splitlines()[0].endswith("4 runs: 4 done, 0 to do")
    by_hand = {name: (here / "runs" / "tiny-sweep" / name).read_bytes() for name in ("runs.csv", "settings.csv")}
    assert nntrain("sweep", "tiny.yaml", *OVER, "--out", "other")[0] == 0
    assert by_hand == {name: (here / "other" / name).read_bytes() for name in by_hand}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tiny.yaml",), "error: nothing varies; give --over KEY=VALUES or --seeds N"),
        (("none.yaml", *OVER), "error: none.yaml: no such file"),
        (("-", *OVER), "error: -: a sweep needs a file: it is read again whenever the sweep goes on"),
        (("tiny.yaml", "--over", "optimizer.lr=[-1]"), "error: --over optimizer.lr: must be greater than 0, got -1"),
        (
            ("sweep.yaml", "--seeds", "2"),
            "error: --seeds: is for a spec; sweep.yaml is a sweep file, which says it itself",
        ),
        (
            ("tiny.yaml", *OVER, "--out", "mine"),
            "error: mine: not the folder of a sweep, but it holds 'novel.txt'; name another with --out",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(nntrain, here, arguments, message):
    (here / "sweep.yaml").write_text("base: tiny.yaml\nover: {optimizer.lr: [0.1]}\n", encoding="utf-8")
    (here / "mine").mkdir()
    (here / "mine" / "novel.txt").write_text("mine", encoding="utf-8")
    status, out, err = nntrain("sweep", *arguments)
    assert (status, out, err) == (2, "", f"{message}\n")


def test_a_second_sweep_in_the_same_folder_is_refused(nntrain, here):
    from nntrain.sweeps.folder import SweepFolder

    with SweepFolder(Path("mine")).lock() as folder:
        folder.write("sweep.yaml", "")
        status, _, err = nntrain("sweep", "tiny.yaml", *OVER, "--out", "mine")
    assert (status, err) == (6, "error: mine: another sweep is at work here; wait, or name another with --out\n")


MANY = ("sweep", "tiny.yaml", "--over", "optimizer.lr=log(0.01, 0.2, 4)", "--seeds", "2", "--jobs", "2", "--no-plots")
SLOWER = ("--set", "train.epochs=60", "--set", "checkpoint.every_epochs=10")
TABLES = ("runs.csv", "settings.csv", "best.yaml")


def test_a_sweep_that_is_killed_everywhere_ends_with_the_same_bytes(process, nntrain, here, children, trained_once):
    assert nntrain(*MANY, *SLOWER, "--out", "whole", "-q")[0] == 0
    kills = 0
    for attempt in range(6):
        sweep = process(*MANY, *SLOWER, "--out", "hit", "-q")
        wait_for_runs(here / "hit" / "runs", attempt + 1, sweep)
        if sweep.poll() is not None:
            break
        victims = [sweep.pid]
        if attempt % 3 == 1:  # the server, and with it all that it trains
            victims = children(sweep.pid)
        if attempt % 3 == 2:  # one that trains
            victims = [one for server in children(sweep.pid) for one in children(server)][:1]
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
            kills += 1
        if sweep.pid not in victims:
            break_off(sweep)
    assert kills >= 3
    status, _, err = nntrain(*MANY, *SLOWER, "--out", "hit", "-q")
    assert status == 0, err
    for name in TABLES:
        assert (here / "hit" / name).read_bytes() == (here / "whole" / name).read_bytes()
    begun = [path.name for path in (here / "hit" / "runs").iterdir()]
    assert trained_once(here / "hit", begun_again=begun) == 8


def wait_for_runs(folder, number, sweep):
    """Wait until so many runs have begun, or the sweep is over."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit and sweep.poll() is None:
        if len(list(folder.glob("*/metrics.jsonl"))) >= number:
            return
        time.sleep(0.01)


def break_off(sweep):
    """Interrupt a sweep once it has gone on a little."""
    try:
        sweep.wait(0.3)
    except subprocess.TimeoutExpired:
        sweep.send_signal(signal.SIGTERM)
        assert sweep.wait(60) in (0, 75, -signal.SIGTERM)  # the last where it was loading and had nothing to save


def test_a_signal_stops_the_sweep_with_75_and_is_named(process, here):
    sweep = process(*MANY, "--set", "train.epochs=3000", "--set", "checkpoint.every_epochs=500")
    wait_for_runs(here / "runs" / "tiny-sweep" / "runs", 2, sweep)
    sweep.send_signal(signal.SIGTERM)
    out, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 75, err
    assert err.splitlines()[-1] == (
        f"stopped: {Path('runs') / 'tiny-sweep'}: 8 of 8 runs left after SIGTERM; the same command goes on"
    )
    assert ["to", "do", "8", "of", "8", "runs"] in [line.split() for line in out.splitlines()]


def test_a_sweep_whose_folder_is_moved_ends_and_begins_nothing_at_its_path(process, nntrain, here):
    sweep = process(*MANY, "--set", "train.epochs=600", "--out", "swept")
    wait_for_runs(here / "swept" / "runs", 1, sweep)
    (here / "swept").rename(here / "moved")
    _, err = sweep.communicate(timeout=60)
    assert sweep.returncode == 7, err
    assert re.fullmatch(
        r"error: swept(/runs/\w+)?: is not the directory that this (run|sweep) began in any more: .+ where it is now",
        err.splitlines()[-1],
    )
    assert not (here / "swept").exists()
    assert nntrain(*MANY, "--set", "train.epochs=600", "--out", "moved", "-q")[0] == 0


def test_the_best_is_confirmed_with_fresh_seeds(nntrain, here, trained_once):
    command = ("sweep", "tiny.yaml", *OVER, "--confirm", "3", "--out", "mine")
    status, out, err = nntrain(*command)
    assert status == 0, err
    folder = here / "mine"
    fresh, best = rows(folder / "confirmation.csv"), rows(folder / "settings.csv")[0]
    assert [(row["seed"], row["status"], row["optimizer.lr"]) for row in fresh] == [
        (seed, "done", best["optimizer.lr"]) for seed in ("2", "3", "4")
    ]
    assert {row["seed"] for row in rows(folder / "runs.csv")} == {"0", "1"}
    assert trained_once(folder) == 7
    mean = sum(float(row["validation.accuracy"]) for row in fresh) / 3
    (line,) = (line.split() for line in out.splitlines() if line.startswith(" confirmed"))
    assert line[1] == f"{mean:.4f}"
    assert line[-6:] == ["with", "3", "of", "3", "fresh", "seeds"]
    assert nntrain(*command)[:2] == (0, out)
    assert trained_once(folder) == 7
    status, _, err = nntrain(*command, "--commands")
    assert (status, err) == (2, "error: --confirm: is for a sweep that trains here, not for --commands\n")
