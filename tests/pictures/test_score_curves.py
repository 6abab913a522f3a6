"""Calibration and ranking, against values by hand."""

import numpy as np
import pytest

from nntrain.pictures.score_curves import rank, reliability


def test_bins_hold_what_lies_in_them() -> None:
    sure = np.array([0.55, 0.58, 0.95, 1.0, 0.9])
    right = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    table, error = reliability(sure, right, bins=10)
    assert table["n"].tolist() == [2, 3]
    assert table["sure"] == pytest.approx([0.565, 0.95])
    assert table["right"] == pytest.approx([0.5, 2 / 3])
    assert error == pytest.approx(2 / 5 * 0.065 + 3 / 5 * (0.95 - 2 / 3))
    assert table["low"][0] == pytest.approx(0.0945, abs=5e-5)  # Wilson's interval for 1 of 2
    assert table["high"][0] == pytest.approx(0.9055, abs=5e-5)


def test_a_sure_and_right_model_has_no_calibration_error() -> None:
    table, error = reliability(np.ones(4), np.ones(4))
    assert (table["n"].tolist(), error) == ([4], 0.0)


def test_ranking_of_four_examples() -> None:
    """Scores 0.9+ 0.8− 0.7+ 0.1−: of the four pairs of a positive and a negative one three are in order."""
    found = rank(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]), 0.75)
    assert found.cut.tolist() == [0.9, 0.8, 0.7, 0.1]
    assert found.recall.tolist() == [0.5, 0.5, 1, 1]
    assert found.false_rate.tolist() == [0, 0.5, 0.5, 1]
    assert found.precision == pytest.approx([1, 0.5, 2 / 3, 0.5])
    assert found.f1 == pytest.approx([2 / 3, 0.5, 0.8, 2 / 3])
    assert (found.auc, found.share) == (0.75, 0.5)
    assert found.average == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found.at == 1  # at 0.75 two examples are said positive


def test_equal_scores_are_said_together() -> None:
    truth = np.array([True, False, True, False, False])
    found = rank(truth, np.array([0.5, 0.5, 0.5, 0.5, 0.2]), 0.5)
    assert found.cut.tolist() == [0.5, 0.2]
    assert found.auc == pytest.approx(2 / 3)  # 2·1 pairs in order, 2·2 tied, of 2·3
    assert found.at == -1  # none lies above 0.5


def test_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20
    above, below = score[truth][:, None], score[~truth][None, :]
    pairs = (above > below).mean() + (above == below).mean() / 2  # Mann and Whitney
    assert rank(truth, score, 0.5).auc == pytest.approx(pairs)
