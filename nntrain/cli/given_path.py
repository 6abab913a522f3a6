"""What a path on the command line is: a spec, a run, a checkpoint, data; and what to say where another is needed.

Every command that takes a path asks here, so that one path is the same thing to all of them. Knows nothing of what the
commands do with it.
"""

import re
import stat
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["spec", "run", "runs", "checkpoint", "folder", "data", "missing"]

SUFFIXES = (".yaml", ".yml")
CHECKPOINT = ".safetensors"
KEY = re.compile(rb"[A-Za-z_]\w*:(?:\s|$)")  # how a line of a spec begins that is not indented
PASSED_OVER = re.compile(rb"\s*(?:#.*|---\s*|[\]}].*)?$")  # remarks, blank lines, closing brackets
HEAD = 4096  # bytes that are looked at
RUNS = Path("runs")  # where fit makes its runs by default
PLAIN = {
    "spec": "a spec",
    "run": "a run",
    "runs": "a folder of runs",
    "checkpoint": "a checkpoint",
    "folder": "a directory without a run",
}


def what_is(path: Path) -> Kind:
    """Return what a path is: by its name where the ending says it, else by what lies there."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # nothing there, or no path at all: a formula
        mode = 0
    if stat.S_ISDIR(mode):
        return "run" if is_run(path) else "runs" if runs_in(path) else "folder"
    if str(path) == "-" or path.suffix.lower() in SUFFIXES:
        return "spec"
    if path.suffix == CHECKPOINT:
        return "checkpoint"
    if not stat.S_ISREG(mode):
        return "spec" if mode else "missing"  # a pipe: data and checkpoints are files
    return _by_content(path)


def _by_content(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:  # whoever reads it says why
        return "spec"
    if head[8:10] == b'{"':  # the header of a safetensors file, after its length
        return "checkpoint"
    return "spec" if _has_keys(head, whole=len(head) < HEAD) else "data"


def _has_keys(head: bytes, *, whole: bool) -> bool:
    """Return whether text begins with keys of YAML and nothing else: a table may begin with ``Unnamed: 0,a,b``."""
    lines = head.split(b"\n") if whole else head.split(b"\n")[:-1]
    outer = [line for line in lines if not PASSED_OVER.match(line) and not line.startswith((b" ", b"\t"))]
    return bool(outer) and all(KEY.match(line) for line in outer)


def is_spec(path: Path) -> bool:
    """Tell whether a path is that of a spec."""
    return what_is(path) == "spec"


def need_spec(path: Path) -> None:
    """Raise SpecError, with what to do instead, for a path that is clearly no spec."""
    from nntrain.errors import SpecError

    advice = {
        "run": f"nntrain resume goes on with it; its spec is {path / 'config.yaml'}",
        "runs": f"nntrain resume RUN goes on with one of them{_newest(path)}",
        "checkpoint": "nntrain eval scores it, and nntrain fit CONFIG --init-from begins with its weights",
        "folder": "name a YAML file",
        "data": f"name a YAML file; nntrain init --data {path} writes one if this is data",
    }
    what = what_is(path)
    if what in advice:
        raise SpecError(f"{path}: {_other(what, 'a spec')}; {advice[what]}")


def need_model(path: Path) -> None:
    """Raise CheckpointError, with what to do instead, for a path that is clearly neither a run nor a checkpoint."""
    from nntrain.errors import CheckpointError

    what = what_is(path)
    advice = {
        "spec": f"nntrain fit {path} trains it{_newest(RUNS, _name_in(path))}",
        "runs": f"name one of them{_newest(path)}",
        "data": f"name a run directory or a {CHECKPOINT} file{_newest(RUNS)}",
    }
    if what == "missing":
        raise CheckpointError(f"{path}: no such run or checkpoint{_nearest(path)}")
    if what in advice:
        raise CheckpointError(f"{path}: {_other(what, 'a run or a checkpoint')}; {advice[what]}")


def need_weights(path: Path) -> None:
    """Raise CheckpointError, with what to do instead, for a path that clearly holds no weights."""
    if what_is(path) != "data":  # the arrays of other programs; whoever reads them says what is wrong
        need_model(path)


def need_run(path: Path) -> None:
    """Raise CheckpointError, with what to do instead, for a path that is clearly no run directory."""
    from nntrain.errors import CheckpointError

    what = what_is(path)
    owner = path.parent.parent
    advice = {
        "spec": f"nntrain fit {path} begins one{_newest(RUNS, _name_in(path))}",
        "runs": f"name one of them{_newest(path)}",
        "checkpoint": f"nntrain resume {owner} goes on with its run" if is_run(owner) else "name the run directory",
        "data": f"name the run directory{_newest(RUNS)}",
    }
    if what == "missing":
        raise CheckpointError(f"{path}: no such run directory{_nearest(path)}")
    if what in advice:
        raise CheckpointError(f"{path}: {_other(what, 'a run directory')}; {advice[what]}")


def need_spec_or_model(path: Path) -> None:
    """Raise SpecError, with what to do instead, for a path that is clearly neither a spec nor a trained model."""
    from nntrain.core.nearby import nearest_name
    from nntrain.errors import SpecError

    what = what_is(path)
    if what == "missing":
        raise SpecError(f"{path}: no such file or directory{nearest_name(path) or _nearest(path)}")
    if what == "runs":
        raise SpecError(f"{path}: is a folder of runs; name one of them{_newest(path)}")
    if what in ("data", "folder"):
        found = f"is {PLAIN[what]}" if what in PLAIN else "is neither a spec nor a checkpoint"
        raise SpecError(f"{path}: {found}; name a YAML file, a run directory or a {CHECKPOINT} file")


def _other(what: Kind, wanted: str) -> str:
    """Return in words that a path is something else than what is wanted."""
    return f"is {PLAIN[what]}, not {wanted}" if what in PLAIN else f"is not {wanted}"


def is_run(path: Path) -> bool:
    """Tell whether a folder is a run's."""
    return (path / "run.json").is_file() or (path / "checkpoints").is_dir()


