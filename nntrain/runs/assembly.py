"""From a spec to its data, a network that fits them, and the job of training it.

Knows nothing of run directories; nothing is written to disk.
"""

from dataclasses import dataclass
from functools import cached_property

from nntrain.core.memory import name_memory
from nntrain.core.types import Array, Task
from nntrain.data.batches.in_memory import Batches
from nntrain.data.batches.streamed import batches_of
from nntrain.data.dataset import Dataset, Part
from nntrain.data.formats.on_disk import OnDisk
from nntrain.data.prepare import prepare
from nntrain.data.text import quoted
from nntrain.data.transforms.lazy_inputs import Inputs, LazyInputs
from nntrain.errors import DataError, SpecError, UserError
from nntrain.network import Network
from nntrain.ops.losses import Loss, Weighted
from nntrain.ops.metrics import MetricSet, default_metrics
from nntrain.runs.data_facts import Facts
from nntrain.runs.decision import Decision
from nntrain.runs.optimum import search_problems
from nntrain.runs.threads import settle_threads
from nntrain.spec import Loaded, Spec
from nntrain.train import monitor
from nntrain.train.evaluate import Evaluator
from nntrain.train.health import Probe
from nntrain.train.job import Job
from nntrain.train.monitor import Monitor

IN_FLOAT64 = ("train.dtype=float64", "train.batch_size=all")  # overrides for commands that show exact numbers
SURVEYED = 1 << 21  # values that are looked through before training: a fraction of a second


@dataclass(frozen=True)
class Assembly:
    """Network, loss and metrics of a spec for given data. Parameters are zero until initialised or loaded."""

    spec: Spec
    facts: Facts
    amounts: int = 0  # different whole numbers of a regression's only target, 0 if they are not whole
    decision: Decision = Decision()  # of a model that is trained

    @cached_property
    def task(self) -> Task:
        """What is learned: the task of the data, or the reconstruction of the inputs."""
        return self.spec.model.task(self.facts.task)

    @cached_property
    def loss(self) -> Loss:
        """The loss of the spec, or the default loss of the model. SpecError when it does not fit the data."""
        problem = self._loss_problem()
        if problem:
            raise SpecError(problem)
        return self._loss.settle(self.facts.class_names, self.facts.class_rows)

    @cached_property
    def metrics(self) -> MetricSet:
        """The spec's metrics, or those of the task."""
        unit = self.facts.target_unit if self.task == self.facts.task else 1.0
        chosen = self.spec.metrics
        judge = None if self.decision.is_empty else self.judge
        return MetricSet(default_metrics(self.task) if chosen is None else chosen, self.task, unit, judge)

    @property
    def judge(self) -> Loss:
        """What decides and gives probabilities: the loss, with what was decided after training."""
        return self.decision.loss_of(self.loss)

    @cached_property
    def network(self) -> Network:
        """The network. When it is made, the threads of this process are set and its plan is chosen."""
        facts, spec = self.facts, self.spec
        reconstructs = self.task == "reconstruction"
        n_out = facts.n_features if reconstructs else self.loss.width(len(facts.class_names), facts.n_targets)
        loss = self.loss if spec.data.sample_weight is None else Weighted(self.loss)
        network = Network(
            spec.model.layers(facts.n_features, n_out), loss, n_in=facts.n_features, dtype=spec.train.dtype
        )
        settle_threads(network, spec.train.batch_size, spec.threads)
        return network

    def targets(self, part: Part) -> tuple[Array, Array]:
        """Return (t, y): the encoded targets (n, n_out) of the loss, and the targets of the metrics.

        With a weight of each example, scaled to a mean of 1 over the part, t is (n, n_out + 1).
        """
        if self.task == "reconstruction":
            if isinstance(part.X, LazyInputs) and isinstance(part.X.values, OnDisk):
                raise DataError("data: an autoencoder needs its inputs in memory; set data.source.memory to load")
            return self.network.loss.add_weights(part.array, part.mean_one_weights), part.array
        wrong = self.loss.target_problem(part.y)
        if wrong:
            scaled = "" if self.spec.data.target_scale == "none" else "; set data.target_scale to none"
            raise DataError(f"data: the targets of {_kind(self.loss)} {wrong}{scaled}")
        width, names = self.network.n_out, self.facts.target_names
        column = f"; is column {quoted(names[0])} an id?" if self.facts.class_names and len(names) == 1 else ""
        with name_memory(f"targets of {len(part):,} rows × {width:,} outputs{column}"):
            t = self.loss.encode(part.y, width, self.network.dtype)
            t = self.network.loss.add_weights(t, part.mean_one_weights)
            return t, self.metrics.wanted(part.y, width)

    def evaluator(self, part: Part) -> Evaluator:
        """Return a function that scores the network on a part; it may be called any number of times."""
        t, y = self.targets(part)
        return Evaluator(self.network, self.metrics, self.spec.penalty, part.X, t, y)

    def problems(self, rows: int) -> list[str]:
        """Return every conflict of the spec with data of so many training rows, each as ``path: what``."""
        spec, size = self.spec, self.spec.train.rows_of_batch(rows)
        found = [problem for problem in (self._loss_problem(),) if problem]
        if size > rows:
            found.append(f"train.batch_size: {size} is more than the {rows} training rows; use 'all' for one batch")
        found += spec.parallel.conflicts(size)
        found += self.metrics.problems(self._loss)
        return found + list(search_problems(spec, self._loss, spec.model.layers(self.facts.n_features, 1), rows))

    @property
    def figures(self) -> list[str]:
        """The names of the figures that each part has in an epoch's record."""
        return ["cost", *(metric.name for metric in self.metrics.metrics)]

    def job(self, train: Part, validation: Part | None = None) -> Job:
        """Return the training job on these parts. SpecError with every conflict of spec and data, as ``path: what``."""
        spec, n = self.spec, len(train)
        if problems := self.problems(n):
            raise SpecError(*problems)
        t, y = self.targets(train)
        return Job(
            network=self.network,
            metrics=self.metrics,
            batches=self._batches(train.X, t, y, spec.train.rows_of_batch(n)),
            validation=self.evaluator(validation) if validation else None,
            whole=self.evaluator(train).whole if self.metrics.needs_all else None,
            optimizer=spec.optimizer,
            schedule=spec.schedule,
            penalty=spec.penalty,
            training=spec.train,
            seed=spec.seed,
            spreads=self.metrics.spreads(self.network.loss.targets_of(t)),
            shards=spec.parallel.shards,
            probe=Probe.of(self.network, train, self.targets, spec.train.rows_of_batch(n)),
        )

    def _batches(self, X: Inputs, t: Array, y: Array, size: int) -> Batches:
        itemsize = self.network.dtype.itemsize
        shuffle = self.spec.data.choose_shuffle(*X.shape, itemsize=itemsize, batch_size=size)
        return batches_of(X, t, y, batch_size=size, seed=self.spec.seed, plan=self.network.plan, shuffle=shuffle)

    @property
    def _loss(self) -> Loss:
        return self.spec.loss or self.spec.model.default_loss(self.task, len(self.facts.class_names))

    def _loss_problem(self) -> str | None:
        """Return why the loss fits neither the model nor the data, as ``path: what``, or None."""
        loss = self._loss
        if problem := self.spec.model.loss_problem(loss):
            return f"loss: {problem}, got {_kind(loss)}"
        if self.amounts and self.task == "regression" and self.task not in loss.tasks:
            taken = f"{self.amounts:,} different whole numbers are taken for amounts, and {_kind(loss)} is for classes"
            return f"data.source.task: {taken}; data.source.task: classification takes them for classes"
        if self.task not in loss.tasks:
            return f"loss: {_kind(loss)} is for {' or '.join(loss.tasks)}, the data are {self.task}"
        detail = loss.problem(self.facts.class_names)
        return f"loss.{detail[0]}: {detail[1]}" if detail else None


