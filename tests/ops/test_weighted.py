"""Weights of examples and of classes: every loss, against its formula, repeated rows, scikit-learn and PyTorch."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.errors import SpecError
from nntrain.gradcheck.numeric import check
from nntrain.network import Network
from nntrain.ops.losses import LOSSES, Loss, Mse, SigmoidCrossEntropy, SoftmaxCrossEntropy, Weighted
from nntrain.ops.losses.class_weights import find_problem, weights_of
from nntrain.ops.models import Linear, Softmax

NAMES = ("a", "b", "c")
VARIANTS = [
    *(entry() for entry in LOSSES.values()),
    SoftmaxCrossEntropy(class_weights=(0.5, 2.0, 3.0), label_smoothing=0.1),
    SigmoidCrossEntropy(class_weights=(0.5, 2.0), outputs="sum"),
    Mse(half=True),
]


def case(loss, n, seed=0):
    """Return scores z (n, c), targets t (n, c) and weights w (n,) for three classes, labels or numbers."""
    rng = np.random.default_rng(seed)
    width = loss.width(3, 1) if "classification" in loss.tasks else 2
    y = rng.integers(0, 3, n) if "classification" in loss.tasks else rng.uniform(0, 3, (n, width))
    return rng.normal(size=(n, width)), loss.encode(y, width, np.dtype("float64")), rng.uniform(0, 3, n)


def played(loss, z, t):
    """Return the cost and ∂cost/∂z as the recorded calls make them."""
    ws = Workspace(len(z), "float64", Plan())
    block, target, do = ws.block(z.shape[1]), ws.block(t.shape[1]), Calls(Plan(), np.dtype("float64"))
    block[:], target[:] = z, t
    read, gradient = loss.bind(do, block, target, ws)
    gradient(do, lambda constant: np.asarray(constant))
    do.run()
    return read(), np.array(block)


@pytest.mark.parametrize("n", [1, 7, 400])
@pytest.mark.parametrize("loss", VARIANTS, ids=repr)
def test_each_cost_and_its_gradient_are_multiplied_by_the_weight(loss, n):
    z, t, w = case(loss, n)
    weighted = Weighted(loss)
    full = weighted.add_weights(t, w)
    cost, gradient = played(weighted, z, full)
    assert cost == pytest.approx((w * loss.cost(z, t)).mean(), rel=1e-12)
    np.testing.assert_allclose(gradient, w[:, None] * loss.gradient(z, t), rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(weighted.targets_of(full), t)


@pytest.mark.parametrize("loss", VARIANTS, ids=repr)
def test_the_gradient_is_that_of_the_weighted_cost(loss):
    z, t, w = case(loss, 6)
    weighted = Weighted(loss)
    full = weighted.add_weights(t, w)

    def value_and_grad(v):
        return weighted.cost(v.reshape(z.shape), full).mean(), weighted.gradient(v.reshape(z.shape), full).ravel()

    assert check(value_and_grad, z.ravel()).agrees


@pytest.mark.parametrize("loss", VARIANTS, ids=repr)
def test_whole_weights_of_mean_one_are_repeated_rows(loss):
    """The weights 0, 1 and 2 of mean 1 give the mean cost of rows left out, taken once and taken twice."""
    z, t, _ = case(loss, 9)
    w = np.array([0.0, 1, 2, 2, 1, 0, 1, 1, 1])
    again = np.repeat(np.arange(9), w.astype(int))
    cost, gradient = played(Weighted(loss), z, Weighted(loss).add_weights(t, w))
    assert cost == pytest.approx(played(loss, z[again], t[again])[0], rel=1e-12)
    once = played(loss, z, t)[1]
    np.testing.assert_allclose(gradient, w[:, None] * once, rtol=1e-12, atol=1e-15)


def test_weights_of_one_change_no_bit_of_the_gradient():
    for loss in VARIANTS:
        z, t, _ = case(loss, 50)
        cost, gradient = played(Weighted(loss), z, Weighted(loss).add_weights(t, None))
        plain, right = played(loss, z, t)
        assert cost == pytest.approx(plain, rel=1e-15)
        np.testing.assert_array_equal(gradient, right)


class Cubed(Loss):
    """A loss that is told by its formulas alone."""

    def cost(self, z, t):
        return (np.abs(z - t) ** 3).sum(axis=1)

    def gradient(self, z, t):
        return 3 * (z - t) ** 2 * np.sign(z - t) / len(z)


def test_a_loss_of_two_formulas_is_weighted_too():
    z, t, w = case(Mse(), 8)
    cost, gradient = played(Weighted(Cubed()), z, Weighted(Cubed()).add_weights(t, w))
    assert cost == pytest.approx((w * Cubed().cost(z, t)).mean(), rel=1e-14)
    np.testing.assert_allclose(gradient, w[:, None] * Cubed().gradient(z, t), rtol=1e-14)


# --- optima of others: scikit-learn 1.9.1, newton-cg with tol 1e-14 and Ridge, on these twelve rows

ROWS = np.arange(12)
X = np.column_stack([np.sin(ROWS * 1.3), np.cos(ROWS * 0.7)])
Y = np.array([0, 0, 0, 0, 0, 1, 1, 2, 1, 0, 2, 0])
W = 1.0 + ROWS % 4
SAMPLE = (
    [[-0.4075089311850407, 0.28155173009506307], [0.3510942024589834, -1.095443404824374],
     [0.05641472872605777, 0.8138916747293107]],
    [0.8246791888148188, -0.5159493257900879, -0.30872986302473004],
)  # fmt: skip
BALANCED = (
    [[-0.24522671834959414, 0.05839328411615163], [-0.11567209606460699, -0.5650339847334269],
     [0.360898814414201, 0.5066407006172753]],
    [0.07014119237535639, 0.09994666231088321, -0.1700878546862405],
)  # fmt: skip
BY_NAME = (
    [[-0.09996893668142488, 0.20634307655814108], [-0.08930201323117096, -0.4858276253257164],
     [0.18927094991259613, 0.279484548767574]],
    [0.5754588353962964, 0.840424603703927, -1.4158834391002268],
)  # fmt: skip
BOTH = (
    [[-0.41831560999847656, 0.19559678928831523], [0.23303718559589803, -1.1407242900919672],
     [0.1852784244025798, 0.9451275008036514]],
    [0.22614439810031803, -0.1078230077700449, -0.11832139033026927],
)  # fmt: skip


def slope_at(model, loss, optimum, y, weights, l2):
    """Return the gradient of the cost and of l2/2 Σ w² at parameters that another program found."""
    coefficients, intercepts = (np.asarray(part, float) for part in optimum)
    layers = model.layers(2, len(intercepts))
    network = Network(layers, loss if weights is None else Weighted(loss), n_in=2, dtype="float64")
    network.params.values[0].W[:], network.params.values[0].b[:] = coefficients, intercepts
    t = loss.encode(y, len(intercepts), np.dtype("float64"))
    if weights is not None:
        t = Weighted(loss).add_weights(t, weights * len(y) / weights.sum())
    slope = network.value_and_grad(X, t)[1].copy()
    slope[: network.params.n_weights] += l2 * network.params.theta[: network.params.n_weights]
    return np.abs(slope).max()


@pytest.mark.parametrize(
    ("given", "weights", "optimum"),
    [
        (None, W, SAMPLE),
        ("balanced", None, BALANCED),
        ({"a": 1, "b": 3, "c": 0.5}, None, BY_NAME),
        ("balanced", W, BOTH),
    ],
    ids=["sample_weight", "balanced", "by name", "both"],
)
def test_scikit_learn_s_optimum_of_a_weighted_cost_is_one_here(given, weights, optimum):
    """LogisticRegression(C=1) minimises Σ w cost + ½ Σ W²; here both are divided by Σ of the sample weights."""
    counted = np.ones(12) if weights is None else weights * 12 / weights.sum()
    loss = SoftmaxCrossEntropy(class_weights=given).settle(NAMES, np.bincount(Y, counted).tolist())
    total = 12 if weights is None else weights.sum()
    assert slope_at(Softmax(), loss, optimum, Y, weights, 1 / total) < 1e-9
    assert slope_at(Softmax(), replace(loss, class_weights=None), optimum, Y, None, 1 / 12) > 1e-3


def test_ridge_s_optimum_of_a_weighted_cost_is_one_here():
    """Ridge(alpha=1) minimises Σ w (y − z)² + Σ W²."""
    y = (X @ [1.0, -2.0] + np.sin(ROWS * ROWS))[:, None]
    optimum = ([[0.9039617312450824, -1.765431441077588]], [-0.13898375256059076])
    assert slope_at(Linear(), Mse(), optimum, y, W, 2 / W.sum()) < 1e-12


def test_pytorch_s_cross_entropy_with_class_weights():
    """CrossEntropyLoss(weight=[1, 3, 0.5]) on scores (x1, x2, x1 − x2), summed up over 12 rows; PyTorch 2.13.0."""
    loss = SoftmaxCrossEntropy(class_weights={"b": 3, "c": 0.5}).settle(NAMES, (7, 3, 2))
    z = np.column_stack([X, X[:, 0] - X[:, 1]])
    assert played(loss, z, loss.encode(Y, 3, np.dtype("float64")))[0] == pytest.approx(2.185494069929465, rel=1e-14)
    # divided by the sum of the weights, as PyTorch's mean is: weights of rows with mean 1
    by_row = np.array([1.0, 3.0, 0.5])[Y]
    t = Weighted(SoftmaxCrossEntropy()).add_weights(
        SoftmaxCrossEntropy().encode(Y, 3, np.dtype("float64")), by_row * 12 / by_row.sum()
    )
    assert played(Weighted(SoftmaxCrossEntropy()), z, t)[0] == pytest.approx(1.542701696420799, rel=1e-14)


# --- what is given


def test_balanced_weights_are_those_of_scikit_learn():
    assert weights_of("balanced", NAMES, (7, 3, 2)) == pytest.approx((12 / 21, 12 / 9, 12 / 6))
    assert weights_of({"b": 2.5}, NAMES, ()) == (1.0, 2.5, 1.0)
    assert weights_of((1.0, 2.0), ("a", "b"), ()) == (1.0, 2.0)
    two = SigmoidCrossEntropy(class_weights="balanced").settle(("no", "yes"), (9, 3))
    assert two.class_weights == pytest.approx((12 / 18, 2.0))


def test_what_does_not_fit_the_classes_is_told():
    with pytest.raises(SpecError) as caught:
        weights_of("balanced", NAMES, (7, 0, 2))
    assert str(caught.value) == "loss.class_weights: balanced needs training rows of each class, got none of 'b'"
    assert find_problem({"d": 2.0}, NAMES) == ("class_weights.d", "there is no such class; (one of a, b, c)")
    assert find_problem((1.0, 2.0), NAMES) == ("class_weights", "3 classes need 3 weights, got 2")
    one_against_rest = SigmoidCrossEntropy(class_weights="balanced").problem(NAMES)
    assert one_against_rest == (
        "class_weights", "targets are 0 and 1, one against the rest; give a list of their two weights"
    )  # fmt: skip
    assert SigmoidCrossEntropy(class_weights=(1.0, 2.0, 3.0)).problem(NAMES) == (
        "class_weights", "targets 0 and 1 need 2 weights, got 3"
    )  # fmt: skip
