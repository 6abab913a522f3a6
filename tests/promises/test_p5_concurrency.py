"""P5: two processes never write one run directory, and a dead one is in nobody's way."""

import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import LockedError

TIMEOUT = pytest.mark.timeout(1200)
SPAWN = multiprocessing.get_context("spawn")


def _hold(path: Path, held: Any) -> None:
    with RunDir.at(path).lock():
        held.set()
        signal.pause()


def test_p5_the_lock_of_a_killed_holder_is_free_at_once(tmp_path: Path) -> None:
    held = SPAWN.Event()
    holder = SPAWN.Process(target=_hold, args=(tmp_path, held))
    holder.start()
    assert held.wait(30)
    with pytest.raises(LockedError), RunDir.at(tmp_path).lock():
        pytest.fail("two holders")
    holder.kill()
    holder.join(30)
    with RunDir.at(tmp_path).lock():
        pass


# --- whole runs ------------------------------------------------------------------------------------------------------


@pytest.mark.figure
def test_p5_of_twenty_fits_racing_for_one_directory_one_trains(lab: Any, figure: Any) -> None:
    racers = [lab.start("run", ["--set", "train.epochs=100000"], hold=True, stderr=f"{i}") for i in range(20)]
    for racer in racers:
        os.kill(racer, signal.SIGCONT)
    losers = wait_for(racers, 19)
    [winner] = set(racers) - losers
    assert {lab.wait(loser) for loser in losers} == {6}
    said = [(lab.folder / f"{index}").read_text(encoding="utf-8") for index in range(20)]
    assert said.count("error: run: another process is writing this run; wait or name another\n") == 19
    os.kill(winner, signal.SIGTERM)
    assert lab.wait(winner) == 75
    directory = RunDir(lab.folder / "run")
    found = directory.latest()
    assert found is not None
    assert found.checkpoint.meta["metrics_length"] <= directory.metrics_length
    assert [record["epoch"] for record in directory.read_metrics()] == list(range(1, len(directory.read_metrics()) + 1))
    figure("20 fits race for one directory", "1 trained, 19 exit 6")


def wait_for(processes: list[int], count: int) -> set[int]:
    """Return the processes that have ended, as soon as there are so many."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        ended = {process for process in processes if "State:\tZ" in Path(f"/proc/{process}/status").read_text("ascii")}
        if len(ended) >= count:
            return ended
        time.sleep(0.005)
    pytest.fail("too few have ended")


@pytest.mark.figure
def test_p5_twenty_fits_in_one_second_have_twenty_directories(lab: Any, figure: Any) -> None:
    fits = [lab.launch("fit", "tiny.yaml", "--runs", "runs", "--no-plots", "-q", hold=True) for _ in range(20)]
    for process in fits:
        os.kill(process, signal.SIGCONT)
    assert {lab.wait(process) for process in fits} == {0}
    made = list((lab.folder / "runs").iterdir())
    assert len(made) == 20
    assert all(RunDir(path).is_done() for path in made)
    figure("20 fits at once", "20 directories, 20 done")


# --- while a run trains ----------------------------------------------------------------------------------------------

OTHERS = [  # what may be asked of a run that is under way
    ["eval", "run", "--split", "train", "--json"],
    ["predict", "run", "new.csv"],
    ["show", "run"],
    ["fit", "tiny.yaml", "--run-dir", "begun", "--init-from", "run", "--set", "train.epochs=1", "-q", "--no-plots"],
]
SOME_OR_ALL = [pytest.param(1, id="some"), pytest.param(300, id="all", marks=[pytest.mark.slow, TIMEOUT])]


@pytest.mark.parametrize("times", SOME_OR_ALL)
def test_p5_a_run_under_way_is_read_by_others_and_written_by_none(
    times: int, lab: Any, nntrain: Any, figure: Any
) -> None:
    """It keeps a single checkpoint and prunes all the time; no reader may call it damaged."""
    (lab.folder / "new.csv").write_text("0.1,0.2\n", encoding="utf-8")
    settings = ("train.epochs=1000000", "checkpoint.keep=1", "data.validation=null")
    process = lab.start("run", [part for setting in settings for part in ("--set", setting)])
    until = time.monotonic() + 60
    while not RunDir(lab.folder / "run").checkpoints() and time.monotonic() < until:
        time.sleep(0.001)
    for _ in range(times):
        refused = nntrain("resume", "run", "-q")
        assert refused == (6, "", "error: run: another process is writing this run; wait or name another\n")
        for command in OTHERS:
            status, _, err = nntrain(*command)
            assert (status, "damaged" in err, "using step" in err) == (0, False, False), err
        shutil.rmtree(lab.folder / "begun")
    os.kill(process, signal.SIGTERM)
    assert lab.wait(process) == 75
    epochs = [record["epoch"] for record in RunDir(lab.folder / "run").read_metrics()]
    assert epochs == list(range(1, len(epochs) + 1))
    figure("readers of a run that prunes", f"{len(OTHERS) * times:,} readers, 0 called it damaged")
    figure("resume while a run trains", f"{times} times exit 6")