def runs_in(folder: Path) -> list[Path]:
    """Return the runs in a folder, the newest last."""
    try:
        runs = [path for path in folder.iterdir() if path.is_dir() and is_run(path)]
        return sorted(runs, key=lambda path: (path.stat().st_mtime, path.name))
    except OSError:
        return []


def _name_in(spec: Path) -> str | None:
    """Return the name that a spec gives its runs, if it can be read."""
    from nntrain.errors import UserError
    from nntrain.spec import load

    try:
        return load(spec).spec.name if what_is(spec) == "spec" and str(spec) != "-" else None
    except UserError:
        return None


def _newest(folder: Path, name: str | None = "") -> str:
    """Return which run of a folder is the newest, of those whose name begins with ``name``; nothing for none."""
    runs = [path for path in runs_in(folder) if name is not None and path.name.startswith(name)]
    return f"; the newest run is {runs[-1]}" if runs else ""


def _nearest(path: Path) -> str:
    """Return the run that a mistyped path probably means, or else the newest one."""
    runs = {run.name: run for folder in (RUNS, path.parent) for run in runs_in(folder)}
    begun = [name for name in runs if name.startswith(path.name)]
    close = begun[-1:] or get_close_matches(path.name, _with_stems(runs), n=1)
    if not close:
        return _newest(RUNS)
    meant = next(run for name, run in reversed(runs.items()) if name.startswith(close[0]))
    return f"; did you mean '{meant}'?"


def _with_stems(names: Iterable[str]) -> list[str]:
    """Return names of runs, and what stands in them before the time: the name of the spec."""
    return [*names, *dict.fromkeys(re.sub(r"-\d{8}T\d{6}Z-[0-9a-f]{4}$", "", name) for name in names)]
