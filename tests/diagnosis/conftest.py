"""Runs to be diagnosed, trained without pictures."""

import pytest

from nntrain.errors import DivergenceError
from nntrain.runs import open_run
from nntrain.spec import reload


@pytest.fixture
def trained(tmp_path):
    """Return a function that trains a spec, given as values, and returns its run directory."""

    def train(values, name="run", overrides=()):
        path = tmp_path / name
        with open_run(reload(values, overrides), runs=tmp_path, run_dir=path, argv=(), draw=False) as run:
            try:
                for _ in run.events():
                    pass
            except DivergenceError:
                pass
        return path

    return train
