"""What the nearest rows say, by hand, and against every distance worked out in full."""

import numpy as np
import pytest

from nntrain.data.describe.neighbours import answers


def test_by_hand():
    X = np.array([[0.0], [1], [2], [3], [4], [10], [11], [12], [13], [14]])
    y = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2])
    asked = np.array([[0.0], [12], [6.9]])
    assert answers(X, y, asked, "classification").tolist() == [0, 2, 1]  # of 6.9 the nearest have 1, 2, 1, 2, 0
    numbers = answers(X, y[:, None].astype(float), asked, "regression")
    assert numbers[:, 0].tolist() == pytest.approx([0.4, 2, 1.2])
    labels = answers(X, np.stack([y == 2, y < 2], axis=1).astype(float), asked, "multilabel")
    assert labels.tolist() == [[False, True], [True, False], [False, True]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_against_all_distances(dtype):
    rng = np.random.default_rng(0)
    X, asked = (1e3 + rng.normal(size=(n, 4)).astype(dtype) for n in (60, 25))
    y = rng.normal(size=(60, 2))
    far = np.linalg.norm(asked[:, None].astype(float) - X[None], axis=2)
    wanted = y[np.argsort(far, axis=1)[:, :5]].mean(axis=1)
    assert np.allclose(answers(X, y, asked, "regression"), wanted, atol=1e-12)
    far[far == 0] = np.inf
    own = np.linalg.norm(X[:, None].astype(float) - X[None], axis=2)
    np.fill_diagonal(own, np.inf)
    wanted = y[np.argsort(own, axis=1)[:, :5]].mean(axis=1)
    assert np.allclose(answers(X, y, X, "regression", own=True), wanted, atol=1e-12)


def test_fewer_rows_than_neighbours():
    X, y = np.array([[0.0, 0], [1, 1]]), np.array([[1.0], [3]])
    assert answers(X, y, X, "regression").tolist() == [[2], [2]]
