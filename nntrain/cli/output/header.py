"""The lines above a run's progress: its data, model, loss, optimizer and machine.

They are plain text, so that training starts without loading a table library.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nntrain.cli.output.figures import count, plural
from nntrain.cli.output.terminal import BOLD, DIM, apply_style, plain, say, width
from nntrain.core.entry_text import rate, spell

if TYPE_CHECKING:
    from nntrain.ops.schedules import Schedule
    from nntrain.runs import Assembly, Run

LABEL = 11  # columns of a label


def show_header(run: "Run") -> None:
    """Write the header of a run to stderr."""
    spec = run.loaded.spec
    say(f"{apply_style(spec.name, BOLD)}, seed {spec.seed}")
    for label, text in header(run):
        for index, line in enumerate(textwrap.wrap(text, max(30, width() - LABEL - 3), break_long_words=False)):
            shown = label if index == 0 else ""
            say(f"  {apply_style(shown, DIM):<{LABEL + _invisible(shown)}}{line}")


def header(run: "Run") -> Sequence[tuple[str, str]]:
    """Return (label, text) of each line."""
    from nntrain.runs.run_title import penalty_texts

    spec, job = run.loaded.spec, run.job
    penalty = penalty_texts(spec.penalty)
    stop = spec.train.stop
    patience = [f"patience {stop.patience} on {run.prepared.stop_monitor.name}"] if stop.patience else []
    average = spec.train.average
    mean = [] if average is None else [f"the mean of the last {1 - average:.0%} of the steps is the result"]
    steps = f"{count(spec.train.epochs)} epochs of {plural(job.batches.per_epoch, 'step')}"
    parent = [("weights", _parent(run.parent))] if run.parent else []
    return [
        ("data", _data(run)),
        ("model", model_line(run.assembly)),
        *parent,
        ("loss", " + ".join([spell(run.assembly.loss), *penalty])),
        ("optimizer", _optimizer(spec.optimizer, spec.schedule)),
        ("training", ", ".join([steps, f"batches of {count(job.batches.batch_size)}", *patience, *mean, *_kept(run)])),
        ("machine", _machine(run)),
        ("run", plain(str(run.directory.path)) + ("" if run.resumed is None else f", resumed at step {run.resumed}")),
    ]


def _kept(run: "Run") -> list[str]:
    """Return what is kept, where it is not what ``checkpoint.best`` names."""
    named, monitor = run.loaded.spec.checkpoint.best, run.prepared.kept_monitor
    if monitor is None:
        return ["the last epoch is kept"]
    return [f"the best {monitor.name} is kept"] if monitor.name != named else []


def _parent(parent: Mapping[str, Any]) -> str:
    epoch = "" if parent["epoch"] is None else f", epoch {parent['epoch']}"  # a file of arrays has none
    return f"begun from {plain(str(parent['path']))}{epoch}"


def model_line(assembly: "Assembly") -> str:
    """Return a model as its kind, sizes, units and number of parameters."""
    from nntrain.runs.run_title import model_text

    network = assembly.network
    text = model_text(assembly.spec.model, network.sizes)
    return f"{text} · {count(network.params.size)} parameters, {network.dtype}"


def _data(run: "Run") -> str:
    data, task = run.data, run.assembly.task
    parts = [("train", data.train), ("validation", data.validation), ("test", data.test)]
    rows = ", ".join(f"{count(len(part))} {name}" for name, part in parts if part is not None)
    if task == "classification":
        target = f"{count(data.n_classes)} classes"
    else:
        target = "themselves" if task == "reconstruction" else plural(data.n_targets, "target")
    source = str(getattr(run.loaded.spec.data.source, "kind", "data"))
    divided = f" · {plain(data.division)}" if data.division else ""
    return f"{source}: {rows} · {plural(data.n_features, 'feature')} → {target}{divided}"


def _optimizer(optimizer: Any, schedule: "Schedule") -> str:
    kind, *more = spell(optimizer, "lr").split(", ")
    return f"{', '.join([f'{kind} {rate(optimizer.lr)}', *more])} · {spell(schedule)} learning rate"


def _machine(run: "Run") -> str:
    pools = run.environment["blas"]
    if not pools:
        return "BLAS unknown"
    pool = pools[0]
    library = f"{pool['library']} {pool['version'] or ''}".strip()
    threads, cores = plural(run.job.network.threads, "thread"), plural(run.environment["cpus"], "core")
    state = run.environment["player"]
    played = "" if state == "on" else f", C player {state}"
    return f"{library}, {pool['architecture'] or 'unknown'} kernels, {threads} on {cores}{played}"


def _invisible(label: str) -> int:
    """Return how many characters of a styled label are codes, which take no column on the screen."""
    return len(apply_style(label, DIM)) - len(label)
