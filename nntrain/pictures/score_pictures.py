"""Pictures of how a model does on a part of its data: confusion, worst examples, calibration, ranking, residuals.

The decisions and probabilities are those of ``nntrain eval``. Knows nothing of how they are drawn.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nntrain.core.types import Array
from nntrain.data.text import quoted
from nntrain.drawing.captions import number
from nntrain.drawing.confusion_matrix import draw_confusion
from nntrain.drawing.reliability import draw_reliability
from nntrain.drawing.residuals import draw_residuals
from nntrain.drawing.style import Draw
from nntrain.drawing.threshold_curves import draw_ranking
from nntrain.errors import SpecError, did_you_mean
from nntrain.pictures.picture_options import Options
from nntrain.pictures.score_curves import rank, reliability
from nntrain.pictures.scored_part import ScoredExamples


def gather_confusion(scored: ScoredExamples, options: Options) -> Draw:
    """Return how to draw the confusion matrix."""
    scored.need("confusion", "classification")
    confusion = scored.result.confusion
    assert confusion is not None
    return partial(draw_confusion, confusion.counts, confusion.class_names, scored.heading())


def gather_calibration(scored: ScoredExamples, options: Options) -> Draw:
    """Return how to draw the reliability diagram of what the model says."""
    scored.need("calibration", "classification")
    predicted = scored.result.predictions
    if not predicted.probabilities:
        raise SpecError(f"calibration: {scored.origin.path} gives scores, no probabilities; take a loss that has them")
    sure = predicted.values[np.arange(len(scored.said)), scored.said].astype(np.float64)
    right = (scored.said == scored.truth).astype(np.float64)
    table, error = reliability(sure, right)
    return partial(draw_reliability, sure, right, table, error, scored.heading())


def gather_ranking(scored: ScoredExamples, options: Options) -> Draw:
    """Return how to draw ROC, precision and both by threshold, of two classes or of one against the rest."""
    scored.need("roc, pr and threshold", "classification", "multilabel")
    labels = scored.task == "multilabel"
    names = scored.result.predictions.columns if labels else scored.names
    positive = _positive(names, options.positive, labels=labels, path=str(scored.origin.path))
    truth = np.asarray(scored.result.truth)[:, positive] > 0 if labels else scored.truth == positive
    if truth.all() or not truth.any():
        what = "all" if truth.all() else "none"
        raise SpecError(
            f"roc: {what} of the {len(truth):,} examples are {quoted(names[positive])}; there is no ranking"
        )
    score, threshold = _score(scored, positive)
    kind = "probability" if scored.result.predictions.probabilities else "score"
    heading = scored.heading(f"{names[positive]} against {_others(names, positive, labels=labels)}")
    return partial(draw_ranking, rank(truth, score, threshold), heading, positive=names[positive], score=kind)


def gather_residuals(scored: ScoredExamples, options: Options) -> Draw:
    """Return how to draw predicted against true numbers of one target."""
    scored.need("residuals", "regression")
    names = list(scored.result.predictions.columns)
    if options.target is not None and options.target not in names:
        raise SpecError(f"--target: no such target, got '{options.target}'{did_you_mean(options.target, names)}")
    k = names.index(options.target) if options.target is not None else 0
    truth, predicted = np.asarray(scored.result.truth)[:, k], scored.result.predictions.values[:, k]
    error = predicted - truth
    more = [f"{names[k]}, one of {len(names)} targets"] if len(names) > 1 else []
    spread = f"errors: mean {number(float(error.mean()), 3)}, deviation {number(float(error.std()), 3)}"
    return partial(draw_residuals, truth, predicted, scored.heading(*more, spread), target=names[k])


def _positive(names: Sequence[str], wanted: str | None, *, labels: bool, path: str) -> int:
    """Return the place of the positive class: the one named, or the second of two. SpecError for neither."""
    if wanted is None and len(names) == 2 and not labels:
        return 1
    if wanted is None:
        what = f"{len(names)} {'labels' if labels else 'classes'}"
        raise SpecError(f"roc: {path} has {what}; name one with --positive (one of {', '.join(names)})")
    if wanted not in names:
        raise SpecError(
            f"--positive: no such {'label' if labels else 'class'}, got '{wanted}'{did_you_mean(wanted, names)}"
        )
    return names.index(wanted)


def _others(names: Sequence[str], positive: int, *, labels: bool) -> str:
    if labels:
        return "all that have it not"
    return names[1 - positive] if len(names) == 2 else "the rest"


def _score(scored: ScoredExamples, positive: int) -> tuple[Array, float]:
    """Return the score (n,) of the positive class, and the threshold above which it is said.

    Without probabilities the score is how far it lies above the best of the others. Of more than two classes the
    threshold is that at which a class is more likely than all others together.
    """
    predicted = scored.result.predictions
    values, loss = predicted.values.astype(np.float64), scored.model.assembly.loss
    linked = float(loss.link(np.array([[loss.threshold]]))[0, 0])
    if scored.task == "multilabel":
        return values[:, positive], linked
    if values.shape[1] == 1:  # one output says how far the second class is right
        return (values[:, 0], linked) if positive == 1 else (-values[:, 0], -linked)
    if scored.model.assembly.network.n_out == 1:
        return values[:, positive], linked if positive == 1 else 1 - linked
    if predicted.probabilities:
        return values[:, positive], 0.5
    return values[:, positive] - np.delete(values, positive, axis=1).max(axis=1), 0.0
