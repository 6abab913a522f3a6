"""The training loop: what it reports, when it stops, and that it is gradient descent."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nntrain.errors import DivergenceError
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES, Mse
from nntrain.ops.models import Linear, Mlp
from nntrain.ops.optimizers import OPTIMIZERS, AdaGrad, Adam, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import SCHEDULES, Exponential, Plateau, StepDecay
from nntrain.train.loop import fit
from nntrain.train.records import EpochRecord
from nntrain.train.settings import Stop
from nntrain.train.state import State

STILL = Sgd(lr=1e-200)  # takes steps that move nothing


def start(job):
    return State.start(job.network.params, job.optimizer)


def train(job, state=None):
    """Train to the end; return the state and the records."""
    state = state or start(job)
    return state, list(fit(job, state))


def source(job):
    X, t, y = job.batches._source
    return X, t, y


# --- what it reports -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [entry() for entry in LOSSES.values()], ids=LOSSES)
@pytest.mark.parametrize("batch_size", [1, 8, 28, 29])
def test_a_short_last_batch_counts_by_its_examples(make_job, loss, batch_size):
    job = make_job(loss=loss, batch_size=batch_size, optimizer=STILL, epochs=1, penalty=Penalty(l2=0.1))
    _, (record,) = train(job)
    X, t, _ = source(job)
    cost, _ = job.network.value_and_grad(X, t)
    w = job.network.params.theta[: job.network.params.n_weights]
    assert record.train["cost"] == pytest.approx(cost + 0.05 * (w @ w), rel=1e-13)
    assert record.step == job.batches.per_epoch == math.ceil(29 / batch_size)


def test_accuracy_of_an_epoch_is_that_of_its_examples(make_job):
    job = make_job(optimizer=STILL, epochs=1)
    _, (record,) = train(job)
    X, _, y = source(job)
    assert record.train["accuracy"] == pytest.approx((job.network.forward(X).argmax(axis=1) == y).mean())


def test_rmse_and_r2_of_an_epoch_are_those_of_its_examples(make_job):
    job = make_job(loss=Mse(), optimizer=STILL, epochs=1)
    _, (record,) = train(job)
    X, t, _ = source(job)
    residual = job.network.forward(X) - t
    assert record.train["rmse"] == pytest.approx(np.sqrt((residual**2).mean()))
    assert record.train["r2"] == pytest.approx(1 - (residual**2).sum() / ((t - t.mean(axis=0)) ** 2).sum())


def test_gradient_norm_and_update_ratio_are_those_of_the_last_step(make_job):
    for optimizer in (Sgd(lr=0.1), Sgd(lr=0.1, momentum=0.9)):  # with the rate folded into the gradient, and without
        job = make_job(batch_size=29, optimizer=optimizer, epochs=1)
        X, t, _ = source(job)
        before = job.network.params.theta.copy()
        _, gradient = job.network.value_and_grad(X, t)
        norm = np.linalg.norm(gradient)
        _, (record,) = train(job)
        assert record.gradient_norm == pytest.approx(norm, rel=1e-12)
        assert record.update_ratio == pytest.approx(0.1 * norm / np.linalg.norm(before), rel=1e-12)


def test_records_say_when_and_how_fast(make_job):
    state, records = train(make_job(epochs=3))
    assert [(r.epoch, r.step) for r in records] == [(1, 4), (2, 8), (3, 12)]
    assert all(r.examples_per_second == pytest.approx(29 / r.seconds) for r in records)
    assert state.elapsed == pytest.approx(sum(r.seconds for r in records))
    assert state.stopped == "all epochs done"
    assert records[0].validation is None
    assert "validation" not in records[0].as_dict()


def test_validation_is_scored_with_the_epoch_s_final_parameters(make_job):
    job = make_job(validation=True, epochs=2)
    state = start(job)
    for record in fit(job, state):
        assert record.validation == job.validation()
        assert record.as_dict()["validation"]["cost"] == record.validation["cost"]


def test_no_epochs_are_no_training(make_job):
    job = make_job(epochs=0)
    theta = job.network.params.theta.copy()
    state, records = train(job)
    assert records == []
    assert state.stopped == "all epochs done"
    np.testing.assert_array_equal(job.network.params.theta, theta)


# --- it is gradient descent ------------------------------------------------------------------------------------------


def reference(job):
    """Train as the notes write it, with plain arrays and without the recorded step; yield theta after every step."""
    network, theta = job.network, job.network.params.theta
    step, memory, n = 0, (), network.params.n_weights
    per_epoch, total = job.batches.per_epoch, job.total_steps
    velocity = np.zeros_like(theta)
    for epoch in range(job.training.epochs):
        costs = []
        for batch in job.batches.epoch(epoch):
            cost, gradient = network.value_and_grad(batch.X, batch.t)
            costs.append((cost + job.penalty.value(theta[:n])) * len(batch.X))
            g = gradient.copy()
            g[:n] += job.penalty.l1 * np.sign(theta[:n]) + job.penalty.l2 * theta[:n]
            limit = job.training.clip_norm
            if limit is not None and np.linalg.norm(g) > limit:
                g *= limit / np.linalg.norm(g)
            factor = job.schedule.factor(step, steps_per_epoch=per_epoch, total_steps=total, memory=memory)
            velocity = job.optimizer.momentum * velocity + g
            theta -= job.optimizer.lr * factor * velocity
            step += 1
        memory = job.schedule.observe(sum(costs) / job.batches.size, memory)
        yield theta.copy(), sum(costs) / job.batches.size, job.optimizer.lr * factor


DROPS = {"every": 1, "gamma": 0.5, "patience": 1, "min_delta": 0.5}


@pytest.mark.parametrize("entry", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 1.5])
@pytest.mark.parametrize("optimizer", [Sgd(lr=0.3), Sgd(lr=0.1, momentum=0.9)], ids=["plain", "momentum"])
@pytest.mark.parametrize(
    "options", [{}, {"penalty": Penalty(l1=0.01, l2=0.1)}, {"clip_norm": 0.2}], ids=["bare", "penalty", "clip"]
)
def test_every_epoch_is_the_notes_descent(make_job, entry, warmup, optimizer, options):
    """Schedules, penalty, clipping and momentum, against a loop written a second time."""
    schedule = entry(warmup=warmup, **{name: value for name, value in DROPS.items() if name in entry.__slots__})
    jobs = [make_job(optimizer=optimizer, schedule=schedule, **options) for _ in range(2)]
    expected = list(reference(jobs[0]))
    for record, (theta, cost, lr) in zip(fit(jobs[1], start(jobs[1])), expected, strict=True):
        np.testing.assert_allclose(jobs[1].network.params.theta, theta, rtol=1e-10, atol=1e-12)
        assert record.train["cost"] == pytest.approx(cost, rel=1e-11)
        assert record.lr == pytest.approx(lr, rel=1e-13)


RULES = {kind: entry() for kind, entry in OPTIMIZERS.items() if not entry.searches}


@pytest.mark.parametrize("optimizer", RULES.values(), ids=RULES)
def test_every_optimizer_is_told_the_step_and_the_rate(make_job, optimizer):
    """Steps count from 1 and go on over epochs; the rate is the schedule's: against the bare rule on bare vectors."""
    loop, bare = (make_job(optimizer=optimizer, schedule=SCHEDULES["cosine"](), epochs=3) for _ in range(2))
    train(loop)
    network, do = bare.network, bare.network.calls()
    theta, g = network.params.theta, network.params.grad
    slots, rates = start(bare).slots, [np.zeros(()) for _ in optimizer.coefficients(1, optimizer.lr)]
    optimizer.bind(do, theta, g, slots, rates, np.zeros_like(theta))
    step = 0
    for epoch in range(3):
        for batch in bare.batches.epoch(epoch):
            network.value_and_grad(batch.X, batch.t)
            lr = optimizer.lr * (1 + math.cos(math.pi * step / 12)) / 2
            step += 1
            for rate, value in zip(rates, optimizer.coefficients(step, lr), strict=True):
                rate[...] = value
            do.run()
    np.testing.assert_allclose(loop.network.params.theta, theta, rtol=1e-12, atol=1e-14)


