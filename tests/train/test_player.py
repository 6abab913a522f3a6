"""The C player against the interpreter, bit for bit: metrics, tensors, reasons to stop, over random jobs."""

import random

import numpy as np
import pytest

from nntrain.core.argmax import ArgMax
from nntrain.core.calls import Call
from nntrain.core.extension import player, state_of_player
from nntrain.core.plan import Plan
from nntrain.core.tape import Tape
from nntrain.data.batches.in_memory import Batches
from nntrain.data.batches.shuffle import WHOLE, BlockShuffle
from nntrain.data.transforms.lazy_inputs import LazyInputs
from nntrain.data.transforms.scaler import Scaler
from nntrain.errors import DivergenceError
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.metrics import METRICS, MetricSet
from nntrain.ops.models import Autoencoder, Linear, Mlp
from nntrain.ops.optimizers import OPTIMIZERS, AdamW, Sgd
from nntrain.ops.penalties import Penalty
from nntrain.ops.schedules import SCHEDULES
from nntrain.train import loop
from nntrain.train import player as module
from nntrain.train.helper_trial import HelperTrial
from nntrain.train.interpreter import Interpreter
from nntrain.train.loop import fit
from nntrain.train.player import Player
from nntrain.train.records import EpochRecord
from nntrain.train.settings import Stop

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
built = pytest.mark.skipif(player() is None, reason=f"the C player is {state_of_player()}")
PLANS = [Plan(), Plan(fused=True), Plan(small=500, fused=True), Plan(small=2000)]
MOMENTA = [Sgd(momentum=0.9), Sgd(momentum=0.9, nesterov=True), AdamW(lr=0.01, decay=0.1)]


def draw(chance):
    """Return random arguments of ``make_job``, and what is changed in the job that it makes."""
    unit = ACTIVATIONS[chance.choice([kind for kind in ACTIVATIONS if kind != "formula"])]()
    hidden = [chance.choice([1, 3, 5, 16]) for _ in range(chance.choice([1, 2]))]
    drawn = {"input_dropout": chance.choice([0.0, 0.2]), "input_noise": chance.choice([0.0, 0.1])}
    mlp = Mlp(hidden=tuple(hidden), activation=(unit,), dropout=(chance.choice([0.0, 0.0, 0.3]),), **drawn)
    loss = LOSSES[chance.choice(list(LOSSES))]()
    wide = loss.kind in ("softmax_cross_entropy", "hinge")
    options = {
        "model": chance.choice([mlp, mlp, mlp, Linear()]),
        "loss": loss,
        "optimizer": chance.choice([*(entry() for entry in OPTIMIZERS.values() if not entry.searches), *MOMENTA]),
        "schedule": SCHEDULES[chance.choice(list(SCHEDULES))](warmup=chance.choice([0.0, 1.5])),
        "n": chance.choice([2, 7, 29, 64]),
        "batch_size": chance.choice([1, 4, 8, 29]),
        "width": chance.choice([2, 3, 7] if wide else [1, 2, 3, 7]),
        "d": chance.choice([1, 4, 13]),
        "dtype": chance.choice(["float32", "float64"]),
        "plan": chance.choice(PLANS),
        "validation": chance.random() < 0.2 and wide,
        "epochs": chance.choice([1, 3]),
        "weighted": chance.random() < 0.3,
    }
    if chance.random() < 0.3:
        extra = {"biases": chance.random() < 0.5, "proximal": options["optimizer"].folds}
        extra |= {"layers": tuple([0.5] * (len(hidden) + 1))} if isinstance(options["model"], Mlp) else {}
        options["average"] = chance.choice([None, 0.4])
        options["penalty"] = Penalty(l1=chance.choice([0.0, 0.01]), l2=chance.choice([0.0, 0.1]), **extra)
    if chance.random() < 0.2:
        options["clip_norm"] = chance.choice([0.01, 0.2])
    if chance.random() < 0.2:
        options["max_steps"] = chance.choice([1, 3, 9])
    if chance.random() < 0.2:
        options["stop"] = Stop(step_tolerance=chance.choice([1e-3, 0.01, 0.1]))
    return options, {"bytes": chance.random() < 0.3, "blocks": chance.random() < 0.2, "metrics": chance.random() < 0.3}


