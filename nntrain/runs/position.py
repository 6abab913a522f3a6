"""The training position in a checkpoint: what the next step depends on.

Checkpoints of nntrain up to 0.1 held more: the weights of the best epoch as ``best.…``, which changed places with the
parameters when training had ended, and a copy of the figures from before an epoch that training ended within. They are
read here as if they had been written today. Knows nothing of run directories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.core.types import Array
from nntrain.train.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """Tensors and figures to restore a state from; ``best`` are weights that an old checkpoint held beside them."""

    tensors: Mapping[str, Array]
    figures: Mapping[str, Any]
    best: Mapping[str, Array] | None = None

    def restore(self, state: State) -> None:
        """Put a state at this position; KeyError or ValueError when it is that of another network or optimizer."""
        state.restore(self.tensors, self.figures)


def position_of(checkpoint: Checkpoint) -> Position:
    """Return the training position in a checkpoint; KeyError or TypeError when there is none."""
    tensors, figures = checkpoint.tensors, checkpoint.meta["state"]
    if "restored" not in figures:
        return Position(tensors, figures)
    best, before_cut = _below("best.", tensors), _below("cut.", tensors)
    last = tensors
    if figures["restored"]:  # the parameters are the best epoch's, and ``best.…`` are the last
        last, best = {**tensors, **best}, {name: tensors[name] for name in best}
    if figures.get("cut") is not None:
        best = before_cut
    figures = {"ended_by": None, **figures, **(figures.get("cut") or {})}
    return Position(last, figures, best or None)


def _below(prefix: str, tensors: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in tensors.items() if name.startswith(prefix)}
