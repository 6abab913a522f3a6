"""The metrics that a spec chooses: measured, recorded, monitored, kept through an interruption; specs without any."""

import json

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import InterruptedRun, SpecError
from nntrain.runs import open_run, spec_of_run
from nntrain.runs.evaluation import evaluate
from nntrain.runs.trained import open_model

F1 = ("metrics=[accuracy, macro_f1]", "checkpoint.best=validation.macro_f1")


def after(calls):
    """Return an `interrupted` that says so at its so-manieth question."""
    asked = iter(range(calls))
    return lambda: next(asked, None) is None


def test_chosen_metrics_are_recorded_in_their_order_and_may_be_monitored(tiny, trained, tmp_path):
    run, records = trained(tiny(*F1), "a")
    for record in records:
        assert list(record.train) == list(record.validation) == ["cost", "accuracy", "macro_f1"]
    values = [record.validation["macro_f1"] for record in records]
    assert run.best["value"] == max(values)
    assert run.best["epoch"] == 1 + values.index(max(values))
    assert set(run.summary["validation"]) == {"n", "cost", "accuracy", "macro_f1"}
    assert evaluate(open_model(tmp_path / "a"), "validation").figures["macro_f1"] == run.best["value"]


def test_what_needs_all_rows_is_measured_over_the_whole_part_and_may_be_monitored(tiny, trained, tmp_path):
    run, records = trained(tiny("metrics=[accuracy, roc_auc, macro_f1]", "checkpoint.best=validation.roc_auc"), "a")
    for record in records:
        assert list(record.train) == list(record.validation) == ["cost", "accuracy", "roc_auc", "macro_f1"]
    assert run.best["value"] == max(record.validation["roc_auc"] for record in records)
    last = run.directory.latest()
    for part in ("train", "validation"):
        figures = evaluate(open_model(last.path), part).figures
        assert figures["roc_auc"] == getattr(records[-1], part)["roc_auc"]


def test_no_metrics_at_all(tiny, trained):
    _, records = trained(tiny("metrics=[]"), "a")
    assert all(list(record.train) == ["cost"] for record in records)


@pytest.mark.parametrize("steps", [1, 2, 5, 6])
@pytest.mark.parametrize("metrics", ["metrics=[accuracy, macro_f1]", "metrics=[]", "metrics=macro_f1"])
def test_sums_of_an_epoch_under_way_are_kept(steps, metrics, tiny, trained, lasting, tmp_path):
    trained(tiny(metrics), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(metrics), "broken", after(steps))
    trained(tiny(metrics), "broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_metrics_cannot_change_within_a_run(tiny, trained):
    trained(tiny(), "a")
    with pytest.raises(
        SpecError, match=r'a: metrics: \[\{"kind": "accuracy"\}\] in the run, \[\{"kind": "macro_f1"\}\]'
    ):
        trained(tiny("metrics=macro_f1"), "a")


def test_the_metrics_that_suit_the_data_are_the_same_when_they_are_named(tiny, trained, lasting, tmp_path):
    trained(tiny("train.epochs=2"), "a")
    trained(tiny("train.epochs=4", "metrics=[accuracy]"), "a")
    trained(tiny("train.epochs=4"), "b")
    assert lasting(tmp_path / "a") == lasting(tmp_path / "b")


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ("[accuracy, accuracy]", "metrics.1: 'accuracy' is measured already; leave one of the two out"),
        (
            "acuracy",
            "metrics: unknown metric 'acuracy'; did you mean 'accuracy'? (one of accuracy, average_precision, "
            "balanced_accuracy, brier, ece, explained_variance, kappa, log_loss, macro_f1, mae, mcc, median_error, "
            "micro_f1, r2, rmse, roc_auc, top_k, weighted_f1)",
        ),
    ],
)
def test_metrics_that_are_wrong_in_themselves(metrics, message, tiny):
    with pytest.raises(SpecError) as caught:
        tiny(f"metrics={metrics}")
    assert caught.value.problems[0].endswith(message)


def test_metrics_that_do_not_fit_the_data(tiny, trained):
    with pytest.raises(SpecError) as caught:
        trained(tiny("metrics=[accuracy, mae]"), "a")
    message = "metrics.1: mae is for regression or reconstruction, the data are classification"
    assert caught.value.problems[0].endswith(message)


def test_only_figures_that_are_measured_may_be_monitored(tiny, trained):
    with pytest.raises(SpecError, match=r"checkpoint\.best: no such figure, got 'validation\.macro_f1'; did you mean"):
        trained(tiny("checkpoint.best=validation.macro_f1"), "a")


def test_a_run_from_before_there_were_metrics_in_specs(tiny, trained, lasting, tmp_path):
    """Its spec has no such key, and the sum of an epoch under way is one number: it goes on and is evaluated."""
    trained(tiny(), "whole")
    with pytest.raises(InterruptedRun):
        trained(tiny(), "old", after(5))
    directory = RunDir(tmp_path / "old")
    path = directory.latest().path
    stored = storage.load(path)
    assert isinstance(stored.meta["state"]["metric_sum"], float)
    del stored.meta["spec"]["metrics"]
    storage.save(path, stored)
    record = json.loads((tmp_path / "old" / "run.json").read_text())
    del record["spec"]["metrics"]
    (tmp_path / "old" / "run.json").write_text(json.dumps(record))

    assert set(evaluate(open_model(path), "validation").figures) >= {"cost", "accuracy"}
    loaded = spec_of_run(tmp_path / "old")
    with open_run(loaded, runs=tmp_path, run_dir=tmp_path / "old", argv=["again"], draw=False, as_begun=True) as run:
        list(run.events())
    assert lasting(tmp_path / "old") == lasting(tmp_path / "whole")
