"""P5: two processes never write one run directory, and a dead one is in nobody's way."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import LockedError

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
    fits = [lab.launch("fit", "tiny.yaml", "--runs", "runs", "--no-plots", "--json", hold=True) for _ in range(20)]
    for process in fits:
        os.kill(process, signal.SIGCONT)
    assert {lab.wait(process) for process in fits} == {0}
    made = list((lab.folder / "runs").iterdir())
    assert len(made) == 20
    assert all(RunDir(path).is_done() for path in made)
    figure("20 fits at once", "20 directories, 20 done")
