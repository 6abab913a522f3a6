"""What a comparison of two gradients found: entry by entry, and in one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient against the derivative: errors are relative, ``second_error`` to the complex step."""

    index: int
    analytic: float
    numeric: float  # the derivative; at a kink the nearest between the one-sided slopes, NaN where nothing can be told
    error: float  # the larger one, where there are two opinions; inf if the analytic value is not finite
    kink: bool = False  # whether the derivative jumps here
    decided: bool = True  # whether the kink is at the very point, so that the one-sided slopes are known
    second_error: float | None = None
    slack: float = 0.0  # by how much rounding alone may part analytic and numeric


@dataclass(frozen=True, slots=True)
class Direction:
    """The derivative along one random direction through all entries, None where a kink lies too near to tell."""

    analytic: float
    numeric: float | None
    error: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; ``str(report)`` says it in one line. ``note`` tells why there is no second opinion."""

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
        """Largest relative error against the complex step, None where there is none."""
        errors = [entry.second_error for entry in self.entries if entry.second_error is not None]
        return max(errors, default=None)

    @property
    def n_entries(self) -> int:
        """Entries looked at."""
        return len(self.entries)

    @property
    def n_checked(self) -> int:
        """Entries compared with a derivative."""
        return sum(not entry.kink for entry in self.entries)

    @property
    def n_kinks(self) -> int:
        """Entries whose derivative jumps at theta or too near to it to tell."""
        return len(self.entries) - self.n_checked

    @property
    def n_undecided(self) -> int:
        """Those of the entries at kinks of which nothing can be told."""
        return sum(not entry.decided for entry in self.entries)

    @property
    def wrong(self) -> Sequence[Entry]:
        """The entries whose error is above the tolerance."""
        return [entry for entry in self.entries if not entry.error <= self.tolerance]

    @property
    def agrees(self) -> bool:
        """Whether nothing contradicts; entries at a kink have a range to agree with."""
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
