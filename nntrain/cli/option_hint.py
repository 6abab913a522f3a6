"""An option that a command does not have, although the spec has such a key: ``--epochs 3`` is ``--set train.epochs=3``.

Takes the keys from the spec.
"""

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

OTHER_WORDS = {"learning_rate": "lr", "batch": "batch_size"}  # that people use for a key
LIKE = 0.75  # how alike a mistyped word and what it stands for must be


def option_hint(option: str, arguments: Sequence[str], options: Collection[str]) -> str:
    """Return what to write instead of an unknown option, or nothing; ``options`` are those that the command has."""
    word = option.lstrip("-").replace("-", "_").lower()
    keys = _keys() if "--set" in options else {}
    if word in keys:
        return _as_setting(keys[word], option, arguments)
    alike = {name: _likeness(option, name) for name in options}
    near = {key: _likeness(word, last) for last, key in keys.items()}
    name = max(alike, key=alike.__getitem__, default="")
    key = max(near, key=near.__getitem__, default="")
    if alike.get(name, 0.0) >= max(LIKE, near.get(key, 0.0)):
        return f"did you mean {name}?"
    return _as_setting(key, option, arguments) if near.get(key, 0.0) >= LIKE else ""


def _as_setting(key: str, option: str, arguments: Sequence[str]) -> str:
    return f"it is a key of the spec: --set {key}={_value(option, arguments)}"


def _value(option: str, arguments: Sequence[str]) -> str:
    """Return the value that was given with an option, or a word that stands for it."""
    for at, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
        if argument == option and at + 1 < len(arguments) and not arguments[at + 1].startswith("--"):
            return arguments[at + 1]
    return "VALUE"


def _keys() -> dict[str, str]:
    """Return the dotted key of a spec for each last part of one, and for other words that it goes by."""
    from nntrain.spec import Spec
    from nntrain.spec.hints import dotted_keys

    keys: dict[str, str] = {}
    for key in dotted_keys(Spec):
        keys.setdefault(key.rpartition(".")[2], key)
    return keys | {word: keys[name] for word, name in OTHER_WORDS.items() if name in keys}


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
