"""What was run and how to run it again: the settings against their defaults, the environment, and the commands.

Knows nothing of HTML.
"""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nntrain.drawing.page import Commands, Section, Table, Text
from nntrain.report.reported_run import ReportedRun
from nntrain.spec import Spec
from nntrain.spec.leaves import Leaf, leaves


def settings_section(run: ReportedRun) -> Section:
    """Return the settings that differ from the defaults, and the others folded away."""
    found = list(_leaves(run))
    given = [[leaf.path, leaf.value] for leaf in found if not leaf.is_default]
    others = [[leaf.path, leaf.value] for leaf in found if leaf.is_default]
    tables = [
        Table("Settings that are not the defaults", ["key", "value"], given, (1,)),
        Table("Settings at their defaults", ["key", "value"], others, (1,), summary=f"{len(others)} at their defaults"),
    ]
    return Section("settings", "What was run", tables)


def _leaves(run: ReportedRun) -> list[Leaf]:
    """Return the settings; a loss and metrics that the data would have decided are defaults."""
    data, spec = run.record.get("data") or {}, run.spec
    decided: Spec | None = None
    if data.get("task"):
        decided = replace(spec, loss=None, metrics=None).settle(data["task"], data.get("n_classes") or 0)
    usual = [
        name for name in ("loss", "metrics") if decided is not None and getattr(decided, name) == getattr(spec, name)
    ]
    return [replace(leaf, is_default=True) if leaf.path.partition(".")[0] in usual else leaf for leaf in leaves(spec)]


def repeat_section(run: ReportedRun) -> Section:
    """Return the commands that repeat the run, and what it ran on."""
    spec = shlex.quote(str(run.path / "config.resolved.yaml"))
    parent = run.record.get("parent")
    begin = f" --init-from {shlex.quote(str(parent['path']))}" if parent else ""
    commands = Commands(
        [f"nntrain fit {spec}{begin}", f"nntrain verify {spec}"] if not begin else [f"nntrain fit {spec}{begin}"]
    )
    environment = run.record.get("environment") or {}
    rows = [
        *([key, str(environment[key])] for key in ("nntrain", "python", "numpy") if environment.get(key)),
        ["BLAS", _blas(environment)],
        ["processor", str(environment.get("cpu") or environment.get("platform") or "–")],
        ["seed", str(run.spec.seed)],
        ["data", str((run.record.get("data") or {}).get("fingerprint") or "–")],
        ["started", str(run.record.get("started") or "–")],
        ["command", " ".join(map(shlex.quote, run.record.get("argv") or [])) or "–"],
    ]
    what = Text("The same spec and data give the same bits with the same versions on a like machine.")
    return Section("repeat", "How to repeat it", [what, commands, Table("Environment", ["what", "value"], rows, (1,))])


def _blas(environment: Mapping[str, Any]) -> str:
    found = environment.get("blas")
    if not isinstance(found, list) or not found:
        return "–"
    return "; ".join(
        f"{pool.get('library', '?')} {pool.get('version') or ''}, {pool.get('architecture') or 'unknown'} kernels"
        for pool in found
        if isinstance(pool, Mapping)
    )
