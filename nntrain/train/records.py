"""What training reports: a record for each epoch, and the pauses in between. Knows nothing of files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Figures = Mapping[str, float]
Interrupted: TypeAlias = Callable[[], str | bool]  # True, or what asks for a stop, such as SIGTERM; else it is false


class EpochRecord(NamedTuple):
    """One epoch. ``train`` is measured over the epoch's own batches, while the parameters still moved.

    ``gradient_norm`` is ‖∇J‖₂ (before clipping) and ``update_ratio`` ‖Δθ‖₂/‖θ‖₂, both of the epoch's last step;
    ``seconds`` is training time without validation. ``layers``, in some epochs, are those of ``Health``.
    """

    epoch: int
    step: int
    lr: float
    train: Figures
    validation: Figures | None
    gradient_norm: float
    update_ratio: float | None
    seconds: float
    examples_per_second: float
    layers: Mapping[str, Figures] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the record for metrics.jsonl; what was not measured has no key."""
        record = self._asdict()
        record["train"] = dict(self.train)
        if self.validation is None:
            del record["validation"]
        else:
            record["validation"] = dict(self.validation)
        if self.layers is None:
            del record["layers"]
        return record

    def figure(self, monitor: str) -> float:
        """Return a figure by its name, such as ``validation.cost``; without a validation part, that of training."""
        part, _, name = monitor.partition(".")
        figures = self.validation if part == "validation" and self.validation is not None else self.train
        return figures[name]


@dataclass(frozen=True, slots=True)
class Pause:
    """A point within an epoch where the state is whole: time to save it; ``interrupted``: training stops."""

    step: int
    interrupted: str | bool
