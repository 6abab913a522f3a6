"""Texts that people take for one: they differ only in case, in blanks, or in characters that nobody tells apart.

Knows nothing of what the texts are for.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from nntrain.data.formats.styles import HIDDEN
from nntrain.data.text import quoted


def find_lookalikes(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each text together with an earlier one that looks like it."""
    first: dict[str, str] = {}
    for text in texts:
        plain = unicodedata.normalize("NFKC", text).translate(HIDDEN)
        known = first.setdefault("".join(plain.split()).casefold(), text)
        if known != text:
            yield known, text


def tell_apart(one: str, other: str) -> str:
    """Return both texts in quotes, escaped where they would look the same."""
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    return " and ".join(ascii(text) if same else quoted(text) for text in (one, other))
