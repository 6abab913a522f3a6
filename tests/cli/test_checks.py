"""Is it right, is it fit: gradcheck and doctor."""

import re

import pytest

from nntrain.cli.listing import registries
from nntrain.ops.losses.squared import Mse


def test_gradcheck_of_a_spec(nntrain):
    result = nntrain("gradcheck", "tiny.yaml")
    assert (result.status, result.err) == (0, "")
    assert re.search(r"^ layers\.0\.W   4×3 +0 +12 +0 +\d\.\de-\d\d   ok$", result.out, re.M)
    assert result.out.count("layers.") == 8
    assert re.search(r"^ok: 62 entries agree, largest relative error \d\.\de-\d\d$", result.out, re.M)
    found = nntrain("gradcheck", "tiny.yaml", "--json").json
    assert found["agrees"]
    assert [check["steps"] for check in found["checks"]] == [0] * 4 + [5] * 4


@pytest.fixture
def planted(plant_error):
    """Let the squared error's gradient be wrong by 0.1 %."""
    plant_error(Mse)


@pytest.mark.usefixtures("planted")
def test_gradcheck_finds_a_planted_error(nntrain):
    settings = ("--set", "data.source=linear", "--set", "loss=mse")
    result = nntrain("gradcheck", "tiny.yaml", *settings)
    assert result.status == 8
    assert " WRONG\n" in result.out
    worst = (
        r"error: 8 of 8 checks disagree, worst layers\.\d\.[Wb] after [05] steps: disagree: .* error (9\.99|1\.00)e-0"
    )
    assert re.match(worst, result.err)
    assert result.err.count("\n") == 1
    assert nntrain("gradcheck", "tiny.yaml", *settings, "--json").json["agrees"] is False


def test_gradcheck_of_everything(nntrain):
    result = nntrain("gradcheck")
    assert (result.status, result.err) == (0, "")
    rows = re.findall(r"^ (\w+) +(\w+) +(\d*) +([\d,]+) +\d+ +\S+   (\w+)$", result.out, re.M)
    assert {row[0] for row in rows} == set(registries()["models"])
    assert {row[1] for row in rows} == set(registries()["losses"])
    assert {int(row[2]) for row in rows if row[2]} == {len(registries()["activations"])}
    assert {row[4] for row in rows} == {"ok"}


def test_gradcheck_needs_a_spec_to_change(nntrain):
    result = nntrain("gradcheck", "--set", "seed=1")
    assert (result.status, result.err) == (2, "error: --set: there is no spec to change; name one\n")


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
