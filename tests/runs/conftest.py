"""What the tests of runs have in common."""

import pytest

from nntrain.train import player


@pytest.fixture(autouse=True)
def _listening_after_every_step(monkeypatch):
    """Play steps one by one, so that a test can interrupt a run after any of them."""
    monkeypatch.setattr(player, "LONGEST", 0.0)
