"""Words that come from files made fit for a one-line message: nothing unprintable, nothing endless. Knows no format."""

from collections.abc import Sequence

from nntrain.errors import did_you_mean

MAX_TEXT = 40  # characters of a value shown
MAX_NAMED = 12  # choices listed; of more only the number is told


def quoted(text: str) -> str:
    """Return a text in quotes, unprintable characters escaped, cut after 40."""
    return repr(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "...")


def choices(word: str, choices: Sequence[str]) -> str:
    """Return a hint with all choices, or the nearest and how many there are when they are too many to read."""
    hint = did_you_mean(quoted(word)[1:-1], [quoted(choice)[1:-1] for choice in choices])
    if len(choices) <= MAX_NAMED:
        return hint
    return hint.partition(" (")[0].rstrip(";") + f" (there are {len(choices)})"