def test_the_plateau_sees_the_validation_cost(make_job):
    schedule = Plateau(gamma=0.5, patience=1, min_delta=100.0)  # no improvement is ever enough
    _, records = train(make_job(validation=True, schedule=schedule, epochs=4))
    assert [r.lr for r in records] == pytest.approx([0.1, 0.1, 0.05, 0.025])


def test_a_rate_that_has_shrunk_to_nothing_is_no_error(make_job):
    """ε γ^epoch reaches 0 in float64 after a few hundred epochs."""
    for dtype in ("float64", "float32"):
        job = make_job(schedule=Exponential(gamma=1e-100), epochs=6, dtype=dtype, batch_size=29)
        state, records = train(job)
        assert records[-1].lr == 0
        assert math.isfinite(records[-1].gradient_norm)
        assert state.epoch == 6


def test_clipping_shortens_long_gradients_only(make_job):
    job = make_job(batch_size=29, epochs=1, clip_norm=0.01)
    before = job.network.params.theta.copy()
    _, (record,) = train(job)
    assert record.gradient_norm > 0.01  # as it was before
    assert np.linalg.norm(job.network.params.theta - before) == pytest.approx(0.1 * 0.01, rel=1e-10)
    long, free = make_job(epochs=3, clip_norm=1e6), make_job(epochs=3, optimizer=Sgd(lr=0.1))
    train(long)
    train(free)
    np.testing.assert_allclose(long.network.params.theta, free.network.params.theta, rtol=1e-12)