def assemble(spec: Spec, data: Dataset) -> Assembly:
    """Return the assembly of a spec for its data; DataError when there is nothing to train on."""
    if not len(data.train):
        raise DataError("data: no training rows")
    facts = Facts.of(data)
    return Assembly(spec.settle(facts.task, len(facts.class_names)), facts, data.amounts)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """The data of a spec, the assembly for them, and the training job. Parameters are still zero."""

    data: Dataset
    assembly: Assembly
    job: Job

    @property
    def stop_monitor(self) -> Monitor:
        """The figure that patience watches."""
        stop, metrics = self.assembly.spec.train.stop, self.assembly.metrics.metrics
        return monitor.stop_monitor(stop, metrics, validation=self.data.validation is not None)

    @property
    def kept_monitor(self) -> Monitor | None:
        """The figure whose best epoch is the result of the run; None when that is the last epoch."""
        spec, metrics = self.assembly.spec, self.assembly.metrics.metrics
        has_validation = self.data.validation is not None
        return monitor.kept_monitor(spec.train.stop, spec.checkpoint, metrics, validation=has_validation)

    @property
    def notes(self) -> list[str]:
        """Lines worth telling the user: on the data, and on figures that stand for others."""
        stop = self.assembly.spec.train.stop
        return [*self.data.notes, *monitor.notes(stop, validation=self.data.validation is not None)]


def prepare_run(loaded: Loaded, *, begun: bool = False, surveyed: int = SURVEYED) -> Prepared:
    """Load the data and build the job. Raises DataError, and SpecError with every conflict of spec and data.

    A run that has ``begun`` may watch validation figures without a validation part: earlier versions allowed it.
    Data of up to ``surveyed`` values are looked through for what deserves a warning.
    """
    spec = loaded.spec
    try:
        data = prepare(spec.data, seed=spec.seed, dtype=spec.train.dtype, surveyed=surveyed)
        assembly = assemble(spec, data)
    except DataError as error:
        raise _with_conflicts(loaded, error) from None
    problems = conflicts_of(assembly, len(data.train), measurable=begun or data.validation is not None)
    if problems:
        raise loaded.locate_error(SpecError(*problems))
    return Prepared(data, assembly, assembly.job(data.train, data.validation))


def conflicts_of(assembly: Assembly, rows: int, *, measurable: bool) -> list[str]:
    """Return every conflict of a spec with its data, ``path: what``; ``measurable``: there are validation figures."""
    stop, best = assembly.spec.train.stop, assembly.spec.checkpoint
    return [*assembly.problems(rows), *monitor.problems(stop, best, assembly.figures, validation=measurable)]


def _with_conflicts(loaded: Loaded, error: DataError) -> UserError:
    """Return an error of the data together with what else is wrong, as far as the data can be read at all."""
    spec, conflicts = loaded.spec, []
    try:
        raw = spec.data.load(spec.seed)
        facts = Facts(raw.task, raw.train.X.shape[1], 1, len(raw.train), raw.class_names)
        assembly = Assembly(spec.settle(raw.task, len(raw.class_names)), facts)
        conflicts = conflicts_of(assembly, len(raw.train), measurable=spec.data.validates)
    except DataError:  # it cannot be read: nothing else can be judged
        pass
    located = loaded.locate_error(SpecError(*str(error).splitlines(), *conflicts))
    return located if conflicts else DataError(str(located))


def _kind(entry: object) -> str:
    return str(getattr(entry, "kind", type(entry).__name__))
