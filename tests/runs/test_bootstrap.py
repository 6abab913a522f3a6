"""Intervals by the bootstrap: as wide as theory has them, and always the same."""

import numpy as np
import pytest

from nntrain.runs.bootstrap import bootstrap


def test_a_share_has_the_interval_of_the_binomial_distribution():
    hits = np.arange(400) < 300
    found = bootstrap(lambda rows: {"share": float(hits[rows].mean())}, 400)
    error = 1.96 * np.sqrt(0.75 * 0.25 / 400)  # of the normal approximation
    assert found["share"] == pytest.approx([0.75 - error, 0.75 + error], abs=0.1 * error)
    assert found == bootstrap(lambda rows: {"share": float(hits[rows].mean())}, 400)


def test_resamples_without_a_figure_do_not_count():
    found = bootstrap(lambda rows: {"first": float("nan") if rows[0] else 1.0, "none": float("nan")}, 3)
    assert found["first"] == [1.0, 1.0]
    assert np.isnan(found["none"]).all()
