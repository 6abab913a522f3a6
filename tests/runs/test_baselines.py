"""The word at the end of a run whose model is no better than a constant."""

import pytest

from nntrain.runs.baselines import warn_at_chance


def summary(part, metric, value, least):
    found = {"answer": "P", part: {metric: least}, "model": {"part": part, "metric": metric, "value": value}}
    return {"baselines": found}


@pytest.mark.parametrize(
    ("metric", "value", "least", "told"),
    [
        ("accuracy", 0.5, 0.5, True),
        ("accuracy", 0.501, 0.5, False),
        ("rmse", 0.5, 0.5, True),
        ("rmse", 0.49999999999999994, 0.5, True),
        ("rmse", 0.49, 0.5, False),
        ("rmse", 7.0, 0.5, True),
    ],
)
def test_who_is_told(metric, value, least, told):
    lines = warn_at_chance(summary("test", metric, value, least))
    assert (
        lines
        == [
            f"test: {metric} {value:.4g} is no better than P ({least:g}); "
            "another optimizer.lr, scale or model may learn more"
        ]
        * told
    )


def test_a_figure_that_is_no_number_and_a_cost_that_rose_are_told():
    records = [{"epoch": k, "train": {"cost": cost}} for k, cost in enumerate([2.3, 10746.0, 2.31], start=1)]
    assert warn_at_chance(summary("train", "rmse", None, 1.0), records) == [
        "train: rmse not a number is no better than P (1); the training cost was 1.075e+04 in epoch 2; "
        "another optimizer.lr, scale or model may learn more"
    ]


def test_a_summary_without_baselines_says_nothing():
    assert warn_at_chance({"train": {"accuracy": 0.0}}) == []
