"""The worked examples of the lectures with their numbers, computed by the package's own classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from nntrain.core.types import Array
from nntrain.data.dataset import Dataset
from nntrain.errors import DivergenceError
from nntrain.inspection.layer_table import describe
from nntrain.network import Network
from nntrain.ops.activations.elementwise import Identity, Sigmoid, Tanh
from nntrain.ops.activations.rectifiers import Elu, Relu
from nntrain.ops.losses import BinaryHinge, Hinge, Loss, Mse, SigmoidCrossEntropy, SigmoidMse, SoftmaxCrossEntropy
from nntrain.ops.models import Linear, Mlp, Model
from nntrain.runs import Assembly, Prepared, prepare_run
from nntrain.spec import load
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord
from nntrain.train.state import State

CONFIGS = Path(__file__).parents[1] / "configs"

CAT, CAR, BIRD = 0, 1, 2
SCORES = np.array([[2.1, 3.4, -2.0], [0.2, 5.1, 1.7], [2.3, 3.1, -1.2]])
CLASSES = np.array([CAT, CAR, BIRD])


@dataclass(frozen=True)
class Trained:
    """A spec trained in memory: what came out, epoch by epoch, and the network at the end."""

    data: Dataset
    assembly: Assembly
    records: Sequence[EpochRecord]
    stopped: str | None

    @property
    def layers(self) -> list[tuple[Array, Array]]:
        """(W, b) of each dense layer."""
        return [(p.W, p.b) for p in self.assembly.network.params.values if vars(p)]


def ready(name: str, *overrides: str) -> Prepared:
    return prepare_run(load(CONFIGS / name, overrides))


def train(name: str, *overrides: str) -> Trained:
    it = ready(name, *overrides)
    it.assembly.network.initialize(it.assembly.spec.seed)
    state = State.start(it.assembly.network.params, it.job.optimizer)
    records = [event for event in fit(it.job, state) if isinstance(event, EpochRecord)]
    return Trained(it.data, it.assembly, records, state.stopped)


def network_of(model: Model, n_in: int, n_out: int, loss: Loss, *weights: tuple[Array, Array]) -> Network:
    """Return a float64 network with the given (W, b) of its dense layers."""
    network = Network(model.layers(n_in, n_out), loss, n_in=n_in, dtype="float64")
    dense = [p for p in network.params.values if vars(p)]
    for p, (W, b) in zip(dense, weights, strict=True):
        p.W[...], p.b[...] = W, b
    return network


def with_bias(X: Array) -> Array:
    return np.column_stack((X, np.ones(len(X))))


def least_squares(data: Dataset) -> tuple[Array, Array]:
    """Return (W, b) of the least-squares solution, by a decomposition."""
    solution = np.linalg.lstsq(with_bias(data.train.X), data.train.y, rcond=None)[0]
    return solution[:-1].T, solution[-1]


# --- costs on the scores of (cat, car, bird) --------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "costs"), [(SoftmaxCrossEntropy(), [1.54, 0.04, 4.68]), (Hinge(), [2.3, 0.0, 9.8])])
def test_costs_of_the_three_pictures(loss: Loss, costs: list[float]) -> None:
    t = loss.encode(CLASSES, 3, np.dtype(np.float64))
    np.testing.assert_allclose(loss.cost(SCORES, t), costs, atol=0.005)

    network = network_of(Linear(), 3, 3, loss, (SCORES.T, np.zeros(3)))  # the scores of row i are W e_i
    each = [network.value_and_grad(np.eye(3)[[i]], t[[i]])[0] for i in range(3)]
    np.testing.assert_allclose(each, costs, atol=0.005)
    cost, _ = network.value_and_grad(np.eye(3), t)
    assert cost == pytest.approx(np.mean(each), rel=1e-14)


def test_softmax_gradient_is_prediction_minus_target() -> None:
    loss = SoftmaxCrossEntropy()
    t = np.eye(3)[CLASSES]
    p = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss.link(SCORES), p, rtol=1e-14)
    np.testing.assert_allclose(loss.gradient(SCORES, t), (p - t) / 3, rtol=1e-12)


def test_softmax_does_not_care_for_a_shift_of_all_scores() -> None:
    loss, t = SoftmaxCrossEntropy(), np.eye(3)[CLASSES]
    np.testing.assert_allclose(loss.cost(SCORES + 1e4, t), loss.cost(SCORES, t), atol=1e-11)
    assert np.isfinite(loss.cost(1e4 * SCORES, t)).all()


@pytest.mark.parametrize(
    ("y", "z", "cost"), [(1, 2.0, 0.0), (1, 1.0, 0.0), (1, 0.3, 0.7), (-1, 0.3, 1.3), (-1, -4.0, 0.0)]
)
def test_binary_hinge(y: int, z: float, cost: float) -> None:
    loss = BinaryHinge()
    t = loss.encode(np.array([int(y > 0)]), 1, np.dtype(np.float64))
    assert t.item() == y
    assert loss.cost(np.array([[z]]), t).item() == pytest.approx(cost)


# --- activations ------------------------------------------------------------------------------------------------------


def test_tanh_is_a_sigmoid_stretched() -> None:
    x = np.linspace(-6, 6, 241)
    np.testing.assert_allclose(Tanh().f(x), 2 * Sigmoid().f(2 * x) - 1, atol=1e-15)
    assert np.abs(Tanh().f(x) - (2 * Sigmoid().f(x) - 1)).max() > 0.3  # the identity that is often printed


def test_elu_is_not_a_maximum_when_alpha_exceeds_1() -> None:
    x, elu = np.array([-1.0, 0.5]), Elu(alpha=2.0)
    np.testing.assert_allclose(elu.f(x), [2 * (np.exp(-1) - 1), 0.5])
    assert np.maximum(2 * np.expm1(x), x)[1] > 1.29  # the formula that is right for α ≤ 1 only


def test_the_subgradient_of_relu_at_0_is_0() -> None:
    assert Relu().df(np.zeros(3)).tolist() == [0, 0, 0]
    network = network_of(Mlp(hidden=(1,)), 1, 1, Mse(), (np.ones((1, 1)), np.zeros(1)), (np.ones((1, 1)), np.zeros(1)))
    network.value_and_grad(np.zeros((1, 1)), np.ones((1, 1)))
    assert network.params.grads[0].b.item() == 0


# --- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "weights", "biases"), [("network-3-4-2.yaml", 20, 6), ("network-3-4-4-2.yaml", 36, 10)]
)
def test_parameters_are_counted(name: str, weights: int, biases: int) -> None:
    assembly = ready(name).assembly
    description = describe(assembly)
    assert (description.weights, description.others, description.total) == (weights, biases, weights + biases)
    assert assembly.network.params.theta.shape == (weights + biases,)


def test_backpropagation_through_a_dense_layer() -> None:
    rng = np.random.default_rng(0)
    X, T, W, b = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), rng.normal(size=(2, 3)), rng.normal(size=2)
    network = network_of(Linear(), 3, 2, Mse(), (W, b))
    cost, _ = network.value_and_grad(X, T)
    dZ = 2 * (X @ W.T + b - T) / 10
    assert cost == pytest.approx(np.mean((X @ W.T + b - T) ** 2), rel=1e-14)
    np.testing.assert_allclose(network.params.grads[0].W, dZ.T @ X, rtol=1e-12)  # dW = dZᵀ X
    np.testing.assert_allclose(network.params.grads[0].b, dZ.sum(axis=0), rtol=1e-12)  # db = 1ᵀ dZ


def test_layers_without_activation_are_one_linear_map() -> None:
    rng = np.random.default_rng(1)
    shapes = [(5, 3), (4, 5), (2, 4)]
    layers = [(rng.normal(size=shape), rng.normal(size=shape[0])) for shape in shapes]
    deep = network_of(Mlp(hidden=(5, 4), activation=(Identity(),)), 3, 2, Mse(), *layers)
    (W1, b1), (W2, b2), (W3, b3) = layers
    one = network_of(Linear(), 3, 2, Mse(), (W3 @ W2 @ W1, W3 @ (W2 @ b1 + b2) + b3))
    X = rng.normal(size=(20, 3))
    np.testing.assert_allclose(deep.forward(X), one.forward(X), rtol=1e-12, atol=1e-12)
    bent = network_of(Mlp(hidden=(5, 4), activation=(Tanh(),)), 3, 2, Mse(), *layers)
    assert np.abs(bent.forward(X) - one.forward(X)).max() > 0.1


def test_a_deep_linear_network_learns_the_least_squares_map() -> None:
    deep = train("linear-collapse.yaml")
    (W1, b1), (W2, b2), (W3, b3) = deep.layers
    W, b = least_squares(deep.data)
    np.testing.assert_allclose(W3 @ W2 @ W1, W, atol=1e-9)
    np.testing.assert_allclose(W3 @ (W2 @ b1 + b2) + b3, b, atol=1e-9)


# --- exclusive or -----------------------------------------------------------------------------------------------------


def test_a_linear_model_gives_up_on_xor() -> None:
    trained = train("xor-linear.yaml", "seed=3")
    [(W, b)] = trained.layers
    np.testing.assert_allclose(W, [[0, 0]], atol=1e-10)
    np.testing.assert_allclose(b, [0.5], atol=1e-10)
    assert trained.records[-1].train["cost"] == pytest.approx(0.25, abs=1e-12)
    assert "fell below step_tolerance 1e-12" in str(trained.stopped)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_relu_units_solve_xor_exactly(dtype: str) -> None:
    it = ready("xor-relu.yaml", f"train.dtype={dtype}")
    network = it.assembly.network
    first, _, last = network.params.values
    first.W[...], first.b[...] = [[1, 1], [1, 1]], [0, -1]
    last.W[...] = [[1, -2]]
    assert network.forward(it.data.train.X).tolist() == [[0], [1], [1], [0]]
    assert it.assembly.evaluator(it.data.train)() == {"cost": 0, "rmse": 0, "r2": 1}


def test_xor_is_solved_by_training() -> None:
    trained = train("xor-relu.yaml")
    outputs = trained.assembly.network.forward(trained.data.train.X)
    np.testing.assert_allclose(outputs, [[0], [1], [1], [0]], atol=1e-9)


# --- gradient descent -------------------------------------------------------------------------------------------------


def test_gradient_descent_reaches_the_least_squares_solution() -> None:
    trained = train("least-squares.yaml")
    [(W, b)] = trained.layers
    expected_W, expected_b = least_squares(trained.data)
    np.testing.assert_allclose(W, expected_W, atol=1e-11)
    np.testing.assert_allclose(b, expected_b, atol=1e-11)
    assert len(trained.records) < 2000
    assert "fell below step_tolerance" in str(trained.stopped)


@pytest.mark.parametrize("name", ["rate-too-small.yaml", "rate-right.yaml"])
def test_gradient_descent_goes_the_way_that_algebra_predicts(name: str) -> None:
    trained = train(name)
    [(W, b)] = trained.layers
    A, rate = with_bias(trained.data.train.X), trained.assembly.spec.optimizer.lr
    best = np.append(*least_squares(trained.data))
    curvature = 2 / len(A) * A.T @ A  # of the cost; constant
    shrink = np.linalg.matrix_power(np.eye(len(best)) - rate * curvature, len(trained.records))
    np.testing.assert_allclose(np.append(W, b), best - shrink @ best, atol=1e-12)  # θ_t = θ* + (I − εH)ᵗ (θ_0 − θ*)


def test_the_largest_learning_rate_is_two_over_the_curvature() -> None:
    A = with_bias(ready("rate-right.yaml").data.train.X)
    limit = 2 / np.linalg.eigvalsh(2 / len(A) * A.T @ A)[-1]
    below = train("rate-right.yaml", f"optimizer.lr={0.97 * limit}", "train.epochs=1000")
    costs = [record.train["cost"] for record in below.records]
    assert costs[-1] == pytest.approx(costs[-2], rel=1e-9)
    with pytest.raises(DivergenceError, match="the epoch's cost grew to"):
        train("rate-right.yaml", f"optimizer.lr={1.03 * limit}", "train.epochs=1000")


def test_too_small_right_and_too_large_rates() -> None:
    start = train("rate-right.yaml", "train.epochs=1").records[0].train["cost"]  # measured before the first step
    slow, right = (train(name).records[-1].train["cost"] for name in ("rate-too-small.yaml", "rate-right.yaml"))
    assert 0.9 * start < slow < start
    assert right < 0.01 * start
    with pytest.raises(DivergenceError, match=r"diverged, .*lower optimizer\.lr \(now 1\.5\)"):
        train("rate-too-large.yaml")


def test_batch_minibatch_and_stochastic_descent_differ_in_batch_size_alone() -> None:
    steps = {size: train("rate-right.yaml", f"train.batch_size={size}", "train.epochs=1", "optimizer.lr=0.01")
             for size in ("all", 200, 50, 1)}  # fmt: skip
    assert [run.records[0].step for run in steps.values()] == [1, 1, 4, 200]
    theta = {size: run.assembly.network.params.theta for size, run in steps.items()}
    np.testing.assert_array_equal(theta["all"], theta[200])
    assert np.abs(theta["all"] - theta[50]).max() > 1e-3
    y = steps["all"].data.train.y
    assert steps["all"].records[0].train["cost"] == pytest.approx(np.mean(y * y))  # all outputs are 0 before the step


# --- saturation -------------------------------------------------------------------------------------------------------


def test_squared_error_saturates_where_cross_entropy_does_not() -> None:
    z, y = np.array([[-50.0]]), np.array([[1.0]])
    assert abs(SigmoidMse().gradient(z, y).item()) < 1e-20
    assert SigmoidCrossEntropy().gradient(z, y).item() == pytest.approx(-1.0)
    assert SigmoidMse().cost(z, y).item() == pytest.approx(1.0)
    assert SigmoidCrossEntropy().cost(z, y).item() == pytest.approx(50.0)


def test_a_saturated_start_is_left_by_cross_entropy_alone() -> None:
    squares, entropy = train("saturation.yaml"), train("saturation-cross-entropy.yaml")
    assert max(record.gradient_norm for record in squares.records) < 1e-4 < 1 < entropy.records[0].gradient_norm
    assert [run.records[-1].train["accuracy"] for run in (squares, entropy)] == [0, 1]
    for name in ("saturation.yaml", "saturation-cross-entropy.yaml"):  # both start from the same wrong answers
        it = ready(name)
        it.assembly.network.initialize(it.assembly.spec.seed)
        assert it.assembly.evaluator(it.data.train)()["accuracy"] == 0


# --- autoencoder ------------------------------------------------------------------------------------------------------


def principal_components_cost(X: Array, k: int) -> float:
    """Return the mean squared error of X through its first k principal components: the least that any map can have."""
    values = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)
    return float((values[k:] ** 2).sum()) / X.size


@pytest.mark.parametrize("width", [1, 2, 3])
def test_a_linear_autoencoder_reaches_the_error_of_principal_components(width: int) -> None:
    trained = train(
        "digits-autoencoder.yaml",
        "data={source: iris, scale: standard}",
        f"model.hidden={width}",
        "optimizer={kind: sgd, lr: 0.1, momentum: 0.9}",
        "train={epochs: 1500, batch_size: all, dtype: float64}",
        "schedule=constant",
    )
    best = principal_components_cost(trained.data.train.X, width)
    assert trained.records[-1].train["cost"] == pytest.approx(best, rel=1e-9)


def test_the_digits_autoencoder_comes_close_to_principal_components() -> None:
    trained = train("digits-autoencoder.yaml")
    cost = trained.assembly.evaluator(trained.data.train)()["cost"]
    best = principal_components_cost(trained.data.train.X.astype(np.float64), 16)
    assert best < cost < 1.01 * best
