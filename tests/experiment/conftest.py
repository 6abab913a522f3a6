"""A small run, and what must be the same however often it was started."""

import json

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.experiment import opened
from nntrain.spec import load

SPEC = """\
name: tiny
data:
  source: {kind: moons, n: 40}
  validation: 0.25
model: {kind: mlp, hidden: [5], dropout: 0.2}
optimizer: {kind: adam, lr: 0.05}
schedule: plateau
train: {epochs: 4, batch_size: 8, stop: {patience: 3}}
"""


@pytest.fixture
def tiny(tmp_path):
    """Return a function from overrides to the loaded spec."""
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return lambda *overrides: load(path, overrides)


@pytest.fixture
def trained(tmp_path):
    """Return a function that trains a loaded spec in a directory of this name until it ends or is interrupted."""

    def train(loaded, name, interrupted=bool):
        with opened(loaded, runs=tmp_path, run_dir=tmp_path / name, argv=["nntrain"], draw=False) as run:
            records = list(run.events(interrupted))
        return run, records

    return train


@pytest.fixture
def lasting():
    """Return a function from a run directory to all of it that must not depend on time: figures and weights."""

    def read(path):
        records = [json.loads(line) for line in (path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        for record in [*records, summary]:
            del record["seconds"], record["examples_per_second"]
        return records, summary, weights(path)

    return read


def weights(path):
    return {name: array.tobytes() for name, array in RunDir(path).latest().checkpoint.tensors.items()}
