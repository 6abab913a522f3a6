"""The checkpoints of a run: the newest valid one, pruning, and which one a user means."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.checkpoints import CheckpointFolder
from nntrain.artifacts.locate import locate
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError


def at_step(step: int, best: int | None = None) -> Checkpoint:
    return Checkpoint({"x": np.array(step)}, {"step": step, "best": None if best is None else {"step": best}})


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDir]:
    with RunDir.at(tmp_path / "run").lock() as held:
        yield held


def steps(run: RunDir) -> list[int]:
    return [int(path.name[5:-12]) for path in run.checkpoints()]


def test_a_run_without_checkpoints_has_no_latest(run: RunDir) -> None:
    assert run.checkpoints() == []
    assert run.latest() is None
    (run.path / "checkpoints").mkdir()
    assert run.latest() is None


def test_checkpoints_are_sorted_by_step_and_other_files_are_none(run: RunDir) -> None:
    for step in (10**12, 9, 10, 0):
        assert run.save_checkpoint(step, at_step(step)) == run.checkpoint_path(step)
    for name in ("step-1.safetensors", "step-000000000001.safetensors.bak", ".step-000000000001.safetensors.00.tmp"):
        (run.path / "checkpoints" / name).write_text("x")
    assert steps(run) == [0, 9, 10, 10**12]
    assert run.checkpoint_path(9).name == "step-000000000009.safetensors"


@pytest.mark.parametrize("step", [-1, 10**18])
def test_steps_out_of_range_are_a_bug(run: RunDir, step: int) -> None:
    with pytest.raises(ValueError, match="step must be in"):
        run.save_checkpoint(step, at_step(0))


def test_the_newest_is_found_without_a_note(run: RunDir) -> None:
    run.save_checkpoint(1, at_step(1))
    path = run.save_checkpoint(2, at_step(2))
    found = run.latest()
    assert found is not None
    assert (found.path, found.checkpoint.meta["step"], found.notes) == (path, 2, ())


def test_a_damaged_newest_is_named_and_the_older_used(run: RunDir) -> None:
    for step in (1, 2, 3):
        run.save_checkpoint(step, at_step(step))
    damage(run.checkpoint_path(3))
    run.checkpoint_path(2).write_bytes(b"")
    found = run.latest()
    assert found is not None
    assert found.checkpoint.meta["step"] == 1
    using = "; using step-000000000001.safetensors"
    assert found.notes == (
        f"{run.checkpoint_path(3)}: damaged: the numbers of tensor 'x' have changed{using}",
        f"{run.checkpoint_path(2)}: not an nntrain checkpoint, or damaged at its beginning (0 bytes){using}",
    )


def test_when_all_are_damaged_it_is_an_error_and_nothing_changes(run: RunDir) -> None:
    for step in (1, 2):
        run.save_checkpoint(step, at_step(step))
        damage(run.checkpoint_path(step))
    before = [path.read_bytes() for path in run.checkpoints()]
    with pytest.raises(CheckpointError, match=r"damaged: .*; none of the 2 checkpoints in .* is valid"):
        run.latest()
    assert [path.read_bytes() for path in run.checkpoints()] == before


def test_a_linked_checkpoint_is_not_used_nor_taken_for_a_fresh_start(run: RunDir, tmp_path: Path) -> None:
    storage.save(tmp_path / "other", at_step(5))
    (run.path / "checkpoints").mkdir()
    run.checkpoint_path(5).symlink_to(tmp_path / "other")
    with pytest.raises(CheckpointError, match="it is a symbolic link"):
        run.latest()


def test_a_checkpoint_folder_that_is_a_file_is_an_error(run: RunDir) -> None:
    (run.path / "checkpoints").write_text("x")
    with pytest.raises(CheckpointError, match="checkpoints: cannot be read: a part of the path is not a directory"):
        run.latest()


def test_pruning_keeps_the_newest_and_the_best(run: RunDir) -> None:
    for step in range(1, 7):
        run.save_checkpoint(step, at_step(step))
    removed = run.prune(2, protect=[run.checkpoint_path(3)])
    assert removed == [run.checkpoint_path(step) for step in (1, 2, 4)]
    assert steps(run) == [3, 5, 6]
    assert run.prune(2, protect=[run.checkpoint_path(3)]) == []
    assert run.prune(9) == []


def test_pruning_right_after_coming_back_spares_the_only_valid_one(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run:
        for step in (1, 2, 3):
            run.save_checkpoint(step, at_step(step))
    damage(run.checkpoint_path(3))
    with RunDir.at(tmp_path).lock() as run:
        run.prune(1)
        assert steps(run) == [2, 3]
    damage(run.checkpoint_path(2))
    with RunDir.at(tmp_path).lock() as run:
        with pytest.raises(CheckpointError, match="none of the 2"):
            run.prune(1)
        assert steps(run) == [2, 3]


def test_pruning_nothing_is_fine(run: RunDir) -> None:
    assert run.prune(1) == []


def test_keeping_none_is_a_bug(run: RunDir) -> None:
    with pytest.raises(ValueError, match="keep must be at least 1"):
        run.prune(0)


def test_damaged_checkpoints_of_a_later_step_do_not_push_out_the_valid_ones(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run:
        for step in (1, 8, 9):
            run.save_checkpoint(step, at_step(step))
    for step in (8, 9):
        damage(run.checkpoint_path(step))
    with RunDir.at(tmp_path).lock() as run:  # comes back at 1, reaches 3
        for step in (2, 3):
            run.save_checkpoint(step, at_step(step))
        run.prune(1)
        assert steps(run) == [3, 8, 9]
        found = run.latest()
        assert found is not None
        assert found.checkpoint.meta["step"] == 3


class Life(RuleBasedStateMachine):
    """Save, damage, prune, come back, in any order: a damaged checkpoint is never used, a valid one never lost."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.valid: set[int] = set()
        self.step = 0
        self.enter()

    def enter(self) -> None:
        self.run = RunDir.at(Path(self.folder.name) / "run")
        self.lock = self.run.lock()
        self.lock.__enter__()

    def leave(self) -> None:
        self.lock.__exit__(None, None, None)

    @rule(ahead=st.integers(1, 3))
    def save(self, ahead: int) -> None:
        self.step += ahead
        self.run.save_checkpoint(self.step, at_step(self.step))
        self.valid.add(self.step)

    @precondition(lambda self: self.valid)
    @rule(data=st.data())
    def spoil(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(sorted(self.valid)))
        damage(self.run.checkpoint_path(step))
        self.valid.discard(step)

    @precondition(lambda self: self.valid)
    @rule()
    def resume(self) -> None:
        self.leave()
        self.enter()
        found = self.run.latest()
        assert found is not None
        self.step = found.checkpoint.meta["step"]

    @precondition(lambda self: self.valid)
    @rule(keep=st.integers(1, 3))
    def come_back_and_prune(self, keep: int) -> None:
        self.leave()
        self.enter()
        self.step = max(self.valid)
        self.prune(keep)

    @rule(keep=st.integers(1, 3))
    def save_and_prune(self, keep: int) -> None:
        self.save(1)
        self.prune(keep)

    def prune(self, keep: int) -> None:
        newest_kept = sorted(step for step in steps(self.run) if step <= self.step)[-keep:]
        later = {step for step in steps(self.run) if step > self.step}
        self.run.prune(keep)
        assert set(steps(self.run)) == set(newest_kept) | later
        self.valid &= set(steps(self.run))
        assert self.step in self.valid

    @invariant()
    def the_newest_valid_one_is_found_or_the_damage_reported(self) -> None:
        if self.valid:
            found = self.run.latest()
            assert found is not None
            assert found.checkpoint.meta["step"] == max(self.valid)
            assert len(found.notes) == sum(step > max(self.valid) for step in steps(self.run))
        elif steps(self.run):
            with pytest.raises(CheckpointError):
                self.run.latest()
        else:
            assert self.run.latest() is None

    def teardown(self) -> None:
        self.leave()
        self.folder.cleanup()