def test_least_squares_are_reached(make_job):
    job = make_job(Linear(), Mse(), n=60, batch_size=60, epochs=3000, optimizer=Sgd(lr=0.5))
    state, records = train(job)
    X, t, _ = source(job)
    A = np.column_stack([X, np.ones(60)])
    solution, *_ = np.linalg.lstsq(A, t, rcond=None)
    p = job.network.params.values[0]
    np.testing.assert_allclose(np.column_stack([p.W, p.b]).T, solution, atol=1e-9)
    assert records[-1].train["r2"] == pytest.approx(
        1 - ((A @ solution - t) ** 2).sum() / ((t - t.mean(axis=0)) ** 2).sum(), abs=1e-9
    )
    assert state.epoch == 3000


# --- when it stops ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_steps", [1, 3, 4, 6, 24, 100])
def test_max_steps(make_job, max_steps):
    state, records = train(make_job(max_steps=max_steps))
    assert state.step == min(max_steps, 24)
    assert records[-1].step == state.step
    assert state.stopped == (f"max_steps {max_steps} reached" if max_steps <= 24 else "all epochs done")


def test_a_run_cut_short_schedules_for_its_own_length(make_job):
    job = make_job(schedule=SCHEDULES["cosine"](), max_steps=10)
    assert job.total_steps == 10
    _, records = train(job)
    assert records[-1].lr == pytest.approx(0.1 * (1 + math.cos(math.pi * 9 / 10)) / 2)


def test_an_epoch_that_is_cut_short_reports_the_examples_it_saw(make_job):
    job = make_job(max_steps=2, optimizer=STILL)
    _, (record,) = train(job)
    first = [(batch.X.copy(), batch.t.copy()) for batch in job.batches.epoch(0)][:2]
    X, t = (np.concatenate(parts) for parts in zip(*first, strict=True))
    assert record.train["cost"] == pytest.approx(job.network.value_and_grad(X, t)[0], rel=1e-13)


