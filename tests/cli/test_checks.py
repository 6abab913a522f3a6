"""Is it fit: doctor and profile."""

import re


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


def test_profile_shows_the_step_by_call_and_by_layer(nntrain):
    result = nntrain("profile", "tiny.yaml", "--seconds", "0.2")
    assert (result.status, result.err) == (0, "")
    for label in ("0 dense", "1 tanh", "loss", "loss backward", "0 dense backward", "update"):
        assert re.search(rf"^ {label} ", result.out, re.M)
    found = nntrain("profile", "tiny.yaml", "--seconds", "0.2", "--json").json
    assert {call["label"] for call in found["calls"]} <= found["labels"].keys()
    assert 0 < found["step"] < 1e6
