"""The figures that decide when training stops and which epoch is kept: one rule for all that watch a figure.

Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nntrain.errors import did_you_mean
from nntrain.ops.metrics import Metric, higher_is_better
from nntrain.train.records import EpochRecord
from nntrain.train.settings import Checkpointing, Stop

COST = "validation.cost"  # what is watched unless a spec says otherwise
LAST = "last"  # of ``checkpoint.best``: the last epoch is the result


@dataclass(frozen=True, slots=True)
class Monitor:
    """A figure that every epoch of the run has, such as ``train.cost``, and what counts as better."""

    name: str
    min_delta: float = 0.0
    higher_is_better: bool = False

    def value(self, record: EpochRecord) -> float:
        """Return the figure of one epoch."""
        return record.figure(self.name)

    def improves(self, value: float, best: float | None) -> bool:
        """Tell whether a value is better than the best so far by more than ``min_delta``; NaN never is.

        Without a best, every number is.
        """
        if best is None:
            return value == value
        return value > best + self.min_delta if self.higher_is_better else value < best - self.min_delta


def measured(name: str, *, validation: bool) -> str:
    """Return the figure that stands for ``name``: without a validation part, that of the training part."""
    part, dot, figure = name.partition(".")
    return f"train{dot}{figure}" if part == "validation" and not validation else name


def stop_monitor(stop: Stop, metrics: Sequence[Metric], *, validation: bool) -> Monitor:
    """Return what patience watches; ``validation`` tells whether there is a validation part."""
    name = measured(stop.monitor, validation=validation)
    return Monitor(name, stop.min_delta, higher_is_better(name, metrics))


def kept_monitor(
    stop: Stop, checkpoint: Checkpointing, metrics: Sequence[Metric], *, validation: bool
) -> Monitor | None:
    """Return the monitor whose best epoch is the result of the run; None when that is the last epoch.

    This is the figure ``checkpoint.best``. Where that cannot be measured, it is the figure that patience watches, if
    ``restore_best`` asks for it.
    """
    if checkpoint.best in (None, LAST):
        return None
    if measured(checkpoint.best, validation=validation) == checkpoint.best:
        return Monitor(checkpoint.best, higher_is_better=higher_is_better(checkpoint.best, metrics))
    return (
        stop_monitor(stop, metrics, validation=validation) if stop.patience is not None and stop.restore_best else None
    )


def problems(stop: Stop, checkpoint: Checkpointing, figures: Sequence[str], *, validation: bool) -> Iterator[str]:
    """Yield each figure that the settings name and that no epoch has, as ``path: what``; ``figures`` are a part's.

    ``validation.cost``, being the default, is no problem without a validation part.
    """
    known = [f"{part}.{figure}" for part in ("train", "validation") for figure in figures]
    for where, name in (("train.stop.monitor", stop.monitor), ("checkpoint.best", checkpoint.best)):
        if name is None or (where == "checkpoint.best" and name == LAST):
            continue
        if name not in known:
            yield f"{where}: no such figure, got '{name}'{did_you_mean(name, known)}"
        elif name not in (COST, instead := measured(name, validation=validation)):
            advice = f"set data.validation to a fraction or a count of rows, or name {instead}"
            yield f"{where}: there is no validation part, got '{name}'; {advice}"


def notes(stop: Stop, *, validation: bool) -> Iterator[str]:
    """Yield in words what patience watches, where that is another figure than the settings name."""
    name = measured(stop.monitor, validation=validation)
    if stop.patience is not None and name != stop.monitor:
        yield (
            f"train.stop.monitor: there is no validation part, so patience watches {name}, which cannot show when the "
            "network starts to learn by heart; set data.validation to a fraction or a count of rows"
        )
