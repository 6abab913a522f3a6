"""P6: a diverging run stops before its weights are damaged, says where and why, and keeps its last good checkpoint.

The numerics behind it are tested where they are: extreme scores and forty decimals in ``tests/ops/test_losses.py``,
short last batches and divergence in ``tests/train/test_loop.py``. No run here may give a ``RuntimeWarning``.
"""

import re

import numpy as np
import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.rundir import RunDir

RATES = [f"1e{exponent}" for exponent in range(1, 31)]
LINEAR = """\
data: {source: {kind: linear, n: 40}}
model: {kind: mlp, hidden: [5]}
optimizer: {kind: sgd, momentum: 0.9}
train: {epochs: 30, batch_size: 8}
checkpoint: {every_steps: 1, min_seconds: 0}
"""
SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("rates", [pytest.param(RATES[::6], id="some"), pytest.param(RATES, id="all", marks=SLOW)])
def test_p6_whatever_the_rate_no_checkpoint_has_a_number_that_is_not_finite(rates, lab, figure):
    lab.write_spec(LINEAR)
    diverged = 0
    for rate in rates:
        status = lab.fit("run", ["--set", f"optimizer.lr={rate}"])
        assert status in (0, 4), lab.said()
        diverged += status == 4
        for path in RunDir(lab.folder / "run").checkpoints():
            tensors = storage.load(path).tensors
            assert all(np.isfinite(array).all() for array in tensors.values()), path
        lab.remove("run")
    assert diverged >= len(rates) - 1
    figure("learning rates from 10 to 1e30", f"{len(rates)} runs, {diverged} exit 4, no damaged weights")


def test_p6_a_rate_of_a_million_names_reason_step_and_last_good_checkpoint(lab):
    lab.write_spec(LINEAR)
    assert lab.fit("run", ["--set", "optimizer.lr=1e6"]) == 4
    last = RunDir(lab.folder / "run").checkpoints()[-1]
    good = re.escape(str(last.relative_to(lab.folder)))
    said = rf"error: epoch \d+, step \d+: .*diverged.*; last good checkpoint: {good}.*\n"
    assert re.fullmatch(said, lab.said()), lab.said()
    before = lab.files("run")
    first = lab.said()
    assert lab.fit("run", ["--set", "optimizer.lr=1e6"]) == 4
    assert (lab.said(), lab.files("run")) == (first, before)