def test_step_tolerance_ends_the_run_at_the_first_short_step(make_job):
    job = make_job(Linear(), Mse(), batch_size=29, epochs=400, stop=Stop(step_tolerance=1e-3))
    state, records = train(job)
    assert 1 < state.step < 400
    assert "fell below step_tolerance 0.001" in state.stopped
    again = make_job(Linear(), Mse(), batch_size=29, epochs=state.step)
    theta, steps = again.network.params.theta.copy(), []
    for _ in fit(again, start(again)):
        steps.append(np.linalg.norm(again.network.params.theta - theta))
        theta = again.network.params.theta.copy()
    assert steps[-1] < 1e-3 <= min(steps[:-1])
    assert len(records) == len(steps)


def rising(job):
    """Make the validation cost fall three times and then rise, so that patience is tried; return the job."""
    costs = iter([5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 1.0])
    return replace(job, validation=lambda: {"cost": next(costs), "accuracy": 0.5})


@pytest.mark.parametrize("restore", [True, False])
def test_patience_counts_epochs_without_improvement_and_leaves_the_parameters_where_training_ended(make_job, restore):
    job = rising(make_job(epochs=8, stop=Stop(patience=3, restore_best=restore)))
    state, thetas = start(job), []
    for _ in fit(job, state):
        thetas.append(job.network.params.theta.copy())
    assert len(thetas) == 6
    assert state.stopped == "no better validation.cost for 3 epochs, best in epoch 3"
    np.testing.assert_array_equal(job.network.params.theta, thetas[5])
    assert state.best_epoch == 3


def test_min_delta_asks_for_more_than_a_little(make_job):
    state, _ = train(rising(make_job(epochs=8, stop=Stop(patience=3, min_delta=1.5))))
    assert (state.epoch, state.best_epoch) == (6, 3)  # 5, then 3: by 2; 4 was not enough
    state, _ = train(rising(make_job(epochs=8, stop=Stop(patience=2, min_delta=2.5))))
    assert (state.epoch, state.best_epoch) == (3, 1)


def test_accuracy_is_better_when_it_rises(make_job):
    values = iter([0.5, 0.6, 0.4, 0.3])
    job = make_job(epochs=8, stop=Stop(monitor="validation.accuracy", patience=2))
    state, _ = train(replace(job, validation=lambda: {"cost": 1.0, "accuracy": next(values)}))
    assert (state.epoch, state.best_epoch, state.best_value) == (4, 2, 0.6)


def test_without_a_validation_part_the_training_cost_is_watched(make_job):
    state, records = train(make_job(epochs=4, stop=Stop(patience=10)))
    assert state.best_value == min(r.train["cost"] for r in records)


def test_the_reason_names_the_figure_that_was_watched(make_job):
    state, _ = train(make_job(epochs=4, stop=Stop(patience=1, min_delta=9)))
    assert state.stopped == "no better train.cost for 1 epoch, best in epoch 1"
    state, _ = train(make_job(epochs=4, stop=Stop(patience=2, min_delta=9, monitor="validation.accuracy")))
    assert state.stopped == "no better train.accuracy for 2 epochs, best in epoch 1"


@pytest.mark.parametrize("max_steps", [6, 9])
def test_an_epoch_that_training_ends_within_is_reported_but_not_counted(make_job, max_steps):
    state, records = train(make_job(max_steps=max_steps, validation=True, stop=Stop(patience=9)))
    whole, batches = divmod(max_steps, 4)
    assert (state.epoch, state.batch, state.epochs) == (whole, batches, whole + 1)
    assert [record.epoch for record in records] == list(range(1, whole + 2))
    assert state.best_value == min(record.validation["cost"] for record in records[:-1])


def test_max_seconds(make_job):
    state, records = train(make_job(epochs=10**6, stop=Stop(max_seconds=0.05)))
    assert state.stopped == "max_seconds 0.05 reached"
    assert 0.05 <= state.elapsed + state.seconds < 2
    assert records[-1].step == state.step


