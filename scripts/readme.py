#!/usr/bin/env python3
"""Write the generated parts of README.md: tables from the registries, commands, exit codes, worked examples, sessions.

    scripts/readme.py            rewrite what stands between the markers <!-- NAME:begin --> and <!-- NAME:end -->
    scripts/readme.py --check    exit 1 and show the difference when a table is stale
    scripts/readme.py --record   also run the examples in a terminal of 100 columns and take down what it shows;
                                 --record NAME… only those, such as promises, which takes minutes

Nothing here names a single part: what is registered appears.
"""

import argparse
import difflib
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

from nntrain import errors
from nntrain.cli import entry
from nntrain.cli.commands.list import registries
from nntrain.gradcheck import BUGS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
COLUMNS, LINES = 100, 60


# --- tables ----------------------------------------------------------------------------------------------------------


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def parts() -> str:
    """Return one table a registry: name, formula, first line of the docstring, options with defaults."""
    sections = []
    for name, registry in registries().items():
        rows = ((f"`{kind}`", f"`{part.formula}`", summary(part), options(part)) for kind, part in registry.items())
        sections.append(f"### {name.capitalize()}\n\n" + table((registry.noun, "formula", "", "options"), rows))
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


def commands() -> str:
    """Return the table of commands from the command line itself."""
    from typer.main import get_command

    from nntrain.cli.app import app

    rows = []
    for name, command in single_commands(get_command(app), "nntrain"):
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


def bugs() -> str:
    """Return the table of bugs that can be planted."""
    rows = ((f"`{kind}`", f"`{bug.formula}`", summary(bug), bug.needs) for kind, bug in BUGS.items())
    return table(("bug", "gradient", "", "needs"), rows)


def examples() -> str:
    """Return the table of worked examples from the first line of each spec."""
    rows = []
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        command, _, result = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ").partition(" → ")
        promise, _, remark = result.partition("; ")
        rows.append((f"`{command}`", promise, remark))
    return table(("command", "result", ""), rows)


GENERATED: Mapping[str, Callable[[], str]] = {
    "parts": parts,
    "commands": commands,
    "exits": exits,
    "examples": examples,
    "bugs": bugs,
}


# --- the sessions ----------------------------------------------------------------------------------------------------


def recorded(*command: str, status: int = 0) -> str:
    """Run a command in an empty folder with the project's folders in it, and return what a user sees."""
    with project() as folder:
        return f"```console\n$ {typed(command)}\n{on_terminal(command, folder, status)}\n```"


def dialogue(*lines: str) -> str:
    """Run lines of shell, one after the other, in such a folder."""
    with project() as folder:
        seen = [f"$ {line}\n{on_terminal(('sh', '-c', line), folder)}".rstrip() for line in lines]
    return "```console\n" + "\n\n".join(seen) + "\n```"


@contextmanager
def project() -> Iterator[Path]:
    """Give an empty folder that holds as much of the project as the examples name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "nntrain", "scripts"):
            (Path(folder) / name).symlink_to(ROOT / name)
        yield Path(folder)


def typed(command: Sequence[str]) -> str:
    """Return a command as one types it: in double quotes what a shell would take apart."""
    return " ".join(word if re.fullmatch(r"[\w./=,+-]+", word) else f'"{word}"' for word in command)


def on_terminal(command: Sequence[str], folder: Path, status: int = 0) -> str:
    """Return what a command leaves on a terminal without colours; SystemExit when it ends with another status."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {
        "TERM": "xterm",
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
        "NO_COLOR": "1",
        "PATH": path,
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    if process.returncode != status:
        raise SystemExit(f"{shlex.join(command)}: exit {process.returncode}")
    return left_over(seen.decode())


def read(terminal: int) -> bytes:
    """Return the next bytes of a terminal, none when its other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def left_over(text: str) -> str:
    """Return the lines that stay on the screen: a carriage return begins a line anew, escapes leave no mark."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\r\n", "\n"))
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in plain.split("\n")]
    return "\n".join(lines).strip("\n")


