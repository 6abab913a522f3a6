"""Runs whose result is the mean of their parameters: what is scored and stored, and how they are gone on with."""

import numpy as np
import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.errors import InterruptedRun
from nntrain.runs.trained import open_model

MEAN = ("train.average=0.5", "train.stop.patience=null", "checkpoint.best=last")


def after(steps):
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def test_the_checkpoint_holds_the_mean_and_it_is_what_is_scored(tiny, trained, tmp_path):
    run, records = trained(tiny(*MEAN), "run")
    tensors = RunDir(tmp_path / "run").latest().checkpoint.tensors
    model = open_model(tmp_path / "run").assembly.network.params
    for name, view in model.named(model.theta):
        np.testing.assert_array_equal(view, tensors[name])
        assert not np.array_equal(view, tensors[f"moving.{name}"])
    assert run.summary["validation"]["cost"] == pytest.approx(records[-1].validation["cost"], rel=1e-6)
    trained(tiny(*MEAN[1:]), "plain")
    ends = RunDir(tmp_path / "plain").latest().checkpoint.tensors
    for name, _ in model.named(model.theta):  # no step is another
        np.testing.assert_array_equal(tensors[f"moving.{name}"], ends[name])


def test_without_an_epoch_the_result_is_the_start(tiny, trained, tmp_path):
    trained(tiny(*MEAN, "train.epochs=0"), "mean")
    trained(tiny(*MEAN[1:], "train.epochs=0"), "plain")
    ours, plain = (RunDir(tmp_path / name).latest().checkpoint.tensors for name in ("mean", "plain"))
    for name, array in plain.items():
        np.testing.assert_array_equal(ours[name], array)


@pytest.mark.parametrize("steps", [1, 6, 9])
def test_interrupted_it_ends_as_if_it_had_not_been(steps, tiny, trained, lasting, tmp_path):
    trained(tiny(*MEAN), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(*MEAN), "broken", after(steps))
    trained(tiny(*MEAN), "broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_a_run_that_becomes_longer_says_where_its_mean_begins(tiny, trained):
    trained(tiny(*MEAN, "schedule=constant", "train.epochs=2"), "run")
    run, _ = trained(tiny(*MEAN, "schedule=constant", "train.epochs=4"), "run")
    per_epoch = run.job.batches.per_epoch
    now, before = 2 * per_epoch + 1, per_epoch + 1
    message = f"train.average: the mean of the parameters now begins with step {now} instead of {before}"
    assert message in run.notes
