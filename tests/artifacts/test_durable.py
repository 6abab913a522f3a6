"""Durable writes under faults: every error is named, nothing is half written, nothing is left behind."""

import errno
import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nntrain.artifacts import durable
from nntrain.errors import OutputError

OLD, NEW = b"old " * 1000, b"new! " * 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    return path


# --- the plain way -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"x", NEW, bytes(3 * durable.CHUNK + 1)])
def test_what_is_written_is_there_and_nothing_else(tmp_path: Path, data: bytes) -> None:
    durable.write_bytes(tmp_path / "file", data)
    durable.write_bytes(tmp_path / "file", data)
    assert (tmp_path / "file").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        durable.write_bytes(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_append_and_truncate(tmp_path: Path) -> None:
    path = tmp_path / "log"
    durable.append(path, b"one\n")
    durable.append(path, b"two\n")
    durable.sync(path)
    assert path.read_bytes() == b"one\ntwo\n"
    durable.truncate(path, 4)
    assert path.read_bytes() == b"one\n"


def test_removing_twice_is_fine(target: Path) -> None:
    durable.remove(target)
    durable.remove(target)
    assert not target.exists()


def test_short_writes_are_carried_on(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data[:7])))
    durable.write_bytes(target, NEW)
    durable.append(target, b"and more than seven")
    assert target.read_bytes() == NEW + b"and more than seven"


# --- the order of things -------------------------------------------------------------------------------------------


def test_every_rename_follows_an_fsync_of_the_file_and_precedes_one_of_the_directory(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def recorded(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            is_directory = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            order.append("fsync directory" if is_directory else name)
            return call(*args, **kwargs)

        return wrapper

    for name in ("write", "fsync", "pread", "replace"):
        monkeypatch.setattr(os, name, recorded(name))
    durable.write_bytes(target, NEW)
    assert order == ["write", "fsync", "pread", "replace", "fsync directory"]


# --- faults --------------------------------------------------------------------------------------------------------

WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EIO: "the disk reports an input/output error",
    errno.EROFS: "the file system is read-only",
}


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int, at: int = 1) -> None:
    """Let the ``at``-th call of ``os.<name>`` fail."""
    call, count = getattr(os, name), iter(range(1, 10**6))

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if next(count) == at:
            raise OSError(code, os.strerror(code))
        return call(*args, **kwargs)

    monkeypatch.setattr(os, name, wrapper)


@pytest.mark.parametrize("code", WORDS)
@pytest.mark.parametrize(("name", "at"), [("open", 1), ("write", 1), ("fsync", 1), ("pread", 1), ("replace", 1)])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    target: Path, monkeypatch: pytest.MonkeyPatch, name: str, at: int, code: int
) -> None:
    failing(monkeypatch, name, code, at)
    with pytest.raises(OutputError) as caught:
        durable.write_bytes(target, NEW)
    monkeypatch.undo()
    assert str(caught.value) == f"{target}: cannot write: {WORDS[code]}"
    assert caught.value.exit_code == 7
    assert target.read_bytes() == OLD
    assert os.listdir(target.parent) == ["file"]  # noqa: PTH208


def test_a_failed_fsync_of_the_directory_is_told_though_the_file_is_whole(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "fsync", errno.EIO, at=2)
    with pytest.raises(OutputError, match="input/output error"):
        durable.write_bytes(target, NEW)
    assert target.read_bytes() == NEW


def test_file_systems_that_cannot_fsync_directories_are_left_in_peace(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "fsync", errno.EINVAL, at=2)
    durable.write_bytes(target, NEW)
    assert target.read_bytes() == NEW


