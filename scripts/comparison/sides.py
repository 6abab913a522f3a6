"""Both sides of the comparison: what nntrain makes of two files by itself, and scikit-learn with the same settings."""

import io
import json
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from nntrain.cli.entry import run
from nntrain.spec import Spec, load


def ours(train: Path, test: Path | None, folder: Path, seed: int) -> tuple[float, Spec]:
    """Return the test figure of nntrain in percent, and the spec that it wrote for itself."""
    spec, directory = folder / "spec.yaml", folder / "run"
    command("init", "--data", train, *(() if test is None else ("--test-data", test)), "-o", spec)
    command("fit", spec, "--run-dir", directory, "--set", f"seed={seed}", "-q", "--no-plots")
    figures = json.loads((directory / "summary.json").read_text(encoding="utf-8"))["test"]
    return 100 * figures.get("accuracy", figures.get("r2")), load(spec).spec


def command(*arguments: object) -> None:
    """Run a command of nntrain; SystemExit when it fails."""
    with redirect_stdout(io.StringIO()):
        status = run([str(argument) for argument in arguments])
    if status:
        raise SystemExit(f"nntrain {' '.join(map(str, arguments))}: exit {status}")


def theirs(arrays: tuple[Any, Any, Any, Any], spec: Spec, seed: int) -> tuple[float, float]:
    """Return the test figures of scikit-learn's MLP and of its linear model in percent."""
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    X, y, X_test, y_test = arrays
    regression = y.dtype.kind == "f"
    if regression:
        mean, deviation = y.mean(), y.std()
        y, y_test = (y - mean) / deviation, (y_test - mean) / deviation
    batch = int(spec.train.batch_size)
    mlp = (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=getattr(spec.model, "hidden", (64,)),
        alpha=spec.penalty.l2 * batch,  # theirs is divided by the rows of a batch
        batch_size=batch,
        learning_rate_init=getattr(spec.optimizer, "lr", 1e-3),
        max_iter=spec.train.epochs,
        n_iter_no_change=spec.train.epochs,
        early_stopping=spec.data.validation is not None,  # keeps the best epoch, as nntrain does
        random_state=seed,
    )
    linear = LinearRegression() if regression else LogisticRegression(max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the epochs are over
        return 100 * mlp.fit(X, y).score(X_test, y_test), 100 * linear.fit(X, y).score(X_test, y_test)
