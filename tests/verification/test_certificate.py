"""The certificate: it holds for what repeats and resumes, and it fails for whatever does not."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, OutputError
from nntrain.train.state import State
from nntrain.train.step import Stepper
from nntrain.verification import certificate as verifying
from nntrain.verification import trials
from nntrain.verification.certificate import verify_checkpoint, verify_run, verify_spec
from nntrain.verification.trials import Mark, Trial, compare

PACKAGE = Path(verifying.__file__).parents[1]


def findings(certificate):
    return {finding.what: finding for finding in certificate}


@pytest.fixture
def here(monkeypatch):
    """Let the second training take place in this process: quicker, where it is not what is tested."""

    def at_home(name, loaded, path, *, parent):
        return trials.train(name, loaded, path, parent=parent)

    monkeypatch.setattr(verifying, "train_in_child", at_home)


def facts(found):
    return {name: value for finding in found.values() for name, value in finding.facts.items()}


def test_what_repeats_and_resumes_is_certified(tiny):
    found = findings(verify_spec(tiny()))
    assert list(found) == ["trained", "again", "stopped", "in between", "result", "holds for"]
    known = facts(found)
    assert (known["epochs"], known["steps"], known["stops"]) == (4, 16, [1, 2, 4, 9, 15])
    assert known["gradient_checks"] == 5
    assert found["stopped"].text == "after steps 1, 2, 4, 9 and 15, and resumed: the same bytes"
    assert found["holds for"].text.startswith(f"numpy {np.__version__}, ")


def test_the_same_spec_gives_the_same_certificate_and_another_does_not(tiny, here):
    first, again, other = (facts(findings(verify_spec(tiny(f"seed={seed}"))))["sha256"] for seed in (0, 0, 1))
    assert first == again != other


def test_nothing_is_left_behind(tiny, tmp_path, monkeypatch, here):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    findings(verify_spec(tiny("train.epochs=1")))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("epochs", "text"), [(0, "not tried: training has too few steps"), (1, "after step 1, and resumed")]
)
def test_short_runs_are_verified_as_far_as_they_go(epochs, text, tiny, here):
    found = findings(verify_spec(tiny(f"train.epochs={epochs}", "train.max_steps=2")))
    assert found["stopped"].text.startswith(text)


# --- it must be able to fail -----------------------------------------------------------------------------------------


def test_what_changes_from_one_training_to_the_next_is_found(tiny, monkeypatch, here):
    """A learning rate that depends on how often it was asked for since the process began."""
    asked, right = itertools.count(), Stepper.rate
    monkeypatch.setattr(Stepper, "rate", lambda self, step: right(self, step) * (1 + next(asked) * 1e-6))
    with pytest.raises(CheckpointError) as caught:
        findings(verify_spec(tiny()))
    assert str(caught.value).startswith(
        "epoch 1: tensor layers.0.W differs; tensor layers.0.b differs: the first training"
    )


def test_what_a_checkpoint_forgets_is_found_at_the_first_resume(tiny, monkeypatch, here):
    right = State.restore

    def forget(self, tensors, figures):
        right(self, tensors, figures)
        self.slots["m"][-1] = 0

    monkeypatch.setattr(State, "restore", forget)
    with pytest.raises(CheckpointError) as caught:
        findings(verify_spec(tiny()))
    text = str(caught.value)
    assert text.startswith("epoch 1: tensor layers.0.W differs; ")
    assert text.endswith(": the first training against one that was stopped and resumed")


def test_an_evaluation_that_changes_the_run_is_found(tiny, monkeypatch, here):
    right = verifying.open_model

    def meddle(path):
        found = RunDir(path).latest()
        tensors = {name: array.copy() for name, array in found.checkpoint.tensors.items()}
        tensors["v.layers.0.b"][0] += 1e-3
        with RunDir(path).lock() as run:
            run.save_checkpoint(found.checkpoint.meta["step"], type(found.checkpoint)(tensors, found.checkpoint.meta))
        return right(path)

    monkeypatch.setattr(verifying, "open_model", meddle)
    with pytest.raises(CheckpointError, match=r"^epoch 1: tensor layers\.0\.W differs; "):
        findings(verify_spec(tiny()))


def test_what_changes_from_one_process_to_the_next_is_found(tiny, tmp_path):
    """Hashes of texts are the same within a process and other ones in the next."""
    shutil.copytree(PACKAGE, tmp_path / "nntrain", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "nntrain/core/rng.py"
    right = path.read_text(encoding="utf-8")
    planted = right.replace("*index])", "*index, abs(hash('x')) % 997])")
    assert planted != right
    path.write_text(planted, encoding="utf-8")
    tiny()
    command = [sys.executable, "-m", "nntrain", "verify", str(tmp_path / "tiny.yaml")]
    settings = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "random"}
    done = subprocess.run(command, env=settings, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 5, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: epoch 1: tensor layers.0.W differs; ")
    assert last.endswith(": the first training against a second one in a process of its own")
    assert " trained " in done.stdout
    assert "ok" not in done.stdout


def test_a_second_process_that_fails_is_no_certificate(tiny, monkeypatch):
    monkeypatch.setattr(trials, "CHILD", "raise SystemExit('out of order')")
    with pytest.raises(OutputError, match="a second one in a process of its own: the process failed: out of order"):
        findings(verify_spec(tiny()))


A = Trial("a", [Mark({"epoch": 1, "train.cost": 0.5}, {"w": "1"}), Mark({"epoch": 2}, {"w": "2"})], {"w": "2"})
DIFFERENT = [
    (Trial("b", [A.marks[0], Mark({"epoch": 2}, {"w": "3"})], {"w": "3"}), "epoch 2: tensor w differs: a against b"),
    (
        Trial("b", [Mark({"epoch": 1, "train.cost": 0.6}, {"w": "1"}), A.marks[1]], A.end),
        "epoch 1: train.cost is 0.5 and 0.6: a against b",
    ),
    (Trial("b", A.marks, {"w": "3"}), "at the end: tensor w differs: a against b"),
    (Trial("b", A.marks, {"w": "2", "v": "1"}), "at the end: tensor v differs: a against b"),
    (Trial("b", A.marks[:1], A.end), "epoch 2: a has it, b ended after 1"),
    (Trial("b", [*A.marks, A.marks[1]], A.end), "epoch 3: b has it, a ended after 2"),
]


@pytest.mark.parametrize(("other", "message"), DIFFERENT)
def test_the_first_difference_is_told(other, message):
    with pytest.raises(CheckpointError) as caught:
        compare(A, other)
    assert str(caught.value) == message


def test_what_is_not_known_is_not_compared():
    compare(A, Trial("b", [Mark(mark.figures, {}) for mark in A.marks]))
    compare(A, Trial("b", A.marks[:1]), whole=False)


# --- runs and checkpoints --------------------------------------------------------------------------------------------


def test_a_run_is_compared_with_itself(tiny, trained, tmp_path, here):
    trained(tiny(), "run")
    found = findings(verify_run(tmp_path / "run"))
    assert list(found)[:3] == ["checkpoints", "trained", "recorded"]
    assert found["recorded"].text == "the run itself: the same 4 epochs of metrics and 16 tensors"
    assert found["checkpoints"].text == "2 files, every byte as written"


def test_a_run_that_does_not_come_out_of_its_spec_is_found(tiny, trained, tmp_path, here):
    trained(tiny(), "run")
    path = tmp_path / "run/metrics.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[2])
    record["validation"]["cost"] += 1e-9
    path.write_text("\n".join([*lines[:2], json.dumps(record), *lines[3:]]) + "\n", encoding="utf-8")
    with pytest.raises(
        CheckpointError, match=r"^epoch 3: validation\.cost is \S+ and \S+: the first training against the run "
    ):
        findings(verify_run(tmp_path / "run"))


def test_a_run_begun_from_another_is_verified_from_there(tiny, trained, tmp_path):
    trained(tiny("seed=1"), "parent")
    with verifying_run_from(tiny(), tmp_path) as run:
        list(run.events())
    found = findings(verify_run(tmp_path / "child"))
    assert found["recorded"].facts == {"recorded": True}


def verifying_run_from(loaded, folder):
    from nntrain.runs import open_run

    return open_run(loaded, runs=folder, run_dir=folder / "child", argv=[], draw=False, init_from=folder / "parent")


def test_a_run_that_went_on_otherwise_is_not_compared_with_itself(tiny, trained, tmp_path, here):
    trained(tiny("train.stop.patience=null"), "run")
    trained(tiny("train.stop.patience=null", "train.epochs=5"), "run")
    found = findings(verify_run(tmp_path / "run"))
    assert (
        found["recorded"].text == "not compared with the run itself: it was resumed with train.epochs: 4 before, 5 now"
    )


def test_every_checkpoint_of_a_run_is_read(tiny, trained, tmp_path):
    trained(tiny(), "run")
    oldest = RunDir(tmp_path / "run").checkpoints()[0]
    oldest.write_bytes(oldest.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=f"{oldest}: damaged"):
        findings(verify_run(tmp_path / "run"))


def test_a_checkpoint_is_verified_byte_by_byte(tiny, trained, tmp_path):
    trained(tiny(), "run")
    path = RunDir(tmp_path / "run").checkpoints()[-1]
    found = verify_checkpoint(path)
    assert (found.size, list(found.tensors)) == (path.stat().st_size, sorted(found.tensors))
    assert found.sha256.keys() == found.tensors.keys()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        verify_checkpoint(path)
