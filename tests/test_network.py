"""Networks: gradients of all that can be combined, planted errors, linear collapse, the notes' small networks."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest

from nntrain.core.rng import Stream, generator
from nntrain.data.batches.in_memory import Batch, Batches
from nntrain.gradcheck.numeric import check
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS, Activation
from nntrain.ops.initializers import INITIALIZERS, Normal
from nntrain.ops.layers import Context, Dense, Dropout, Layer, Noise
from nntrain.ops.losses import LOSSES, Mse, SoftmaxCrossEntropy
from nntrain.ops.metrics import MetricSet, default_metrics
from nntrain.ops.models import MODELS, Mlp
from nntrain.ops.optimizers import Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.settings import Training
from nntrain.train.state import State
from nntrain.train.step import Stepper

N, D, CAPACITY = 21, 3, 8  # examples, features, and the batch size: 8, 8 and a short batch of 5
PENALTY = Penalty(l1=1e-3, l2=1e-2)
TASKS = ("classification", "multilabel", "regression")


def models():
    """Return every model with every activation it can take."""
    plain = [entry() for entry in MODELS.values() if not _stacked(entry)]
    units = [entry() for entry in ACTIVATIONS.values()]
    return plain + [
        entry(hidden=(4, 3), activation=(unit,)) for entry in MODELS.values() if _stacked(entry) for unit in units
    ]


def _stacked(entry):
    return "activation" in {field.name for field in fields(entry)}


def task_for(model, loss):
    """Return the first kind of data that model and loss can work on together, or None."""
    if model.loss_problem(loss) is not None:
        return None
    return next((task for task in TASKS if model.task(task) in loss.tasks), None)


COMBINATIONS = [
    pytest.param(model, loss, id="-".join(part.kind for part in (model, *getattr(model, "activation", ()), loss)))
    for model in models()
    for loss in (entry() for entry in LOSSES.values())
    if task_for(model, loss)
]


@dataclass
class Case:
    """A network with data that fit it; ``value_and_grad(n)`` is the cost of the first n examples, penalty included."""

    network: Network
    job: Job
    state: State
    stepper: Stepper
    X: np.ndarray
    t: np.ndarray
    y: np.ndarray

    def batch(self, n, place=0):
        block = self.network.workspace(n).block(self.t.shape[1])  # targets in the order of the scores
        block[:] = self.t[:n]
        return Batch((place, n), self.X[:n].copy(), block, self.y[:n].copy())

    def value_and_grad(self, n):
        step, theta = self.stepper(self.batch(n, place=n)), self.network.params.theta

        def evaluate(point):
            theta[:] = point
            step.recorded.run()
            return step.cost(), self.network.params.grad

        return evaluate


def case(model, loss, *, layers=None, dtype="float64", epochs=3, penalty=PENALTY, optimizer=None):
    task = task_for(model, loss)
    rng = np.random.default_rng(5)
    X = rng.uniform(0, 1, (N, D)).astype(dtype)
    y = {
        "classification": rng.integers(0, 3, N),
        "multilabel": rng.integers(0, 2, (N, 3)).astype(dtype),
        "regression": rng.normal(size=(N, 3)).astype(dtype),
    }[task]
    if model.task(task) == "reconstruction":
        t, y = X, X
    else:
        t = loss.encode(y, loss.width(3 if y.ndim == 1 else 0, 3), np.dtype(dtype))
    network = Network(layers or model.layers(D, t.shape[1]), loss, n_in=D, dtype=dtype)
    network.initialize(1)
    rng = generator(1, Stream.PROBE)
    network.params.theta[network.params.n_weights :] += (
        rng.normal(size=network.params.size - network.params.n_weights) / 5
    )
    metrics = MetricSet(default_metrics(model.task(task)), model.task(task))
    job = Job(
        network=network,
        metrics=metrics,
        batches=Batches(X, t, y, batch_size=CAPACITY, seed=0, plan=network.plan),
        validation=None,
        optimizer=optimizer or Sgd(lr=0.02, momentum=0.9),
        schedule=Constant(),
        penalty=penalty,
        training=Training(epochs=epochs, batch_size=CAPACITY, dtype=dtype),
        seed=0,
        spreads=metrics.spreads(t),
    )
    state = State.start(network.params, job.optimizer)
    return Case(network, job, state, Stepper(job, state), X, t, y)


# --- gradients -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "loss"), COMBINATIONS)
def test_gradients_at_the_start_and_later_choice(model, loss):
    c = case(model, loss)
    _check_every_batch_size(c, "at the start")
    costs = [record.train["cost"] for record in fit(c.job, c.state)]
    assert costs[-1] < costs[0]
    _check_every_batch_size(c, "after training")


def _check_every_batch_size(c, moment):
    theta = c.network.params.theta.copy()
    for n in (CAPACITY, N % CAPACITY, 1):
        report = check(c.value_and_grad(n), theta)
        assert report.passed, f"{moment}, {n} rows: {report}"
    c.network.params.theta[:] = theta


class Wrong(Layer):
    """Another layer with a gradient 0.1 % too large: that of its input, or of one of its parameters."""

    def __init__(self, layer, parameter=None):
        self.layer, self.parameter = layer, parameter

    def n_out(self, n_in):
        return self.layer.n_out(n_in)

    def shapes(self, n_in):
        return self.layer.shapes(n_in)

    def initialize(self, p, rng):
        self.layer.initialize(p, rng)

    def bind(self, do, x, p, g, ctx):
        h, backward = self.layer.bind(do, x, p, g, ctx)

        def planted(do, d):
            dx = backward(do, d)
            wrong = dx if self.parameter is None else getattr(g, self.parameter)
            do(np.multiply, wrong, 1.001, out=wrong)
            return dx

        return h, planted


class WrongLoss:
    """Another loss with a gradient 0.1 % too large."""

    def __init__(self, loss):
        self.loss = loss

    def __getattr__(self, name):
        return getattr(self.loss, name)

    def bind(self, do, z, t, ws):
        read, gradient = self.loss.bind(do, z, t, ws)
        return read, lambda do, scale: gradient(do, lambda constant: scale(1.001 * constant))


@pytest.mark.parametrize("unit", [entry() for entry in ACTIVATIONS.values()], ids=ACTIVATIONS)
@pytest.mark.parametrize("n", [CAPACITY, 1])
def test_an_error_of_a_tenth_of_a_percent_in_an_activation_is_caught(unit, n):
    loss = SoftmaxCrossEntropy()
    layers = Mlp(hidden=(4, 3), activation=(unit,)).layers(D, 3)
    planted = [Wrong(layer) if isinstance(layer, Activation) else layer for layer in layers]
    right, wrong = (
        case(Mlp(), loss, layers=layers, penalty=Penalty()),
        case(Mlp(), loss, layers=planted, penalty=Penalty()),
    )
    assert check(right.value_and_grad(n), right.network.params.theta.copy()).passed
    report = check(wrong.value_and_grad(n), wrong.network.params.theta.copy())
    assert not report.passed
    assert report.max_error == pytest.approx(2e-3, rel=0.02)  # two such layers, one after the other


@pytest.mark.parametrize("loss", [entry() for entry in LOSSES.values()], ids=LOSSES)
@pytest.mark.parametrize("n", [CAPACITY, 1])
def test_an_error_of_a_tenth_of_a_percent_in_a_loss_is_caught(loss, n):
    model = Mlp(hidden=(4,), activation=(ACTIVATIONS["tanh"](),))
    c = case(model, WrongLoss(loss), penalty=Penalty())
    report = check(c.value_and_grad(n), c.network.params.theta.copy())
    assert not report.passed
    assert report.max_error == pytest.approx(1e-3, rel=0.02)


@pytest.mark.parametrize(("place", "parameter"), [(0, "W"), (0, "b"), (2, "W"), (2, "b"), (1, "slope")])
def test_an_error_of_a_tenth_of_a_percent_in_a_parameter_is_caught(place, parameter):
    layers = list(Mlp(hidden=(4,), activation=(ACTIVATIONS["prelu"](),)).layers(D, 3))
    layers[place] = Wrong(layers[place], parameter)
    c = case(Mlp(), SoftmaxCrossEntropy(), layers=layers, penalty=Penalty())
    report = check(c.value_and_grad(CAPACITY), c.network.params.theta.copy())
    assert not report.passed
    names = [
        name for name, view in c.network.params.named(np.arange(c.network.params.size)) if report.worst.index in view
    ]
    assert names == [f"layers.{place}.{parameter}"]


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_gradients_hold_under_dropout_whose_mask_a_step_fixes(rate):
    c = case(Mlp(hidden=(6, 5), activation=(ACTIVATIONS["tanh"](),), dropout=(rate,)), SoftmaxCrossEntropy())
    theta = c.network.params.theta.copy()
    costs = set()
    for step in (0, 7):
        c.state.clock[...] = step
        report = check(c.value_and_grad(CAPACITY), theta)
        assert report.max_error < 1e-6, str(report)
        costs.add(c.value_and_grad(CAPACITY)(theta)[0])
    assert len(costs) == 2


def test_value_and_grad_is_the_step_s():
    for dtype in ("float32", "float64"):
        c = case(Mlp(hidden=(4,)), SoftmaxCrossEntropy(), dtype=dtype, penalty=Penalty())
        theta = c.network.params.theta.copy()
        cost, grad = c.value_and_grad(CAPACITY)(theta)
        kept = grad.copy()
        again, grad = c.network.value_and_grad(c.X[:CAPACITY], c.t[:CAPACITY])
        assert again == cost
        np.testing.assert_array_equal(grad, kept)


def test_the_penalty_is_in_cost_and_gradient_of_weights_and_not_of_biases():
    model, loss = Mlp(hidden=(4,), activation=(ACTIVATIONS["prelu"](),)), Mse()
    bare, paid = (case(model, loss, penalty=penalty) for penalty in (Penalty(), Penalty(l1=0.3, l2=0.7)))
    theta, n = bare.network.params.theta.copy(), bare.network.params.n_weights
    (cost, grad), (more, steeper) = bare.value_and_grad(5)(theta), paid.value_and_grad(5)(theta)
    w = theta[:n]
    assert more == pytest.approx(cost + 0.3 * np.abs(w).sum() + 0.35 * (w @ w), rel=1e-13)
    np.testing.assert_allclose(steeper[:n], grad[:n] + 0.3 * np.sign(w) + 0.7 * w, rtol=1e-12)
    np.testing.assert_array_equal(steeper[n:], grad[n:])
    assert n == 4 * D + 3 * 4


# --- the step leaves alone what is not its own -----------------------------------------------------------------------


@pytest.mark.parametrize(("model", "loss"), COMBINATIONS)
def test_a_step_overwrites_neither_inputs_nor_targets(model, loss):
    c = case(model, loss)
    batch = c.batch(CAPACITY)
    if np.shares_memory(c.t, c.X):
        batch = replace(batch, t=batch.X, y=batch.X)
    kept = [array.copy() for array in (batch.X, batch.t, batch.y, c.network.params.theta)]
    c.stepper(batch).recorded.run()
    for array, before in zip((batch.X, batch.t, batch.y, c.network.params.theta), kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("model", models(), ids=lambda m: "-".join(p.kind for p in (m, *getattr(m, "activation", ()))))
def test_batch_sizes_give_the_same_scores_in_the_same_memory(model):
    c = case(model, next(loss for loss in (entry() for entry in LOSSES.values()) if task_for(model, loss)))
    network = c.network
    whole, ws = network.forward(c.X), network.workspace(N)
    held = None
    for n in (N, 5, 1, N):
        bound = network.bind(c.X[:n], Context(ws.resized(n)))
        bound.calls.run()
        np.testing.assert_allclose(bound.scores, whole[:n], rtol=1e-13, atol=1e-14)
        held = held or ws.nbytes
        assert ws.nbytes == held


@pytest.mark.parametrize(
    "X",
    [np.zeros((4, D + 1)), np.zeros(D), np.zeros((4, D), np.float32), np.zeros((4, D), int)],
    ids=lambda X: str(X.shape),
)
def test_inputs_of_another_shape_or_type_are_refused(X):
    network = case(Mlp(), SoftmaxCrossEntropy()).network
    with pytest.raises(ValueError, match=r"X: must be \(n, 3\) float64"):
        network.forward(X)


# --- the notes' networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hidden", "weights", "biases"), [((4,), 20, 6), ((4, 4), 36, 10)])
def test_the_parameters_of_the_worked_examples(hidden, weights, biases):
    network = Network(Mlp(hidden=hidden).layers(3, 2), SoftmaxCrossEntropy(), n_in=3, dtype="float64")
    assert network.params.n_weights == weights
    assert network.params.size == weights + biases  # 26 and 46


def test_the_relu_network_with_the_given_weights_solves_xor():
    network = Network(Mlp(hidden=(2,)).layers(2, 1), Mse(), n_in=2, dtype="float64")
    hidden, _, out = network.params.values
    hidden.W[:], hidden.b[:] = [[1, 1], [1, 1]], [0, -1]
    out.W[:], out.b[:] = [[1, -2]], 0
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    t = np.array([[0.0], [1], [1], [0]])
    np.testing.assert_array_equal(network.forward(X), t)
    cost, grad = network.value_and_grad(X, t)
    assert cost == 0
    assert not grad.any()


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_with_identity_activations_the_network_is_one_linear_map(depth):
    model = Mlp(hidden=(7, 3, 8, 5)[: depth - 1], activation=(ACTIVATIONS["identity"](),))
    network = Network(model.layers(D, 2), Mse(), n_in=D, dtype="float64")
    rng = np.random.default_rng(0)
    network.params.theta[:] = rng.normal(size=network.params.size)
    X = rng.normal(size=(40, D))
    W, b = np.eye(D), np.zeros(D)
    for p in (p for p in network.params.values if vars(p)):
        W, b = p.W @ W, p.W @ b + p.b
    np.testing.assert_allclose(network.forward(X), X @ W.T + b, rtol=1e-12, atol=1e-12)


def test_a_forward_pass_by_hand():
    network = Network(Mlp(hidden=(2,)).layers(2, 2), SoftmaxCrossEntropy(), n_in=2, dtype="float64")
    hidden, _, out = network.params.values
    hidden.W[:], hidden.b[:] = [[1, -1], [2, 1]], [0.5, -3]
    out.W[:], out.b[:] = [[1, 2], [3, 4]], [-1, 1]
    np.testing.assert_array_equal(network.forward(np.array([[2.0, 1.0], [0.0, 1.0]])), [[4.5, 13.5], [-1, 1]])


# --- starting values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", [entry() for entry in INITIALIZERS.values()], ids=INITIALIZERS)
def test_initial_weights_follow_from_the_seed_and_biases_are_zero(init):
    def started(seed, dtype="float64"):
        network = Network(Mlp(hidden=(9, 8), init=(init,)).layers(D, 4), SoftmaxCrossEntropy(), n_in=D, dtype=dtype)
        network.params.theta[:] = 7  # nothing may be left from before
        network.initialize(seed)
        return network.params.theta, network.params.n_weights

    theta, n = started(3)
    np.testing.assert_array_equal(theta, started(3)[0])
    np.testing.assert_array_equal(theta.astype(np.float32), started(3, "float32")[0])
    assert theta[n:].any() == (init.kind == "torch_linear")
    assert not theta.any() or (theta[:n] != started(4)[0][:n]).all()


def test_a_list_of_initialisers_has_one_for_each_layer():
    starts = tuple(INITIALIZERS["normal"](bias=float(place), std=1e-30) for place in range(3))
    network = Network(Mlp(hidden=(5, 4), init=starts).layers(D, 2), SoftmaxCrossEntropy(), n_in=D, dtype="float64")
    network.initialize(0)
    dense = [p for p in network.params.values if vars(p)]
    assert [set(p.b) for p in dense] == [{0.0}, {1.0}, {2.0}]


def test_without_biases_no_layer_has_one():
    model = Mlp(hidden=(5,), bias=False)
    network = Network(model.layers(D, 2), SoftmaxCrossEntropy(), n_in=D, dtype="float64")
    network.initialize(0)
    assert [name for name, _ in network.params.named(network.params.theta)] == ["layers.0.W", "layers.1.W"]
    assert not network.forward(np.zeros((3, D))).any()
    network.params.theta[:] = np.random.default_rng(0).normal(size=network.params.size)
    W1, W2 = (p.W for p in network.params.values if vars(p))
    X, t = np.random.default_rng(1).normal(size=(7, D)), np.eye(2)[[0, 1, 0, 1, 0, 1, 1]]
    np.testing.assert_allclose(network.forward(X), np.maximum(X @ W1.T, 0) @ W2.T, rtol=1e-13)

    def value_and_grad(theta):
        network.params.theta[:] = theta
        cost, grad = network.value_and_grad(X, t)
        return cost, grad.copy()

    report = check(value_and_grad, network.params.theta.copy())
    assert report.passed, str(report)


def test_layers_of_one_shape_start_from_different_weights():
    network = Network(Mlp(hidden=(3, 3)).layers(3, 3), SoftmaxCrossEntropy(), n_in=3, dtype="float64")
    network.initialize(0)
    first, _, second, *_ = network.params.values
    assert (first.W != second.W).all()


def test_auto_asks_the_unit_that_follows():
    layers = Mlp(hidden=(5,), activation=(ACTIVATIONS["relu"](),)).layers(D, 2)
    assert [layer.rectified for layer in layers if isinstance(layer, Dense)] == [True, False]
    layers = Mlp(hidden=(5,), activation=(ACTIVATIONS["tanh"](),)).layers(D, 2)
    assert [layer.rectified for layer in layers if isinstance(layer, Dense)] == [False, False]


# --- dropout ---------------------------------------------------------------------------------------------------------


def dropped(rate, *, seed=0, step=0, place=0, shape=(400, 50), training=True, dtype="float64"):
    layers = [Dropout(rate, place), Dense(2, Normal())]
    network = Network(layers, Mse(), n_in=shape[1], dtype=dtype)
    ctx = Context(network.workspace(shape[0]), training=training, seed=seed, clock=np.array(step))
    do = network.calls()
    h, _ = layers[0].bind(do, np.ones(shape, dtype), *network.params.values[:1], *network.params.grads[:1], ctx)
    do.run()
    return h.copy()


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(400, 50), (1000, 20), (50, 400)])
def test_dropout_keeps_the_expectation(rate, shape):
    mask = dropped(rate, shape=shape)
    assert set(np.unique(mask)) == {0.0, 1 / (1 - rate)}
    deviation = np.sqrt(rate / (1 - rate) / mask.size)
    assert mask.mean() == pytest.approx(1, abs=5 * deviation)
    assert np.abs(mask.mean(axis=0) - 1).max() < 6 * deviation * np.sqrt(mask.shape[1])


def test_the_mask_follows_from_seed_step_and_place_alone():
    mask = dropped(0.5)
    np.testing.assert_array_equal(mask, dropped(0.5))
    for other in (dropped(0.5, seed=1), dropped(0.5, step=1), dropped(0.5, place=1)):
        assert (mask != other).mean() == pytest.approx(0.5, abs=0.05)


def test_both_precisions_drop_the_same():
    np.testing.assert_array_equal(dropped(0.5), dropped(0.5, dtype="float32"))


def test_nothing_is_dropped_outside_training_or_at_rate_zero():
    np.testing.assert_array_equal(dropped(0.5, training=False), 1)
    np.testing.assert_array_equal(dropped(0.0), 1)


def test_no_rate_is_no_layer():
    layers = Mlp(hidden=(4, 4), dropout=(0.0, 0.3)).layers(D, 2)
    assert [layer.place for layer in layers if isinstance(layer, Dropout)] == [1]


def noisy(std, *, step=0, training=True, dtype="float64"):
    network = Network([Noise(std, 0), Dense(2, Normal())], Mse(), n_in=50, dtype=dtype)
    ctx = Context(network.workspace(400), training=training, seed=0, clock=np.array(step))
    do = network.calls()
    h, _ = network.layers[0].bind(
        do, np.ones((400, 50), dtype), *network.params.values[:1], *network.params.grads[:1], ctx
    )
    do.run()
    return h.copy()


def test_noise_has_the_deviation_asked_for_and_is_drawn_anew_in_each_step():
    added = noisy(0.3) - 1
    assert added.mean() == pytest.approx(0, abs=5 * 0.3 / added.size**0.5)
    assert added.std() == pytest.approx(0.3, rel=0.02)
    np.testing.assert_array_equal(added + 1, noisy(0.3))
    np.testing.assert_allclose(noisy(0.3, dtype="float32"), added + 1, rtol=1e-6)
    assert abs(np.corrcoef(added.ravel(), (noisy(0.3, step=1) - 1).ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(noisy(0.3, training=False), 1)
    np.testing.assert_array_equal(noisy(0.0), 1)


def test_noise_and_dropout_of_the_inputs_come_first_and_draw_by_themselves():
    layers = Mlp(hidden=(4, 4), dropout=(0.3,), input_dropout=0.2, input_noise=0.1).layers(D, 2)
    assert [type(layer).__name__ for layer in layers[:3]] == ["Noise", "Dropout", "Dense"]
    places = [layer.place for layer in layers if layer.draws]
    assert len(set(places)) == len(places) == 4
