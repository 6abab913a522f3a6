"""Baselines: what the best constant of the training part gets, by hand."""

import math

import numpy as np
import pytest

from nntrain.data.describe.baseline import Baseline, baseline


def test_the_most_frequent_class_of_training_is_scored_on_another_part():
    targets = {"train": np.array([2, 2, 0, 1, 1, 2]), "test": np.array([2, 0, 0, 1])}
    scores = {"train": 0.5, "test": 0.25}
    assert baseline("classification", targets, ("a", "b", "c")) == Baseline("always saying 'c'", "accuracy", scores)


def test_of_equally_frequent_classes_it_is_the_first():
    assert baseline("classification", {"train": np.array([1, 1, 0, 0])}, ("x", "y")).answer == "always saying 'x'"


def test_each_label_has_its_own_majority():
    train, test = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0.0]]), np.array([[1, 1, 0], [0, 0, 0.0]])
    found = baseline("multilabel", {"train": train, "test": test})
    assert found.scores == {"train": pytest.approx(7 / 9), "test": pytest.approx(4 / 6)}


@pytest.mark.parametrize("task", ["regression", "reconstruction"])
def test_the_mean_of_training_in_the_units_of_the_targets(task):
    train, test = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[1.0, 2.0], [3.0, 2.0]])
    found = baseline(task, {"train": train, "test": test}, unit=10.0)
    assert found == Baseline(
        "always giving the mean", "rmse", {"train": 10.0, "test": 10 * math.sqrt((0 + 0 + 4 + 0) / 4)}
    )