# --- divergence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [Sgd(lr=1e6), Sgd(lr=1e6, momentum=0.9)], ids=["plain", "momentum"])
def test_a_rate_far_too_large_stops_with_the_reason(make_job, dtype, optimizer):
    job = make_job(Mlp(hidden=(6, 6)), Mse(), dtype=dtype, optimizer=optimizer, epochs=60)
    with pytest.raises(
        DivergenceError, match=r"^epoch \d+, step \d+: diverged, .*lower optimizer\.lr \(now 1e\+06\)"
    ) as error:
        train(job)
    assert error.value.exit_code == 4
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("place", "name"), [(0, "layers.0.W"), (-1, "layers.1.b")])
def test_the_first_tensor_that_is_not_finite_is_named(make_job, value, place, name):
    job = make_job(Mlp(hidden=(5,)), Mse())
    state = start(job)
    run = fit(job, state)
    next(run)
    job.network.params.theta[place] = value
    step = state.step + 1
    with pytest.raises(DivergenceError, match=f"epoch 2, step {step}: diverged, .*not finite: {name}"):
        next(run)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_numbers_that_are_not_finite_never_reach_a_record_or_a_pause(make_job, dtype, momentum):
    """Whatever the rate: the parameters, whenever they may be saved, are finite."""
    largest = int(np.log10(np.finfo(dtype).max))
    for exponent in np.linspace(-1, largest, 30):
        for batch_size in (29, 8, 1):
            optimizer = Sgd(lr=float(10.0**exponent), momentum=momentum)
            job = make_job(Mlp(hidden=(5,)), Mse(), optimizer=optimizer, dtype=dtype, batch_size=batch_size)
            source(job)[1][...] *= (
                1000  # far targets: gradients above 1, which a large rate takes beyond the largest number
            )
            try:
                for _ in fit(job, start(job), pause_every=1):
                    assert np.isfinite(job.network.params.theta).all()
            except DivergenceError:
                continue


def test_a_run_out_of_time_does_not_end_with_broken_parameters(make_job):
    stop = Stop(max_seconds=1e-9)
    job = make_job(Mlp(hidden=(5,)), Mse(), optimizer=Sgd(lr=1e308, momentum=0.9), stop=stop)
    source(job)[1][...] *= 1000
    with pytest.raises(DivergenceError, match="epoch 1, step 1: diverged"):
        train(job)


def test_a_cost_that_explodes_without_overflowing_is_divergence(make_job):
    job = make_job(Linear(), Mse(), batch_size=29, epochs=100, optimizer=Sgd(lr=3.0))
    state = start(job)
    with pytest.raises(DivergenceError, match="the epoch's cost grew to") as error:
        train(job, state)
    assert f"epoch {state.epoch + 1}, step {state.step}:" in str(error.value)


# --- the caller ------------------------------------------------------------------------------------------------------


def test_the_caller_s_warnings_are_its_own(make_job):
    """Overflow is watched for inside; between two records NumPy is as the caller left it."""
    job = make_job(validation=True)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        before = np.geterr()
        for _ in fit(job, start(job), pause_every=1):
            assert np.geterr() == before
            with pytest.raises(FloatingPointError):
                np.log(np.zeros(1))


def test_whatever_is_done_between_records_changes_nothing(make_job):
    quiet, busy = (make_job(Mlp(hidden=(5,), dropout=(0.3,)), validation=True) for _ in range(2))
    train(quiet)
    X, t, _ = source(busy)
    for _ in fit(busy, start(busy), pause_every=1):
        busy.validation()
        busy.network.forward(X)
        busy.network.value_and_grad(X[:7], t[:7])  # writes the gradient's buffer
        np.random.default_rng(0).random(5)
    np.testing.assert_array_equal(quiet.network.params.theta, busy.network.params.theta)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(make_job):
    runs = [make_job(Mlp(hidden=(5,), dropout=(0.3,)), optimizer=Adam(), seed=seed) for seed in (1, 1, 2)]
    records = [[{**r.as_dict(), "seconds": 0, "examples_per_second": 0} for r in train(job)[1]] for job in runs]
    thetas = [job.network.params.theta.tobytes() for job in runs]
    assert thetas[0] == thetas[1] != thetas[2]
    assert records[0] == records[1] != records[2]