def test_the_disk_filling_up_in_the_middle_leaves_the_old_file(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, count = os.write, iter(range(100))

    def filling(descriptor: int, data: memoryview) -> int:
        if next(count):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(OutputError, match=r"the disk is full$"):
        durable.write_bytes(target, NEW)
    assert target.read_bytes() == OLD
    count = iter(range(100))
    with pytest.raises(OutputError, match=r"the disk is full$"):
        durable.append(target, NEW)
    assert target.read_bytes() == OLD


def test_a_disk_that_keeps_other_bytes_is_found_out(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data).replace(b"!", b"?")))
    with pytest.raises(OutputError, match="input/output error"):
        durable.write_bytes(target, NEW)
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:-1]) + 1)
    with pytest.raises(OutputError, match="input/output error"):
        durable.write_bytes(target, NEW)
    assert target.read_bytes() == OLD


@pytest.mark.parametrize("raised", [KeyboardInterrupt, MemoryError])
def test_an_interruption_leaves_no_temporary_file(
    target: Path, monkeypatch: pytest.MonkeyPatch, raised: type[BaseException]
) -> None:
    def interrupted(*_: Any) -> None:
        raise raised

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(raised):
        durable.write_bytes(target, NEW)
    assert os.listdir(target.parent) == ["file"]  # noqa: PTH208


@pytest.fixture
def small_files() -> Iterator[int]:
    """Let no file pass 4096 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield 4096
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


def test_the_limit_on_file_sizes_is_named(target: Path, small_files: int) -> None:
    with pytest.raises(OutputError, match=r"the file would pass the size limit$"):
        durable.write_bytes(target, NEW)
    assert target.read_bytes() == OLD
    with pytest.raises(OutputError, match=r"the file would pass the size limit$"):
        durable.append(target, NEW)
    assert target.read_bytes() == OLD
    durable.append(target, b"x" * (small_files - len(OLD)))


def test_too_many_open_files_is_named(target: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(OutputError, match=r"too many open files$"):
            durable.write_bytes(target, NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert target.read_bytes() == OLD


def test_a_read_only_file_system_is_named() -> None:
    """/proc/self is written by nobody, root included."""
    with pytest.raises(OutputError, match=r"^/proc/self/fd/nothing: cannot write: "):
        durable.write_bytes(Path("/proc/self/fd/nothing"), b"x")


@pytest.mark.parametrize("action", ["write_bytes", "append"])
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("gone/file", "the directory does not exist"),
        ("file/below", "a part of the path is not a directory"),
        ("x" * 300, "the name is too long"),
        ("a\0b", "embedded null byte"),
        ("folder", "it is a directory"),
        ("link", "it is a symbolic link"),
    ],
)
def test_impossible_targets_are_named(target: Path, action: str, name: str, cause: str) -> None:
    (target.parent / "folder").mkdir()
    (target.parent / "link").symlink_to(target)
    with pytest.raises(OutputError, match=f"cannot write: {cause}"):
        getattr(durable, action)(target.parent / name, NEW)
    assert target.read_bytes() == OLD
    assert sorted(path.name for path in target.parent.iterdir()) == ["file", "folder", "link"]


def test_a_device_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="it is a device, not a plain file"):
        durable.write_bytes(tmp_path / "pipe", b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_planted_temporary_link_is_not_written_through(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda n: "guessed")
    (target.parent / ".other.guessed.tmp").symlink_to(target)
    with pytest.raises(OutputError, match="it exists already"):
        durable.write_bytes(target.parent / "other", NEW)
    assert target.read_bytes() == OLD


# --- new directories -----------------------------------------------------------------------------------------------


def test_the_names_of_all_new_parents_are_forced_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(durable, "sync_directory", synced.append)
    durable.make_directory(tmp_path / "a" / "b" / "run")
    assert synced[:3] == [tmp_path / "a" / "b", tmp_path / "a", tmp_path]


def test_a_directory_of_a_killed_writer_is_synced_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    synced: list[Path] = []
    monkeypatch.setattr(durable, "sync_directory", synced.append)
    monkeypatch.chdir(tmp_path)
    durable.make_directory(Path("a/b"))
    assert synced[:2] == [tmp_path / "a", tmp_path]


def test_parents_that_cannot_be_opened_are_left_in_peace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(directory: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(directory))

    monkeypatch.setattr(durable, "sync_directory", refuse)
    durable.make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
