"""The C extension that plays recorded calls back, where it has been built.

It is optional: where it is missing, or ``NNTRAIN_PLAYER=0`` turns it off, the interpreter makes every call and the same
bits come out. Knows nothing of what is played.
"""

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from types import ModuleType

SWITCH = "NNTRAIN_PLAYER"  # 0 turns it off


def player() -> ModuleType | None:
    """Return the extension; None where it is missing or turned off."""
    return None if os.environ.get(SWITCH) == "0" else _extension()[0]


def state_of_player() -> str:
    """Return in a word or two whether the extension plays the steps: ``on``, or why it does not."""
    if os.environ.get(SWITCH) == "0":
        return f"off ({SWITCH}=0)"
    return _extension()[1]


@lru_cache(1)
def _extension() -> tuple[ModuleType | None, str]:
    try:
        from nntrain.core import _player  # type: ignore[attr-defined]  # built where there is a compiler
    except ImportError:
        return None, "not built"
    source = Path(__file__).with_name("_player.c")
    if source.exists() and source_digest(source) != _player.SOURCE_DIGEST:
        return None, "out of date"
    return _player, "on"


def source_digest(source: Path) -> str:
    """Return what an extension built from this source carries, so that one built from another is not used."""
    return hashlib.sha256(source.read_bytes()).hexdigest()[:16]
