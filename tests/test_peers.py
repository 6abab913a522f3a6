"""Ten steps against PyTorch in float64: the same start, the same batches, the same costs to 1e-10."""

import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nntrain.data.batches.in_memory import Batches
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.activations.units import Maxout
from nntrain.ops.layers import Dense
from nntrain.ops.losses import LOSSES, Huber, SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.metrics import MetricSet, default_metrics
from nntrain.ops.models import MODELS, Linear, Mlp
from nntrain.ops.optimizers import OPTIMIZERS, AdaGrad, Adam, AdamW, RmsProp, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import Constant, Cosine, Exponential, OneCycle, StepDecay
from nntrain.train.job import Job
from nntrain.train.loop import fit
from nntrain.train.records import Pause
from nntrain.train.settings import Training
from nntrain.train.state import State

pytestmark = pytest.mark.slow

STEPS, N, D, BATCH, WIDTH = 10, 45, 6, 12, 4  # batches of 12, 12, 12 and 9


@pytest.fixture(scope="module", autouse=True)
def torch():
    """Return PyTorch, on one thread and in float64; the tests are skipped, visibly, without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("torch")
    module.set_num_threads(1)
    module.set_default_dtype(module.float64)
    with threadpool_limits(1, user_api="blas"):
        yield module


# --- PyTorch's side: what both have, by kind -------------------------------------------------------------------------

UNITS = {
    "identity": lambda torch, z, p, unit: z,
    "sigmoid": lambda torch, z, p, unit: torch.sigmoid(z),
    "tanh": lambda torch, z, p, unit: torch.tanh(z),
    "relu": lambda torch, z, p, unit: torch.relu(z),
    "softplus": lambda torch, z, p, unit: torch.nn.functional.softplus(z, threshold=700),  # never cut to a line
    "leaky_relu": lambda torch, z, p, unit: torch.nn.functional.leaky_relu(z, unit.slope),
    "elu": lambda torch, z, p, unit: torch.nn.functional.elu(z, unit.alpha),
    "silu": lambda torch, z, p, unit: torch.nn.functional.silu(z),
    "gelu": lambda torch, z, p, unit: torch.nn.functional.gelu(z, approximate="tanh"),
    "mish": lambda torch, z, p, unit: torch.nn.functional.mish(z),
    "selu": lambda torch, z, p, unit: torch.selu(z),
    "softsign": lambda torch, z, p, unit: torch.nn.functional.softsign(z),
    "hard_sigmoid": lambda torch, z, p, unit: torch.clamp(z / 6 + 0.5, 0, 1),  # hardsigmoid's 1/6 backward is a float32
    "prelu": lambda torch, z, p, unit: torch.nn.functional.prelu(z, p["slope"]),
    "maxout": lambda torch, z, p, unit: z.view(len(z), unit.pieces, -1).max(dim=1).values,
}


def cross_entropy(torch, z, t, y, loss):
    """PyTorch divides weighted costs by the sum of the weights; here it is by the number of examples."""
    weight = None if loss.class_weights is None else torch.tensor(loss.class_weights)
    total = torch.nn.functional.cross_entropy(
        z, y, weight=weight, label_smoothing=loss.label_smoothing, reduction="sum"
    )
    return total / len(z)


def bernoulli(torch, z, t, y, loss):
    w0, w1 = loss.class_weights or (1.0, 1.0)
    return torch.nn.functional.binary_cross_entropy_with_logits(z, t, weight=w0 + (w1 - w0) * t)


COSTS = {
    "softmax_cross_entropy": cross_entropy,
    "sigmoid_cross_entropy": bernoulli,
    "hinge": lambda torch, z, t, y, loss: torch.nn.functional.multi_margin_loss(z, y) * z.shape[1],
    "binary_hinge": lambda torch, z, t, y, loss: torch.clamp(1 - t * z, min=0).mean(),
    "squared_hinge": lambda torch, z, t, y, loss: (torch.clamp(1 - t * z, min=0) ** 2).mean(),
    "crammer_singer": lambda torch, z, t, y, loss: ((z + 1 - t).max(dim=1).values - (t * z).sum(dim=1)).mean(),
    "mae": lambda torch, z, t, y, loss: torch.nn.functional.l1_loss(z, t),
    "poisson": lambda torch, z, t, y, loss: torch.nn.functional.poisson_nll_loss(z, t),
    "mse": lambda torch, z, t, y, loss: torch.nn.functional.mse_loss(z, t),
    "sigmoid_mse": lambda torch, z, t, y, loss: torch.nn.functional.mse_loss(torch.sigmoid(z), t),
    "huber": lambda torch, z, t, y, loss: torch.nn.functional.huber_loss(z, t, delta=loss.delta),
}

RULES = {
    "sgd": lambda torch, ps, o: torch.optim.SGD(ps, o.lr, o.momentum, nesterov=o.nesterov),
    "adagrad": lambda torch, ps, o: torch.optim.Adagrad(ps, o.lr, eps=o.eps),
    "rmsprop": lambda torch, ps, o: torch.optim.RMSprop(ps, o.lr, alpha=o.rho, eps=o.eps),
    "adam": lambda torch, ps, o: torch.optim.Adam(ps, o.lr, betas=(o.beta1, o.beta2), eps=o.eps),
    "adamw": lambda torch, ps, o: torch.optim.AdamW(
        ps, o.lr, betas=(o.beta1, o.beta2), eps=o.eps, weight_decay=o.decay
    ),
}  # fmt: skip


# --- both sides ------------------------------------------------------------------------------------------------------


def make_job(model, loss, *, optimizer=None, penalty=None, schedule=None, clip_norm=None):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(N, D))
    z = X @ rng.normal(size=(D, WIDTH))
    task = model.task(next(t for t in loss.tasks if model.task(t) in loss.tasks))
    y = z.argmax(axis=1) if task == "classification" else 1 / (1 + np.exp(-z))
    if task == "reconstruction":
        t = y = X = 1 / (1 + np.exp(-X))
    else:
        t = loss.encode(y, WIDTH, X.dtype)
    network = Network(model.layers(D, t.shape[1]), loss, n_in=D, dtype="float64")
    network.initialize(2)
    metrics = MetricSet(default_metrics(task), task)
    return Job(
        network=network,
        metrics=metrics,
        batches=Batches(X, t, y, batch_size=BATCH, seed=0, plan=network.plan),
        validation=None,
        optimizer=optimizer or Sgd(lr=0.1),
        schedule=schedule or Constant(),
        penalty=penalty or Penalty(),
        training=Training(epochs=9, batch_size=BATCH, dtype="float64", max_steps=STEPS, clip_norm=clip_norm),
        seed=0,
        spreads=metrics.spreads(t),
    )


def own_trajectory(job):
    """Return the cost of every step, and the parameters after the last."""
    state, costs, before, seen = State.start(job.network.params, job.optimizer), [], 0.0, 0
    for event in fit(job, state, pause_every=1):
        paused = isinstance(event, Pause)
        rows = min(BATCH, N - seen)
        total = state.cost_sum if paused else event.train["cost"] * (seen + rows)
        costs.append((total - before) / rows)
        before, seen = (total, seen + rows) if paused else (0.0, 0)
    return costs, job.network.params.theta.copy()


def rates(job):
    facts = {"steps_per_epoch": job.batches.per_epoch, "total_steps": job.total_steps}
    return [job.optimizer.lr * job.schedule.factor(step, **facts) for step in range(STEPS)]


def peer_trajectory(torch, job, loss):
    """Return the same of PyTorch's autograd and optimizers."""
    network, penalty = job.network, job.penalty
    layers = [
        {name: torch.tensor(view, requires_grad=True) for name, view in vars(p).items()} for p in network.params.values
    ]
    flat = [tensor for p in layers for tensor in p.values()]
    weights = [p["W"] for p in layers if "W" in p]
    rule = RULES[job.optimizer.kind](torch, flat, job.optimizer)
    batches = [b for epoch in range(3) for b in copies(torch, job.batches.epoch(epoch))]
    costs = []
    for (X, t, y), rate in zip(batches, rates(job), strict=False):
        h = X
        for layer, p in zip(network.layers, layers, strict=True):
            h = h @ p["W"].T + p["b"] if isinstance(layer, Dense) else UNITS[layer.kind](torch, h, p, layer)
        cost = COSTS[loss.kind](torch, h, t, y, loss)
        cost = cost + sum(penalty.l1 * w.abs().sum() + penalty.l2 / 2 * (w * w).sum() for w in weights)
        rule.zero_grad()
        cost.backward()
        if job.training.clip_norm is not None:  # PyTorch's own adds 1e-6 to the norm
            norm = torch.sqrt(sum((p.grad**2).sum() for p in flat))
            for p in flat:
                p.grad *= min(1.0, job.training.clip_norm / float(norm))
        rule.param_groups[0]["lr"] = rate
        rule.step()
        costs.append(cost.item())
    named = [(f"layers.{i}.{name}", p[name]) for i, p in enumerate(q for q in layers if q) for name in p]
    return costs, {name: tensor.detach().numpy() for name, tensor in named}


