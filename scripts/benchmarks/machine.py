"""The machine and its libraries: how many threads they may use, and which kernels they run."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from nntrain.core import machine as environment

LIBRARIES = ("numpy", "scikit-learn", "torch", "jax", "numba")
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NPROC")


def variables(threads: int, base: Mapping[str, str]) -> dict[str, str]:
    """Environment variables of a process whose libraries use so many threads and the kernels a user would get."""
    env = {key: value for key, value in base.items() if key != "OPENBLAS_CORETYPE"}
    env |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    env |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    if threads == 1:
        env["XLA_FLAGS"] = f"{base.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    return env


def pin(threads: int) -> None:
    """Confine this process to its first so many cores, helper threads included; where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("bench: --pin needs a system with processor affinity (Linux)")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def describe() -> str:
    """Processor, cores, system, Python and the commit of nntrain in one line."""
    facts = environment.environment()
    parts = [facts["cpu"], f"{facts['cpus']} cores", platform.system(), facts["python"], f"nntrain {facts['nntrain']}"]
    return ", ".join(str(part) for part in parts) + (f" at {facts['commit'][:12]}" if facts["commit"] else "")


def report(figures: Mapping[str, float], output: str | None) -> None:
    """Print the machine and the figures, and write them to a JSON file if there is to be one."""
    width = max(map(len, figures))
    print(describe(), *(f"{name:{width}}  {value:.3g}" for name, value in figures.items()), sep="\n")
    if output:
        text = json.dumps({"machine": describe(), **figures}, indent=2, ensure_ascii=False)
        Path(output).write_text(f"{text}\n", encoding="utf-8")


def versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Versions of the installed libraries."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def kernels() -> list[str]:
    """The thread pools in this process, e.g. ``openblas 0.3.31 SkylakeX kernels, 1 thread (pthreads)``."""
    np.ones((8, 8)) @ np.ones((8, 8))
    return [_pool(info) for info in threadpool_info()]


def _pool(info: Mapping[str, object]) -> str:
    words = [str(info["internal_api"]), str(info.get("version") or "")]
    if info.get("architecture"):
        words.append(f"{info['architecture']} kernels")
    layer = f" ({info['threading_layer']})" if info.get("threading_layer") else ""
    return " ".join(filter(None, words)) + f", threads {info['num_threads']}{layer}"
