"""Commented specs to start from, one YAML file each, named after the template. Knows nothing of how a spec is read."""

from importlib import resources


def templates() -> dict[str, str]:
    """Return the text of each template by name, sorted."""
    files = resources.files(__name__).iterdir()
    found = {file.name.removesuffix(".yaml"): file for file in files if file.name.endswith(".yaml")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}
