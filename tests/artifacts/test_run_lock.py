"""A run directory that is moved, replaced or deleted while a run holds it: nothing is written to what stands there."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import OutputError

RECORD = {"epoch": 1, "step": 10, "train": {"cost": 0.5}, "seconds": 0.25}
WRITES: list[tuple[str, tuple[Any, ...]]] = [
    ("append_metrics", (RECORD,)),
    ("cut_metrics", (0,)),
    ("write_text", ("a.txt", "x")),
    ("write_bytes", ("a.bin", b"x")),
    ("write_json", ("a.json", {})),
    ("append_text", ("log.txt", "x")),
    ("save_checkpoint", (1, Checkpoint({}))),
    ("remove", ("summary.json",)),
    ("prune", (1,)),
]


def _move(path: Path) -> None:
    path.rename(path.with_name("moved"))


def _replace(path: Path) -> None:
    _move(path)
    with RunDir.at(path).lock() as other:
        other.save_checkpoint(7, Checkpoint({}))


def _link(path: Path) -> None:
    RunDir.at(path.with_name("victim"))
    (path.with_name("victim") / ".lock").touch()
    _move(path)
    path.symlink_to(path.with_name("victim"))


def _copy_with_the_same_lock(path: Path) -> None:
    _move(path)
    path.mkdir()
    (path / ".lock").hardlink_to(path.with_name("moved") / ".lock")


def _delete(path: Path) -> None:
    shutil.rmtree(path)


def _unlock(path: Path) -> None:
    (path / ".lock").unlink()
    (path / ".lock").touch()


@pytest.mark.parametrize("accident", [_move, _replace, _link, _copy_with_the_same_lock, _delete, _unlock])
@pytest.mark.parametrize(("method", "arguments"), WRITES, ids=[name for name, _ in WRITES])
def test_nothing_is_written_where_the_run_is_not_any_more(
    tmp_path: Path, accident: Callable[[Path], None], method: str, arguments: tuple[Any, ...]
) -> None:
    with RunDir.at(tmp_path / "run").lock() as run:
        accident(run.path)
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(OutputError) as caught:
            getattr(run, method)(*arguments)
        assert sorted(tmp_path.rglob("*")) == before
    assert str(caught.value) == (
        f"{run.path}: is not the directory that this run began in any more: it was moved, replaced or deleted, or its "
        ".lock was; nothing more is written; nntrain resume goes on with it where it is now"
    )


def test_a_checkpoint_folder_that_was_replaced_is_neither_written_nor_pruned(tmp_path: Path) -> None:
    with RunDir.at(tmp_path / "run").lock() as run:
        for step in (1, 2):
            run.save_checkpoint(step, Checkpoint({}))
        (run.path / "checkpoints").rename(run.path / "moved")
        shutil.copytree(run.path / "moved", run.path / "checkpoints")
        replaced = "checkpoints: cannot write: it was replaced while this run was writing"
        with pytest.raises(OutputError, match=replaced):
            run.save_checkpoint(3, Checkpoint({}))
        with pytest.raises(OutputError, match=replaced):
            run.prune(1)
        assert len(run.checkpoints()) == 2
