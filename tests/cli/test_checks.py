"""Is it fit: doctor and profile."""

import re
from time import perf_counter

import pytest

CLOCK = "nntrain.inspection.step_profile.thread_time"


def test_doctor_finds_this_machine_fit(nntrain, here):
    result = nntrain("doctor")
    assert (result.status, result.err) == (0, "")
    for what in ("nntrain", "python", "packages", "BLAS", "environment", "disk", "products, 1 thread"):
        assert re.search(rf"^ {what} .* ok$", result.out, re.M)
    assert re.search(r"\d+ GFLOP/s in float32", result.out)
    assert sorted(path.name for path in here.iterdir()) == ["tiny.yaml"]


def test_doctor_finds_a_disk_that_cannot_be_written(nntrain, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nntrain.artifacts.rundir.RunDir.save_checkpoint", full)
    result = nntrain("doctor")
    assert result.status == 7
    assert "error: disk: runs cannot be written here: [Errno 28] No space left on device\n" in result.err


def test_profile_shows_the_step_by_call_and_by_layer(nntrain, monkeypatch):
    monkeypatch.setattr(CLOCK, perf_counter)  # this machine may be busy
    result = nntrain("profile", "tiny.yaml", "--seconds", "0.2")
    assert (result.status, result.err) == (0, "")
    for label in (
        "gather batch",
        "0 dense",
        "1 tanh",
        "loss",
        "loss backward",
        "0 dense backward",
        "update",
        "loop and waiting",
    ):
        assert re.search(rf"^ {label} ", result.out, re.M)
    found = nntrain("profile", "tiny.yaml", "--seconds", "0.2", "--json").json
    assert {call["label"] for call in found["calls"]} <= found["labels"].keys()
    assert sum(found["labels"].values()) == pytest.approx(found["step"])
    assert 0 < found["step"] < 1e6


def test_profile_says_that_the_machine_is_busy(nntrain, monkeypatch):
    monkeypatch.setattr(CLOCK, lambda: perf_counter() / 4)
    result = nntrain("profile", "tiny.yaml", "--seconds", "0.2")
    assert result.status == 0
    assert result.err == (
        "note: the machine is busy: the step had a processor for 25% of its time, so its time and the shares are not "
        "its own; measure again when nothing else runs\n"
    )
