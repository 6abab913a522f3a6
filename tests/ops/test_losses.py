"""Losses, all of the registry: the lecture's numbers, gradients, extreme scores, the fast form equal to the formula."""

import math
from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.gradcheck.numeric import check
from nntrain.ops.losses import LOSSES, Loss
from nntrain.ops.losses.counts import Poisson
from nntrain.ops.losses.entropy import SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.losses.hinge import BinaryHinge, CrammerSinger, Hinge, SquaredHinge
from nntrain.ops.losses.squared import Huber, Mae, Mse, SigmoidMse

CAT, CAR, BIRD = 0, 1, 2
SCORES = np.array([[2.1, 3.4, -2.0], [0.2, 5.1, 1.7], [2.3, 3.1, -1.2]])  # of (cat, car, bird), the notes' example
TRUTH = np.array([CAT, CAR, BIRD])
LAYOUTS = [(1, 3), (7, 3), (400, 3), (7, 40), (1, 1), (1500, 1), (150, 10)]  # (n, c): short, C and F order, one output


def variants(loss, width):
    """Return the loss with its defaults and with every option it has."""
    options = {"label_smoothing": 0.1, "delta": 0.3, "outputs": "sum", "half": True}
    given = [{field: value} for field, value in options.items() if hasattr(loss, field)]
    if hasattr(loss, "class_weights"):
        count = 2 if isinstance(loss, SigmoidCrossEntropy) else width
        weights = {"class_weights": tuple(float(w) for w in np.linspace(0.4, 2.5, count))}
        given += [weights, weights | {"label_smoothing": 0.2}]
    return [loss, *(replace(loss, **chosen) for chosen in given)]


def targets(loss, n, width, dtype=np.float64, seed=0):
    """Yield encoded targets for every task of the loss that gives this many scores."""
    rng = np.random.default_rng(seed)
    for task in loss.tasks:
        if task == "classification":
            classes = next((k for k in (2, width) if k > 1 and loss.width(k, 1) == width), None)
            if classes:
                yield loss.encode(rng.integers(0, classes, n), width, np.dtype(dtype))
        elif loss.width(0, width) == width:
            y = rng.integers(0, 2, (n, width)) if task == "multilabel" else rng.uniform(0, 1, (n, width))
            yield loss.encode(y.astype(dtype), width, np.dtype(dtype))


def cases(shapes=LAYOUTS):
    """Return every loss × option × task × shape of scores as parameters (loss, t)."""
    return [
        pytest.param(loss, t, id=f"{kind}-{variant}-{n}x{width}-{number}")
        for kind, entry in LOSSES.items()
        for n, width in shapes
        for variant, loss in enumerate(variants(entry(), width))
        for number, t in enumerate(targets(loss, n, width))
    ]


def ran(loss, z, t, *, capacity=None, bind=None):
    """Run the recorded calls on copies; return cost and gradient. ``bind`` replaces the loss's own."""
    dtype, plan = z.dtype, Plan()
    ws, do = Workspace(capacity or len(z), dtype, plan).resized(len(z)), Calls(plan, dtype)
    scores = ws.block(z.shape[1])
    scores[:] = z
    target = ws.like(scores)
    target[:] = t
    kept = target.copy()
    read, gradient = (bind or type(loss).bind)(loss, do, scores, target, ws)
    gradient(do, lambda constant: np.asarray(constant, dtype))
    do.run()
    np.testing.assert_array_equal(target, kept)  # targets are used again next epoch
    return read(), scores.copy()


# --- the lecture's numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "costs"), [(SoftmaxCrossEntropy(), [1.54, 0.04, 4.68]), (Hinge(), [2.3, 0.0, 9.8])])
def test_the_costs_of_the_worked_example(loss, costs):
    t = loss.encode(TRUTH, 3, np.dtype(np.float64))
    np.testing.assert_allclose(loss.cost(SCORES, t), costs, rtol=0, atol=0.005 + 1e-12)
    cost, _ = ran(loss, SCORES, t)
    assert cost == pytest.approx(sum(costs) / 3, abs=0.005)


def test_the_softmax_gradient_of_the_worked_example_is_probability_minus_truth():
    loss = SoftmaxCrossEntropy()
    t = loss.encode(TRUTH, 3, np.dtype(np.float64))
    _, gradient = ran(loss, SCORES, t)
    e = np.exp(SCORES)
    np.testing.assert_allclose(gradient, (e / e.sum(axis=1, keepdims=True) - np.eye(3)[TRUTH]) / 3, rtol=1e-14)


