"""Certificates on the command line: of specs, of runs, of checkpoints."""

import re

import pytest

from nntrain.artifacts.rundir import RunDir

CERTIFICATE = r"""tiny, seed 0
 trained      4 epochs, 16 steps, in \d+\.\d s
 again        in a process of its own: the same bytes in 4 epochs of metrics and 16 tensors
 stopped      after steps 1, 2, 4, 9 and 15, and resumed: the same bytes
 in between   an evaluation and a gradient check at each stop, and an evaluation after each epoch
 result       sha256 [0-9a-f]{64}
 holds for    numpy \S+, .+ kernels, (?:any number of|\d+) threads?, CPython .+
ok: it is deterministic, and resumes bit for bit
"""


def test_a_spec(nntrain, here):
    result = nntrain("verify", "tiny.yaml")
    assert (result.status, result.err) == (0, "")
    assert re.fullmatch(CERTIFICATE, result.out)
    assert sorted(path.name for path in here.iterdir()) == ["tiny.yaml"]


def test_a_run_in_json(nntrain, done):
    found = nntrain("verify", done, "--json").json
    assert (found["name"], found["verified"], found["recorded"]) == (str(done), True, True)
    assert (found["epochs"], found["steps"], found["files"]) == (4, 16, 2)
    assert found["environment"]["numpy"]


def test_a_checkpoint(nntrain, done):
    path = RunDir(done).checkpoints()[-1]
    result = nntrain("verify", path)
    lines = result.out.splitlines()
    assert (result.status, result.err) == (0, "")
    assert re.fullmatch(rf"{path}: [\d.]+ KiB", lines[0])
    assert re.fullmatch(r" layers\.0\.W +4×3 +float32 +[0-9a-f]{16}", lines[4])
    assert lines[-1] == "ok: every byte is as it was written"
    assert " run         tiny, seed 0; epoch 4, step 16" in lines
    found = nntrain("verify", path, "--json").json
    assert found["tensors"]["layers.0.W"]["shape"] == [4, 3]
    assert len(found["tensors"]["layers.0.W"]["sha256"]) == 64
    assert found["meta"]["step"] == 16


@pytest.mark.parametrize("of", ["run", "checkpoint"])
def test_damage(of, nntrain, done):
    path = RunDir(done).checkpoints()[-1]
    path.write_bytes(path.read_bytes() + b"x")
    result = nntrain("verify", done if of == "run" else path)
    assert (result.status, result.out.count("ok")) == (5, 0)
    assert result.err.startswith(f"error: {path.relative_to(done.parent)}: damaged: ")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("gone.yaml",), 2, "gone.yaml: no such file"),
        (("gone.safetensors",), 5, "gone.safetensors: no such checkpoint"),
        ((".",), 2, ".: is a folder of runs; name one of them; the newest run is done"),
        (("done", "--set", "seed=1"), 2, "--set seed=1: works for a spec only; done is verified as it is"),
    ],
)
def test_what_cannot_be_verified(arguments, status, message, nntrain, done):
    result = nntrain("verify", *arguments)
    assert (result.status, result.out.count("ok"), result.err) == (status, 0, f"error: {message}\n")
