"""The command line as users have it: in a process of its own, or, where that would only cost time, in this one."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from nntrain.cli.entry import run

ROOT = Path(__file__).parents[2]

SPEC = """\
name: tiny
data:
  source: {kind: blobs, n: 60, features: 3, classes: 3}
  validation: 0.25
  test: 0.2
model: {kind: mlp, hidden: [4], activation: tanh}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 4, batch_size: 10}
"""


@dataclass
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out, parse_constant=pytest.fail)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return an empty current directory with the spec tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "tiny.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def nntrain(here, capfd):
    """Return a function that runs a command in this process, through everything but the interpreter's own exit."""

    def call(*arguments):
        capfd.readouterr()
        status = run([str(argument) for argument in arguments])
        return Result(status, *capfd.readouterr())

    return call


@pytest.fixture
def process(here):
    """Return a function that starts a command in a process of its own, ``environment`` laid over this one's."""

    def start(*arguments, environment=None, **options):
        command = [sys.executable, "-m", "nntrain", *map(str, arguments)]
        settings = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=settings, text=True, **{**streams, **options})

    return start


@pytest.fixture
def done(nntrain, here):
    """Return a finished run of tiny.yaml."""
    assert nntrain("fit", "tiny.yaml", "--run-dir", "done", "-q", "--no-plots").status == 0
    return here / "done"
