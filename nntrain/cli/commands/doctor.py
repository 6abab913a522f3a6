"""``nntrain doctor``: whether this machine is ready to train, and what its speed and last digits depend on."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from nntrain.cli.arguments import Json

if TYPE_CHECKING:
    import numpy as np

PACKAGES = ("numpy", "pydantic", "PyYAML", "safetensors", "matplotlib", "rich", "tqdm", "typer")
SETTINGS = (  # of the environment, that change speed or the last digits
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "MKL_CBWR",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPY_DISABLE_CPU_FEATURES",
)


class Finding(NamedTuple):
    """One line of the table; ``problem`` says what is wrong, empty where nothing is."""

    what: str
    value: str
    problem: str = ""


def doctor(as_json: Json = False) -> None:
    """Check versions, BLAS, environment, disk and speed."""
    from nntrain.cli.output.terminal import out, out_json, show, table
    from nntrain.errors import OutputError

    findings = [*_versions(), *_player(), *_blas(), *_environment(), *_disk(), *_speed()]
    problems = [finding for finding in findings if finding.problem]
    if as_json:
        out_json({"ok": not problems, "findings": [finding._asdict() for finding in findings]})
    else:
        rows = table("", "found", "")
        for finding in findings:
            rows.add_row(finding.what, finding.value, finding.problem or "ok")
        show(rows)
    if problems:
        raise OutputError("; ".join(f"{finding.what}: {finding.problem}" for finding in problems))
    if not as_json:
        out("ok: no problem found")


def _versions() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, version

    from nntrain.cli.output.figures import plural
    from nntrain.core.machine import environment

    facts = environment()
    commit = f", commit {facts['commit'][:12]}" if facts["commit"] else ""
    yield Finding("nntrain", f"{facts['nntrain']}{commit}")
    yield Finding("python", f"{facts['python']}, {sys.executable}")
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding(name, "missing", f"install it: pip install {name}")
    yield Finding("packages", ", ".join(found))
    yield Finding(
        "machine", f"{facts['cpu'] or facts['machine']}, {plural(facts['cpus'], 'core')}, {facts['platform']}"
    )


def _player() -> Iterator[Finding]:
    """Tell whether the C extension plays the steps. Without it the same bits come out, more slowly."""
    from nntrain.core.extension import state_of_player

    state = state_of_player()
    meaning = "plays the training steps" if state == "on" else "training steps are made by Python, more slowly"
    yield Finding("C player", f"{state}: {meaning}")


def _blas() -> Iterator[Finding]:
    from nntrain.cli.output.figures import plural
    from nntrain.core.machine import blas, processors

    pools = blas()
    if not pools:
        yield Finding("BLAS", "unknown", "NumPy has no BLAS that can be recognised: expect slow products")
    for pool in pools:
        kernels, threads = f"{pool['architecture'] or 'unknown'} kernels", plural(pool["threads"] or 1, "thread")
        value = f"{pool['library']} {pool['version'] or ''}, {kernels}, {threads}, {pool['threading']}"
        crowded = (pool["threads"] or 1) > processors()
        yield Finding("BLAS", value, "more threads than cores: set runtime.threads" if crowded else "")


def _environment() -> Iterator[Finding]:
    found = [f"{name}={os.environ[name]}" for name in SETTINGS if name in os.environ]
    yield Finding("environment", ", ".join(found) or "no variable is set that changes speed or digits")


def _disk() -> Iterator[Finding]:
    """Make a run in the current directory, lock it, write a checkpoint, read it back, and remove the run."""
    from pathlib import Path

    import numpy as np

    from nntrain.artifacts import checkpoint
    from nntrain.artifacts.checkpoint import Checkpoint
    from nntrain.artifacts.rundir import RunDir
    from nntrain.artifacts.scratch import scratch_folder
    from nntrain.cli.interrupts import end_in_order
    from nntrain.errors import LockedError, UserError

    end_in_order()
    what, here = "disk", str(Path.cwd())
    try:
        with scratch_folder(".nntrain-doctor-", Path.cwd()) as folder:
            run = RunDir.create(folder, "doctor")
            with run.lock():
                try:
                    with RunDir(run.path).lock():
                        yield Finding(what, here, "locks do not hold: two processes could write one run")
                except LockedError:
                    checkpoint.load(run.save_checkpoint(1, Checkpoint({"x": np.arange(4.0)})))
                    yield Finding(what, f"{here}: writes, locks and reads back")
    except (OSError, UserError) as error:
        yield Finding(what, here, f"runs cannot be written here: {error}")


def _speed() -> Iterator[Finding]:
    """Measure a square matrix product on one thread and on all."""
    import numpy as np
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from nntrain.cli.output.figures import plural
    from nntrain.core.machine import processors

    for threads in dict.fromkeys((1, processors())):
        with threadpool_limits(threads, user_api="blas"):
            speeds = [f"{_gflops(np.dtype(name)):.0f} GFLOP/s in {name}" for name in ("float32", "float64")]
        yield Finding(f"products, {plural(threads, 'thread')}", ", ".join(speeds))


def _gflops(dtype: "np.dtype[Any]") -> float:
    """Return the speed of a square product, the best of a few."""
    from time import perf_counter

    import numpy as np

    size, best = 512, float("inf")
    a = np.ones((size, size), dtype)
    out = np.empty_like(a)
    for _ in range(10):
        start = perf_counter()
        np.matmul(a, a, out=out)
        best = min(best, perf_counter() - start)
    return 2 * size**3 / best / 1e9
