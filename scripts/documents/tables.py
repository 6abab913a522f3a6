"""Tables made from the program itself: registries, commands, exit codes, worked examples, packages, pages.

Nothing here names a single part: what is registered appears. Knows nothing of where a table is written.
"""

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

from documents import studies
from nntrain import errors
from nntrain.cli import entry
from nntrain.cli.commands.list import registries
from nntrain.gradcheck import BUGS

ROOT = Path(__file__).resolve().parents[2]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# --- parts -----------------------------------------------------------------------------------------------------------


def parts() -> str:
    """Return one table a registry: name, formula, first line of the docstring, options with defaults."""
    sections = []
    for name, registry in registries().items():
        rows = ((f"`{kind}`", f"`{part.formula}`", summary(part), options(part)) for kind, part in registry.items())
        sections.append(f"## {name.capitalize()}\n\n" + table((registry.noun, "formula", "", "options"), rows))
    return "\n\n".join(sections)


def summary(thing: Any) -> str:
    """Return the first line of a docstring without its full stop."""
    return (thing.__doc__ or "").strip().splitlines()[0].removesuffix(".")


def options(part: Any) -> str:
    """Return the fields of an entry with their defaults, but for the kind."""
    shown = (f"`{field.name}: {default(field)}`" for field in fields(part) if field.name != "kind")
    return ", ".join(shown)


def default(field: Any) -> str:
    """Return how a spec would write a field's default."""
    if field.default is not MISSING:
        return written(field.default)
    return "…" if field.default_factory is MISSING else written(field.default_factory())


def written(value: Any) -> str:
    """Return a value as YAML has it on one line; entries of registries by their kind, a tuple of one as its item."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, tuple):
        return written(value[0]) if len(value) == 1 else "[" + ", ".join(map(written, value)) + "]"
    return str(value.kind) if is_dataclass(value) and hasattr(value, "kind") else str(value)


def bugs() -> str:
    """Return the table of bugs that can be planted."""
    rows = ((f"`{kind}`", f"`{bug.formula}`", summary(bug), bug.needs) for kind, bug in BUGS.items())
    return table(("bug", "gradient", "", "needs"), rows)


# --- the command line ------------------------------------------------------------------------------------------------


def commands() -> str:
    """Return the table of commands from the command line itself."""
    from typer.main import get_command

    from nntrain.cli.app import make_app

    rows = []
    for name, command in single_commands(get_command(make_app()), "nntrain"):
        arguments = [param.metavar for param in command.params if param.param_type_name == "argument"]
        usage = " ".join([name, *(str(argument).strip("{}") for argument in arguments)])
        rows.append((f"`{usage}`", command.help.split("\n\n")[0].replace("\n", " ").removesuffix(".")))
    return table(("command", ""), rows)


def single_commands(group: Any, start: str) -> Iterator[tuple[str, Any]]:
    """Yield each command below a group with all the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from single_commands(command, f"{start} {name}")
        else:
            yield f"{start} {name}", command


def exits() -> str:
    """Return the table of exit codes, from the errors and from the command line's own."""
    rows = {0: "All is well", entry.BUG: "A bug in nntrain: the one case with a traceback"}
    for error in subclasses(errors.UserError):
        rows[error.exit_code] = summary(error)
    rows[entry.INTERRUPTED] = "A second Ctrl-C: stopped at once, nothing saved since the last checkpoint"
    rows[entry.CLOSED_PIPE] = "Whoever read the output has gone, as in `nntrain list | head -1`"
    return table(("exit code", ""), ((str(code), text) for code, text in sorted(rows.items())))


def subclasses(kind: type[errors.UserError]) -> list[type[errors.UserError]]:
    """Return all classes below one."""
    return [kind for child in kind.__subclasses__() for kind in (child, *subclasses(child))]


def examples() -> str:
    """Return the table of worked examples from the first line of each spec."""
    rows = []
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        command, _, result = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(" → ")
        promise, _, remark = result.partition("; ")
        rows.append((f"`{command}`", promise, remark))
    return table(("command", "result", ""), rows)


# --- packages and pages ----------------------------------------------------------------------------------------------


def packages() -> str:
    """Return the table of the packages, each above those that it may import, from their docstrings."""
    return table(("package", "what is in it"), map(described, rooms()))


def all_packages() -> str:
    """Return the same table with the packages inside each package."""
    inner = (path for room in rooms() for path in (room, *nested(room)))
    return table(("package", "what is in it"), map(described, inner))


def rooms() -> Iterator[Path]:
    """Yield the packages and modules of nntrain in the order of the import contract, from the top."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract for contract in contracts["contracts"] if contract["name"] == "Layers")["layers"]
    for name in re.findall(r"\w+", " ".join(layers)):
        path = ROOT / "nntrain" / name
        if path.is_dir():
            yield path
        elif not name.startswith("_") and path.with_suffix(".py").exists():
            yield path.with_suffix(".py")


def nested(room: Path) -> Iterator[Path]:
    """Yield the packages below one."""
    yield from (path.parent for path in sorted(room.rglob("*/__init__.py")))


def described(path: Path) -> tuple[str, str]:
    """Return a package or module, and the first line of its docstring with what the docstring says it does not know."""
    file = path / "__init__.py" if path.is_dir() else path
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first, _, rest = text.partition("\n")
    knows = re.findall(r"Knows [^.]*\.", rest.replace("\n", " "))
    name = path.relative_to(ROOT).as_posix()
    return f"`{name}/`" if path.is_dir() else f"`{name}`", " ".join([first, *knows]).replace("``", "`")


def pages() -> str:
    """Return a list of the pages in docs/, each with the first sentence below its title."""
    return "\n".join(map(introduced, sorted((ROOT / "docs").glob("*.md"))))


def introduced(path: Path) -> str:
    """Return a page's title as a link, and its first sentence."""
    title, first, *_ = path.read_text(encoding="utf-8").split("\n\n")
    sentence = re.split(r"(?<=\.)\s", first.replace("\n", " "))[0]
    return f"* [{title.removeprefix('# ')}](docs/{path.name}): {sentence}"


def published() -> str:
    """Return the table of published results and of what was obtained."""
    return table(("study", "source", "published", "obtained", "verdict", "time"), studies.rows())


TABLES: Mapping[str, Callable[[], str]] = {
    "parts": parts,
    "bugs": bugs,
    "commands": commands,
    "exits": exits,
    "examples": examples,
    "studies": published,
    "packages": packages,
    "all-packages": all_packages,
    "pages": pages,
}
