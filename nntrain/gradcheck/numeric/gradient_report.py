"""The result of comparing two gradients: entry by entry, and in one line. Knows nothing of networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient and its derivative; errors are relative, ``second_error`` is that to the complex step."""

    index: int
    analytic: float
    numeric: float  # the derivative; at a kink the nearest value between the one-sided slopes; NaN if unknown
    error: float  # the larger one of both methods; inf if the analytic value is not finite
    kink: bool = False  # whether the derivative jumps here
    decided: bool = True  # whether the derivative, or at a kink the one-sided slopes, are known
    second_error: float | None = None
    slack: float = 0.0  # difference that rounding alone may cause


@dataclass(frozen=True, slots=True)
class Direction:
    """The derivative along one random direction through all entries; ``numeric`` is None if a kink is too near."""

    analytic: float
    numeric: float | None
    error: float


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check; ``str(report)`` is one line. ``note`` says why there is no complex step."""

    entries: Sequence[Entry]
    directions: Sequence[Direction]
    tolerance: float
    max_kinks: float  # largest share of entries that may be at kinks for the check to have passed
    note: str = ""

    @property
    def worst(self) -> Entry:
        """The entry with the largest error."""
        return max(self.entries, key=lambda entry: entry.error)

    @property
    def max_error(self) -> float:
        """Largest relative error, of entries and of directions; inf if the gradient is not finite."""
        return max([item.error for item in self.entries] + [item.error for item in self.directions])

    @property
    def median_error(self) -> float:
        """Median relative error of the entries."""
        return median(entry.error for entry in self.entries)

    @property
    def second_error(self) -> float | None:
        """Largest relative error against the complex step, or None without it."""
        errors = [entry.second_error for entry in self.entries if entry.second_error is not None]
        return max(errors, default=None)

    @property
    def n_entries(self) -> int:
        """Number of entries that were probed."""
        return len(self.entries)

    @property
    def n_checked(self) -> int:
        """Number of entries that were compared with a derivative."""
        return sum(not entry.kink for entry in self.entries)

    @property
    def n_kinks(self) -> int:
        """Number of entries whose derivative jumps at theta or very near to it."""
        return len(self.entries) - self.n_checked

    @property
    def n_undecided(self) -> int:
        """Number of entries at kinks whose one-sided slopes are unknown."""
        return sum(not entry.decided for entry in self.entries)

    @property
    def wrong(self) -> Sequence[Entry]:
        """The entries whose error is above the tolerance."""
        return [entry for entry in self.entries if not entry.error <= self.tolerance]

    @property
    def agrees(self) -> bool:
        """Whether no error exceeds the tolerance; at a kink, any value between the slopes agrees."""
        return self.max_error <= self.tolerance

    @property
    def passed(self) -> bool:
        """Whether every error is within tolerance and few enough entries were at kinks."""
        return self.agrees and self.n_checked > 0 and self.n_kinks <= self.max_kinks * len(self.entries)

    def __str__(self) -> str:
        verdict = "agree" if self.passed else "undecided" if self.agrees else "disagree"
        worst = self.worst
        return (
            f"{verdict}: largest relative error {self.max_error:.2e} (tolerance {self.tolerance:g}) "
            f"at entry {worst.index}, analytic {worst.analytic:.9g}, numeric {worst.numeric:.9g}; "
            f"{self.n_checked} entries checked, {self.n_kinks} at a kink"
        )
