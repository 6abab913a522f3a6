"""The way down: gradient descent by any registered optimizer, step by step, with all that was passed.

Knows nothing of formulas: only of a function with a gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.graph import FormulaError
from nntrain.ops.optimizers import Optimizer

BOUND = 1e12  # times its start: a path that leads further away does not come back

ValueAndGradient = Callable[[Array], tuple[float, Array]]


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: a step of ‖Δx‖ ≤ ``tol``, or ``max_steps``; ``noise`` is the deviation added to each gradient."""

    tol: float = 1e-8
    max_steps: int = 1000
    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A path: points (k + 1, n) with their values (k + 1,) and gradients (k + 1, n) without noise; why it stopped.

    ``converged``: the last step was no longer than the tolerance. ``diverged``: it left all bounds, or the domain.
    """

    points: Array
    values: Array
    gradients: Array
    stopped: str
    converged: bool = False
    diverged: bool = False

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.points) - 1


def descend(f: ValueAndGradient, start: Array, optimizer: Optimizer, limits: Limits) -> Course:
    """Go down from start (n,). FormulaError where the function has no value or gradient there.

    x ← x − ε ∇f(x) for plain descent; it stops after the step that is no longer than the tolerance.
    """
    x, slots = start.astype(np.float64), {name: np.zeros_like(start) for name in optimizer.slots}
    value, gradient = f(x)
    points, values, gradients = [x], [value], [gradient]
    stopped, converged, diverged = f"max_steps {limits.max_steps:,} reached", False, False
    rng = generator(limits.seed, Stream.DESCENT)
    for step in range(1, limits.max_steps + 1):
        g = gradient + limits.noise * rng.standard_normal(len(x)) if limits.noise else gradient
        with np.errstate(all="ignore"):
            after, slots = optimizer.update(x, g, slots, step=step, lr=optimizer.lr)  # type: ignore[assignment]
        try:
            value, gradient = f(after)
        except FormulaError as error:
            stopped, diverged = f"step {step:,} leads where there is no value: {error.message}", True
            break
        moved = float(np.linalg.norm(after - x))
        x = after
        points.append(x)
        values.append(value)
        gradients.append(gradient)
        if float(np.abs(x).max()) > BOUND * max(1.0, float(np.abs(start).max())):
            stopped, diverged = f"step {step:,} left all bounds: ‖x‖ = {float(np.linalg.norm(x)):.3g}", True
            break
        if moved <= limits.tol:
            stopped, converged = f"‖Δx‖ ≤ {limits.tol:g} after {step:,} step{'s' if step != 1 else ''}", True
            break
    if not (diverged or converged) and values[-1] > values[0]:
        stopped += "; f has grown"
    return Course(np.array(points), np.array(values), np.array(gradients), stopped, converged, diverged)
