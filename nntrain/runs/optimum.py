"""What an optimizer that searches needs of the rest of a spec, and how near to the optimum it ended.

Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nntrain.ops.layers import Layer
from nntrain.ops.losses import Loss
from nntrain.spec import Spec
from nntrain.train.full_batch import FullBatch
from nntrain.train.job import Job
from nntrain.train.state import State


def search_problems(spec: Spec, loss: Loss, layers: Sequence[Layer], rows: int) -> Iterator[str]:
    """Yield why a line search cannot train this spec on so many rows, each as ``path: what``."""
    kind, size, penalty = getattr(spec.optimizer, "kind", ""), spec.train.batch_size, spec.penalty
    if not spec.optimizer.searches:
        return
    if not isinstance(size, str) and size < rows:
        yield f"train.batch_size: {kind} takes all rows at once, got {size}; set it to all, or use another optimizer"
    if any(layer.draws for layer in layers):
        key = next(name for name in ("dropout", "input_dropout", "input_noise") if np.any(getattr(spec.model, name, 0)))
        yield f"model.{key}: {kind} needs one cost for all its steps, and here each draws another; set it to 0"
    if not loss.smooth:
        name = getattr(loss, "kind", "")
        yield f"loss: {kind} needs a cost without kinks, got {name}; use another loss, or sgd with a falling rate"
    if penalty.l1:
        yield f"penalty.l1: {kind} needs a cost without kinks, and l1 has one at 0; use sgd"
    if spec.schedule.per_step or getattr(spec.schedule, "kind", "") != "constant":
        yield f"schedule: {kind} looks for the length of each step itself; leave the schedule constant"
    if spec.train.average is not None:
        yield f"train.average: {kind} ends at an optimum, and a mean of its steps does not; leave it out"
    if spec.train.clip_norm is not None:
        yield f"train.clip_norm: {kind} looks for the length of each step itself; leave it out"


def certificate(job: Job, state: State) -> dict[str, Any]:
    """Return how near the present parameters are to an optimum of the cost on all training rows.

    ``gradient_norm`` is ‖∇J‖₂, penalty included. ``duality_gap`` bounds how far the cost is above the least one: it is
    ‖∇J‖²/(2 l2) where the cost is convex and l2, the least of all layers, shrinks every parameter, as the dual
    variables are those of the scores at hand, and else None.
    """
    params, l2, factors = job.network.params, job.penalty.l2, job.penalty.factors(job.network.params)
    gradient = FullBatch(job, state).look().gradient
    square = float(gradient.dot(gradient))
    convex = len(job.network.layers) == 1 and job.network.loss.unweighted.convex
    least = l2 * (float(factors.min()) if factors is not None else params.n_weights == params.size)
    return {"gradient_norm": square**0.5, "duality_gap": square / (2 * least) if convex and least > 0 else None}
