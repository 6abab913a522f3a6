"""The scaler: what each kind promises, in every storage type, without silent precision loss."""

import tracemalloc
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nntrain.core.types import Array, DType
from nntrain.data.transforms.scaler import Scale, Scaler
from nntrain.errors import CheckpointError, DataError

KINDS: tuple[Scale, ...] = get_args(Scale)
RNG = np.random.default_rng(0)
X = RNG.normal(size=(700, 5)) * [1, 10, 0.1, 1, 1] + [0, 3, -2, 0, 1e6]


def test_none_changes_nothing() -> None:
    np.testing.assert_array_equal(Scaler.fit(X, "none").apply(X, "float64"), X)


def test_unit_maps_the_whole_range_to_0_and_1() -> None:
    scaled = Scaler.fit(X, "unit").apply(X, "float64")
    np.testing.assert_allclose(scaled, (X - X.min()) / (X.max() - X.min()), rtol=1e-14)
    assert (scaled.min(), scaled.max()) == (0, 1)


def test_minmax_maps_each_column_to_0_and_1() -> None:
    scaled = Scaler.fit(X, "minmax").apply(X, "float64")
    assert not scaled.min(axis=0).any()
    np.testing.assert_allclose(scaled.max(axis=0), 1, rtol=1e-15)


def test_standard_gives_mean_0_and_deviation_1() -> None:
    scaled = Scaler.fit(X, "standard").apply(X, "float64")
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-10)
    np.testing.assert_allclose(scaled, (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-9)


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("value", [0.1, 0.0, -7.0, 1e30])
def test_a_constant_column_stays_finite(how: Scale, value: float) -> None:
    constant = X.copy()
    constant[:, 1] = value
    scaled = Scaler.fit(constant, how).apply(constant, "float64")
    assert np.isfinite(scaled).all()
    if how in ("standard", "minmax"):
        assert not scaled[:, 1].any()


@pytest.mark.parametrize("how", KINDS)
@pytest.mark.parametrize("dtype", get_args(DType))
@pytest.mark.parametrize("stored", ["uint8", "int16", "int64", ">i4", "float16", "float32", ">f8"])
def test_storage_type_and_order_do_not_matter(how: Scale, dtype: DType, stored: str) -> None:
    values = RNG.integers(0, 200, (300, 4))
    expected = Scaler.fit(values.astype(float), how).apply(values.astype(float), "float64")
    for array in (values.astype(stored), np.asfortranarray(values.astype(stored)), values.astype(stored)[::1]):
        scaled = Scaler.fit(array, how).apply(array, dtype)
        assert scaled.dtype == dtype
        assert scaled.flags.c_contiguous
        np.testing.assert_allclose(scaled, expected, atol=2e-6 if dtype == "float32" else 1e-13)


def test_large_offsets_survive_float32() -> None:
    stamps = 1.7e9 + np.arange(100.0)[:, None]
    scaled = Scaler.fit(stamps, "minmax").apply(stamps, "float32")
    np.testing.assert_allclose(scaled, np.linspace(0, 1, 100)[:, None], rtol=1e-6)


def test_bytes_are_scaled_without_wide_copies() -> None:
    images = RNG.integers(0, 256, (20_000, 100)).astype(np.uint8)
    tracemalloc.start()
    for how in KINDS:
        scaler = Scaler.fit(images, how)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        scaled = scaler.apply(images, "float32")
        _, peak = tracemalloc.get_traced_memory()
        assert peak - before < 1.1 * scaled.nbytes
    tracemalloc.stop()


@pytest.mark.parametrize("how", ["unit", "minmax", "standard"])
def test_ranges_beyond_floats_are_refused(how: Scale) -> None:
    for extreme in ([-1.7e308, 1.7e308], [0, 5e-324]):
        column = np.array(extreme)[:, None]
        with pytest.raises(DataError, match="too large or too small to scale"):
            Scaler.fit(column, how)


def test_inputs_beyond_float32_are_refused() -> None:
    with pytest.raises(DataError, match="data: a scaled input is too large for float32"):
        Scaler.identity().apply(np.array([[1e39]]), "float32")
    assert Scaler.identity().apply(np.array([[1e39]]), "float64") == 1e39


def test_width_must_fit() -> None:
    with pytest.raises(DataError, match="data: 4 features do not fit a scaler of 5"):
        Scaler.fit(X, "standard").apply(X[:, :4], "float64")


@pytest.mark.parametrize("how", KINDS)
def test_tensors_round_trip(how: Scale) -> None:
    scaler = Scaler.fit(X, how)
    again = Scaler.from_tensors({"0.W": np.zeros(3), **scaler.tensors()})
    np.testing.assert_array_equal(again.apply(X, "float32"), scaler.apply(X, "float32"))


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"scaler.shift": np.zeros(2)},
        {"scaler.shift": np.zeros(2), "scaler.scale": np.ones(3)},
        {"scaler.shift": np.zeros((1, 2)), "scaler.scale": np.ones((1, 2))},
        {"scaler.shift": np.array([np.nan]), "scaler.scale": np.ones(1)},
    ],
)
def test_tensors_that_make_no_scaler(tensors: dict[str, Array]) -> None:
    with pytest.raises(CheckpointError, match=r"^checkpoint: "):
        Scaler.from_tensors(tensors)


@given(
    values=hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2), elements=st.floats(-1e100, 1e100)),
    how=st.sampled_from(KINDS),
)
def test_any_numbers_scale_to_finite_ones_or_are_refused(values: Array, how: Scale) -> None:
    try:
        scaled = Scaler.fit(values, how).apply(values, "float64")
    except DataError:
        return
    assert np.isfinite(scaled).all()
    if how in ("unit", "minmax"):
        assert scaled.min() >= 0
        assert scaled.max() <= 1 + 1e-15