def vary(job, changes):
    """Return a job on bytes that are scaled when they are read, with shuffled blocks, or with all its metrics."""
    batches, task = job.batches, job.metrics.task
    X, t, y = batches._source
    if changes["bytes"]:
        values = (np.abs(X) * 60 % 256).astype(np.uint8)
        one = (np.array([3.0]), np.array([1 / 200])) if changes["blocks"] else (np.zeros(1), np.array([1 / 255]))
        many = (values.mean(axis=0), 1 / (1.0 + values.std(axis=0)))
        X = LazyInputs(values, Scaler(*(one if len(values) % 2 else many)), job.network.dtype.name)
    if changes["bytes"] or changes["blocks"]:
        shuffle = BlockShuffle(batches.batch_size, 2) if changes["blocks"] else WHOLE
        size, plan = batches.batch_size, job.network.plan
        object.__setattr__(job, "batches", Batches(X, t, y, batch_size=size, seed=3, plan=plan, shuffle=shuffle))
    if changes["metrics"]:
        metrics = MetricSet([entry() for entry in METRICS.values() if task in entry.tasks], task)
        object.__setattr__(job, "metrics", metrics)
        object.__setattr__(job, "spreads", metrics.spreads(job.network.loss.targets_of(t)))
        object.__setattr__(job, "validation", None)
    return job


def outcome(job, state, **options):
    """Train; return the records, what ended training, and every tensor."""
    said = []
    try:
        for event in fit(job, state, **options):
            if isinstance(event, EpochRecord):
                said.append(repr({**event.as_dict(), "seconds": 0, "examples_per_second": 0}))
    except DivergenceError as error:
        said.append(str(error))
    figures = {name: value for name, value in state.figures().items() if name not in ("seconds", "elapsed")}
    return said, repr(figures), {name: tensor.tobytes() for name, tensor in state.tensors().items()}


def trained(make_job, options, changes, on, stops, monkeypatch):
    """Train with or without the player; at each of the stops what is saved is taken up by a job that is made anew."""
    monkeypatch.setenv("NNTRAIN_PLAYER", "1" if on else "0")
    monkeypatch.setattr(module, "LONGEST", 0.01 if not stops else 0.0)
    said, saved = [], None
    for stop in (*stops, None):
        job = vary(make_job(**options), changes)
        state = job.start()
        if saved is not None:
            state.restore(*saved)
        records, figures, tensors = outcome(job, state, interrupted=lambda stop=stop, state=state: state.step == stop)
        said += records
        saved = {name: tensor.copy() for name, tensor in state.tensors().items()}, state.figures()
        if state.stopped or "diverged" in "".join(records):
            break
    return said, figures, tensors


@built
@pytest.mark.parametrize("jobs", [pytest.param(150, id="some"), pytest.param(2500, id="all", marks=SLOW)])
def test_the_player_gives_the_interpreter_s_bits(jobs, make_job, monkeypatch):
    chance = random.Random(7 + jobs)
    for _ in range(jobs):
        options, changes = draw(chance)
        stops = sorted(chance.sample(range(1, 12), 2)) if chance.random() < 0.2 else []
        played, made = (trained(make_job, options, changes, on, stops, monkeypatch) for on in (True, False))
        assert played == made, (options, changes, stops)
        if stops and not options.get("max_steps"):
            whole = trained(make_job, options, changes, True, [], monkeypatch)
            assert whole[2] == played[2], (options, changes, stops)


@built
def test_an_autoencoder_is_played_too(make_job, monkeypatch):
    options = {"model": Autoencoder(hidden=(3,)), "loss": LOSSES["mse"](), "width": 40, "d": 40, "dtype": "float32"}
    changes = {"bytes": False, "blocks": False, "metrics": False}
    played, made = (trained(make_job, options, changes, on, [], monkeypatch) for on in (True, False))
    assert played == made


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_what_a_step_leaves_to_python(make_job, dtype, weighted, monkeypatch):
    """Dropout draws with NumPy's generator, and the sum of absolute values is NumPy's; nothing else is left."""
    monkeypatch.setenv("NNTRAIN_PLAYER", "1")
    units = [entry() for kind, entry in ACTIVATIONS.items() if kind != "formula"]
    for unit in units[:1] if weighted else units:
        for loss in (entry() for entry in LOSSES.values()):
            model = Mlp(hidden=(5,), activation=(unit,), dropout=(0.3,))
            job = make_job(model, loss, dtype=dtype, penalty=Penalty(l1=0.1), plan=Plan(fused=True), weighted=weighted)
            steps = loop._Loop(job, job.start()).steps
            assert isinstance(steps, Player)
            steps.begin()
            for measured in (False, True):
                steps.take(1, measured=measured)
            for tape in steps.tapes.values():
                left = [getattr(call.function, "__name__", call.function) for call in tape.python_calls]
                assert len(left) == 2, left
                assert left[1] == "reduce"


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [*MOMENTA, OPTIMIZERS["adam"]()], ids=repr)
def test_updates_in_one_loop_are_those_of_the_equations(make_job, optimizer, dtype, monkeypatch):
    """On numbers of all sizes, zeros and subnormal ones among them."""
    monkeypatch.setenv("NNTRAIN_PLAYER", "1")
    results = []
    for in_one_loop in (True, False):
        job = make_job(Mlp(hidden=(300,)), optimizer=optimizer, dtype=dtype)
        state = job.start()
        steps = Player(job, state, player())
        if not in_one_loop:
            monkeypatch.setattr(steps, "_update_in_one_loop", lambda tape: False)
        rng = np.random.default_rng(0)
        for vector in (job.network.params.theta, *state.slots.values()):
            vector[...] = rng.normal(size=vector.size) * 10.0 ** rng.integers(-40, 3, vector.size)
            vector[::17] = 0
        for vector in state.slots.values():
            np.abs(vector, out=vector)
        steps.begin()
        for _ in range(3):
            steps.take(1, measured=False)
        results.append([vector.tobytes() for vector in (job.network.params.theta, *state.slots.values())])
    assert results[0] == results[1]


