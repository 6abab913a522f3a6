"""Settings at the ends of the numbers: refused, trained with, or diverged with in words; no warning, no traceback."""

import dataclasses
import re
import warnings
from itertools import islice

import pytest

from nntrain.errors import DataError, DivergenceError, SpecError
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.initializers import INITIALIZERS
from nntrain.ops.losses import LOSSES
from nntrain.ops.optimizers import OPTIMIZERS
from nntrain.ops.schedules import SCHEDULES
from nntrain.runs import prepare_run
from nntrain.spec import reload
from nntrain.train.loop import fit
from nntrain.train.state import State

SPEC = {
    "data": {"source": {"kind": "linear", "n": 30}, "validation": 0.2},
    "model": {"kind": "mlp", "hidden": [4]},
    "train": {"epochs": 2, "batch_size": 8},
}
PLACES = {
    "model.activation": ACTIVATIONS,
    "model.init": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}
ENDS = ("1e308", "-1e308", "1e37", "-1e37", "5e-324", "1000000000000000000", str(10**60))
FIELDS = [
    f"{place}={{kind: {kind}, {field.name}: END}}"
    for place, registry in PLACES.items()
    for kind, entry in registry.items()
    for field in dataclasses.fields(entry)
    if field.init and field.name != "kind"
]
OTHERS = [
    *("train.epochs=END", "train.max_steps=END", "train.clip_norm=END", "train.stop.min_delta=END", "penalty.l1=END"),
    *("penalty.l2=END", "model.hidden=[END]", "seed=END", "data.source.noise=END", "data.validation=END"),
    *("checkpoint.keep=END", "runtime.threads=END"),
]


def attempt(*settings: str) -> None:
    ready = prepare_run(reload(SPEC, settings))
    ready.job.network.initialize(0)
    for _ in islice(fit(ready.job, State.start(ready.job.network.params, ready.job.optimizer)), 2):
        pass


@pytest.mark.parametrize("setting", [*FIELDS, *OTHERS])
def test_no_warning_and_no_traceback(setting: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for end in ENDS:
            try:
                attempt(setting.replace("END", end))
            except (SpecError, DataError, DivergenceError, MemoryError) as error:
                assert str(error)  # noqa: PT017  # a reason in words is all that is asked


MANY = f"train.max_steps={10**60}"


def test_what_is_too_large_is_refused_in_words() -> None:
    with pytest.raises(SpecError) as caught:
        attempt(
            "schedule={kind: cosine, warmup: 1e308}",
            "model.init={kind: uniform, limit: 1e308}",
            f"train.max_steps={10**60}",
        )
    assert str(caught.value).splitlines() == [
        "--set schedule: schedule.warmup: must be at most 1e+37, got 1e+308",
        "--set model.init: model.init.limit: must be at most 1e+37, got 1e+308",
        "--set train.max_steps: must be at most 9223372036854775807, got 1000000000000000000000000000000000000000",
    ]
    with pytest.raises(MemoryError, match=r"^4,000,000,000,000,000,001 parameters$"):
        attempt("model.hidden=[1000000000000000000]", "data.source.features=2")


def test_targets_that_single_precision_cannot_square() -> None:
    with pytest.raises(DataError) as caught:
        attempt("data.source.noise=1e30", "data.target_scale=none")
    assert re.fullmatch(
        r"spec: data: targets of up to \d\.\de\+30 are too large for float32; set data\.target_scale to standard, or "
        r"train\.dtype to float64",
        str(caught.value),
    )
    attempt("data.source.noise=1e30", "data.target_scale=standard")
