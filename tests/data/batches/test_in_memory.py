"""Minibatches: every example once an epoch, rows that belong together, any batch again at any time."""

import threading

import numpy as np
import pytest

from nntrain.core.plan import Plan
from nntrain.data.batches import in_memory as module
from nntrain.data.batches.in_memory import Batches


def made(n=61, batch_size=6, width=3, d=4, seed=0, dtype=np.float32):
    """Return batches whose rows tell which example they are."""
    number = np.arange(n)
    X = (number[:, None] + np.arange(d) / 10).astype(dtype)
    t = (number[:, None] + np.arange(width) / 10).astype(dtype)
    return Batches(X, t, number, batch_size=batch_size, seed=seed, plan=Plan())


def epoch(batches, number, **options):
    return [(b.X.copy(), b.t.copy(), b.y.copy()) for b in batches.epoch(number, **options)]


@pytest.fixture(autouse=True, params=[1, 1 << 18], ids=["one by one", "some at a time"])
def _gathering(request, monkeypatch):
    """Gather single batches, and several at a time."""
    monkeypatch.setattr(module, "SPOT_BYTES", request.param)


@pytest.mark.parametrize(("n", "batch_size"), [(61, 6), (60, 6), (61, 1), (61, 60), (7, 3), (61, 2)])
@pytest.mark.parametrize("width", [1, 3, 40])
def test_every_example_comes_once_with_its_own_target(n, batch_size, width):
    batches = made(n, batch_size, width)
    for number in range(3):
        parts = epoch(batches, number)
        assert [len(X) for X, _, _ in parts] == [batch_size] * (n // batch_size) + [n % batch_size] * (
            n % batch_size > 0
        )
        X, t, y = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        assert sorted(y) == list(range(n))
        np.testing.assert_array_equal(X[:, 0], y)
        np.testing.assert_array_equal(t[:, 0], y)
        np.testing.assert_allclose(X - X[:, :1], np.broadcast_to(np.arange(4) / 10, X.shape), atol=1e-5)
        np.testing.assert_allclose(t - t[:, :1], np.broadcast_to(np.arange(width) / 10, t.shape), atol=1e-5)


def test_the_order_follows_from_seed_and_epoch():
    orders = {(seed, k): [y.tolist() for *_, y in epoch(made(seed=seed), k)] for seed in (0, 1) for k in (0, 1)}
    assert len({str(order) for order in orders.values()}) == 4
    assert orders[1, 0] == [y.tolist() for *_, y in epoch(made(seed=1), 0)]


@pytest.mark.parametrize("first", [0, 1, 2, 5, 10])
def test_an_epoch_can_be_taken_up_at_any_batch(first):
    batches = made()
    whole = epoch(batches, 4)
    for (X, t, y), (X2, t2, y2) in zip(whole[first:], epoch(batches, 4, first=first), strict=True):
        for a, b in ((X, X2), (t, t2), (y, y2)):
            np.testing.assert_array_equal(a, b)


def test_equal_slots_are_the_same_memory():
    """What is bound to a buffer once stays right: same slot, same addresses, orders and shapes."""
    batches, seen = made(width=3), {}
    for number in range(3):
        for first in (0, 3):
            for batch in batches.epoch(number, first=first):
                facts = [(a.ctypes.data, a.shape, a.strides) for a in (batch.X, batch.t, batch.y)]
                assert seen.setdefault(batch.slot, facts) == facts


def test_memory_is_bounded_by_the_groups():
    assert made(n=6000).nbytes == made(n=600).nbytes < 600 * 4 * 4


def test_one_batch_of_all_is_the_source_itself_in_its_order():
    batches = made(batch_size=100)
    (batch,) = batches.epoch(3)
    assert batch.y.tolist() == list(range(61))
    assert batches.nbytes == 0
    assert np.shares_memory(batch.X, batches._source[0])


def test_leaving_an_epoch_early_leaves_no_thread_behind():
    before = threading.active_count()
    batches = made()
    for _ in range(5):
        run = batches.epoch(0)
        next(run)
        run.close()
    assert threading.active_count() == before