def test_without_the_player_the_interpreter_takes_the_steps(make_job, monkeypatch):
    monkeypatch.setenv("NNTRAIN_PLAYER", "0")
    job = make_job()
    assert isinstance(loop._Loop(job, job.start()).steps, Interpreter)
    assert state_of_player() == "off (NNTRAIN_PLAYER=0)"


@built
def test_groups_end_where_they_must(make_job, monkeypatch):
    """A pause, the last batch of an epoch, and the last step are met exactly, however many steps fit into a group."""
    monkeypatch.setattr(module, "LONGEST", 1e9)
    job = make_job(n=60, batch_size=2, epochs=3, max_steps=70)
    state = job.start()
    seen = [(type(event).__name__, event.step) for event in fit(job, state, pause_every=7)]
    pauses = [("Pause", step) for step in range(7, 70, 7)]
    assert [step for step in seen if step[0] == "Pause"] == pauses
    assert [step for step in seen if step[0] != "Pause"] == [("EpochRecord", step) for step in (30, 60, 70)]


@built
def test_what_a_recorded_python_function_raises_is_raised(make_job, monkeypatch):
    monkeypatch.setenv("NNTRAIN_PLAYER", "1")
    job = make_job(Mlp(hidden=(5,), dropout=(0.3,)))
    monkeypatch.setattr("nntrain.ops.layers.generator", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(fit(job, job.start()))


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_number_of_helpers_gives_the_same_bits(make_job, dtype, monkeypatch):
    """Small pieces of a product, large ones, and updates within them; with helpers in every group of steps."""
    monkeypatch.setenv("NNTRAIN_PLAYER", "1")
    plan = Plan(small=20_000, fused=True)
    for options in (
        {"model": Mlp(hidden=(64, 40)), "optimizer": Sgd(lr=0.1), "plan": plan},
        {"model": Mlp(hidden=(700,)), "optimizer": AdamW(), "plan": plan, "d": 300, "batch_size": 128},
    ):
        results = []
        for helpers in (0, 1, 3):
            job = make_job(n=300, width=5, dtype=dtype, epochs=4, **({"d": 50, "batch_size": 64} | options))
            state = job.start()
            monkeypatch.setattr(module, "HelperTrial", lambda: Always())
            player().set_helpers(helpers)
            results.append(outcome(job, state))
        player().set_helpers(0)
        assert results[0] == results[1] == results[2]


class Always:
    """In place of the trial: helpers take part whenever there are any."""

    are_worth_it = True

    def record(self, seconds, steps):
        """Learn nothing."""


def test_helpers_are_kept_where_they_gain_and_tried_again():
    def play(trial, turns, alone, together):
        taken = []
        for _ in range(turns):
            taken.append(trial.are_worth_it)
            trial.record(together if trial.are_worth_it else alone, 100)
        return taken

    assert sum(play(HelperTrial(), 100, 0.002, 0.0011)) > 80
    assert sum(play(HelperTrial(), 100, 0.002, 0.0400)) < 20
    trial = HelperTrial()
    play(trial, 50, 0.002, 0.04)
    assert any(play(trial, 60, 0.002, 0.001)[-20:])


@built
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 63, 64, 65, 200])
def test_the_largest_of_a_row_is_numpy_s(dtype, rows):
    """Equal numbers, zeros of both signs, infinities, and what is not a number: the first of them wins."""
    rng = np.random.default_rng(rows)
    values = np.array([0.0, -0.0, 1.0, 1.0, -1.0, np.inf, -np.inf, np.nan], dtype)
    for width in (2, 3, 10):
        z = np.asfortranarray(rng.choice(values, (rows, width), p=[0.2, 0.2, 0.15, 0.15, 0.1, 0.05, 0.1, 0.05]))
        tape, out = Tape(player(), 1, 0), np.zeros(rows, np.intp)
        tape.record([Call("", ArgMax(np.zeros((rows, width), dtype)), (z,), out)])
        assert not tape.python_calls
        tape.play(None, 1, 0, 1, 0, np.zeros(1), np.zeros(2), False)
        assert out.tolist() == z.argmax(axis=1).tolist()
