"""P5: while a run trains, its directory is moved, replaced, linked or deleted, or its lock file is.

Processes train in earnest. Each must end by itself with exit 7, or 5 where its metrics were deleted first. Whatever
stands at the path by then must be as it was put there, byte for byte, and the run itself goes on where it is now to the
same end.
"""

import random
import re
import shutil
import time

import pytest

from nntrain.artifacts.rundir import RunDir

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
LONG = ["--set", "train.epochs=100000"]
SHORT = ["--set", "train.epochs=60"]
SAID = re.compile(r"error: run: is not the directory that this run began in any more: .+ where it is now\n")
METRICS_GONE = re.compile(
    r"error: run/metrics\.jsonl: was changed while this run was writing it: \d+ bytes were written, \d+ are there\n"
)


def move(folder):
    (folder / "run").rename(folder / "moved")
    return folder / "moved"


def move_and_put_another_run_there(folder):
    moved = move(folder)
    shutil.copytree(folder / "victim", folder / "run")
    return moved


def replace_by_a_link(folder):
    moved = move(folder)
    (folder / "run").symlink_to(folder / "victim")
    return moved


def swap(folder):
    (folder / "run").rename(folder / "moved")
    (folder / "victim").rename(folder / "run")
    return folder / "moved"


def delete(folder):
    while (folder / "run").exists():  # the run may be writing a file just now
        shutil.rmtree(folder / "run", ignore_errors=True)


def delete_the_lock(folder):
    (folder / "run/.lock").unlink()
    return folder / "run"


def put_another_lock(folder):
    (folder / "run/.lock").rename(folder / "run/.lock-of-before")
    (folder / "run/.lock").touch()
    return folder / "run"


ACCIDENTS = [
    *(move, delete, delete_the_lock, put_another_lock),
    *(move_and_put_another_run_there, replace_by_a_link, swap),
]


def contents(path):
    """Return every file below a path with its bytes, links as what they point to."""
    return {
        str(item.relative_to(path)): str(item.readlink()) if item.is_symlink() else item.read_bytes()
        for item in sorted(path.rglob("*"))
        if item.is_symlink() or item.is_file()
    }


def wait_for_a_checkpoint(lab):
    until = time.monotonic() + 60
    while not list((lab.folder / "run/checkpoints").glob("step-*.safetensors")):
        assert time.monotonic() < until, lab.said()
        time.sleep(0.0005)


@pytest.mark.parametrize(
    ("accidents", "seed"),
    [
        pytest.param(7, 0, id="some"),
        *(pytest.param(56, n, id=f"part {n}", marks=SLOW) for n in range(1, 5)),
    ],
)
def test_p5_a_run_whose_directory_is_moved_in_mid_run_touches_nothing_else(accidents, seed, lab, figure):
    assert lab.fit("victim") == 0, lab.said()
    assert lab.fit("undisturbed", SHORT) == 0, lab.said()
    end, chance, found = lab.lasting("undisturbed"), random.Random(seed), {}
    victim = contents(lab.folder / "victim")
    for number in range(accidents):
        accident = ACCIDENTS[number % len(ACCIDENTS)]
        process = lab.start("run", LONG)
        wait_for_a_checkpoint(lab)
        time.sleep(chance.uniform(0, 0.05))
        moved = accident(lab.folder)
        before = {path.name for path in lab.folder.iterdir()}
        status = lab.wait(process)
        half_deleted = accident is delete and status == 5  # the metrics went before the lock
        assert status == 7 or half_deleted, (accident.__name__, status, lab.said())
        assert (METRICS_GONE if half_deleted else SAID).fullmatch(lab.said()), lab.said()
        assert {path.name for path in lab.folder.iterdir()} == before, accident.__name__
        if accident is swap:
            (lab.folder / "run").rename(lab.folder / "victim")
        elif moved != lab.folder / "run" and (lab.folder / "run").is_symlink():
            (lab.folder / "run").unlink()
        elif moved is not None and moved != lab.folder / "run" and (lab.folder / "run").exists():
            assert contents(lab.folder / "run") == victim
            shutil.rmtree(lab.folder / "run")
        assert contents(lab.folder / "victim") == victim, accident.__name__
        if moved is not None:
            assert_goes_on(lab, moved, end)
            shutil.rmtree(moved)
        found[accident.__name__] = found.get(accident.__name__, 0) + 1
    figure(
        "directories moved, linked, deleted in mid-run",
        f"{accidents} accidents, {accidents} refused, nothing else touched",
    )


def assert_goes_on(lab, moved, end):
    """Resume the run where it is now; it must end as an undisturbed one of as many epochs."""
    epochs = RunDir(moved).latest().checkpoint.meta["epoch"]
    if epochs < 60:
        assert lab.wait(lab.launch("resume", moved.name, "--epochs", "60", "--no-plots", "-q")) == 0, lab.said()
        assert lab.lasting(moved.name) == end