def test_the_hinge_gradient_counts_the_violated_margins():
    t = Hinge().encode(TRUTH, 3, np.dtype(np.float64))
    _, gradient = ran(Hinge(), SCORES, t)
    np.testing.assert_allclose(3 * gradient, [[-1, 1, 0], [0, 0, 0], [1, 1, -2]], rtol=1e-15)


def test_binary_hinge_by_hand():
    t = BinaryHinge().encode(np.array([1, 1, 0, 0]), 1, np.dtype(np.float64))
    np.testing.assert_array_equal(t, [[1], [1], [-1], [-1]])
    z = np.array([[2.0], [0.25], [-3.0], [0.5]])
    np.testing.assert_allclose(BinaryHinge().cost(z, t), [0, 0.75, 0, 1.5])
    cost, gradient = ran(BinaryHinge(), z, t)
    assert cost == pytest.approx(2.25 / 4, rel=1e-15)
    np.testing.assert_allclose(4 * gradient, [[0], [-1], [0], [1]])


def test_squared_hinge_by_hand():
    t = SquaredHinge().encode(np.array([1, 1, 0, 0]), 1, np.dtype(np.float64))
    cost, gradient = ran(SquaredHinge(), np.array([[2.0], [0.25], [-3.0], [0.5]]), t)
    assert cost == (0.75**2 + 1.5**2) / 4
    np.testing.assert_allclose(4 * gradient, [[0], [-1.5], [0], [3]])


def test_crammer_singer_counts_the_worst_wrong_class_of_the_worked_example():
    t = CrammerSinger().encode(TRUTH, 3, np.dtype(np.float64))
    np.testing.assert_allclose(CrammerSinger().cost(SCORES, t), [2.3, 0.0, 5.3], rtol=1e-14)  # 3.1 + 1.2 + 1
    _, gradient = ran(CrammerSinger(), SCORES, t)
    np.testing.assert_allclose(3 * gradient, [[-1, 1, 0], [0, 0, 0], [0, 1, -1]], rtol=1e-15)


def test_equally_bad_classes_share_the_gradient():
    t = CrammerSinger().encode(np.array([2]), 3, np.dtype(np.float64))
    _, gradient = ran(CrammerSinger(), np.array([[4.0, 4.0, 1.0]]), t)
    np.testing.assert_array_equal(gradient, [[0.5, 0.5, -1.0]])


def test_mae_by_hand():
    cost, gradient = ran(Mae(), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.5], [3.0, 1.0]]))
    assert cost == (1 + 0.5 + 0 + 3) / 4
    np.testing.assert_array_equal(4 * gradient, [[1, -1], [0, 1]])


def test_poisson_is_least_where_the_rate_is_the_mean_count():
    t = np.array([[0.0], [1.0], [2.0], [5.0]])
    z = np.full((4, 1), math.log(2.0))
    cost, gradient = ran(Poisson(), z, t)
    assert cost == pytest.approx(2 - 2 * math.log(2), rel=1e-15)
    assert gradient.sum() == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(Poisson().link(z), 2.0)
    assert Poisson().target_problem(t) is None
    assert Poisson().target_problem(t - 1) == "must be counts, at least 0, got -1"


def test_outputs_are_summed_and_squares_halved_where_that_is_asked_for():
    z, t = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.5], [3.0, 1.0]])
    cost, gradient = ran(Mse(outputs="sum", half=True), z, t)  # ½‖z − t‖², averaged over examples
    assert cost == (1.25 + 9) / 4
    np.testing.assert_array_equal(gradient, (z - t) / 2)
    for entry in LOSSES.values():
        if hasattr(entry(), "outputs"):
            t = next(targets(entry(), 5, 3))
            z = np.random.default_rng(0).normal(size=t.shape)
            np.testing.assert_allclose(entry(outputs="sum").cost(z, t), 3 * entry().cost(z, t), rtol=1e-14)


def test_squares_average_over_examples_and_outputs():
    z, t = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 2.5], [3.0, 1.0]])
    cost, gradient = ran(Mse(), z, t)
    assert cost == (1 + 0.25 + 0 + 9) / 4
    np.testing.assert_array_equal(gradient, [[0.5, -0.25], [0, 1.5]])


