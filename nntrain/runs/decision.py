"""What is decided of a trained model after training: a threshold, and a temperature.

Knows nothing of how they are chosen, or where they are kept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nntrain.ops.losses import Loss
from nntrain.ops.losses.decided import Decided


@dataclass(frozen=True, slots=True)
class Decision:
    """``margin``: the lead of the second class above which it is chosen; ``temperature`` by which scores are divided.

    ``why`` says in words what each was chosen for, by "margin" and "temperature".
    """

    margin: float | None = None
    temperature: float = 1.0
    why: Mapping[str, str] | None = None

    @property
    def probability(self) -> float | None:
        """The probability above which the second class is chosen."""
        return None if self.margin is None else 1 / (1 + math.exp(-self.margin / self.temperature))

    def loss_of(self, loss: Loss) -> Loss:
        """Return the loss that decides so."""
        return loss if self.is_empty else Decided(loss, self.margin, self.temperature)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is decided."""
        return self.margin is None and self.temperature == 1

    def because(self, name: str, text: str) -> "Decision":
        """Return the same with what one of the two was chosen for."""
        return replace(self, why={**(self.why or {}), name: text})

    def notes(self, path: Path, class_names: tuple[str, ...]) -> list[str]:
        """Return a line for each of the two."""
        found, why = [], self.why or {}
        if self.probability is not None:
            found.append(f"{path}: {class_names[1]!r} is chosen above {self.probability:.4g}, {why.get('margin', '')}")
        if self.temperature != 1:
            text = f"probabilities have the temperature {self.temperature:.4g}, {why.get('temperature', '')}"
            found.append(f"{path}: {text}; the cost is that of training")
        return found
