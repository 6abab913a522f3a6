"""Shared fixtures: data files, real data sets, a small run, planted errors, and reproducible property tests."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from nntrain.artifacts.rundir import RunDir
from nntrain.cli.interrupts import release_signals
from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.ops.losses.base import BindGradient, Loss, ReadCost, Scale
from nntrain.runs import open_run
from nntrain.spec import load

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the bytecode of the many processes that tests start, where Python was told to write none beside the sources.

    Each of them would compile the package anew: a quarter of a second that no user waits for.
    """
    cache = getattr(config, "cache", None)  # there is none where pytest is told to keep none
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None) and cache is not None:
        os.environ["PYTHONPYCACHEPREFIX"] = str(cache.mkdir("bytecode"))


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Take the signals back after each test that trained in this process."""
    yield
    release_signals()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder with the real data sets; the test is skipped, visibly, without it."""
    folder = os.environ.get("NNTRAIN_TEST_DATA")
    if not folder:
        pytest.skip("real data: set NNTRAIN_TEST_DATA to the folder with mnist, adult, …")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"NNTRAIN_TEST_DATA: no such folder: {path}")
    return path


@pytest.fixture
def plant_error(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Loss]], None]:
    """Return a function that makes a loss's gradient wrong by 0.1 % until the test is over."""

    def plant(loss: type[Loss]) -> None:
        right = loss.bind

        def wrong(self: Loss, do: Calls, z: Array, t: Array, ws: Workspace) -> tuple[ReadCost, BindGradient]:
            read, bind_gradient = right(self, do, z, t, ws)

            def bind(do: Calls, scale: Scale) -> None:
                bind_gradient(do, scale)
                do(np.multiply, z, 1.001, out=z)

            return read, bind

        monkeypatch.setattr(loss, "bind", wrong)

    return plant


@pytest.fixture
def text(tmp_path: Path) -> Callable[..., Path]:
    """Write text, or bytes, to a file of the test's folder."""

    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


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
        with open_run(loaded, runs=tmp_path, run_dir=tmp_path / name, argv=["nntrain"], draw=False) as run:
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
