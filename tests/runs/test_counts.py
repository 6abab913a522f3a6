"""The Poisson loss on data: only counts are taken, and the fit is that of the mean counts."""

import numpy as np
import pytest

from nntrain.errors import DataError
from nntrain.runs import prepare_run
from nntrain.spec import load

SPEC = """
data: {source: {kind: csv, path: t.csv, target: y, task: regression}}
model: linear
loss: poisson
optimizer: {kind: sgd, lr: 0.1}
train: {epochs: 300, batch_size: all, dtype: float64}
"""


def ready(folder, y, *overrides):
    rows = "\n".join(f"{number % 2},{value}" for number, value in enumerate(y))
    (folder / "t.csv").write_text(f"x,y\n{rows}\n", encoding="utf-8")
    (folder / "c.yaml").write_text(SPEC, encoding="utf-8")
    return prepare_run(load(folder / "c.yaml", overrides))


def test_negative_targets_are_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        ready(tmp_path, [1, 2.5, -3, 4])
    assert str(caught.value) == "data: the targets of poisson must be counts, at least 0, got -3"


def test_scaled_targets_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"at least 0, got -1\.\d+; set data\.target_scale to none$"):
        ready(tmp_path, [1, 2.5, 3, 4], "data.target_scale=standard")


def test_the_fit_is_that_of_the_mean_counts(tmp_path):
    from nntrain.train.loop import fit
    from nntrain.train.state import State

    job = ready(tmp_path, [1.5, 2.5, 4, 7, 0, 0.5], "train.epochs=3000").job
    job.network.initialize(0)
    list(fit(job, State.start(job.network.params, job.optimizer)))
    rates = np.exp(job.network.forward(np.array([[0.0], [1.0]]))[:, 0])
    np.testing.assert_allclose(rates, [5.5 / 3, 10 / 3], rtol=1e-9)  # of the even rows, and of the odd ones
