"""``nntrain init``: a commented spec to start from, from a template or guessed from a data file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from nntrain.cli.arguments import Json


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
    as_json: Json = False,
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
        _from_template(template, output, as_json=as_json)
    elif template is not None:
        raise SpecError(f"init: takes a template or --data, not both, got '{template}' and '{data}'")
    else:
        _from_data(DataAsked(data, test_data, target), output, as_json=as_json)


class DataAsked(NamedTuple):
    """The data that a spec is guessed from."""

    data: Path
    test: Path | None
    target: str | None


def _from_template(template: str | None, output: str | None, *, as_json: bool) -> None:
    from nntrain.cli.output.terminal import out, out_json, show, table
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.spec import templates

    known = templates()
    if template is None and as_json:
        out_json({"templates": {name: _purpose(text) for name, text in known.items()}})
        return
    if template is None:
        rows = table("template", "")
        for name, text in known.items():
            rows.add_row(name, _purpose(text))
        show(rows)
        out("nntrain init TEMPLATE writes TEMPLATE.yaml, nntrain init --data FILE a spec for your own data")
        return
    if template not in known:
        raise SpecError(f"init: unknown template '{template}'{did_you_mean(template, known)}")
    if output == "-" and as_json:
        out_json({"file": None, "text": known[template]})
        return
    if output == "-":
        out(known[template].removesuffix("\n"))
        return
    path = _free(output or f"{template}.yaml")
    _write(path, known[template].replace("config.yaml", path.name), {"template": template} if as_json else None)


def _from_data(asked: DataAsked, output: str | None, *, as_json: bool) -> None:
    from nntrain.autospec.draft import draft
    from nntrain.autospec.source import DataRequest
    from nntrain.cli.output.terminal import facts, notes, out, out_json, plain

    path = _free(output or f"{_stem(asked.data)}.yaml") if output != "-" else Path("spec.yaml")
    drafted = draft(DataRequest(*asked))
    text = drafted.text(asked.data, path)
    if as_json:
        found = {"guessed": dict(drafted.messages), "notes": list(drafted.notes)}
        if output == "-":
            out_json({"file": None, "text": text, **found})
        else:
            _write(path, text, found)
        return
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


def _write(path: Path, text: str, found: Mapping[str, object] | None = None) -> None:
    """Write a spec and say where it is; ``found`` is told with it as JSON."""
    from nntrain.artifacts import durable
    from nntrain.cli.output.terminal import out, out_json, plain

    durable.write_bytes(path, text.encode())
    if found is not None:
        out_json({"file": path, **found})
        return
    out(f"{plain(str(path))}: written; next: nntrain fit {plain(str(path))}")


def _purpose(text: str) -> str:
    """Return the first sentence of a template: the line after the empty comment."""
    lines = text.splitlines()
    return lines[lines.index("#") + 1].removeprefix("# ") if "#" in lines else ""
