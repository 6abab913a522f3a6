"""A few finished runs of a spec that trains in milliseconds."""

from pathlib import Path

import pytest

from nntrain.cli.entry import run

SPEC = """\
name: tiny
data:
  source: {kind: blobs, n: 90, features: 3, classes: 3}
  validation: 0.25
  test: 0.2
model: {kind: mlp, hidden: [4], activation: tanh}
optimizer: {kind: sgd, lr: 0.1}
train: {epochs: 4, batch_size: 10}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return the current directory, which holds tiny.yaml alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def nntrain(here, capfd):
    """Return a function that runs a command and returns its exit status, what it printed, and what it said."""

    def call(*arguments):
        capfd.readouterr()
        return run([str(argument) for argument in arguments]), *capfd.readouterr()

    return call


@pytest.fixture
def fit(nntrain):
    """Return a function that trains tiny.yaml with settings laid over it, in runs/NAME."""

    def train(name, *settings, status=0):
        changes = [part for setting in settings for part in ("--set", setting)]
        found = nntrain("fit", "tiny.yaml", "--run-dir", Path("runs") / name, "-q", "--no-plots", *changes)
        assert found[0] == status, found[2]
        return Path("runs") / name

    return train
