"""Penalties that do not fit the model or the optimizer are refused before any data are read."""

import pytest

from nntrain.errors import SpecError
from nntrain.spec import reload

SPEC = {"data": {"source": "xor"}, "model": {"kind": "mlp", "hidden": [4]}}
WRONG = {
    "penalty={l2: 1, layers: [1, 2, 3]}": "penalty.layers: must have 2 factors, one a layer, got 3",
    "penalty.proximal=true": "penalty.proximal: is a way to take the step of l1, which is 0",
}
PROXIMAL = "penalty.proximal: follows steps of −ε∇J and no others; use sgd without momentum"


@pytest.mark.parametrize("setting", WRONG)
def test_penalties_that_fit_nothing_are_refused(setting):
    with pytest.raises(SpecError) as caught:
        reload(SPEC, [setting])
    assert str(caught.value).endswith(WRONG[setting])


@pytest.mark.parametrize("optimizer", ["adam", "{kind: sgd, momentum: 0.9}", "lbfgs"])
def test_steps_of_l1_by_themselves_follow_plain_descent_alone(optimizer):
    with pytest.raises(SpecError) as caught:
        reload(SPEC, ["penalty={l1: 0.1, proximal: true}", f"optimizer={optimizer}"])
    assert str(caught.value).endswith(PROXIMAL)
