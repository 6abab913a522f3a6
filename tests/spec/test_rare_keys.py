"""Rare keys: left out of a written spec at their defaults, and one initialiser stands for all."""

import pytest

from nntrain.errors import SpecError
from nntrain.spec import from_dict, resolve

DIGITS = {"data": {"source": "digits"}, "model": {"kind": "mlp", "hidden": [8, 4]}}


def resolved(**model):
    return resolve(from_dict(DIGITS | {"model": DIGITS["model"] | model}))["model"]


def test_the_default_spec_is_no_longer_than_before():
    assert resolved() == {
        "kind": "mlp",
        "hidden": [8, 4],
        "activation": [{"kind": "relu"}],
        "init": {"kind": "auto"},
        "dropout": [0.0],
    }
    assert resolve(from_dict(DIGITS | {"model": "svm"}))["model"] == {"kind": "svm", "init": {"kind": "auto"}}


def test_what_is_asked_for_is_written():
    assert resolved(bias=False)["bias"] is False
    assert resolved(init={"kind": "normal", "std": 1, "bias_std": 1})["init"] == {
        "kind": "normal", "bias_std": 1, "std": 1,
    }  # fmt: skip
    assert resolved(init=["zeros", "auto", "orthogonal"])["init"] == [
        {"kind": "zeros"}, {"kind": "auto"}, {"kind": "orthogonal", "gain": 1.0},
    ]  # fmt: skip


def test_options_alone_are_those_of_the_default():
    assert resolved(init={"bias": 0.1})["init"] == {"kind": "auto", "bias": 0.1}
    assert resolved(init=["zeros", {"bias": 0.1}, "auto"])["init"][1] == {"kind": "auto", "bias": 0.1}


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (
            {"init": ["zeros", "auto"]},
            "spec: model.init: must be one for all or one for each of the 3 layers with weights, that of the scores "
            "last, got 2",
        ),
        (
            {"bias": False, "init": {"bias_std": 1}},
            "spec: model.init: bias_std is for biases, and bias: false leaves them out",
        ),
        ({"init": {"kind": "normal", "bias_std": -1}}, "spec: model.init.bias_std: must be at least 0, got -1"),
        ({"bias": "no"}, "spec: model.bias: must be true or false, got the text 'no'"),
    ],
)
def test_what_is_wrong(model, problem):
    with pytest.raises(SpecError) as caught:
        resolved(**model)
    assert caught.value.problems == (problem,)