def test_stopping_to_listen_ends_the_run_where_it_stands(make_job):
    job = make_job()
    run = fit(job, start(job))
    assert isinstance(next(run), EpochRecord)
    run.close()
    assert np.isfinite(job.network.params.theta).all()


@pytest.mark.parametrize("unit", [entry() for entry in ACTIVATIONS.values()], ids=ACTIVATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_activation_learns(make_job, unit, dtype):
    job = make_job(Mlp(hidden=(8,), activation=(unit,)), n=100, epochs=30, dtype=dtype, optimizer=AdaGrad(lr=0.1))
    _, records = train(job)
    assert records[-1].train["cost"] < 0.6 * records[0].train["cost"]


def test_schedules_by_epoch_drop_between_epochs(make_job):
    _, records = train(make_job(schedule=StepDecay(every=2, gamma=0.5)))
    assert [r.lr for r in records] == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_proximal_steps_end_at_the_lasso_with_exact_zeros(make_job):
    """The conditions of the one optimum: Xᵀr/n = l1 sign(w) where w is not 0, and within ± l1 where it is."""
    l1, optimizer = 0.175, Sgd(lr=0.3)
    penalty = Penalty(l1=l1, proximal=True)
    job = make_job(Linear(), Mse(half=True), width=1, batch_size=29, optimizer=optimizer, penalty=penalty, epochs=900)
    _, records = train(job)
    X, t, _ = source(job)
    p = job.network.params.values[0]
    w, slope = p.W[0], X.T @ (t - X @ p.W.T - p.b)[:, 0] / len(X)
    assert 0 < np.count_nonzero(w) < 4
    np.testing.assert_allclose(slope[w != 0], l1 * np.sign(w[w != 0]), atol=1e-12)
    assert (np.abs(slope[w == 0]) < l1).all()
    residual = t - X @ p.W.T - p.b
    assert records[-1].train["cost"] == pytest.approx((residual**2).mean() / 2 + l1 * np.abs(w).sum(), rel=1e-12)


@pytest.mark.parametrize("penalty", [Penalty(l2=0.1, biases=True), Penalty(l2=0.1, layers=(0.0, 2.0))], ids=repr)
def test_penalties_on_biases_and_by_layer_are_in_cost_and_step(make_job, penalty):
    job = make_job(batch_size=29, epochs=1, penalty=penalty, validation=True)
    before = job.network.params.theta.copy()
    X, t, _ = source(job)
    cost, gradient = job.network.value_and_grad(X, t)
    (first, b1), (second, b2) = ((p.W, p.b) for p in job.network.params.values if hasattr(p, "W"))
    paid = [first, b1, second, b2] if penalty.biases else [2**0.5 * second]
    expected = cost + 0.05 * sum(float((part**2).sum()) for part in paid)
    factors = penalty.factors(job.network.params)
    after = before - 0.1 * (gradient + 0.1 * factors * before)
    _, (record,) = train(job)
    assert record.train["cost"] == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(job.network.params.theta, after, rtol=1e-13, atol=1e-15)


@pytest.mark.slow
def test_proximal_steps_end_where_scikit_learn_s_lasso_does(make_job):
    linear_model = pytest.importorskip("sklearn.linear_model")
    penalty = Penalty(l1=0.175, proximal=True)
    job = make_job(Linear(), Mse(half=True), width=1, batch_size=29, optimizer=Sgd(lr=0.3), penalty=penalty, epochs=900)
    train(job)
    X, t, _ = source(job)
    theirs = linear_model.Lasso(alpha=0.175, tol=1e-14, max_iter=100_000).fit(X, t[:, 0])
    p = job.network.params.values[0]
    np.testing.assert_allclose(p.W[0], theirs.coef_, atol=1e-7)
    np.testing.assert_array_equal(p.W[0] == 0, theirs.coef_ == 0)
    assert p.b[0] == pytest.approx(theirs.intercept_, abs=1e-7)
