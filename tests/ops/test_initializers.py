"""Initialisers: moments, ranges, and the same draw in both precisions."""

import math

import numpy as np
import pytest

from nntrain.ops.initializers import (
    INITIALIZERS,
    Auto,
    GlorotUniform,
    HeNormal,
    Normal,
    Orthogonal,
    TorchLinear,
    TruncatedNormal,
    Uniform,
    Zeros,
)

SHAPE = (300, 400)
FAN_OUT, FAN_IN = SHAPE


def filled(initializer, dtype=np.float64, *, rectified=False, seed=0, shape=SHAPE):
    W = np.full(shape, np.nan, dtype)
    initializer.fill(W, np.random.default_rng(seed), fan_in=shape[1], fan_out=shape[0], rectified=rectified)
    return W


VARIANCES = {  # of (fan_in, fan_out), as published
    "he_normal": 2 / FAN_IN,
    "he_uniform": 2 / FAN_IN,
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "lecun_normal": 1 / FAN_IN,
    "normal": 0.01**2,
    "uniform": 0.05**2 / 3,
    "truncated_normal": 0.05**2 * 0.7737413035760,  # 1 − 4φ(2) / (2Φ(2) − 1)
    "torch_linear": 1 / (3 * FAN_IN),
    "orthogonal": 1 / FAN_IN,
}


@pytest.mark.parametrize(("kind", "variance"), VARIANCES.items())
def test_mean_and_variance(kind, variance):
    W = filled(INITIALIZERS[kind]())
    n = W.size
    assert abs(W.mean()) < 5 * math.sqrt(variance / n)
    assert W.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / n))  # 5 sigma of a normal's sample variance


@pytest.mark.parametrize("kind", INITIALIZERS)
@pytest.mark.parametrize("rectified", [False, True])
def test_fills_every_entry_in_place_and_draws_alike_in_both_precisions(kind, rectified):
    wide = filled(INITIALIZERS[kind](), np.float64, rectified=rectified)
    narrow = filled(INITIALIZERS[kind](), np.float32, rectified=rectified)
    assert np.isfinite(wide).all()
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


@pytest.mark.parametrize("kind", [kind for kind in INITIALIZERS if kind != "zeros"])
def test_the_seed_decides(kind):
    initializer = INITIALIZERS[kind]()
    np.testing.assert_array_equal(filled(initializer, seed=1), filled(initializer, seed=1))
    assert (filled(initializer, seed=1) != filled(initializer, seed=2)).any()


@pytest.mark.parametrize(("rectified", "chosen"), [(True, HeNormal()), (False, GlorotUniform())])
def test_auto_is_he_for_rectifiers_and_glorot_otherwise(rectified, chosen):
    np.testing.assert_array_equal(filled(Auto(), rectified=rectified), filled(chosen, rectified=rectified))


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("he_uniform", math.sqrt(6 / FAN_IN)), ("glorot_uniform", math.sqrt(6 / (FAN_IN + FAN_OUT))), ("uniform", 0.05)],
)
def test_uniform_draws_reach_their_limits_and_stay_within(kind, limit):
    W = filled(INITIALIZERS[kind]())
    assert 0.999 * limit < np.abs(W).max() <= limit


def test_fields_and_zeros():
    assert filled(Normal(std=2.0)).std() == pytest.approx(2.0, rel=0.02)
    assert np.abs(filled(Uniform(limit=3.0))).max() == pytest.approx(3.0, rel=0.01)
    assert not filled(Zeros()).any()


def test_the_shape_need_not_be_the_fans():
    W = np.empty((5, 7, 2))
    HeNormal().fill(W, np.random.default_rng(0), fan_in=10_000, fan_out=5, rectified=True)
    assert np.abs(W).max() < 5 * math.sqrt(2 / 10_000)


def test_a_truncated_normal_ends_at_two_deviations():
    W = np.abs(filled(TruncatedNormal(std=3.0)))
    assert 5.99 < W.max() <= 6.0


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (20, 20), (1, 7), (7, 1)])
def test_orthogonal_rows_or_columns_have_the_length_of_the_gain(shape):
    W = filled(Orthogonal(gain=2.0), shape=shape)
    products = W @ W.T if shape[0] <= shape[1] else W.T @ W
    np.testing.assert_allclose(products, 4 * np.eye(min(shape)), atol=1e-13)


def test_orthogonal_matrices_are_of_both_hands_and_every_sign():
    drawn = [filled(Orthogonal(), seed=seed, shape=(3, 3)) for seed in range(400)]
    signs = np.array([np.linalg.det(W) for W in drawn])
    assert abs(np.sign(signs).mean()) < 0.15
    np.testing.assert_allclose(np.mean(drawn, axis=0), 0, atol=0.12)  # 4 deviations of √(1/3) / 20


def biases(initializer, dtype=np.float64, n=4000, fan_in=25):
    b = np.full(n, np.nan, dtype)
    initializer.fill_bias(b, np.random.default_rng(3), fan_in=fan_in)
    return b


@pytest.mark.parametrize("kind", [kind for kind in INITIALIZERS if kind != "torch_linear"])
def test_biases_are_zero_or_as_asked_for(kind):
    assert not biases(INITIALIZERS[kind]()).any()
    assert set(biases(INITIALIZERS[kind](bias=0.1))) == {0.1}
    b = biases(INITIALIZERS[kind](bias=2.0, bias_std=0.5))
    assert b.mean() == pytest.approx(2.0, abs=0.03)
    assert b.std() == pytest.approx(0.5, rel=0.05)
    np.testing.assert_array_equal(biases(INITIALIZERS[kind](bias_std=1.0), np.float32), biases(
        INITIALIZERS[kind](bias_std=1.0)).astype(np.float32))  # fmt: skip


def test_torch_draws_biases_as_it_draws_weights():
    b = biases(TorchLinear())
    assert 0.199 < np.abs(b).max() <= 0.2
    assert b.std() == pytest.approx(0.2 / math.sqrt(3), rel=0.03)
    np.testing.assert_allclose(biases(TorchLinear(bias=7.0)), b + 7.0)
