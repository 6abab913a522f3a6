"""The training position in a checkpoint: what the next step depends on.

Checkpoints of version 0.1.0 held more. The weights of the best epoch were in them as ``best.…``, and at the end of
training they were swapped with the parameters. An epoch that training ended within was counted as finished; ``cut``
held the figures from before, and ``cut.…`` the best weights. Here such a checkpoint gives the same position as one that
is written today. Knows nothing of run directories.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.core.types import Array
from nntrain.train.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """Tensors and figures to restore a state from; ``best`` are the best epoch's weights in an old checkpoint."""

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
