"""The name that was probably meant where a path names nothing. Knows nothing of what the files hold."""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def nearest_name(path: Path, name: str = "") -> str:
    """Return ``"; did you mean 'data/train.csv'?"`` for a file that does not exist, or nothing.

    ``name`` is how messages call the file; its path by default. A file of another kind is offered only where its name
    differs in nothing but the ending.
    """
    try:
        names = sorted(os.listdir(path.parent))  # noqa: PTH208  # entries are wanted as text
    except (OSError, ValueError):
        return ""
    meant = _closest(path.name, names)
    return f"; did you mean '{Path(name or path).parent / meant}'?" if meant else ""


def _closest(wanted: str, names: Iterable[str]) -> str | None:
    stem, ending = _split(wanted)
    alike = {_split(name)[0]: name for name in names if _split(name)[1] == ending}
    close = get_close_matches(stem, alike, n=1)
    if close:
        return alike[close[0]]
    return next((name for name in names if _split(name)[0] == stem), None)


def _split(name: str) -> tuple[str, str]:
    """Return a name without its ending, and the ending: ``train``, ``.csv``; both in small letters, ``.gz`` dropped."""
    path = Path(name.lower().removesuffix(".gz"))
    return path.stem, path.suffix
