"""What training asks of the processes that share the shards of its batches. Knows nothing of how they talk."""

from collections.abc import Sequence
from typing import Protocol

from nntrain.core.types import Array
from nntrain.train.state import State


class Team(Protocol):
    """The processes of a run, seen from the one that leads: it has the state, and adds up what all of them compute."""

    @property
    def mine(self) -> range:
        """The numbers of the shards that this process computes."""

    @property
    def figures(self) -> Array:
        """The part of each shard in the mean cost, then its sums of the metrics: (shards, 1 + sums), float64."""

    @property
    def gradients(self) -> Sequence[Array]:
        """The part of each shard in the gradient, (P,)."""

    def hand_out(self, state: State) -> None:
        """Send position and parameters, from which all compute their shards of the batch to come."""

    def collect(self) -> None:
        """Receive the figures and gradients of the others' shards; those of its own are there already."""
