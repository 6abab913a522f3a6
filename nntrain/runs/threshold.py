"""The threshold between two classes that is best on rows a model was not trained on: for F1, Youden's J, or a cost.

Knows nothing of files.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import SpecError, did_you_mean


class Aim(ABC):
    """What a threshold is to be best for.

    A false alarm is a row of the first class that the second is chosen for, a miss one of the second class that it is
    not chosen for.
    """

    @property
    @abstractmethod
    def text(self) -> str:
        """The aim as it is written."""

    @abstractmethod
    def figure(self, hits: Array, chosen: Array, positive: int, n: int) -> Array:
        """Return the figure for so many hits and rows chosen, of ``positive`` rows of the second class among n."""

    def best(self, figures: Array) -> float:
        """Return the best of several figures."""
        return float(figures.max())


class F1(Aim):
    """The F1 of the second class."""

    text = "f1"

    def figure(self, hits: Array, chosen: Array, positive: int, n: int) -> Array:
        """Return 2 TP / (chosen + actual)."""
        return np.asarray(2 * hits / np.maximum(chosen + positive, 1))


class Youden(Aim):
    """Recall less the share of false alarms (Youden 1950)."""

    text = "youden"

    def figure(self, hits: Array, chosen: Array, positive: int, n: int) -> Array:
        """Return TPR − FPR."""
        return np.asarray(hits / positive - (chosen - hits) / (n - positive))


@dataclass(frozen=True, slots=True)
class Cost(Aim):
    """What wrong decisions cost, the mean over the rows; less is better."""

    false_alarm: float
    miss: float

    @property
    def text(self) -> str:
        """The two costs as they are written."""
        return f"cost={self.false_alarm:g}:{self.miss:g}"

    def figure(self, hits: Array, chosen: Array, positive: int, n: int) -> Array:
        """Return the cost of all false alarms and misses, by n."""
        return np.asarray((self.false_alarm * (chosen - hits) + self.miss * (positive - hits)) / n)

    def best(self, figures: Array) -> float:
        """Return the least."""
        return float(figures.min())


PLAIN: Mapping[str, Aim] = {aim.text: aim for aim in (F1(), Youden())}


def aim_of(text: str) -> Aim:
    """Return the aim of ``f1``, ``youden`` or ``cost=1:5``. SpecError for anything else."""
    name, equals, numbers = text.partition("=")
    if name in PLAIN:
        if equals:
            raise SpecError(f"--for: {name} takes no numbers, got {text!r}")
        return PLAIN[name]
    if name != "cost":
        raise SpecError(f"--for: unknown aim, got {text!r}{did_you_mean(name, [*PLAIN, 'cost'])}")
    try:
        false_alarm, miss = map(float, numbers.split(":"))
    except ValueError:
        false_alarm = miss = -1.0
    if not (0 < false_alarm < np.inf and 0 < miss < np.inf):
        raise SpecError(f"--for: what a false alarm and a miss cost, as in cost=1:5, got {text!r}")
    return Cost(false_alarm, miss)


@dataclass(frozen=True, slots=True)
class Choice:
    """The lead above which the second class is chosen, and the figure before and with it."""

    margin: float
    before: float
    after: float


def choose_threshold(lead: Array, actual: Array, aim: Aim, usual: float) -> Choice:
    """Return the threshold with the best figure for rows whose second class leads by ``lead`` (n,).

    ``actual`` (n,) tells the rows of the second class; both classes must occur. Between two leads that occur the
    threshold lies halfway; of several equally good ones the nearest to the ``usual`` one is taken.
    """
    n, positive = len(lead), int(actual.sum())
    values, place = np.unique(lead, return_inverse=True)
    rows = np.bincount(place, minlength=len(values))
    right = np.bincount(place, actual, minlength=len(values))
    chosen = n - np.concatenate([[0], np.cumsum(rows)])  # with the threshold below all leads, between them, above all
    hits = positive - np.concatenate([[0], np.cumsum(right)])
    span = max(1.0, float(values[-1] - values[0]))
    margins = np.concatenate([[values[0] - span], (values[:-1] + values[1:]) / 2, [values[-1] + span]])
    figures = aim.figure(hits, chosen, positive, n)
    good = np.flatnonzero(figures == aim.best(figures))
    own = int(np.searchsorted(values, usual, "right"))  # the gap that the usual threshold lies in
    at = own if own in good else int(good[np.abs(margins[good] - usual).argmin()])
    return Choice(usual if at == own else float(margins[at]), float(figures[own]), float(figures[at]))
