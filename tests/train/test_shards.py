"""A batch in shards: the same cost and gradient up to the last digits, and the same bits whoever computes them."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import Mlp
from nntrain.ops.penalties import Penalty
from nntrain.train.interpreter import Interpreter
from nntrain.train.loop import fit
from nntrain.train.settings import Parallel
from nntrain.train.shards import Shards
from nntrain.train.state import State
from nntrain.train.step import Stepper
from tests.train.conftest import make_job


class Alone:
    """A team of one, which computes all shards apart and has nobody to talk to."""

    def __init__(self, job):
        self.mine = range(job.shards)
        self.figures = np.zeros((job.shards, 1 + job.metrics.n_sums(job.network.n_out)))
        self.gradients = [np.zeros_like(job.network.params.grad) for _ in self.mine]

    def hand_out(self, state):
        pass

    def collect(self):
        pass


def train(job, team=False):
    """Return the parameters and the records after training."""
    job = replace(job, team=Alone(job)) if team else job
    state = State.start(job.network.params, job.optimizer)
    records = [(event.train, event.validation, event.gradient_norm) for event in fit(job, state)]
    return state.params.theta.copy(), records


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(("shards", "weighted"), [(2, False), (3, True), (8, False)])
def test_cost_sums_and_gradient_are_those_of_the_whole_batch(kind, shards, weighted):
    width = 1 if "classification" in LOSSES[kind].tasks and "binary" in kind else 3
    penalty = Penalty(l1=1e-3, l2=1e-2)
    whole = make_job(loss=LOSSES[kind](), width=width, penalty=penalty, validation=False, weighted=weighted)
    found = []
    for job in (whole, replace(whole, shards=shards)):
        stepper = Stepper(job, State.start(job.network.params, job.optimizer))
        costs = []
        for batch in job.batches.epoch(0):  # the last one has 5 rows, so that some of 8 shards are empty
            step = stepper(batch)
            for call in (*step.ahead, *step.measured_backward):
                call.bind()()
            costs.append((step.cost(), *step.sums(), *job.network.params.grad))
        found.append(costs)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_bits_do_not_depend_on_who_computes_nor_on_the_player(optimizer, monkeypatch):
    from nntrain.ops.optimizers import OPTIMIZERS

    def job():
        model = Mlp(hidden=(5,), activation=(ACTIVATIONS["relu"](),), dropout=(0.3,))
        made = make_job(model, dtype="float32", optimizer=OPTIMIZERS[optimizer](lr=0.1), epochs=3, clip_norm=0.5)
        return replace(made, shards=3)

    theta, records = train(job())
    apart, the_same = train(job(), team=True)
    monkeypatch.setenv("NNTRAIN_PLAYER", "0")
    interpreted, as_well = train(job())
    assert theta.tobytes() == apart.tobytes() == interpreted.tobytes()
    assert records == the_same == as_well


def test_shards_of_dropout_draw_masks_of_their_own():
    model = Mlp(hidden=(50,), activation=(ACTIVATIONS["identity"](),), dropout=(0.5,))
    job = replace(make_job(model, n=8, batch_size=8), shards=2)
    batch, figures = next(job.batches.epoch(0)), np.zeros(2)
    masks = []
    for number in range(2):
        calls = Shards(job, np.zeros((), np.int64), alone=True).bind(batch, number, figures)
        for call in calls:
            call.bind()()
        masks.append(next(call.args[1] == 0 for call in calls if call.label == "2 dropout" and call.out is not None))
    assert 0.3 < masks[0].mean() < 0.7
    assert (masks[0] != masks[1]).any()


def test_shards_of_noise_draw_numbers_of_their_own():
    job = replace(make_job(Mlp(hidden=(3,), input_noise=1.0), n=8, batch_size=8), shards=2)
    batch, figures = next(job.batches.epoch(0)), np.zeros(2)
    noise = []
    for number in range(2):
        calls = Shards(job, np.zeros((), np.int64), alone=True).bind(batch, number, figures)
        [added] = [call for call in calls if call.label == "0 noise" and call.out is not None]
        for call in calls[: calls.index(added) + 1]:
            call.bind()()
        noise.append(added.out - batch.X[4 * number : 4 * number + 4])
    assert all(0.2 < abs(part).mean() < 2 for part in noise)
    assert abs(noise[0] - noise[1]).max() > 0.1


def test_steps_with_a_team_are_taken_one_by_one():
    from nntrain.train.loop import _taker

    job = make_job()
    state = State.start(job.network.params, job.optimizer)
    job = replace(job, shards=2)
    assert isinstance(_taker(replace(job, team=Alone(job)), state), Interpreter)


def test_more_shards_than_rows_are_refused():
    assert Parallel(shards=8).conflicts(8) == []
    assert Parallel(shards=9).conflicts(8) == ["parallel.shards: 9 is more than the 8 rows of a batch"]
