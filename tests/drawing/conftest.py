"""What tests of pictures share: figures that are drawn in the style."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from nntrain.drawing.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@pytest.fixture
def style() -> Iterator[None]:
    """Draw in the one style until the test is over."""
    with styled():
        yield


@pytest.fixture
def texts() -> "Callable[[Figure | Axes], list[str]]":
    """Return a function from a figure or axes to every text that is drawn on it, titles and ticks included."""

    def read(part: "Figure | Axes") -> list[str]:
        from matplotlib.text import Text

        return [text.get_text() for text in part.findobj(Text) if text.get_text()]

    return read
