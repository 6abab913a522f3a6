"""Training from Python: a spec in, a run out. Knows nothing of terminals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from nntrain.artifacts.rundir import RunDir
from nntrain.interface.model import Model, load
from nntrain.interface.plain_spec import Overrides, SpecSource, read_spec
from nntrain.runs import open_run
from nntrain.runs.threads import keep_threads
from nntrain.train.history import flatten


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its directory ``path``, its ``summary``, its complete ``spec``, and ``notes`` worth reading."""

    path: Path
    summary: Mapping[str, Any] = field(repr=False)
    spec: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def figures(self) -> dict[str, float]:
        """The figures of the weights that were kept, by names such as ``validation.cost`` and ``test.accuracy``."""
        parts = {name: self.summary[name] for name in ("train", "validation", "test") if name in self.summary}
        return dict(flatten(parts))

    @property
    def history(self) -> list[dict[str, Any]]:
        """One flat mapping an epoch, ``epoch``, ``train.cost``, … ; ``pandas.DataFrame(run.history)`` is a table."""
        return [dict(flatten(record)) for record in RunDir(self.path).read_metrics()]

    def model(self) -> Model:
        """Return the trained model, with the weights that were kept."""
        return load(self.path)


def fit(
    spec: SpecSource,
    overrides: Overrides = None,
    *,
    run_dir: "str | PathLike[str] | None" = None,
    runs: "str | PathLike[str]" = "runs",
    init_from: "str | PathLike[str] | None" = None,
    plots: bool = False,
    on_epoch: Callable[[dict[str, Any]], object] | None = None,
) -> Run:
    """Train a model as ``nntrain fit`` does, and return the finished run; the files of both are the same.

    ``spec`` is the path of a YAML file, or a mapping that says what such a file would; ``overrides`` are values by
    dotted names, ``{"optimizer.lr": 0.1}``, or texts ``"optimizer.lr=0.1"``. The run gets a new directory in ``runs``,
    or is ``run_dir``, where a run that was interrupted goes on. ``on_epoch`` is called with the record of each epoch,
    flat as in ``Run.history``. Nothing is printed, and signals are left alone: KeyboardInterrupt ends training as it
    ends any other function, and the last checkpoint stays. While it trains, the process has the BLAS threads of the
    spec. Raises SpecError, DataError, DivergenceError and the others of ``nntrain.errors``.

    >>> import nntrain
    >>> spec = {"data": {"source": "iris", "test": 0.2, "scale": "standard"}, "model": "softmax"}
    >>> run = nntrain.fit(spec, {"optimizer.lr": 0.5, "train.epochs": 30})
    >>> run.figures["test.accuracy"] > 0.8
    True
    """
    loaded = read_spec(spec, overrides)
    place = None if run_dir is None else Path(run_dir)
    parent = None if init_from is None else Path(init_from)
    opened = open_run(loaded, runs=Path(runs), run_dir=place, argv=["nntrain.fit"], draw=plots, init_from=parent)
    with keep_threads(), opened as run:
        for record in run.events():
            if on_epoch is not None:
                on_epoch(dict(flatten(record.as_dict())))
        notes = [*run.notes, *getattr(run, "late_notes", ())]
        path, summary = run.directory.path, dict(run.summary)
    spec_then = (RunDir(path).read_record() or {}).get("spec", loaded.resolved)
    return Run(path, summary, spec_then, tuple(notes))