def promises() -> str:
    """Run the thorough tests of the promises and return the figures that they print."""
    command = ["python", "-m", "pytest", "-m", "slow or figure", "-n", "auto", "tests/promises"]
    done = subprocess.run([sys.executable, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    _, _, figures = done.stdout.partition(" figures =")
    if done.returncode or not figures:
        raise SystemExit(f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}")
    lines = [line for line in figures.splitlines() if re.match(r"P\d  ", line)]
    return "\n".join(["```console", f"$ {shlex.join(command)}", *lines, "```"])


NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]

TOO_HIGH = ["--set", "optimizer.lr=1e6"]

OWN_DATA = (
    "cp nntrain/data/sources/files/iris.csv flowers.csv",
    "nntrain data describe flowers.csv",
    "nntrain init --data flowers.csv",
    "head -23 flowers.yaml",
    "nntrain fit flowers.yaml --run-dir flowers --quiet",
    "echo 5.0,3.4,1.5,0.2 | nntrain predict flowers - --proba",
)

RECORDED: Mapping[str, Callable[[], str]] = {
    "graph-product": lambda: recorded("nntrain", "graph", "(x + y) * z", "x=-2", "y=5", "z=-4"),
    "graph-neuron": lambda: recorded("nntrain", "graph", *NEURON, "--tree"),
    "graph-softplus": lambda: recorded("nntrain", "graph", "log(1 + exp(x))", "x=1"),
    "own-data": lambda: dialogue(*OWN_DATA),
    "session": lambda: recorded("nntrain", "fit", "configs/digits-mlp.yaml"),
    "gradcheck": lambda: recorded("nntrain", "gradcheck", "configs/network-3-4-2.yaml"),
    "injected": lambda: recorded(
        "nntrain", "gradcheck", "configs/network-3-4-2.yaml", "--inject", "bias_not_summed", status=8
    ),
    "diverged": lambda: recorded("nntrain", "fit", "configs/digits-mlp.yaml", "-q", *TOO_HIGH, status=4),
    "verify": lambda: recorded("nntrain", "verify", "configs/digits-mlp.yaml"),
    "sweep": lambda: recorded("scripts/sweep_lr.sh", "configs/rate-right.yaml", "3e-4", "0.03", "0.3", "1.5"),
    "promises": promises,
}


# --- the file --------------------------------------------------------------------------------------------------------


def filled(text: str, generated: Mapping[str, Callable[[], str]]) -> str:
    """Return the README's text with each named region anew; SystemExit for a region that is missing."""
    for name, make in generated.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not opened or not closed:
            raise SystemExit(f"README.md: the markers {begin} … {end} are missing")
        text = f"{before}{begin}\n\n{make()}\n\n{end}{after}"
    return text


def main() -> int:
    """Rewrite, check or record; return the exit status."""
    parser = argparse.ArgumentParser(description="Write the generated parts of README.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a table is stale")
    parser.add_argument(
        "--record", nargs="*", metavar="NAME", help=f"take down sessions too: {', '.join(RECORDED)}; all"
    )
    asked = parser.parse_args()
    old = README.read_text(encoding="utf-8")
    wanted = () if asked.record is None else asked.record or tuple(RECORDED)
    if unknown := set(wanted) - set(RECORDED):
        parser.error(f"--record: no session {', '.join(sorted(unknown))}")
    new = filled(old, {**GENERATED, **{name: RECORDED[name] for name in wanted}})
    if not asked.check:
        README.write_text(new, encoding="utf-8")
        return 0
    difference = difflib.unified_diff(old.splitlines(), new.splitlines(), "README.md", "generated", lineterm="", n=0)
    for line in difference:
        print(line)
    if old != new:
        print("README.md is stale: run scripts/readme.py", file=sys.stderr)
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
