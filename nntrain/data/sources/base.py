"""What a data source is, and the registry they enter. To add one: one class in a file of this folder.

Knows nothing of the sources themselves.
"""

from typing import ClassVar, Protocol

from nntrain.core.registry import Registry
from nntrain.data.dataset import Raw


class Source(Protocol):
    """Where examples come from: a frozen dataclass of settings that can load them."""

    formula: ClassVar[str]

    @property
    def kind(self) -> str:
        """Name in a spec."""
        ...

    def load(self, seed: int) -> Raw:
        """Return all examples unscaled and unsplit; the seed matters to sources that draw. DataError when it fails."""
        ...


SOURCES: Registry[Source] = Registry("sources", "source")
