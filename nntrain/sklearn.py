"""Estimators for scikit-learn: ``Classifier`` and ``Regressor``, multilayer perceptrons or linear models.

Arrays in memory are trained on with the code of ``nntrain fit``; nothing is written. Needs scikit-learn, the extra
``sklearn``: pip install 'nntrain[sklearn]'. Knows nothing of files and terminals.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from nntrain.core.types import Array
from nntrain.data.dataset import Part
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.errors import MissingExtraError
from nntrain.interface.fitted_arrays import FittedArrays
from nntrain.ops.losses import Loss
from nntrain.runs.data_facts import Facts
from nntrain.spec.emit import inline

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, check_random_state, validate_data
except ImportError:
    raise MissingExtraError("nntrain.sklearn needs scikit-learn: pip install 'nntrain[sklearn]'") from None

__all__ = ["EXCEPTIONS", "Classifier", "Regressor"]

# Checks of scikit-learn that these estimators do not pass, with the reason: for ``check_estimator(…,
# expected_failed_checks=EXCEPTIONS)``.
EXCEPTIONS: Mapping[str, str] = {
    "check_sample_weight_equivalence_on_dense_data": "batches are drawn from rows, and scales measured on them, so "
    "that a row of weight 2 is not drawn as two rows are; a linear model with scale='none', optimizer='lbfgs', lr=None "
    "and batch_size='all' ends at one optimum either way",
}


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators have in common.

    ``hidden`` are the widths of the hidden layers, () for a linear model; ``activation``, ``loss``, ``optimizer`` and
    ``schedule`` are kinds or mappings as in a spec, None its default. ``lr`` None is that of the optimizer. ``scale``
    is fitted on X. ``overrides`` are further values of the spec by dotted names, such as
    ``{"train.clip_norm": 1.0}``. ``random_state`` seeds the weights and the batches.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        *,
        activation: Any = "relu",
        loss: Any = None,
        optimizer: Any = "adam",
        lr: float | None = 0.01,
        schedule: Any = None,
        epochs: int = 100,
        batch_size: Any = 32,
        l1: float = 0.0,
        l2: float = 1e-4,
        scale: str = "standard",
        dtype: str = "float64",
        overrides: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.lr = lr
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.l1 = l1
        self.l2 = l2
        self.scale = scale
        self.dtype = dtype
        self.overrides = overrides
        self.random_state = random_state

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether there is a model."""
        return hasattr(self, "parameters_")

    def _spec(self, n: int, seed: int) -> dict[str, Any]:
        """Return what a spec file would say."""
        wide = {"kind": "mlp", "hidden": [int(width) for width in self.hidden], "activation": self.activation}
        optimizer = dict(self.optimizer) if isinstance(self.optimizer, Mapping) else {"kind": self.optimizer}
        if self.lr is not None:
            optimizer.setdefault("lr", self.lr)
        size = self.batch_size if isinstance(self.batch_size, str) else min(int(self.batch_size), n)
        spec: dict[str, Any] = {
            "seed": seed,
            "data": {"scale": self.scale},
            "model": wide if len(self.hidden) else {"kind": self._linear},
            "optimizer": optimizer,
            "penalty": {"l1": self.l1, "l2": self.l2},
            "train": {"epochs": self.epochs, "batch_size": size, "dtype": self.dtype},
        }
        given = {"loss": self.loss, "schedule": self.schedule}
        return spec | {key: value for key, value in given.items() if value is not None}

    _linear = "linear"

    def _train(self, X: Array, y: Array, weights: Array | None, facts: Facts) -> None:
        """Train on X (n, d) and targets as the network takes them; keep what came of it."""
        own = self.random_state
        seed = int(own) if isinstance(own, int | np.integer) else int(check_random_state(own).randint((1 << 31) - 1))
        texts = [f"{key}={inline(value)}" for key, value in (self.overrides or {}).items()]
        part = Part(np.ascontiguousarray(X), y, weights=weights)
        self._fitted = found = FittedArrays.train(self._spec(len(X), seed), texts, facts, part)
        self.spec_, self.parameters_ = found.spec, found.parameters
        self.loss_curve_, self.n_iter_ = list(found.costs), len(found.costs)

    def _scores(self, X: Any) -> tuple[Array, Loss]:
        """Return the scores (n, c) of X, and the loss that says what they mean."""
        check_is_fitted(self)
        return self._fitted.scores(validate_data(self, X, dtype=np.float64, reset=False))


