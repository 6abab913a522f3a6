"""Shared fixtures: the folder of real data sets, and reproducible property tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


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
