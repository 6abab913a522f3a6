"""Threads and the C player change how long a run takes, and nothing else."""

from contextlib import suppress

import pytest

from nntrain.artifacts import checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.core import machine
from nntrain.core.extension import player
from nntrain.errors import InterruptedRun
from nntrain.runs import threads

built = pytest.mark.skipif(player() is None, reason="there is no C player")


def result(path):
    """Return the metrics of a run without its times, and the tensors of its newest checkpoint."""
    directory = RunDir(path)
    timed = ("seconds", "examples_per_second")
    metrics = [{name: v for name, v in record.items() if name not in timed} for record in directory.read_metrics()]
    stored = checkpoint.load(directory.checkpoints()[-1])
    return metrics, {name: tensor.tobytes() for name, tensor in stored.tensors.items()}


def after(calls):
    asked = iter(range(calls))
    return lambda: next(asked, None) is None


@built
def test_a_run_that_is_resumed_with_other_threads_ends_the_same(tiny, trained, tmp_path):
    run, _ = trained(tiny("runtime.threads=1"), "whole")
    assert (run.job.network.threads, run.environment["plan"]["threads"]) == (1, 1)
    with pytest.raises(InterruptedRun):
        trained(tiny("runtime.threads=3"), "broken", after(4))
    run, _ = trained(tiny("runtime.threads=2"), "broken")
    assert (run.job.network.threads, run.environment["plan"]["threads"]) == (2, 1)
    assert [note for note in run.notes if "thread" in note] == []
    assert result(tmp_path / "broken") == result(tmp_path / "whole")


@built
def test_without_the_player_the_same_bits_come_out(tiny, trained, tmp_path, monkeypatch):
    run, _ = trained(tiny("runtime.threads=1"), "played")
    assert run.environment["player"] == "on"
    monkeypatch.setenv("NNTRAIN_PLAYER", "0")
    run, _ = trained(tiny("runtime.threads=1"), "made")
    assert run.environment["player"] == "off (NNTRAIN_PLAYER=0)"
    assert result(tmp_path / "played") == result(tmp_path / "made")
    with pytest.raises(InterruptedRun):
        trained(tiny("runtime.threads=1"), "broken", after(5))
    monkeypatch.setenv("NNTRAIN_PLAYER", "1")  # and a run may be resumed the other way
    trained(tiny("runtime.threads=1"), "broken")
    assert result(tmp_path / "broken") == result(tmp_path / "made")


def test_without_the_player_a_run_is_interrupted_and_resumed(tiny, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("NNTRAIN_PLAYER", "0")
    trained(tiny("runtime.threads=1"), "whole")
    for _ in range(30):
        with suppress(InterruptedRun):
            trained(tiny("runtime.threads=1"), "broken", after(1))
            break
    assert result(tmp_path / "broken") == result(tmp_path / "whole")


def test_threads_are_those_that_are_free(monkeypatch):
    monkeypatch.setattr(machine, "processors", lambda: 4)
    monkeypatch.setattr(machine, "_quota", lambda: 3)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (0.2, 9.0, 9.0))
    assert machine.free_processors() == 3  # as many as a container grants
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (50.0, 9.0, 9.0))
    assert 1 <= machine.free_processors() <= 3


def test_blas_has_one_thread_unless_the_machine_is_idle(tiny, trained, monkeypatch):
    run, _ = trained(tiny("runtime.threads=1"), "run")
    network = run.job.network
    monkeypatch.setattr(threads, "MANY_FLOPS", 0)
    for free, chosen in ((4, 4), (3, 1)):
        monkeypatch.setattr(threads, "free_processors", lambda free=free: free)
        assert threads.choose_threads(network, 32, 4) == chosen
