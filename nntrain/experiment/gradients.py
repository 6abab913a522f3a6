"""The gradient that training runs on against the numerical one: of a spec's network, or of everything that combines.

What is checked are the very calls of a training step, penalty and dropout included, in float64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array, Task
from nntrain.data.dataset import Dataset, Part
from nntrain.experiment.assembly import Assembly, Facts
from nntrain.gradcheck import Report, ValueAndGrad, check
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import MODELS
from nntrain.spec import from_dict
from nntrain.train.job import Job
from nntrain.train.state import State
from nntrain.train.step import Step, Stepper

IN_FLOAT64 = ("train.dtype=float64", "train.batch_size=all")  # laid over a spec before its gradient is checked
ROWS = 8  # examples of the batch
STEPS = 5  # between the two checks
PROBES = 20  # entries checked of each tensor, or of each combination
TASKS: Sequence[Task] = ("classification", "multilabel", "regression")


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """One comparison: of which parameters, after how many steps, and what came out."""

    name: str
    shape: tuple[int, ...]
    steps: int
    report: Report

    @property
    def agrees(self) -> bool:
        """Whether no entry contradicts; entries at a kink have a range to agree with."""
        return self.report.max_error <= self.report.tolerance

    @property
    def decided(self) -> bool:
        """Whether some entry could be compared with a derivative at all."""
        return self.report.n_checked > 0


@dataclass(frozen=True, slots=True)
class Combination:
    """One model with one activation (None where it takes none) and one loss, and its checks."""

    model: str
    activation: str | None
    loss: str
    checks: Sequence[GradientCheck]


def check_spec(assembly: Assembly, data: Dataset, *, probes: int = PROBES) -> list[GradientCheck]:
    """Check every tensor of a spec's network on a few rows of its data, at the start and after a few steps.

    The spec must have been read with ``IN_FLOAT64`` laid over it.
    """
    rows = np.unique(np.linspace(0, len(data.train) - 1, ROWS).astype(np.int64))
    return list(_checks(assembly, data.train.take(rows), probes, by_tensor=True))


def check_all(*, probes: int = PROBES) -> Iterator[Combination]:
    """Check every combination of model, activation and loss on small random data; one at a time."""
    for model, loss in ((model, loss) for model in MODELS for loss in LOSSES):
        takes_unit = "activation" in {field.name for field in fields(MODELS[model])}  # type: ignore[arg-type]
        for unit in ACTIVATIONS if takes_unit else (None,):
            assembly = _small(model, unit, loss)
            if assembly is not None:
                part = _random_part(assembly.facts)
                checks = list(_checks(assembly, part, probes, by_tensor=False))
                yield Combination(model, unit, loss, checks)


def _small(model: str, unit: str | None, loss: str) -> Assembly | None:
    """Return a small network of this combination, None where the parts do not go together."""
    hidden = {"hidden": [4, 3], "activation": unit} if unit is not None else {}
    entry, cost = MODELS[model](), LOSSES[loss]()
    task = next((task for task in TASKS if entry.task(task) in cost.tasks), None)
    if task is None or entry.loss_problem(cost) is not None:
        return None
    spec = from_dict(
        {
            "data": {"source": "xor"},  # a spec needs one; the rows are drawn here
            "model": {"kind": model, **hidden},
            "loss": loss,
            "penalty": {"l1": 1e-3, "l2": 1e-2},
            "train": {"dtype": "float64", "batch_size": "all"},
        }
    )
    names = ("a", "b", "c") if task == "classification" else ()
    return Assembly(
        spec, Facts(task, n_features=5, n_targets=2 if task != "classification" else 1, n_rows=ROWS, class_names=names)
    )


def _random_part(facts: Facts) -> Part:
    rng = generator(0, Stream.PROBE)
    X = rng.uniform(0.0, 1.0, (facts.n_rows, facts.n_features))
    if facts.class_names:
        return Part(X, np.arange(facts.n_rows) % len(facts.class_names))
    y = rng.uniform(0.0, 1.0, (facts.n_rows, facts.n_targets))
    return Part(X, np.rint(y) if facts.task == "multilabel" else y)


def _checks(assembly: Assembly, part: Part, probes: int, *, by_tensor: bool) -> Iterator[GradientCheck]:
    """Yield the checks at initial parameters and after a few steps, tensor by tensor or of all parameters at once."""
    job, params = assembly.job(part), assembly.network.params
    params_of = dict(params.named(params.theta)) if by_tensor else {"all": params.theta}
    grads_of = dict(params.named(params.grad)) if by_tensor else {"all": params.grad}
    assembly.network.initialize(assembly.spec.seed)
    stepper = Stepper(job, State.start(params, job.optimizer))
    step = stepper(next(job.batches.epoch(0)))
    for steps in (0, STEPS):
        _take_steps(stepper, step, steps, job)
        stepper.set_rates(1.0)  # a step may keep its gradient times the learning rate
        for name, view in params_of.items():
            theta = view.reshape(-1)
            report = check(_function(step, theta, grads_of[name].reshape(-1)), theta.copy(), probes=probes)
            yield GradientCheck(name, view.shape, steps, report)


def _take_steps(stepper: Stepper, step: Step, steps: int, job: Job) -> None:
    stepper.set_rates(job.optimizer.lr)
    for _ in range(steps):
        for call in (*step.calls, *stepper.update):
            call()


def _function(step: Step, theta: Array, grad: Array) -> ValueAndGrad:
    """Return the cost of the step as a function of the part ``theta`` of the parameters, left as it was found."""

    def value_and_grad(point: Array) -> tuple[float, Array]:
        before = theta.copy()
        theta[:] = point
        for call in step.calls:
            call()
        theta[:] = before
        return step.cost(), grad

    return value_and_grad
