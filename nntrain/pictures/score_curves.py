"""What probabilities and scores are worth: their calibration, and how well they part two classes at any threshold.

Knows nothing of models and of what is drawn.
"""

import numpy as np

from nntrain.core.intervals import wilson
from nntrain.core.types import Array
from nntrain.drawing.threshold_curves import Ranking

BINS = 15


def reliability(sure: Array, right: Array, bins: int = BINS) -> tuple[dict[str, Array], float]:
    """Return the bins of equal width that are not empty, and the expected calibration error (Guo et al. 2017).

    ``sure`` (n,) is the probability of what was said, ``right`` (n,) whether that is true. Of each bin: ``n`` examples,
    the means of ``sure`` and ``right``, and the 95 % interval ``low`` … ``high`` of the latter.
    """
    place = np.clip((sure * bins).astype(int), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    filled = counts > 0
    n = counts[filled]
    mean, hit = (np.bincount(place, values, bins)[filled] / n for values in (sure, right))
    low, high = np.array([wilson(float(share), int(many)) for share, many in zip(hit, n, strict=True)]).T
    error = float((n * np.abs(hit - mean)).sum() / n.sum())  # ECE = Σ n_b/n |right_b − sure_b|
    return {"n": n, "sure": mean, "right": hit, "low": low, "high": high}, error


def rank(truth: Array, score: Array, threshold: float) -> Ranking:
    """Return recall, precision and their like at every threshold, for truth (n,) bool and scores (n,).

    Examples of equal score are said positive together. An example is said positive above ``threshold``. There must be
    examples of both kinds.
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.r_[np.flatnonzero(np.diff(score[order])), len(score) - 1]
    true, said = hits[last].astype(float), last + 1.0
    total, n = float(truth.sum()), len(truth)
    recall, precision, false_rate = true / total, true / said, (said - true) / (n - total)
    cut = score[order][last]
    return Ranking(
        cut=cut,
        recall=recall,
        false_rate=false_rate,
        precision=precision,
        f1=2 * true / (said + total),  # 2 TP / (decided + actual)
        auc=float(np.trapezoid(np.r_[0, recall], np.r_[0, false_rate])),
        average=float((np.diff(np.r_[0, recall]) * precision).sum()),  # AP = Σ (R_k − R_{k−1}) P_k
        share=total / n,
        at=int((cut > threshold).sum()) - 1,
        threshold=threshold,
    )
