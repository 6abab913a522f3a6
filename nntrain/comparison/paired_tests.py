"""Whether two models differ on the same examples, by their paired decisions (McNemar 1947)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb


@dataclass(frozen=True, slots=True)
class Flips:
    """The examples that only one of two models is right on, of ``n``; and how many both decide differently at all."""

    n: int
    only_first: int
    only_second: int
    different: int

    @classmethod
    def of(cls, truth: Sequence[str], first: Sequence[str], second: Sequence[str]) -> "Flips":
        """Count decisions on the same examples."""
        triples = list(zip(truth, first, second, strict=True))
        return cls(
            len(triples),
            sum(a == t != b for t, a, b in triples),
            sum(b == t != a for t, a, b in triples),
            sum(a != b for _, a, b in triples),
        )

    @property
    def p(self) -> float:
        """The chance of so uneven a count, or a more uneven one, between equally good models (exact, two-sided)."""
        n, least = self.only_first + self.only_second, min(self.only_first, self.only_second)
        tail = Fraction(sum(comb(n, k) for k in range(least + 1)), 2**n)  # P(K ≤ least), K ~ B(n, ½)
        return float(min(Fraction(1), 2 * tail))
