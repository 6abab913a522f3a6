"""``nntrain init``: a commented spec to start from."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    template: Annotated[str | None, typer.Argument(metavar="[TEMPLATE]", help="Without one: list them.")] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="TEMPLATE.yaml by default; - is stdout.")
    ] = None,
) -> None:
    """Write a commented spec to start from."""
    from nntrain.artifacts import durable
    from nntrain.cli.terminal import out, show, table
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.spec import templates

    known = templates()
    if template is None:
        rows = table("template", "")
        for name, text in known.items():
            rows.add_row(name, _purpose(text))
        show(rows)
        out("nntrain init TEMPLATE writes TEMPLATE.yaml")
        return
    if template not in known:
        raise SpecError(f"init: unknown template '{template}'{did_you_mean(template, known)}")
    if output == "-":
        out(known[template].removesuffix("\n"))
        return
    path = Path(output or f"{template}.yaml")
    if path.exists() or path.is_symlink():
        raise SpecError(f"{path}: exists already; name another file with -o")
    durable.write_bytes(path, known[template].replace("config.yaml", path.name).encode())
    out(f"{path}: written; next: nntrain fit {path}")


def _purpose(text: str) -> str:
    """Return the first sentence of a template: the line after the empty comment."""
    lines = text.splitlines()
    return lines[lines.index("#") + 1].removeprefix("# ") if "#" in lines else ""
