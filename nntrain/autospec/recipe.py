"""How to train on data of a given size: model, penalty, optimizer and number of steps, with the reasons.

The figures were chosen by runs on public data sets, compared with scikit-learn (``scripts/compare_sklearn.py``). Knows
nothing of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from nntrain.autospec.yaml_lines import Line, block
from nntrain.core.types import Task

SMALL = 2000  # training rows below which no validation part is set aside
LARGE = 20_000
TEST, VALIDATION = 0.2, 0.1  # shares of all rows
STEPS = 1500  # on a small data set: enough for the cost to level off


@dataclass(frozen=True, slots=True)
class Scope:
    """What the recipe depends on: task, rows, inputs, whether these are pixels, whether there is a test part."""

    task: Task
    rows: int
    inputs: int
    pixels: bool
    tested: bool


def parts_of(scope: Scope) -> Sequence[Line]:
    """Return the lines of a spec for the rows that are not trained on."""
    lines = [] if scope.tested else [Line("test", TEST, "this share of the rows is kept for the final score")]
    if _training_rows(scope) < SMALL:
        why = f"{scope.rows:,} rows are few, so all others are trained on; 0.2 would show overfitting"
        return [*lines, Line("validation", None, why)]
    return [*lines, Line("validation", VALIDATION, "this share is scored after each epoch, and the best epoch is kept")]


def model_of(scope: Scope) -> Sequence[Line]:
    """Return the lines of a spec that follow ``data``."""
    rows = _training_rows(scope)
    rows -= round(VALIDATION * scope.rows) if rows >= SMALL else 0
    plan = next(plan for plan in PLANS if rows < plan.below)
    batch = max(1, min(plan.batch, rows // 4))
    epochs = plan.epochs or min(500, max(30, round(STEPS * batch / rows)))
    steps = epochs * -(-rows // batch)
    return [
        block(
            "model",
            Line("kind", "mlp"),
            Line("hidden", list(plan.hidden), "units of each hidden layer"),
            Line("activation", "relu"),
            Line("init", "glorot_uniform", "small initial weights give smoother predictions")
            if plan.below == SMALL or scope.task == "regression"
            else None,
        ),
        block("penalty", Line("l2", plan.l2, plan.penalty)),
        block("optimizer", Line("kind", "adam", "hardly depends on the scale of the cost"), Line("lr", 2e-3)),
        Line("schedule", "cosine", "the learning rate falls to 0 at the last epoch"),
        block("train", Line("epochs", epochs, f"{steps:,} steps in all"), Line("batch_size", batch)),
    ]


def _training_rows(scope: Scope) -> int:
    """Return the number of rows that are left after the test part is set aside."""
    return scope.rows if scope.tested else scope.rows - round(TEST * scope.rows)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to train on fewer than ``below`` rows; 0 epochs means as many as make ``STEPS`` steps."""

    below: float
    hidden: tuple[int, ...]
    l2: float
    penalty: str
    epochs: int
    batch: int


PLANS = (
    _Plan(SMALL, (128,), 3e-3, "large, since a network soon overfits few rows", 0, 32),
    _Plan(LARGE, (128, 64), 1e-3, "against overfitting", 50, 64),
    _Plan(inf, (128, 64), 1e-4, "small, since there are many rows", 20, 128),
)
