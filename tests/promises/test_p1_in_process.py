"""P1 without strace: a writer killed before each of its calls, in Python, goes on and ends with the same bytes."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nntrain.artifacts.checkpoint import Checkpoint, encode
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError

Figure: TypeAlias = Callable[[str, str], None]

CALLS = ("open", "write", "fsync", "pread", "replace", "close", "unlink", "mkdir")


def numbered(step: int) -> Checkpoint:
    return Checkpoint({"x": np.full(100, step, np.float32)}, {"step": step})


def careful(path: Path) -> None:
    """Go on from the newest checkpoint to step 5, as a run would, keeping two."""
    with RunDir.at(path).lock() as run:
        found = run.latest()
        step = found.checkpoint.meta["step"] if found else 0
        run.cut_metrics(found.checkpoint.meta["length"] if found else 0)
        for number in range(step + 1, 6):
            run.append_metrics({"epoch": number})
            meta = {"step": number, "length": run.metrics_length}
            run.save_checkpoint(number, Checkpoint(numbered(number).tensors, meta))
            run.prune(2)
        run.prune(2)  # the run before may have died between saving and pruning
        run.write_json("summary.json", {"steps": 5})


def naive(path: Path) -> None:
    """Write in place, as nobody should: the control that must fail."""
    folder = RunDir.at(path).path / "checkpoints"
    folder.mkdir(exist_ok=True)
    for number in range(1, 6):
        descriptor = os.open(folder / f"step-{1:012d}.safetensors", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        data = encode(numbered(number))
        os.write(descriptor, data[: len(data) // 2])
        os.write(descriptor, data[len(data) // 2 :])
        os.close(descriptor)


def killed_at(work: Callable[[Path], None], path: Path, call: int) -> bool:
    """Run ``work`` in a child that is killed right before its ``call``-th call; tell whether it was."""
    child = os.fork()
    if child == 0:
        try:
            left = iter(range(call, -1, -1))
            for name in CALLS:
                setattr(os, name, _dying(getattr(os, name), left))
            work(path)
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _dying(call: Callable[..., Any], left: Iterator[int]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if next(left, 0) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)

    return wrapper


def files(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_p1_killed_at_any_call_and_started_again_a_run_ends_with_the_same_bytes(tmp_path: Path, figure: Figure) -> None:
    careful(tmp_path / "whole")
    expected = files(tmp_path / "whole")
    for call in range(1, 1000):
        path = tmp_path / f"killed{call}"
        if not killed_at(careful, path, call):
            break
        RunDir.at(path).latest()  # something valid, or nothing yet; never only damage
        killed_at(careful, path, call // 2 + 1)  # a second crash on the way back
        careful(path)
        assert files(path) == expected
    assert call > 60
    figure("killed before each call, and again", f"{call - 1} points, {call - 1} came back the same")


def test_p1_a_naive_writer_killed_like_that_does_fail(tmp_path: Path) -> None:
    failures = 0
    for call in range(1, 1000):
        path = tmp_path / f"killed{call}"
        if not killed_at(naive, path, call):
            break
        try:
            RunDir.at(path).latest()
        except CheckpointError:
            failures += 1
    assert failures >= 5
