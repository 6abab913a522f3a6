"""A run directory that is moved, replaced or deleted while a run holds it: nothing is written to what stands there."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.run_lock import RunLock
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


@pytest.mark.parametrize("accident", [_replace, _link, _copy_with_the_same_lock, _delete])
@pytest.mark.parametrize(("method", "arguments"), WRITES, ids=[name for name, _ in WRITES])
def test_what_happens_right_after_the_look_hits_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    accident: Callable[[Path], None],
    method: str,
    arguments: tuple[Any, ...],
) -> None:
    """The path leads to another run when the write begins, and it was the right one a moment before."""
    check, before = RunLock.check, list[Path]()

    def look_and_replace(lock: RunLock) -> None:
        check(lock)
        monkeypatch.setattr(RunLock, "check", check)
        accident(tmp_path / "run")
        before.extend(there(tmp_path))

    with RunDir.at(tmp_path / "run").lock() as run:
        run.append_metrics(RECORD)
        run.write_text("summary.json", "{}")
        for step in (1, 2):
            run.save_checkpoint(step, Checkpoint({}))
        monkeypatch.setattr(RunLock, "check", look_and_replace)
        with suppress(OutputError):  # in a directory that was deleted
            getattr(run, method)(*arguments)
    assert there(tmp_path) == before


def there(folder: Path) -> list[Path]:
    """Return all paths in a folder but those of the run that was moved."""
    return sorted(path for path in folder.rglob("*") if "moved" not in path.parts)


def test_a_run_reads_its_own_files_whatever_stands_at_its_path(tmp_path: Path) -> None:
    with RunDir.at(tmp_path / "run").lock() as run:
        run.append_metrics(RECORD)
        run.write_json("run.json", {"status": "mine"})
        run.save_checkpoint(1, Checkpoint({}, {"mine": True}))
        _replace(run.path)
        found = run.latest()
        assert found is not None
        assert found.checkpoint == run.load_checkpoint(1) == Checkpoint({}, {"mine": True})
        assert [path.name for path in run.checkpoints()] == ["step-000000000001.safetensors"]
        assert (len(run.read_metrics()), run.status) == (1, "mine")
        assert run.names() == ["checkpoints", "metrics.jsonl", "run.json"]


def test_a_run_without_a_checkpoint_does_not_read_those_of_another(tmp_path: Path) -> None:
    with RunDir.at(tmp_path / "run").lock() as run:
        _replace(run.path)
        assert (run.latest(), run.checkpoints()) == (None, [])


def test_a_process_that_was_forked_off_does_not_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunDir.at(tmp_path / "run").lock() as run:
        monkeypatch.setattr("os.getpid", lambda: 1)
        with pytest.raises(OutputError, match=r"is writing this run; a fork of it must not$"):
            run.append_text("log.txt", "x")
        monkeypatch.undo()
        assert run.names() == []


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