def copies(torch, batches):
    return [tuple(torch.tensor(np.array(part)) for part in (b.X, b.t, b.y)) for b in batches]


def assert_agree(torch, model, loss, **options):
    costs, theta = own_trajectory(job := make_job(model, loss, **options))
    expected, parameters = peer_trajectory(torch, make_job(model, loss, **options), loss)
    assert len(costs) == len(expected) == STEPS
    np.testing.assert_allclose(costs, expected, rtol=1e-10, atol=1e-10)
    for name, view in job.network.params.named(theta):
        np.testing.assert_allclose(view, parameters[name], rtol=1e-9, atol=1e-10, err_msg=name)
    assert max(costs) - min(costs) > 1e-6  # something was learned


def mlp(unit):
    return Mlp(hidden=(7, 5), activation=(unit,))


SHARED = [entry() for kind, entry in ACTIVATIONS.items() if kind in UNITS]
SHARED_LOSSES = [entry() for kind, entry in LOSSES.items() if kind in COSTS]
SHARED_OPTIMIZERS = [entry() for kind, entry in OPTIMIZERS.items() if kind in RULES]


def test_the_tables_above_name_entries_that_exist():
    assert (len(SHARED), len(SHARED_LOSSES), len(SHARED_OPTIMIZERS)) == (len(UNITS), len(COSTS), len(RULES))


