"""Run directories: names, the lock, metrics, texts."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, LockedError, OutputError, SpecError


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDir]:
    with RunDir.at(tmp_path / "run").lock() as held:
        yield held


def record(epoch: int, **more: Any) -> dict[str, Any]:
    """Return the record of an epoch with the facts that every record has."""
    return {"epoch": epoch, "step": 10 * epoch, "train": {"cost": 0.5}, "seconds": 0.25, **more}


# --- making --------------------------------------------------------------------------------------------------------


def test_create_names_the_directory_by_name_time_and_hex(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "runs", "digits-mlp")
    assert re.fullmatch(r"digits-mlp-\d{8}T\d{6}Z-[0-9a-f]{4}", run.path.name)
    assert run.path.is_dir()


def test_many_runs_in_one_second_get_directories_of_their_own(tmp_path: Path) -> None:
    assert len({RunDir.create(tmp_path, "x").path for _ in range(50)}) == 50


def test_create_never_takes_a_directory_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda n: next(tokens))
    names = [RunDir.create(tmp_path, "x").path.name[-4:] for _ in range(2)]
    assert names == ["aaaa", "bbbb"]


def test_create_gives_up_when_every_name_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "mkdir", lambda self, **kw: None if kw else (_ for _ in ()).throw(FileExistsError()))
    with pytest.raises(OutputError, match="cannot find a free name"):
        RunDir.create(tmp_path, "x")


@pytest.mark.parametrize(
    "name", ["", "../x", "/etc", "-rf", ".hidden", "a/b", "a\0b", "a\n", "x" * 65, "x" * 300, "é", "a b", "~", "$(ls)"]
)
def test_hostile_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match=r"^name: "):
        RunDir.create(tmp_path / "runs", name)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["a", "0", "digits-mlp_v1.2", "x" * 64])
def test_good_names_are_taken(tmp_path: Path, name: str) -> None:
    assert RunDir.create(tmp_path, name).path.name.startswith(name)


def test_at_makes_what_is_missing_and_takes_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert RunDir.at(path).path == RunDir.at(path).path == path
    assert path.is_dir()


def test_at_refuses_links_and_files(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    for name in ("link", "dangling"):
        with pytest.raises(OutputError, match=rf"{name}: is a symbolic link; name the run directory itself$"):
            RunDir.at(tmp_path / name)
    with pytest.raises(OutputError, match=r"file: is a file, not a run directory$"):
        RunDir.at(tmp_path / "file")


@pytest.mark.parametrize("path", ["x" * 300, "a\0b", "file/below"])
def test_at_says_why_a_path_cannot_be(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"cannot write: |too long"):
        RunDir.at(tmp_path / path)


# --- the lock ------------------------------------------------------------------------------------------------------


def test_a_second_holder_is_turned_away_and_a_third_welcome_after_release(tmp_path: Path) -> None:
    first, second = RunDir.at(tmp_path), RunDir.at(tmp_path)
    with first.lock():
        with pytest.raises(LockedError, match="another process is writing this run"), second.lock():
            pytest.fail("two holders")
        with pytest.raises(LockedError), first.lock():
            pytest.fail("locked twice")
        first.write_text("a.txt", "still mine")
    with second.lock():
        second.write_text("a.txt", "mine now")


def test_the_lock_is_free_after_an_exception(tmp_path: Path) -> None:
    run = RunDir.at(tmp_path)
    with pytest.raises(ZeroDivisionError), run.lock():
        raise ZeroDivisionError
    with run.lock():
        pass


def test_writing_without_the_lock_is_a_bug(tmp_path: Path) -> None:
    run = RunDir.at(tmp_path)
    writes: list[tuple[str, tuple[Any, ...]]] = [
        ("append_metrics", ({"epoch": 1},)),
        ("cut_metrics", (0,)),
        ("write_text", ("a.txt", "x")),
        ("write_bytes", ("a.bin", b"x")),
        ("write_json", ("a.json", {})),
        ("append_text", ("log.txt", "x")),
        ("save_checkpoint", (1, Checkpoint({}))),
        ("prune", (1,)),
    ]
    for method, arguments in writes:
        with pytest.raises(RuntimeError, match="without holding its lock"):
            getattr(run, method)(*arguments)
    with run.lock():
        pass
    with pytest.raises(RuntimeError, match="without holding its lock"):
        run.append_metrics({"epoch": 1})
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OutputError, match="it is a symbolic link"), RunDir.at(tmp_path / "run").lock():
        pytest.fail("locked through a link")
    assert (tmp_path / "victim").read_text() == "precious"


def test_locking_a_directory_that_vanished_says_so(tmp_path: Path) -> None:
    run = RunDir.at(tmp_path / "run")
    run.path.rmdir()
    with pytest.raises(OutputError, match="the run directory does not exist"), run.lock():
        pytest.fail("locked nothing")


def _without_flock(*_: object) -> None:
    raise OSError(38, "Function not implemented")


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", _without_flock)
    with pytest.raises(OutputError, match="has no locks"), RunDir.at(tmp_path).lock():
        pytest.fail("soft lock taken")


def test_temporary_files_of_killed_writers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    left = [tmp_path / "run/.run.json.0badcafe.tmp", tmp_path / "run/checkpoints/.step-1.safetensors.00.tmp"]
    kept = [tmp_path / "run/notes.tmp", tmp_path / "run/.keep"]
    for path in left + kept:
        path.write_text("x")
    with RunDir.at(tmp_path / "run").lock():
        assert [path.exists() for path in left + kept] == [False, False, True, True]


def test_sweeping_does_not_follow_a_linked_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".x.tmp").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoints").symlink_to(tmp_path / "elsewhere")
    with RunDir.at(tmp_path / "run").lock() as run:
        assert (tmp_path / "elsewhere" / ".x.tmp").exists()
        with pytest.raises(OutputError, match="checkpoints: cannot write: it is a symbolic link"):
            run.save_checkpoint(1, Checkpoint({}))


# --- metrics -------------------------------------------------------------------------------------------------------


def test_metrics_are_one_strict_json_object_a_line(run: RunDir) -> None:
    assert run.metrics_length == 0
    assert run.read_metrics() == []
    run.append_metrics(record(np.int64(1), train={"cost": np.float32(0.5)}, gradient_norm=float("nan")))
    run.append_metrics(record(2, train={"cost": -float("inf")}))
    text = (run.path / "metrics.jsonl").read_text()
    assert text.splitlines() == [
        '{"epoch": 1, "step": 10, "train": {"cost": 0.5}, "seconds": 0.25, "gradient_norm": null}',
        '{"epoch": 2, "step": 20, "train": {"cost": null}, "seconds": 0.25}',
    ]
    assert run.metrics_length == len(text)
    assert run.read_metrics() == [json.loads(line) for line in text.splitlines()]


def test_cutting_metrics_back_leaves_no_gap_and_no_double(run: RunDir) -> None:
    run.append_metrics(record(1))
    length = run.metrics_length
    run.append_metrics(record(2))
    run.append_metrics(record(3))
    run.cut_metrics(length)
    run.append_metrics(record(2))
    assert [one["epoch"] for one in run.read_metrics()] == [1, 2]
    run.cut_metrics(0)
    assert run.read_metrics() == []
    run.cut_metrics(0)


def test_cutting_nothing_from_nothing_makes_no_file(run: RunDir) -> None:
    run.cut_metrics(0)
    assert not (run.path / "metrics.jsonl").exists()


def test_metrics_that_do_not_fit_the_checkpoint_are_refused(run: RunDir) -> None:
    run.append_metrics(record(1))
    length = run.metrics_length
    before = (run.path / "metrics.jsonl").read_bytes()
    counted = rf"metrics.jsonl: {length} bytes, but the checkpoint counts {length + 1}: records are missing"
    with pytest.raises(CheckpointError, match=counted):
        run.cut_metrics(length + 1)
    with pytest.raises(CheckpointError, match=rf"metrics.jsonl: no record ends at byte {length - 1}"):
        run.cut_metrics(length - 1)
    assert (run.path / "metrics.jsonl").read_bytes() == before


def test_a_torn_last_line_is_no_record(run: RunDir) -> None:
    run.append_metrics(record(1))
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"epoch": 2')
    assert run.read_metrics() == [record(1)]


@pytest.mark.parametrize("line", [b"nonsense", b"[1]", b'{"a": NaN}', b"", b'{"a": 1, "a": 2}', b"\xff", b"[" * 99999])
def test_a_damaged_record_is_named_by_its_line(run: RunDir, line: bytes) -> None:
    run.append_metrics(record(1))
    with (run.path / "metrics.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(CheckpointError, match=r"metrics.jsonl:2: not a metrics record: "):
        run.read_metrics()


WRONG = [
    ({"step": "x"}, "the fact 'step' must be a whole number from 0 on, got 'x'"),
    ({"step": -1}, "the fact 'step' must be a whole number from 0 on, got -1"),
    ({"seconds": None}, "the fact 'seconds' must be a number, got None"),
    ({"seconds": True}, "the fact 'seconds' must be a number, got True"),
    ({"train": {"cost": "low"}}, "the fact 'train' must be a mapping of numbers, got {'cost': 'low'}"),
    ({"validation": []}, "the fact 'validation' must be a mapping of numbers, got []"),
]


@pytest.mark.parametrize(("fact", "problem"), WRONG)
def test_a_record_with_a_fact_of_another_kind_is_named(run: RunDir, fact: dict[str, Any], problem: str) -> None:
    run.append_metrics(record(1))
    run.append_metrics(record(2, **fact))
    with pytest.raises(CheckpointError) as caught:
        run.read_metrics()
    assert str(caught.value) == f"{run.path}/metrics.jsonl:2: {problem}"


def test_a_record_that_lacks_a_fact_is_named(run: RunDir) -> None:
    run.append_metrics({"epoch": 1, "step": 1, "train": {}})
    with pytest.raises(CheckpointError, match=r"metrics.jsonl:1: lacks 'seconds'; was it written by nntrain\?$"):
        run.read_metrics()


@pytest.mark.parametrize("epochs", [[2], [1, 3], [1, 1], [1, 2, 3, 2]])
def test_epochs_that_do_not_follow_one_another_are_damage(run: RunDir, epochs: list[int]) -> None:
    for epoch in epochs:
        run.append_metrics(record(epoch))
    with pytest.raises(CheckpointError, match=rf"metrics.jsonl:{len(epochs)}: damaged: epoch {len(epochs)} is due"):
        run.read_metrics()


def test_the_digest_covers_every_byte_that_a_checkpoint_counts(run: RunDir) -> None:
    run.append_metrics(record(1))
    length = run.metrics_length
    digest = run.metrics_digest(length)
    run.append_metrics(record(2))
    text = (run.path / "metrics.jsonl").read_bytes()
    assert run.metrics_digest(len(text)) == hashlib.sha256(text).hexdigest()
    assert run.metrics_digest(length) == digest
    run.check_metrics(length, digest)
    (run.path / "metrics.jsonl").write_bytes(text.replace(b"0.25", b"0.35", 1))
    with pytest.raises(CheckpointError, match=r"metrics.jsonl: damaged: its records are not those that the checkpoint"):
        run.check_metrics(length, digest)
    run.check_metrics(length)  # a checkpoint of an earlier version has no digest


@pytest.mark.parametrize("change", ["deleted", "longer", "shorter"])
def test_metrics_that_another_has_changed_are_not_gone_on_with(run: RunDir, change: str) -> None:
    run.append_metrics(record(1))
    path = run.path / "metrics.jsonl"
    before = path.read_bytes()
    path.unlink()
    if change != "deleted":
        path.write_bytes(before + b" " if change == "longer" else before[:-1])
    with pytest.raises(CheckpointError, match=rf"was changed while this run was writing it: {len(before)} bytes were"):
        run.append_metrics(record(2))


# --- facts ---------------------------------------------------------------------------------------------------------


def test_run_json_and_summary_are_read_with_the_types_they_must_have(run: RunDir) -> None:
    assert (run.read_record(), run.read_summary()) == (None, None)
    run.write_json("run.json", {"segments": 3})
    run.write_json("summary.json", {"stopped": None, "epochs": 1, "steps": 2, "epoch": "x"})
    with pytest.raises(CheckpointError, match=r"run.json: the fact 'segments' must be a list, got 3$"):
        run.read_record()
    with pytest.raises(CheckpointError, match=r"summary.json: the fact 'epoch' must be a whole number from 0 on, got"):
        run.read_summary()


# --- texts ---------------------------------------------------------------------------------------------------------


def test_json_is_strict_and_ends_with_a_newline(run: RunDir) -> None:
    path = run.write_json("run.json", {"argv": ["fit", "\udcff"], "best": float("inf"), "n": np.arange(2)})
    assert json.loads(path.read_text()) == {"argv": ["fit", "\\udcff"], "best": None, "n": [0, 1]}
    assert path.read_text().endswith("}\n")


def test_a_value_without_json_form_is_a_bug_and_writes_nothing(run: RunDir) -> None:
    for value in ({1: 2}, {"a": object()}, {"a": {1, 2}}):
        with pytest.raises(TypeError, match="JSON"):
            run.write_json("run.json", value)
    assert not (run.path / "run.json").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", ".lock", "", "/etc/passwd"])
def test_files_stay_inside_the_directory(run: RunDir, name: str) -> None:
    with pytest.raises(ValueError, match="is no file name"):
        run.write_text(name, "x")


def test_text_is_replaced_as_a_whole_and_logs_grow(run: RunDir) -> None:
    run.write_text("config.yaml", "long " * 1000)
    run.write_text("config.yaml", "short")
    run.append_text("log.txt", "one\n")
    run.append_text("log.txt", "zwei ü\n")
    assert (run.path / "config.yaml").read_text() == "short"
    assert (run.path / "log.txt").read_text() == "one\nzwei ü\n"


def test_status_follows_run_and_summary(run: RunDir) -> None:
    assert run.status == "new"
    run.write_json("run.json", {"status": "running"})
    assert (run.status, run.is_done()) == ("running", False)
    run.write_json("summary.json", {"cost": 1.0})
    assert (run.status, run.is_done()) == ("done", True)
    for broken in (b'{"cost": 1.0', b"", b"[]", b"{\xff}", b'{"cost": NaN}'):
        (run.path / "summary.json").write_bytes(broken)
        assert not run.is_done()
