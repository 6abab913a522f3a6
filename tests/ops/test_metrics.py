"""Metrics, all of the registry: figures by hand, calls equal to the formula, sums over batches, scores left alone."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest

from nntrain.core.calls import Calls
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace
from nntrain.ops.losses import LOSSES, BinaryHinge, Mse, SigmoidCrossEntropy, SigmoidMse, SoftmaxCrossEntropy
from nntrain.ops.metrics import (
    METRICS,
    R2,
    Accuracy,
    AveragePrecision,
    Brier,
    Ece,
    LogLoss,
    MacroF1,
    Mae,
    Metric,
    MetricSet,
    Rmse,
    RocAuc,
    TopK,
    default_metrics,
    higher_is_better,
)
from nntrain.train.monitor import stop_monitor
from nntrain.train.settings import Stop

TASKS = {task for entry in LOSSES.values() for task in entry.tasks}


def sums(metric, z, t, y, loss, bind=None):
    ws, do = Workspace(len(z), z.dtype, Plan()), Calls(Plan(), z.dtype)
    scores, target = ws.block(z.shape[1]), ws.block(z.shape[1])
    scores[:], target[:] = z, t
    read = (bind or type(metric).bind)(metric, do, scores, target, y, loss, ws)
    do.run()
    np.testing.assert_array_equal(scores, z)
    np.testing.assert_array_equal(target, t)
    return list(read())


def measure(metrics, z, t, y, loss, task="classification", unit=1.0, parts=1):
    """Return the figures of a set of metrics, measured in so many parts."""
    chosen = MetricSet(metrics, task, unit)
    y = chosen.wanted(y, z.shape[1])
    pieces = zip(*(np.array_split(array, parts) for array in (z, t, y)), strict=True)
    total = np.sum([sums(chosen, *piece, loss, bind=MetricSet.bind) for piece in pieces], axis=0)
    figures = chosen.figures(list(np.atleast_1d(total)), len(z), z.shape[1], chosen.spreads(t))
    return chosen.in_order({**figures, **chosen.whole(z, t, y, loss)})


def encoded(loss, y, width, dtype=np.float64):
    return loss.encode(np.asarray(y), width, np.dtype(dtype))


# --- the registry ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", METRICS.values(), ids=METRICS)
def test_every_metric_says_what_it_is_for_and_which_way_is_better(entry):
    assert entry.tasks
    assert set(entry.tasks) <= TASKS
    assert isinstance(entry.higher_is_better, bool)
    assert entry().name


def test_the_defaults_are_accuracy_or_rmse_and_r2():
    assert {task: [metric.name for metric in default_metrics(task)] for task in sorted(TASKS)} == {
        "classification": ["accuracy"],
        "multilabel": ["accuracy"],
        "reconstruction": ["rmse", "r2"],
        "regression": ["rmse", "r2"],
    }


def examples(task):
    """Yield (loss, z, t, y) of a task: every loss, one score and several."""
    rng = np.random.default_rng(0)
    for loss in (entry() for entry in LOSSES.values() if task in entry.tasks):
        for classes, columns in ((2, 1), (5, 4)):
            if task == "classification":
                width, y = loss.width(classes, 1), rng.integers(0, classes, 40)
            else:
                width = loss.width(0, columns)
                y = rng.integers(0, 2, (40, columns)) if task == "multilabel" else rng.uniform(0, 1, (40, columns))
            yield loss, rng.normal(size=(40, width)), loss.encode(y, width, np.dtype(np.float64)), y


@pytest.mark.parametrize("entry", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_calls_add_up_the_values(entry, dtype):
    """Both on targets as the source gives them and as the run keeps them."""
    metric = entry()
    for task in entry.tasks:
        for loss, scores, targets, y in examples(task):
            z, t = scores.astype(dtype), targets.astype(dtype)
            for kept in (y, MetricSet([metric], task).wanted(y, z.shape[1])):
                own, plain = (sums(metric, z, t, kept, loss, bind=bind) for bind in (None, Metric.bind))
                assert len(own) == metric.n_sums(z.shape[1])
                np.testing.assert_allclose(own, plain, rtol=32 * np.finfo(dtype).eps)
            if not metric.whole:
                assert isinstance(metric.figure(plain, 40, z.shape[1], metric.spread(t)), float)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_all_metrics_of_a_task_together_are_each_of_them_alone(task):
    fit = [entry() for entry in METRICS.values() if task in entry.tasks]
    for loss, z, t, y in examples(task):
        metrics = [metric for metric in fit if loss.gives_probabilities or not metric.needs_probabilities]
        together = measure(metrics, z, t, y, loss, task)
        assert list(together) == [metric.name for metric in metrics]
        for metric in metrics:
            alone = measure([metric], z, t, y, loss, task, parts=3)
            assert alone[metric.name] == pytest.approx(together[metric.name], rel=1e-12)


# --- accuracy and F1 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_accuracy_counts_the_largest_scores_and_the_first_of_equals(dtype):
    z = np.array([[1, 3, 2], [5, 5, 0], [5, 5, 0], [0, 0, 0], [-1, -3, -2]], dtype)
    y = np.array([1, 0, 1, 0, 2])
    loss = SoftmaxCrossEntropy()
    assert sums(Accuracy(), z, encoded(loss, y, 3, dtype), y, loss) == [3]
    assert measure([Accuracy()], z, encoded(loss, y, 3, dtype), y, loss) == {"accuracy": 0.6}


@pytest.mark.parametrize(
    ("loss", "z", "hits"),
    [
        (SigmoidCrossEntropy(), [[-0.1], [0.1], [0.0], [2.0]], 3),  # 0 is not above the threshold: class 0
        (BinaryHinge(), [[-0.1], [0.1], [0.0], [2.0]], 3),
        (SigmoidMse(), [[-0.1], [0.1], [0.0], [2.0]], 3),
        (Mse(), [[0.4], [0.6], [0.5], [0.2]], 3),  # targets 0 and 1: the middle is one half
    ],
)
def test_one_score_is_compared_with_the_threshold_of_its_loss(loss, z, hits):
    y = np.array([0, 1, 1, 1]) if not isinstance(loss, Mse) else np.array([0, 1, 0, 1])
    z = np.array(z)
    assert sums(Accuracy(), z, encoded(loss, y, 1), y, loss) == [hits]
    assert (loss.choose(z) == y).sum() == hits


def test_in_multi_label_data_every_label_counts():
    y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    z = np.array([[2.0, -1.0], [1.0, 3.0], [-1.0, -2.0]])
    assert measure([Accuracy()], z, y, y, SigmoidCrossEntropy(), "multilabel")["accuracy"] == pytest.approx(0.5)


def test_macro_f1_by_hand():
    """Decisions 0 0 1 1 2 of truths 0 1 1 1 2: F1 is 2/3, 4/5 and 1. A class that never occurs is no class."""
    z, y, loss = np.eye(4)[[0, 0, 1, 1, 2]], np.array([0, 1, 1, 1, 2]), SoftmaxCrossEntropy()
    figures = measure([MacroF1()], z, encoded(loss, y, 4), y, loss, parts=2)
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 4 / 5 + 1) / 3, rel=1e-15)


def test_macro_f1_with_one_score():
    """Decisions 0 1 1 0 of truths 0 1 0 0: F1 is 4/5 of class 0 and 2/3 of class 1."""
    z, y, loss = np.array([[-1.0], [1.0], [1.0], [-1.0]]), np.array([0, 1, 0, 0]), SigmoidCrossEntropy()
    assert measure([MacroF1()], z, encoded(loss, y, 1), y, loss)["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)


# --- against scikit-learn ---------------------------------------------------------------------------------------------

DECISIONS = {  # of the classes below, by scikit-learn 1.9.1
    "two": {
        "accuracy": 0.775,
        "balanced_accuracy": 0.7735042735042735,
        "macro_f1": 0.7565922920892495,
        "micro_f1": 0.775,
        "weighted_f1": 0.7800202839756591,
        "mcc": 0.5229763603684907,
        "kappa": 0.5161290322580645,
        "log_loss": 0.5180256057282808,
        "brier": 0.17211387888880805,
        "roc_auc": 0.8240740740740741,
        "average_precision": 0.7243435597138775,
    },
    "one score": {
        "accuracy": 0.55,
        "balanced_accuracy": 0.6367521367521367,
        "macro_f1": 0.549718574108818,
        "micro_f1": 0.55,
        "weighted_f1": 0.5457786116322701,
        "mcc": 0.2795426231258449,
        "kappa": 0.21052631578947356,
        "log_loss": 0.7412636789578346,
        "brier": 0.26265381740144866,
        "roc_auc": 0.75,
        "average_precision": 0.5589220385382988,
    },
    "many": {
        "accuracy": 0.675,
        "balanced_accuracy": 0.6357473544973545,
        "macro_f1": 0.556327553248046,
        "micro_f1": 0.675,
        "weighted_f1": 0.7018185777144343,
        "mcc": 0.47601199010546363,
        "kappa": 0.45492662473794554,
        "log_loss": 0.9498735237422518,
        "brier": 0.5135836737213918,
        "roc_auc": 0.8516208526488132,
        "average_precision": 0.6114747362658632,
        "top_2": 0.85,
    },
}
NUMBERS = {  # of the numbers below, by scikit-learn 1.9.1, in units of 2
    "rmse": 0.9189316974926889,
    "mae": 0.6968904558240974,
    "median_error": 0.4968554652222214,
    "r2": 0.9603335961818429,
    "explained_variance": 0.9604800057570055,
}


def scored(task):
    """Return (loss, z, t, y) without any equal scores, whose figures by scikit-learn are above."""
    rng = np.random.default_rng(17)
    if task == "numbers":
        t = rng.normal(size=(60, 3)) * [1, 2, 3] + 5
        return Mse(), t + rng.normal(size=t.shape) / 2 + 0.1, t, t
    classes = {"two": 2, "one score": 2, "many": 4}[task]
    loss = SigmoidCrossEntropy() if task == "one score" else SoftmaxCrossEntropy()
    y = rng.choice(classes, 80, p=[0.6, *[0.4 / (classes - 1)] * (classes - 1)])
    z = rng.normal(size=(80, loss.width(classes, 1))) + encoded(loss, y, loss.width(classes, 1))
    return loss, z, encoded(loss, y, z.shape[1]), y


def by_sklearn(task):
    """Return the figures by scikit-learn; a test is skipped, visibly, without it."""
    m = pytest.importorskip("sklearn.metrics")
    loss, z, t, y = scored(task)
    if task == "numbers":
        together = {"multioutput": "variance_weighted"}
        return {
            "rmse": 2 * math.sqrt(m.mean_squared_error(t, z)),
            "mae": 2 * m.mean_absolute_error(t, z),
            "median_error": 2 * m.median_absolute_error(t, z),
            "r2": m.r2_score(t, z, **together),
            "explained_variance": m.explained_variance_score(t, z, **together),
        }
    decided, p = loss.choose(z), loss.link(z)
    own = p[:, -1] if p.shape[1] < 3 else p
    one_hot = y if p.shape[1] < 3 else np.eye(p.shape[1])[y]
    return {
        "accuracy": m.accuracy_score(y, decided),
        "balanced_accuracy": m.balanced_accuracy_score(y, decided),
        "macro_f1": m.f1_score(y, decided, average="macro"),
        "micro_f1": m.f1_score(y, decided, average="micro"),
        "weighted_f1": m.f1_score(y, decided, average="weighted"),
        "mcc": m.matthews_corrcoef(y, decided),
        "kappa": m.cohen_kappa_score(y, decided),
        "log_loss": m.log_loss(y, p if p.shape[1] > 1 else np.hstack([1 - p, p])),
        "brier": m.brier_score_loss(y, own),
        "roc_auc": m.roc_auc_score(y, own, multi_class="ovr"),
        "average_precision": m.average_precision_score(one_hot, own),
        **({"top_2": m.top_k_accuracy_score(y, p, k=2)} if p.shape[1] > 2 else {}),
    }


def figures_of(task, names):
    loss, z, t, y = scored(task)
    metrics = [TopK(k=2) if name == "top_2" else METRICS[name]() for name in names]
    kind, unit = ("regression", 2.0) if task == "numbers" else ("classification", 1.0)
    return measure(metrics, z, t, y, loss, kind, unit=unit, parts=3)


@pytest.mark.parametrize("task", [*DECISIONS, "numbers"])
def test_figures_are_those_that_scikit_learn_gave(task):
    known = NUMBERS if task == "numbers" else DECISIONS[task]
    assert figures_of(task, known) == pytest.approx(known, rel=1e-12)


@pytest.mark.parametrize("task", [*DECISIONS, "numbers"])
def test_figures_are_those_of_scikit_learn(task):
    known = by_sklearn(task)
    assert figures_of(task, known) == pytest.approx(known, rel=1e-12)


def test_every_figure_that_scikit_learn_has_is_compared():
    compared = {name for known in (*DECISIONS.values(), NUMBERS) for name in known} | {"ece"}  # by hand below
    assert compared == {metric().name for metric in METRICS.values()} - {"top_5"} | {"top_2"}


def test_equal_scores_count_half_and_stand_at_one_threshold():
    """Positives score 3, 2, 2 and negatives 2, 1: of 6 pairs 4 are right and 2 equal."""
    z, y, loss = np.array([[3.0], [2], [2], [2], [1]]), np.array([1, 1, 1, 0, 0]), SigmoidCrossEntropy()
    figures = measure([RocAuc(), AveragePrecision()], z, encoded(loss, y, 1), y, loss)
    assert figures["roc_auc"] == pytest.approx((4 + 2 / 2) / 6)
    assert figures["average_precision"] == pytest.approx(1 / 3 * 1 + 2 / 3 * 3 / 4)


def test_a_class_that_none_or_all_have_has_no_order():
    z, y, loss = np.array([[1.0], [2.0]]), np.array([1, 1]), SigmoidCrossEntropy()
    assert math.isnan(measure([RocAuc()], z, encoded(loss, y, 1), y, loss)["roc_auc"])
    z, y, loss = np.eye(3)[[0, 0, 1]], np.array([0, 1, 1]), SoftmaxCrossEntropy()
    two = measure([RocAuc()], z, encoded(loss, y, 3), y, loss)["roc_auc"]  # class 0: 1 ½, class 1: 1 ½ of 2 pairs
    assert two == pytest.approx(0.75)


def test_calibration_error_by_hand():
    """In bins of a half: confidences 0.6 and 0.9, one decision right; the other bin is empty."""
    p, y, loss = np.array([[0.6], [0.9], [0.2]]), np.array([1, 0, 0]), SigmoidCrossEntropy()
    z = np.log(p / (1 - p))  # the confidence of the third is 0.8, of class 0
    assert measure([Ece(bins=2)], z, encoded(loss, y, 1), y, loss)["ece"] == pytest.approx(abs(2 - 2.3) / 3)
    apart = measure([Ece(bins=10)], z, encoded(loss, y, 1), y, loss)["ece"]
    assert apart == pytest.approx((0.4 + 0.9 + 0.2) / 3)


def test_the_first_of_equal_scores_are_the_largest():
    z, loss = np.array([[1.0, 1.0, 1.0]] * 3), SoftmaxCrossEntropy()
    y = np.array([0, 1, 2])
    assert [measure([TopK(k=k)], z, encoded(loss, y, 3), y, loss)[f"top_{k}"] for k in (1, 2, 3)] == [1 / 3, 2 / 3, 1]


def test_a_loss_without_probabilities_is_refused():
    problems = MetricSet([LogLoss(), Rmse()], "classification").problems(BinaryHinge())
    assert problems == [
        "metrics.0: log_loss needs probabilities, and binary_hinge gives none",
        "metrics.1: rmse is for regression or reconstruction, the data are classification",
    ]


def test_labels_have_the_figures_of_each_averaged():
    rng = np.random.default_rng(3)
    y, z, loss = rng.integers(0, 2, (50, 3)), rng.normal(size=(50, 3)), SigmoidCrossEntropy()
    metrics = [LogLoss(), Brier(), RocAuc(), AveragePrecision()]
    together = measure(metrics, z, encoded(loss, y, 3), y, loss, "multilabel")
    each = [measure(metrics, z[:, [k]], encoded(loss, y[:, k], 1), y[:, k], loss, "classification") for k in range(3)]
    for name, value in together.items():
        assert value == pytest.approx(np.mean([figures[name] for figures in each]), rel=1e-12)


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 3])
def test_errors_of_numbers_by_their_formulas(width):
    rng = np.random.default_rng(0)
    t = rng.normal(size=(60, width)) + 5
    z = t + rng.normal(size=t.shape) / 3
    figures = measure([Mae(), Rmse(), R2()], z, t, t, Mse(), "regression", unit=2.0, parts=4)
    assert figures["mae"] == pytest.approx(2 * np.abs(z - t).mean(), rel=1e-12)  # in units of 2
    assert figures["rmse"] == pytest.approx(2 * math.sqrt(((z - t) ** 2).mean()), rel=1e-12)
    assert figures["r2"] == pytest.approx(1 - ((z - t) ** 2).sum() / ((t - t.mean(axis=0)) ** 2).sum(), rel=1e-12)


def test_what_two_metrics_share_is_added_up_once():
    z = np.zeros((4, 2))
    for metrics, count in (([Rmse()], 1), ([Rmse(), R2()], 1), ([Rmse(), Mae(), R2()], 2)):
        assert len(sums(MetricSet(metrics, "regression"), z, z, z, Mse(), bind=MetricSet.bind)) == count


@pytest.mark.parametrize("metric", [Rmse(), Mae()], ids=repr)
def test_the_prediction_is_compared_not_the_score(metric):
    z, t = np.array([[-3.0, 4.0]]), np.array([[0.0, 1.0]])
    off = 1 / (1 + np.exp(-z)) - t
    expected = {"rmse": math.sqrt((off**2).mean()), "mae": np.abs(off).mean()}[metric.name]
    assert measure([metric], z, t, t, SigmoidMse(), "regression")[metric.name] == pytest.approx(expected)


def test_constant_targets_have_no_variance_to_explain():
    t = np.full((3, 1), 7.0)
    figures = measure([Rmse(), R2()], t, t, t, Mse(), "regression")
    assert figures["rmse"] == 0
    assert math.isnan(figures["r2"])


def test_the_mean_of_equal_float32_targets_is_exact():
    assert R2().spread(np.full((100_003, 1), 0.1, np.float32)) == 0


# --- which way is better ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HitShare(Metric):
    """A metric that is no entry; its name ends otherwise than any that is."""

    kind: Literal["hit_share"] = "hit_share"
    higher_is_better: ClassVar[bool] = True

    def values(self, z, t, y, loss):
        return loss.choose(z) == y


def test_the_metric_says_which_way_is_better():
    metrics = [HitShare(), Rmse()]
    for part in ("train", "validation"):
        assert higher_is_better(f"{part}.hit_share", metrics)
        assert not higher_is_better(f"{part}.rmse", metrics)
        assert not higher_is_better(f"{part}.cost", metrics)


@pytest.mark.parametrize(("name", "more"), [("train.hit_share", 1), ("train.cost", -1)])
def test_better_is_by_more_than_asked_for(name, more):
    monitors = [stop_monitor(Stop(name, min_delta=by), [HitShare()], validation=False) for by in (0.0, 0.25)]
    assert monitors[0].improves(0.5 + more * 1e-9, 0.5)
    assert not monitors[0].improves(0.5, 0.5)
    assert not monitors[1].improves(0.5 + more * 0.25, 0.5)
    assert monitors[1].improves(0.5 + more * 0.375, 0.5)
    for monitor in monitors:
        assert not monitor.improves(0.5 - more * 0.375, 0.5)
        assert monitor.improves(0.0, None)
        assert not monitor.improves(math.nan, None)
        assert not monitor.improves(math.nan, 0.5)


def test_without_metrics_nothing_is_measured():
    z = np.zeros((4, 2))
    assert measure([], z, z, z, Mse(), "regression") == {}