@pytest.mark.parametrize("unit", [*SHARED, Maxout(pieces=3)], ids=repr)
@pytest.mark.parametrize("loss", SHARED_LOSSES, ids=repr)
def test_activations_and_losses(torch, unit, loss):
    assert_agree(torch, mlp(unit), loss)


OPTIONS = [
    *SHARED_OPTIMIZERS,
    Sgd(lr=0.05, momentum=0.9),
    Sgd(lr=0.05, momentum=0.9, nesterov=True),
    AdaGrad(lr=0.1),
    RmsProp(lr=0.02, rho=0.9),
    Adam(lr=0.05, beta1=0.8, beta2=0.9, eps=1e-4),
    AdamW(lr=0.05, decay=0.3),
]


@pytest.mark.parametrize("optimizer", OPTIONS, ids=repr)
@pytest.mark.parametrize("kind", ["tanh", "relu", "prelu"])
def test_optimizers(torch, optimizer, kind):
    assert_agree(torch, mlp(ACTIVATIONS[kind]()), SoftmaxCrossEntropy(), optimizer=optimizer)


@pytest.mark.parametrize("optimizer", [Sgd(lr=0.1), Sgd(lr=0.05, momentum=0.9), Adam(lr=0.05)], ids=repr)
@pytest.mark.parametrize("penalty", [Penalty(l2=0.3), Penalty(l1=0.05), Penalty(l1=0.02, l2=0.1)], ids=repr)
@pytest.mark.parametrize("clip_norm", [None, 0.3])
def test_penalties_and_clipping(torch, optimizer, penalty, clip_norm):
    unit = ACTIVATIONS["prelu"]()
    assert_agree(torch, mlp(unit), SoftmaxCrossEntropy(), optimizer=optimizer, penalty=penalty, clip_norm=clip_norm)


@pytest.mark.parametrize(
    "loss",
    [
        SoftmaxCrossEntropy(label_smoothing=0.1),
        SoftmaxCrossEntropy(class_weights=(0.5, 2.0, 1.0, 3.0)),
        SigmoidCrossEntropy(class_weights=(0.5, 3.0)),
        Huber(delta=0.2),
    ],
    ids=repr,
)
def test_options_of_losses(torch, loss):
    assert_agree(torch, mlp(ACTIVATIONS["tanh"]()), loss)


@pytest.mark.parametrize("entry", MODELS.values(), ids=MODELS)
def test_models(torch, entry):
    model = entry()
    loss = model.default_loss("classification", WIDTH)
    assert_agree(torch, model, loss)


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (StepDecay(every=1, gamma=0.5), lambda s, rule: s.StepLR(rule, 4, 0.5)),
        (Exponential(gamma=0.9), lambda s, rule: s.LambdaLR(rule, lambda t: 0.9 ** (t // 4))),
        (Cosine(), lambda s, rule: s.CosineAnnealingLR(rule, STEPS)),
        (
            OneCycle(pct_start=0.3, div=10, final_div=100),
            lambda s, rule: s.OneCycleLR(
                rule, 0.1, total_steps=STEPS, pct_start=0.3, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
        ),
    ],
    ids=["step", "exponential", "cosine", "one_cycle"],
)
def test_schedules(torch, schedule, make):
    job = make_job(Linear(), SoftmaxCrossEntropy(), schedule=schedule)
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    peer, theirs = make(torch.optim.lr_scheduler, rule), []
    for _ in range(STEPS):
        theirs.append(rule.param_groups[0]["lr"])
        rule.step()
        peer.step()
    np.testing.assert_allclose(rates(job), theirs, rtol=1e-12)
    assert_agree(torch, mlp(ACTIVATIONS["tanh"]()), SoftmaxCrossEntropy(), schedule=schedule)
