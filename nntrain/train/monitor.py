"""The figures that decide when training stops and which epoch is kept: one rule for all that watch a figure.

Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nntrain.errors import did_you_mean
from nntrain.train.records import EpochRecord, better
from nntrain.train.settings import Checkpointing, Stop

COST = "validation.cost"  # what is watched unless a spec says otherwise


@dataclass(frozen=True, slots=True)
class Monitor:
    """A figure that every epoch of the run has, such as ``train.cost``, and how much better counts as better."""

    name: str
    min_delta: float = 0.0

    def value(self, record: EpochRecord) -> float:
        """Return the figure of one epoch."""
        return record.figure(self.name)

    def improves(self, value: float, best: float | None) -> bool:
        """Tell whether a value is better than the best so far; without a best, every number is."""
        return better(self.name, value, best, by=self.min_delta)


def measured(name: str, *, validation: bool) -> str:
    """Return the figure that stands for ``name``: without a validation part, that of the training part."""
    part, dot, figure = name.partition(".")
    return f"train{dot}{figure}" if part == "validation" and not validation else name


def stop_monitor(stop: Stop, *, validation: bool) -> Monitor:
    """Return what patience watches; ``validation`` tells whether there is a validation part."""
    return Monitor(measured(stop.monitor, validation=validation), stop.min_delta)


def kept_monitor(stop: Stop, checkpoint: Checkpointing, *, validation: bool) -> Monitor | None:
    """Return the monitor whose best epoch is the result of the run; None when that is the last epoch.

    This is the figure ``checkpoint.best``. Where that cannot be measured, it is the figure that patience watches, if
    ``restore_best`` asks for it.
    """
    if checkpoint.best is None:
        return None
    if measured(checkpoint.best, validation=validation) == checkpoint.best:
        return Monitor(checkpoint.best)
    return stop_monitor(stop, validation=validation) if stop.patience is not None and stop.restore_best else None


def problems(stop: Stop, checkpoint: Checkpointing, figures: Sequence[str], *, validation: bool) -> Iterator[str]:
    """Yield each figure that the settings name and that no epoch has, as ``path: what``; ``figures`` are a part's.

    ``validation.cost``, being the default, is no problem without a validation part.
    """
    known = [f"{part}.{figure}" for part in ("train", "validation") for figure in figures]
    for where, name in (("train.stop.monitor", stop.monitor), ("checkpoint.best", checkpoint.best)):
        if name is None:
            continue
        if name not in known:
            yield f"{where}: no such figure, got '{name}'{did_you_mean(name, known)}"
        elif name not in (COST, instead := measured(name, validation=validation)):
            advice = f"set data.validation to a fraction or a count of rows, or name {instead}"
            yield f"{where}: there is no validation part, got '{name}'; {advice}"


def notes(stop: Stop, *, validation: bool) -> Iterator[str]:
    """Yield in words what patience watches, where that is another figure than the settings name."""
    name = stop_monitor(stop, validation=validation).name
    if stop.patience is not None and name != stop.monitor:
        yield (
            f"train.stop.monitor: there is no validation part, so patience watches {name}, which cannot show when the "
            "network starts to learn by heart; set data.validation to a fraction or a count of rows"
        )