def test_huber_is_quadratic_near_and_linear_far():
    z, t = np.array([[0.5], [-0.5], [3.0], [-3.0]]), np.zeros((4, 1))
    np.testing.assert_allclose(Huber(delta=2.0).cost(z, t), [0.125, 0.125, 4.0, 4.0])
    cost, gradient = ran(Huber(delta=2.0), z, t)
    assert cost == pytest.approx(8.25 / 4, rel=1e-15)
    np.testing.assert_allclose(4 * gradient, [[0.5], [-0.5], [2], [-2]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squared_error_on_a_sigmoid_saturates_where_cross_entropy_does_not(dtype):
    z, t = np.full((1, 1), -50, dtype), np.ones((1, 1), dtype)
    cost, vanishing = ran(SigmoidMse(), z, t)
    assert cost == pytest.approx(1)  # as wrong as can be
    assert 0 > vanishing[0, 0] > -1e-21  # −2σ(−50): nothing to learn from
    cost, gradient = ran(SigmoidCrossEntropy(), z, t)
    assert cost == pytest.approx(50)
    assert gradient[0, 0] == pytest.approx(-1)  # σ(−50) − 1


def test_two_way_softmax_is_a_sigmoid_of_the_difference():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(50, 2)) * 5, rng.integers(0, 2, 50)
    softmax, sigmoid = SoftmaxCrossEntropy(), SigmoidCrossEntropy()
    two, one = (loss.encode(y, width, z.dtype) for loss, width in ((softmax, 2), (sigmoid, 1)))
    difference = z[:, 1:] - z[:, :1]
    np.testing.assert_allclose(softmax.link(z)[:, 1:], sigmoid.link(difference), rtol=1e-14)
    np.testing.assert_allclose(
        softmax.cost(z, two), sigmoid.cost(difference, one), rtol=1e-12, atol=4e-16
    )  # log(1 + e)
    (cost2, d2), (cost1, d1) = ran(softmax, z, two), ran(sigmoid, difference, one)
    assert cost2 == pytest.approx(cost1, rel=1e-13)
    np.testing.assert_allclose(d2[:, 1:], d1, rtol=1e-11, atol=1e-16)


# --- every loss ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "t"), cases())
def test_the_fast_form_equals_the_formula(loss, t):
    for dtype in (np.float64, np.float32):
        z = np.random.default_rng(1).normal(size=t.shape).astype(dtype) * 3
        cost, gradient = ran(loss, z, t)
        eps, target = float(np.finfo(dtype).eps), t.astype(dtype)
        want = loss.cost(z.astype(np.float64), target.astype(np.float64)).mean()
        assert loss.cost(z, target).shape == (len(z),)
        assert gradient.dtype == loss.cost(z, target).dtype == loss.gradient(z, target).dtype == dtype
        assert cost == pytest.approx(want, rel=32 * eps)
        expected = loss.gradient(z, target)
        assert np.abs(gradient - expected).max() <= 16 * eps * max(1 / gradient.size, np.abs(expected).max())


@pytest.mark.parametrize(("loss", "t"), cases())
def test_cost_and_gradient_alone_suffice(loss, t):
    """Without calls of its own a loss costs what the formula says, to the bit; its own calls agree to rounding."""
    for dtype in (np.float64, np.float32):
        z = np.random.default_rng(1).normal(size=t.shape).astype(dtype) * 3
        cost, gradient = ran(loss, z, t, bind=Loss.bind)
        z, target = np.asfortranarray(z), np.asfortranarray(t, dtype)  # as in a step: sums run in the same order
        assert cost == loss.cost(z, target).mean(dtype=np.float64)
        np.testing.assert_array_equal(gradient, loss.gradient(z, target))
        own, own_gradient = ran(loss, z, t)
        eps = float(np.finfo(dtype).eps)
        assert cost == pytest.approx(own, rel=32 * eps)
        assert np.abs(gradient - own_gradient).max() <= 16 * eps * max(1 / gradient.size, np.abs(gradient).max())


@pytest.mark.parametrize(("loss", "t"), cases())
def test_the_gradient_is_that_of_the_reported_cost(loss, t):
    rng = np.random.default_rng(2)

    def value_and_grad(theta):
        cost, gradient = ran(loss, theta.reshape(t.shape), t)
        return cost, gradient.ravel()

    z = rng.normal(size=t.size) * 2
    report = check(value_and_grad, z, probes=30, unit=1.0)
    assert report.passed, str(report)

    def formula(theta):
        z = theta.reshape(t.shape)
        return float(loss.cost(z, t).mean()), loss.gradient(z, t).ravel()

    assert check(formula, z, probes=30, unit=1.0).passed


@pytest.mark.parametrize(("loss", "t"), cases([(7, 3), (400, 3), (7, 40), (150, 1)]))
def test_an_error_of_a_tenth_of_a_percent_is_caught(loss, t):
    def planted(theta):
        cost, gradient = ran(loss, theta.reshape(t.shape), t)
        return cost, 1.001 * gradient.ravel()

    assert not check(planted, np.random.default_rng(2).normal(size=t.size) * 2, probes=30).passed


SIZES = [1e4, -1e4, 745.0, -745.0, 88.0, -88.0, 1e-30, 5e-324, 0.0]


@pytest.mark.parametrize(("loss", "t"), cases([(9, 3), (3 * 130, 9), (9, 1)]))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores(loss, t, dtype):
    """Every size in every place against every other, all equal among them: finite, equal to the formula, no warning."""
    n, width = t.shape
    sizes = np.clip(SIZES, -80, 80) if isinstance(loss, Poisson) else np.array(SIZES)  # its cost is eᶻ, truly
    rows = np.array([np.roll(np.resize(sizes, max(9, width)), shift)[:width] for shift in range(9)])
    alike = np.broadcast_to(sizes[:, None], (9, width))
    eps, target = float(np.finfo(dtype).eps), t.astype(dtype)
    for block in (rows, alike):
        z = np.resize(block, (n, width)).astype(dtype)
        cost, gradient = ran(loss, z, t)
        assert math.isfinite(cost)
        assert np.isfinite(gradient).all()
        exact = loss.cost(z.astype(np.longdouble), target.astype(np.longdouble)).mean()
        reach = max(1.0, float(np.abs(z).max()))  # the scores that cancel are rounded like themselves
        assert cost == pytest.approx(float(exact), rel=16 * eps, abs=16 * eps * reach)
        expected = loss.gradient(z, target)
        assert np.abs(gradient - expected).max() <= 8 * eps * max(1 / gradient.size, np.abs(expected).max())


@pytest.mark.parametrize("entry", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("rows", [150, 120, 40, 1])
def test_a_short_batch_in_the_buffers_of_a_long_one(entry, rows):
    """The orders of the blocks change with the rows; left-overs of the long batch must not be seen."""
    loss, width = entry(), 10
    t = next(targets(loss, rows, width))
    z = np.random.default_rng(0).normal(size=t.shape)
    plan = Plan()
    memory = Workspace(150, np.float64, plan)
    results = []
    for n in (150, rows):
        ws, do = memory.resized(n), Calls(plan, np.dtype(np.float64))
        scores, target = ws.block(width), np.empty((width, n)).T
        target = target if scores.flags.f_contiguous else target.copy("C")
        target[:] = np.resize(t, (n, width))
        read, gradient = loss.bind(do, scores, target, ws)
        gradient(do, np.asarray)
        results.append((do, scores, read))
    for n, (do, scores, _) in zip((150, rows), results, strict=True):
        scores[:] = np.resize(z, (n, width))
        do.run()
    _, scores, read = results[1]
    cost, gradient = ran(loss, z, t)
    assert read() == pytest.approx(cost, rel=1e-14)
    np.testing.assert_allclose(scores, gradient, rtol=1e-13, atol=1e-18)


@pytest.mark.parametrize("entry", LOSSES.values(), ids=LOSSES)
def test_kinked_says_whether_the_gradient_jumps(entry):
    loss = entry()
    width = loss.width(2, 1)
    t = np.repeat(next(targets(loss, 1, width)), 8001, axis=0)
    z = np.zeros((8001, width))
    z[:, 0] = np.linspace(-4, 4, 8001)
    slopes = len(z) * loss.gradient(z, t)[:, 0]
    bends = np.abs(np.diff(slopes, 2)).max()  # of a smooth gradient: second derivative × 1e-6
    assert (bends > 1e-4) == loss.kinked


# --- links, targets and options --------------------------------------------------------------------------------------

LINKS = np.array([[0.1, -0.2, 0.3], [88, -88, 87.5], [1e4, -1e4, 9999], [745, 0, -745], [5e-324, 0, 1e-30], [7, 7, 7]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_and_sigmoid_against_forty_decimals(dtype):
    z = LINKS.astype(dtype)
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 40, -(10**9), 10**9
        e = [[Decimal(float(v)).exp() for v in row] for row in z]
        softmax = np.array([[float(v / sum(row)) for v in row] for row in e])
        sigmoid = np.array([[float(v / (1 + v)) for v in row] for row in e])
    tiny = np.finfo(dtype).smallest_subnormal
    rtol = 4 * np.finfo(dtype).eps * 32  # e^z: the rounding of z − max z, up to 32 where e^z still counts, is relative
    np.testing.assert_allclose(SoftmaxCrossEntropy().link(z), softmax, rtol=rtol, atol=8 * np.finfo(dtype).tiny)
    np.testing.assert_allclose(SigmoidCrossEntropy().link(z), sigmoid, rtol=rtol, atol=4 * tiny)


@pytest.mark.parametrize("entry", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_recorded_prediction_equals_the_link(entry, dtype):
    for width in (3, 1):
        z = LINKS[:, :width].astype(dtype)
        z = z.clip(-80, 80) if entry is Poisson else z  # its link is eᶻ, truly
        kept, out, do = z.copy(), np.empty_like(z), Calls(Plan(), np.dtype(dtype))
        if width == 1 and entry().width(2, 1) != 1:
            continue  # one score is nothing that this loss could rank
        entry().predict(do, z, out)
        do.run()
        np.testing.assert_array_equal(z, kept)
        probabilities = {"classification"} == set(entry().tasks)
        if not probabilities:  # compared with numbers only where targets are numbers
            np.testing.assert_allclose(out, entry().link(z), rtol=0, atol=4 * np.finfo(dtype).eps * np.abs(out).max())


@pytest.mark.parametrize("entry", LOSSES.values(), ids=LOSSES)
def test_the_cheaper_decision_is_the_dearer_one_s(entry):
    """A perfect score costs less than a wrong one, and the threshold lies between them."""
    loss = entry()
    if "classification" not in loss.tasks:
        pytest.skip("not for classes")
    width = loss.width(2, 1)
    for label in (0, 1):
        t = loss.encode(np.array([label]), width, np.dtype(np.float64))
        far = {1: loss.threshold + 1.5, 0: loss.threshold - 1.5}
        scores = [np.eye(2)[[k]] * 3 if width == 2 else np.array([[far[k]]]) for k in (0, 1)]
        costs = [loss.cost(z, t)[0] for z in scores]
        assert costs[label] < costs[1 - label]


@pytest.mark.parametrize("entry", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_have_the_run_s_type_and_shape(entry, dtype):
    loss = entry()
    for width in (1, 4):
        for t in targets(loss, 6, width, dtype):
            assert t.dtype == dtype
            assert t.shape == (6, width)


def test_label_smoothing_moves_targets_towards_the_middle():
    t = SoftmaxCrossEntropy(label_smoothing=0.3).encode(np.array([1]), 3, np.dtype(np.float64))
    np.testing.assert_allclose(t, [[0.1, 0.8, 0.1]])
    t = SigmoidCrossEntropy(label_smoothing=0.2).encode(np.array([0, 1]), 1, np.dtype(np.float64))
    np.testing.assert_allclose(t, [[0.1], [0.9]])


def test_class_weights_multiply_the_costs_of_their_class():
    plain, weighted = SoftmaxCrossEntropy(), SoftmaxCrossEntropy(class_weights=(2.0, 3.0, 0.5))
    one_hot, t = (loss.encode(TRUTH, 3, np.dtype(np.float64)) for loss in (plain, weighted))
    np.testing.assert_allclose(weighted.cost(SCORES, t), plain.cost(SCORES, one_hot) * [2, 3, 0.5], rtol=1e-14)
    y = np.array([0, 1, 1])
    plain, weighted = SigmoidCrossEntropy(), SigmoidCrossEntropy(class_weights=(2.0, 5.0))
    t = plain.encode(y, 1, np.dtype(np.float64))
    z = SCORES[:, :1]
    np.testing.assert_allclose(weighted.cost(z, t), plain.cost(z, t) * [2, 5, 5], rtol=1e-14)


def test_encoding_targets_leaves_the_source_alone():
    y = np.array([[0.0, 1.0]])
    for entry in LOSSES.values():
        if entry().tasks != ("classification",):
            for loss in variants(entry(), 2):
                loss.encode(y, 2, np.dtype(np.float64))
    np.testing.assert_array_equal(y, [[0.0, 1.0]])
