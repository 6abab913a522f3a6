"""Shared fixtures: the folder of real data sets, planted errors, and reproducible property tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from nntrain.cli.interrupts import unwatch
from nntrain.core.calls import Calls
from nntrain.core.types import Array
from nntrain.core.workspace import Workspace
from nntrain.ops.losses.base import BindGradient, Loss, ReadCost, Scale

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Take the signals back after each test that trained in this process."""
    yield
    unwatch()


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
