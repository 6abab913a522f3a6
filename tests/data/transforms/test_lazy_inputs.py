"""Inputs that are scaled on demand are the same numbers as those scaled at once, everywhere they are used."""

from typing import Any, cast

import numpy as np
import pytest

from nntrain.core.types import Array, DType
from nntrain.data.batches.in_memory import Batches
from nntrain.data.dataset import Dataset, Part
from nntrain.data.transforms import lazy_inputs as spec_of_run
from nntrain.data.transforms.lazy_inputs import Fetcher, LazyInputs, scale_inputs
from nntrain.data.transforms.scaler import Scale, Scaler
from nntrain.errors import DataError
from nntrain.runs import assemble
from nntrain.runs.assembly import Assembly
from nntrain.spec import from_dict
from nntrain.train.loop import fit
from nntrain.train.state import State

BYTES = np.random.default_rng(0).integers(0, 256, (300, 7), dtype=np.uint8)


@pytest.fixture
def on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec_of_run, "LARGE", 0)


@pytest.mark.parametrize("how", ["none", "unit", "standard", "minmax"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("on_demand")
def test_rows_have_the_numbers_of_scaling_at_once(how: Scale, dtype: DType) -> None:
    scaler = Scaler.fit(BYTES, how)
    X, whole = scale_inputs(BYTES, scaler, dtype), scaler.apply(BYTES, dtype)
    assert isinstance(X, LazyInputs)
    assert (X.shape, len(X), X.dtype) == ((300, 7), 300, dtype)
    rows = np.array([5, 299, 5, 0])
    out = np.empty((4, 7), dtype)
    fetcher = Fetcher(X, 4)
    for got, expected in ((X[:], whole), (X[10:20], whole[10:20]), (X[rows], whole[rows])):
        np.testing.assert_array_equal(got, expected, strict=True)
    fetcher.gather(rows, out)
    np.testing.assert_array_equal(out, whole[rows])
    fetcher.copy(slice(100, 104), out)
    np.testing.assert_array_equal(out, whole[100:104])


@pytest.mark.parametrize("values", [BYTES, BYTES.astype(np.float32), BYTES.astype(np.int64)])
def test_few_or_wide_numbers_are_scaled_at_once(values: Array) -> None:
    assert isinstance(scale_inputs(values, Scaler.identity(), "float32"), np.ndarray)


@pytest.mark.usefixtures("on_demand")
def test_wide_numbers_stay_arrays_however_many() -> None:
    assert isinstance(scale_inputs(BYTES.astype(np.int64), Scaler.identity(), "float32"), np.ndarray)


@pytest.mark.usefixtures("on_demand")
def test_a_scaler_of_another_width_is_refused() -> None:
    with pytest.raises(DataError, match=r"^data: 7 features do not fit a scaler of 3$"):
        scale_inputs(BYTES, Scaler(np.zeros(3), np.ones(3)), "float32")


@pytest.mark.parametrize("batch_size", [32, 300])
def test_batches_are_the_same(batch_size: int) -> None:
    scaler = Scaler.fit(BYTES, "standard")
    t, y = np.zeros((300, 3), np.float32), np.arange(300)
    plan = _assembly(None).network.plan
    made = [
        Batches(X, t, y, batch_size=batch_size, seed=0, plan=plan)
        for X in (LazyInputs(BYTES, scaler, "float32"), scaler.apply(BYTES, "float32"))
    ]
    for a, b in zip(made[0].epoch(1), made[1].epoch(1), strict=True):
        np.testing.assert_array_equal(a.X, b.X, strict=True)
        np.testing.assert_array_equal(a.y, b.y)
    assert made[0].nbytes == made[1].nbytes + (0 if batch_size == 300 else batch_size * 4 * 7)


@pytest.mark.parametrize("model", ["softmax", "autoencoder"])
def test_a_run_has_the_same_bits(model: str) -> None:
    ends = []
    for on_demand in (True, False):
        assembly = _assembly(on_demand, model)
        train, validation = (_part(rows, on_demand) for rows in (slice(0, 200), slice(200, 300)))
        job = assembly.job(train, validation)
        job.network.initialize(0)
        state = State.start(job.network.params, job.optimizer)
        records = [cast(Any, record).as_dict() for record in fit(job, state)]
        for record in records:
            del record["seconds"], record["examples_per_second"]
        ends.append((records, job.network.params.theta.tobytes()))
    assert ends[0] == ends[1]


def _part(rows: slice, on_demand: bool) -> Part:
    scaler = Scaler.fit(BYTES, "unit")
    X = LazyInputs(BYTES[rows], scaler, "float32") if on_demand else scaler.apply(BYTES[rows], "float32")
    return Part(X, (np.arange(300) % 3)[rows])


def _assembly(on_demand: bool | None, model: str = "softmax") -> Assembly:
    spec = from_dict({"data": {"source": "xor"}, "model": model, "train": {"epochs": 3, "batch_size": 32}})
    train = _part(slice(0, 200), bool(on_demand))
    data = Dataset(train, None, None, "classification", ("a", "b", "c"), (), (), Scaler.identity(), "")
    return assemble(spec, data)
