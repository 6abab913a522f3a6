"""A folder for a moment is gone however the moment ends."""

import shutil
import stat
from pathlib import Path

import pytest

from nntrain.artifacts.scratch import scratch_folder


class Struck(BaseException):
    """What a handler of signals raises."""


def struck_in(done):
    """Return a function that does the work and is struck by a signal just before it returns, the first time."""
    left = [Struck()]

    def call(*args, **options):
        result = done(*args, **options)
        if left:
            raise left.pop()
        return result

    return call


def test_a_scratch_folder_is_its_owners_alone_and_is_removed_with_what_is_in_it(tmp_path):
    with scratch_folder("work-", tmp_path) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder.parent, folder.name[:5]) == (tmp_path, "work-")
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_within_the_body_leaves_nothing(tmp_path):
    with pytest.raises(Struck), scratch_folder("work-", tmp_path) as folder:
        struck_in((folder / "file").write_text)("x")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_just_after_the_folder_was_made_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", struck_in(Path.mkdir))
    with pytest.raises(Struck), scratch_folder("work-", tmp_path):
        pytest.fail("the body is not reached")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_within_the_removal_leaves_nothing(tmp_path, monkeypatch):
    def broken(folder, **options):
        (folder / "first").unlink()
        monkeypatch.setattr(shutil, "rmtree", whole)
        raise Struck

    whole = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", broken)
    with pytest.raises(Struck), scratch_folder("work-", tmp_path) as folder:
        [(folder / name).write_text("x") for name in ("first", "second")]
    assert list(tmp_path.iterdir()) == []
