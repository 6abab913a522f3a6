"""Targets of a regression brought to a common size, and predictions back to their own."""

import numpy as np
import pytest

from nntrain.core.types import Array
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.errors import CheckpointError, DataError

Y = np.array([[10.0, 1e6], [20.0, 3e6], [30.0, 2e6]])


def test_columns_are_centred_and_count_in_their_own_deviations() -> None:
    scaler = TargetScaler.fit(Y, "standard")
    t = scaler.apply(Y, "float64")
    np.testing.assert_allclose(t.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(t, np.array([[-1, -1], [0, 1], [1, 0]]) * np.sqrt(1.5))
    assert scaler.unit == 1  # figures of both together are in deviations
    np.testing.assert_allclose(scaler.undo(t), Y)


@pytest.mark.parametrize("how", ["none", "standard"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_targets_come_in_the_dtype_of_the_run(how: str, dtype: str) -> None:
    assert TargetScaler.fit(Y, how).apply(Y, dtype).dtype == dtype


def test_without_a_scale_and_for_classes_nothing_changes() -> None:
    none = TargetScaler.fit(Y, "none")
    np.testing.assert_array_equal(none.apply(Y, "float64"), Y)
    assert none.undo(Y) is Y
    assert none.tensors() == {}
    classes = np.array([0, 2, 1])
    scaler = TargetScaler.fit(classes, "standard")
    assert not scaler.scales
    np.testing.assert_array_equal(scaler.apply(classes, "float32"), classes)


def test_targets_that_never_vary_are_shifted_only() -> None:
    scaler = TargetScaler.fit(np.full((3, 1), 7.0), "standard")
    assert (scaler.shift.tolist(), scaler.unit) == ([7.0], 1.0)
    assert scaler.apply(np.full((1, 1), 7.0), "float32").tolist() == [[0.0]]


def test_targets_too_large_are_refused() -> None:
    with pytest.raises(DataError, match=r"^data: a target is too large for float32$"):
        TargetScaler.identity().apply(np.array([[1e39]]), "float32")
    with pytest.raises(DataError, match=r"^data: the range of a target is too large to scale$"):
        TargetScaler.fit(np.array([[1e308], [-1e308]]), "standard")


def test_tensors_round_trip() -> None:
    scaler = TargetScaler.fit(Y, "standard")
    again = TargetScaler.restore(scaler.tensors())
    np.testing.assert_array_equal(again.apply(Y, "float64"), scaler.apply(Y, "float64"))
    assert not TargetScaler.restore({}).scales


@pytest.mark.parametrize(
    ("shift", "unit"),
    [
        ([0.0], [0.0]),
        ([0.0], [-1.0]),
        ([np.nan], [1.0]),
        ([0.0], [np.inf]),
        ([], [1.0]),
        ([0.0], [1.0, 1.0]),
        ([[0.0]], [1.0]),
    ],
)
def test_tensors_that_make_no_scale(shift: list[float], unit: list[float]) -> None:
    tensors: dict[str, Array] = {"target.shift": np.array(shift), "target.unit": np.array(unit)}
    with pytest.raises(CheckpointError, match=r"^checkpoint: 'target\.shift' .* and 'target\.unit' .* make no scale$"):
        TargetScaler.restore(tensors)
