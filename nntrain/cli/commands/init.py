"""``nntrain init``: a commented spec to start from, from a template or guessed from a data file."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    template: Annotated[str | None, typer.Argument(metavar="[TEMPLATE]", help="Without one: list them.")] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Guess a spec for this file, or folder of MNIST files."),
    ] = None,
    test_data: Annotated[
        Path | None,
        typer.Option("--test-data", metavar="FILE", help="With --data: a second file, for the final score."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="NAME|POSITION", help="With --data: the column to predict; 0 first, -1 last."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="By default named after the template or data; - is stdout."
        ),
    ] = None,
) -> None:
    """Write a commented spec to start from.

    With --data the spec is guessed from a file: csv, tsv, JSON lines, svmlight, parquet, npy, npz, CIFAR or MNIST; each
    guess says why.
    """
    from nntrain.errors import SpecError

    if data is None:
        for name, value in (("--test-data", test_data), ("--target", target)):
            if value is not None:
                raise SpecError(f"{name}: needs --data, got '{value}'")
        _from_template(template, output)
    elif template is not None:
        raise SpecError(f"init: takes a template or --data, not both, got '{template}' and '{data}'")
    else:
        _from_data(data, test_data, target, output)


def _from_template(template: str | None, output: str | None) -> None:
    from nntrain.cli.output.terminal import out, show, table
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.spec import templates

    known = templates()
    if template is None:
        rows = table("template", "")
        for name, text in known.items():
            rows.add_row(name, _purpose(text))
        show(rows)
        out("nntrain init TEMPLATE writes TEMPLATE.yaml, nntrain init --data FILE a spec for your own data")
        return
    if template not in known:
        raise SpecError(f"init: unknown template '{template}'{did_you_mean(template, known)}")
    if output == "-":
        out(known[template].removesuffix("\n"))
        return
    path = _free(output or f"{template}.yaml")
    _write(path, known[template].replace("config.yaml", path.name))


def _from_data(data: Path, test: Path | None, target: str | None, output: str | None) -> None:
    from nntrain.autospec.draft import draft
    from nntrain.autospec.source import DataRequest
    from nntrain.cli.output.terminal import facts, notes, out, plain

    path = _free(output or f"{_stem(data)}.yaml") if output != "-" else Path("spec.yaml")
    drafted = draft(DataRequest(data, test, target))
    text = drafted.text(data, path)
    notes(drafted.notes)
    if output == "-":
        out(text.removesuffix("\n"))
        return
    facts((label, plain(line)) for label, line in drafted.messages)
    _write(path, text)


def _stem(data: Path) -> str:
    """Return the name of a file without its endings, of a folder as it is."""
    name = data.resolve().name
    return name.partition(".")[0] or name


def _free(output: str) -> Path:
    """Return the path of a file that is not there yet."""
    from nntrain.errors import SpecError

    path = Path(output)
    if path.exists() or path.is_symlink():
        raise SpecError(f"{path}: exists already; name another file with -o")
    return path


def _write(path: Path, text: str) -> None:
    from nntrain.artifacts import durable
    from nntrain.cli.output.terminal import out, plain

    durable.write_bytes(path, text.encode())
    out(f"{plain(str(path))}: written; next: nntrain fit {plain(str(path))}")


def _purpose(text: str) -> str:
    """Return the first sentence of a template: the line after the empty comment."""
    lines = text.splitlines()
    return lines[lines.index("#") + 1].removeprefix("# ") if "#" in lines else ""
