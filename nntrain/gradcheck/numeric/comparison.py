"""How a gradient is wrong: its entries beside the derivatives there, and their ratios. Knows nothing of networks."""

import numpy as np

from nntrain.core.types import Array
from nntrain.gradcheck.numeric.gradient_report import Report

CONSTANT = 1e-4  # ratios count as equal up to this relative difference


class Comparison:
    """A whole gradient ``analytic``, of any shape, and the report on it."""

    __slots__ = ()

    analytic: Array
    report: Report

    @property
    def at(self) -> Array:
        """Indices of the entries that were compared with a derivative."""
        return np.array([entry.index for entry in self.report.entries if not entry.kink], np.intp)

    @property
    def numeric(self) -> Array:
        """The derivatives there."""
        return np.array([entry.numeric for entry in self.report.entries if not entry.kink])

    @property
    def ratios(self) -> Array:
        """Ratios analytic / numeric of the entries that are not small."""
        numeric = self.numeric
        large = np.abs(numeric) > 1e-3 * np.max(np.abs(numeric), initial=0.0)
        ratios: Array = self.compared[large] / numeric[large]
        return ratios

    @property
    def ratio(self) -> float | None:
        """The common ratio of all entries, or None if they differ."""
        ratios, analytic = self.ratios, self.compared
        if not ratios.size or not np.isfinite(analytic).all():
            return None
        middle = float(np.median(ratios))
        apart = np.max(np.abs(analytic - middle * self.numeric))  # an entry that should be 0 has no ratio
        fits = np.ptp(ratios) <= CONSTANT * abs(middle) and apart <= CONSTANT * np.max(np.abs(analytic))
        return middle if fits else None

    @property
    def compared(self) -> Array:
        """The analytic values of the entries that were compared."""
        compared: Array = self.analytic.reshape(-1)[self.at]
        return compared

    def is_ratio(self, value: float) -> bool:
        """Return whether analytic is ``value`` times numeric everywhere."""
        return self.ratio is not None and abs(self.ratio - value) <= CONSTANT * abs(value)

    def describe(self) -> str:
        """Return in words how the gradient is wrong, as far as its entries show it."""
        if not self.analytic.any():
            return "it is 0 everywhere: it is never written, or the gradient from above is lost"
        if not self.report.wrong:
            return (
                f"few entries: the {self.report.n_entries} that were compared are right, "
                "but a random direction through all entries is wrong"
            )
        if self.is_ratio(-1.0):
            return "every entry has the wrong sign, and the right size"
        if self.ratio is not None:
            return f"every entry is {self.ratio:.6g} times the derivative: a constant factor"
        wrong, looked_at, ratios = len(self.report.wrong), len(self.report.entries), self.ratios
        if not ratios.size:
            return f"{wrong} of {looked_at} entries are wrong"
        return (
            f"{wrong} of {looked_at} entries are wrong, {ratios.min():.4g} to {ratios.max():.4g} times the derivative"
        )