def _weights(sample_weight: Any, X: Array) -> Array | None:
    if sample_weight is None:
        return None
    weights: Array = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    return weights


class Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A multilayer perceptron, or softmax regression with ``hidden=()``, for any number of classes.

    ``class_weight`` is None, ``balanced`` or a mapping from classes to weights, as in scikit-learn. Fitted:
    ``classes_`` (c,), ``n_features_in_``, ``parameters_`` by name, ``loss_curve_`` and ``n_iter_`` by epoch, ``spec_``.

    >>> import numpy as np
    >>> from nntrain.sklearn import Classifier
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array(["even", "odd", "odd", "even"])
    >>> Classifier((8,), epochs=300).fit(X, y).predict(X)
    array(['even', 'odd', 'odd', 'even'], dtype='<U4')
    """

    _linear = "softmax"

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        *,
        activation: Any = "relu",
        loss: Any = None,
        optimizer: Any = "adam",
        lr: float | None = 0.01,
        schedule: Any = None,
        epochs: int = 100,
        batch_size: Any = 32,
        l1: float = 0.0,
        l2: float = 1e-4,
        scale: str = "standard",
        dtype: str = "float64",
        class_weight: Any = None,
        overrides: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(
            hidden,
            activation=activation,
            loss=loss,
            optimizer=optimizer,
            lr=lr,
            schedule=schedule,
            epochs=epochs,
            batch_size=batch_size,
            l1=l1,
            l2=l2,
            scale=scale,
            dtype=dtype,
            overrides=overrides,
            random_state=random_state,
        )
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (n, d) and classes y (n,); ``sample_weight`` (n,) is how much each row counts."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier: y holds one class only, {self.classes_[0]!r}; at least 2 classes are needed")
        weights = _weights(sample_weight, X)
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weights = by_class if weights is None else by_class * weights
        names = tuple(map(str, range(len(self.classes_))))
        rows = tuple(np.bincount(codes, minlength=len(names)).tolist())
        facts = Facts("classification", X.shape[1], 1, len(X), names, class_rows=rows)
        self._train(X, np.ascontiguousarray(codes, np.int64), weights, facts)
        return self

    def predict(self, X: Any) -> Array:
        """Return the class of each row (n,)."""
        z, loss = self._scores(X)
        return np.asarray(self.classes_[loss.choose(z)])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class (n, c), in the order of ``classes_``."""
        z, loss = self._scores(X)
        p = loss.link(z.astype(np.float64))
        if not loss.gives_probabilities:
            raise ValueError(f"Classifier: the loss {self.loss!r} gives no probabilities")
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p


class Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A multilayer perceptron, or a linear model with ``hidden=()``, for one or several numbers.

    Targets are trained on with mean 0 and deviation 1. Fitted: ``n_features_in_``, ``parameters_`` by name,
    ``loss_curve_`` and ``n_iter_`` by epoch, ``spec_``.

    >>> import numpy as np
    >>> from nntrain.sklearn import Regressor
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> bool(Regressor(epochs=300).fit(x, np.sin(3 * x[:, 0])).score(x, np.sin(3 * x[:, 0])) > 0.98)
    True
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on X (n, d) and numbers y (n,) or (n, k); ``sample_weight`` (n,) is how much each row counts."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._flat = y.ndim == 1
        targets = np.asarray(y, np.float64).reshape(len(y), -1)
        weights = _weights(sample_weight, X)
        scaler = TargetScaler.fit(targets, "standard")
        facts = Facts("regression", X.shape[1], targets.shape[1], len(X), target_unit=scaler.unit)
        self._train(X, scaler.apply(targets, "float64" if self.dtype == "float64" else "float32"), weights, facts)
        self._target = (scaler.shift, scaler.units)
        return self

    def predict(self, X: Any) -> Array:
        """Return the number of each row (n,), or numbers (n, k) where it was trained with several."""
        z, loss = self._scores(X)
        found = TargetScaler(*self._target).undo(loss.link(z).astype(np.float64))
        return found[:, 0] if self._flat else found

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn is to know."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