Life.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase


# --- which one is meant --------------------------------------------------------------------------------------------


def test_a_file_is_itself_there_or_not(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        locate(path)
    storage.save(path, at_step(3))
    assert (locate(path).path, locate(path).checkpoint.meta, locate(path).notes) == (path, at_step(3).meta, ())


def test_a_run_means_its_best_else_its_newest(run: RunDir) -> None:
    run.save_checkpoint(1, at_step(1))
    run.save_checkpoint(2, at_step(2))
    assert locate(run.path).path == run.checkpoint_path(2)
    run.save_checkpoint(3, at_step(3, best=1))
    assert locate(run.path).path == run.checkpoint_path(1)
    run.save_checkpoint(4, at_step(4, best=77))  # pruned away by hand
    assert locate(run.path).path == run.checkpoint_path(4)


@pytest.mark.parametrize("best", [None, 3, "x", [], {}, {"step": None}, {"step": -1}, {"step": "1"}, {"step": 10**20}])
def test_odd_notions_of_the_best_mean_the_newest(run: RunDir, best: object) -> None:
    run.save_checkpoint(1, at_step(1))
    run.save_checkpoint(2, Checkpoint({}, {"best": best}))
    assert locate(run.path).path == run.checkpoint_path(2)


def test_a_run_without_checkpoints_is_an_error(run: RunDir) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        locate(run.path)


def test_a_damaged_newest_is_passed_over_by_name(run: RunDir) -> None:
    for step in (1, 2):
        run.save_checkpoint(step, at_step(step))
    newest = run.checkpoint_path(2)
    damage(newest)
    found = locate(run.path)
    assert found.path == run.checkpoint_path(1)
    damaged = f"{newest}: damaged: the numbers of tensor 'x' have changed"
    assert found.notes == (f"{damaged}; using step-000000000001.safetensors",)


def test_a_damaged_best_is_passed_over_for_the_newest(run: RunDir) -> None:
    run.save_checkpoint(1, at_step(1))
    run.save_checkpoint(2, at_step(2, best=1))
    best = run.checkpoint_path(1)
    damage(best)
    found = locate(run.path)
    assert found.path == run.checkpoint_path(2)
    damaged = f"{best}: damaged: the numbers of tensor 'x' have changed"
    assert found.notes == (f"{damaged}; using step-000000000002.safetensors",)


# --- reading while a run prunes ------------------------------------------------------------------------------------


def prune_before_reading(monkeypatch: pytest.MonkeyPatch, run: RunDir, step: int, **facts: int) -> None:
    """Let the run save ``step`` and keep only that, right before the next checkpoint is read."""
    load = storage.load

    def late(path: Path, **options: bool) -> Checkpoint:
        monkeypatch.setattr(storage, "load", load)
        run.save_checkpoint(step, at_step(step, **facts))
        run.prune(1)
        return load(path, **options)

    monkeypatch.setattr(storage, "load", late)


def test_a_checkpoint_that_was_pruned_since_it_was_listed_is_no_damage(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.save_checkpoint(1, at_step(1))
    prune_before_reading(monkeypatch, run, 2)
    found = RunDir(run.path).latest()
    assert found is not None
    assert (found.path, found.notes) == (run.checkpoint_path(2), ())


def test_a_best_checkpoint_that_was_pruned_since_is_looked_for_again(
    run: RunDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.save_checkpoint(1, at_step(1))
    run.save_checkpoint(2, at_step(2, best=1))
    load = storage.load

    def late(path: Path, **options: bool) -> Checkpoint:
        if path == run.checkpoint_path(1):
            monkeypatch.setattr(storage, "load", load)
            run.save_checkpoint(3, at_step(3, best=3))
            run.prune(1)
        return load(path, **options)

    monkeypatch.setattr(storage, "load", late)
    found = locate(run.path)
    assert (found.path, found.notes) == (run.checkpoint_path(3), ())


def test_a_folder_whose_files_never_stand_still_is_given_up(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CheckpointFolder, "files", lambda folder: [folder.folder / "step-000000000001.safetensors"])
    with pytest.raises(CheckpointError, match="its checkpoints vanish while they are read; try again"):
        run.latest()
