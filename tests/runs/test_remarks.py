"""The words at the end of a run: on a model no better than a baseline, a dead layer, a run that learned by heart."""

import pytest

from nntrain.runs.remarks import remarks


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
    lines = remarks(summary("test", metric, value, least))
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
    assert remarks(summary("train", "rmse", None, 1.0), records) == [
        "train: rmse not a number is no better than P (1); the training cost was 1.075e+04 in epoch 2; "
        "another optimizer.lr, scale or model may learn more"
    ]


def test_a_summary_without_baselines_says_nothing():
    assert remarks({"train": {"accuracy": 0.0}}) == []


@pytest.mark.parametrize("worse", [1, 0])
def test_a_model_beside_the_nearest_neighbours(worse):
    found = summary("test", "rmse", 0.1, 0.5)
    own = {"rmse": 0.05, "model": 0.1, "n": 40, "worse": worse}
    validation = {**own, "worse": 1 - worse}  # of another part than that which counts
    found["baselines"]["neighbours"] = {"k": 5, "rows": 1258, "parts": {"validation": validation, "test": own}}
    told = "test: rmse 0.1 on 40 rows is worse than that of the 5 nearest of 1,258 training rows (0.05)"
    assert remarks(found) == [told] * worse


def test_a_layer_of_which_nothing_is_left_is_told():
    layers = {"1": {"dead": 1, "saturated": 0.0}, "2": {"dead": 0.99}, "3": {"saturated": 1.0}, "4": {"weight_norm": 1}}
    assert remarks({"layers": layers}) == [
        "layer 1: all its units are dead, no gradient passes them; nntrain diagnose RUN says what mends it",
        "layer 3: all its units are saturated, where the slope is nearly 0; nntrain diagnose RUN says what mends it",
    ]


def test_learning_by_heart_is_told_with_its_epoch():
    train = [1.0, 0.5, 0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.04, 0.03, 0.02]
    held_out = [1.0, 0.6, 0.5, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9]
    records = [
        {"epoch": k, "train": {"cost": a}, "validation": {"cost": b}}
        for k, (a, b) in enumerate(zip(train, held_out, strict=True), 1)
    ]
    told = "validation: the cost has risen by 70% since epoch 3, while that of training fell: it learns by heart"
    assert remarks({"epoch": 3, "best": {"epoch": 3}}, records) == [f"{told}; the weights of epoch 3 are kept"]
    assert remarks({"epoch": 12, "best": None}, records) == [told]
    assert remarks({"epoch": 3}, [{**record, "validation": None} for record in records]) == []
    assert remarks({"epoch": 3}, records[:9]) == []
