"""Facts of the machine: interpreter, NumPy, BLAS, processors, memory, and the commit of the source. Knows no run.

Bit-identical results hold for the same NumPy and BLAS build, processor kernel and thread count only, so each run
records them and a resumed one can say what has changed.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from nntrain import __version__
from nntrain.core.extension import state_of_player

PACKAGE = Path(__file__).resolve().parents[1]
BLAS_FACTS = {
    "library": "internal_api",
    "version": "version",
    "architecture": "architecture",
    "threading": "threading_layer",
    "threads": "num_threads",
}
BITWISE = ("python", "numpy", "blas", "machine", "cpu", "plan")  # what may change the last digits


def environment() -> dict[str, Any]:
    """Return the facts, in JSON's types; what cannot be found out is null."""
    return {
        "nntrain": __version__,
        "commit": own_commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": np.__version__,
        "blas": blas(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": cpu(),
        "cpus": processors(),
        "player": state_of_player(),
    }


def blas() -> list[dict[str, Any]]:
    """Return library, version, kernel architecture, threading and thread count of each BLAS in this process."""
    pools = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    return [{name: pool.get(key) for name, key in BLAS_FACTS.items()} for pool in pools]


def cpu() -> str | None:
    """Return the processor's name, e.g. ``AMD EPYC 7B13``."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, None) or platform.processor() or None


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def free_processors() -> int:
    """Return how many processors this process may use that nothing else keeps busy, at least 1.

    Others count when they are running now and have been for a while, as the load of the last minute shows.
    """
    usable = min(processors(), _quota())
    try:
        load = os.getloadavg()[0]
        running = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0]) - 1
    except (AttributeError, OSError, ValueError, IndexError):  # another system tells less
        running = usable
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(1, usable - max(0, min(running, round(load))))


def _quota() -> int:
    """Return the processors that a container grants, in whole ones, at least 1."""
    try:
        most, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return max(1, round(int(most) / int(period)))
    except (OSError, ValueError):  # there is no limit, or nothing says so
        return processors()


def memory() -> tuple[int, int] | None:
    """Return the bytes that this process holds now and the most it has held; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        now, most = (int(status.split(f"{key}:")[1].split()[0]) for key in ("VmRSS", "VmHWM"))
    except (OSError, IndexError, ValueError):
        return None
    return now * 1024, most * 1024  # kibibytes


@lru_cache(1)
def own_commit() -> str | None:
    """Return the commit of the code of this process, looked up once: what is loaded stays as it is."""
    return git_commit(PACKAGE.parent)


def git_commit(source: Path) -> str | None:
    """Return the commit checked out in ``source``, with ``+`` when files differ from it; None outside a checkout.

    Only a checkout of ``source`` itself counts: an installed package may lie inside somebody else's.
    """
    if not (source / ".git").exists():
        return None
    commit = _git(source, "rev-parse", "--verify", "HEAD")
    changes = _git(source, "status", "--porcelain", "--untracked-files=no", "--", PACKAGE.name)
    return f"{commit}+" if commit and changes else commit or None


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return one line for each difference that may change the last digits: ``numpy: 2.3.1 before, 2.4.0 now``."""
    old, new = ({key: facts.get(key) for key in BITWISE} for facts in (before, now))
    return [f"{where}: {_words(a)} before, {_words(b)} now" for where, a, b in _differences("", old, new)]


def _differences(where: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (dotted path, old, new) of the leaves that differ; lists of other lengths differ as a whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(f"{where}.{key}".lstrip("."), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from _differences(where if len(old) == 1 else f"{where}[{index}]", a, b)
    elif old != new:
        yield where, old, new


def _words(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return git's answer, None when there is no git, no answer in time, or a refusal."""
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=5, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return answer.stdout.strip()
