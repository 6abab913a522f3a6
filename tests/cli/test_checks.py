"""Is it fit: doctor and profile."""

import re
from time import perf_counter

import pytest

from nntrain.core.extension import player, state_of_player

built = pytest.mark.skipif(player() is None, reason=f"the C player is {state_of_player()}")
CLOCKS = ("nntrain.inspection.step_profile.thread_time", "nntrain.inspection.played_profile.thread_time")
BOTH = pytest.mark.parametrize("on", [pytest.param("1", marks=built), "0"])


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


def set_clock(monkeypatch, clock):
    for name in CLOCKS:
        monkeypatch.setattr(name, clock)


@BOTH
def test_profile_shows_the_step_by_call_and_by_layer(nntrain, monkeypatch, on):
    monkeypatch.setenv("NNTRAIN_PLAYER", on)
    set_clock(monkeypatch, perf_counter)  # this machine may be busy
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
    assert found["played"] is (on == "1")
    who = "the C player" if on == "1" else "Python, call by call"
    assert re.search(rf"^ taken by +{who}$", result.out, re.M)


@built
@pytest.mark.parametrize("batch_size", [1, 7, "all"])
def test_profile_times_what_the_player_does(nntrain, monkeypatch, batch_size):
    """The calls are those of the interpreter, but for the update, which is one loop; products have their operations."""
    found = {}
    for on in ("1", "0"):
        monkeypatch.setenv("NNTRAIN_PLAYER", on)
        options = ("--set", "optimizer.kind=adam", "--set", f"train.batch_size={batch_size}")
        found[on] = nntrain("profile", "tiny.yaml", *options, "--seconds", "0.1", "--json").json
    played, made = ([call for call in found[on]["calls"] if call["label"] != "update"] for on in ("1", "0"))
    assert [(c["label"], c["function"], c["shapes"], c["flops"]) for c in played] == [
        (c["label"], c["function"], c["shapes"], c["flops"]) for c in made
    ]
    updates = [call["function"] for call in found["1"]["calls"] if call["label"] == "update"]
    assert updates == ["adam in one loop"]
    assert 0 < found["1"]["floor"] < found["1"]["step"]


@BOTH
def test_profile_says_that_the_machine_is_busy(nntrain, monkeypatch, on):
    monkeypatch.setenv("NNTRAIN_PLAYER", on)
    set_clock(monkeypatch, lambda: perf_counter() / 4)
    result = nntrain("profile", "tiny.yaml", "--seconds", "0.2")
    assert result.status == 0
    assert result.err == (
        "note: the machine is busy: the step had a processor for 25% of its time, so its time and the shares are not "
        "its own; measure again when nothing else runs\n"
    )
