"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Config: TypeAlias = Annotated[Path, typer.Argument(metavar="CONFIG", help="The spec, a YAML file; - is stdin.")]
Model: TypeAlias = Annotated[
    Path, typer.Argument(metavar="RUN|CHECKPOINT", help="A run directory (its best checkpoint) or a checkpoint file.")
]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace one value of the spec: optimizer.lr=0.1. Repeatable."),
]
Plots: TypeAlias = Annotated[
    bool, typer.Option("--plots/--no-plots", help="Draw curves.png and curves.svg at the end.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No header and no progress, only the result.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def is_spec(path: Path) -> bool:
    """Tell a spec from a checkpoint or a run directory by its name, as far as that goes."""
    return str(path) == "-" or (not path.is_dir() and path.suffix != ".safetensors")
