"""Data from formulas: the same seed gives the same points, and every class gets its share of them.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le

from nntrain.core.fields import Count, NonNegative, Positive
from nntrain.core.rng import Stream, generator
from nntrain.core.types import Array
from nntrain.data.dataset import Part, Raw
from nntrain.data.sources.base import SOURCES
from nntrain.errors import DataError

Rows = Annotated[Count, Le(10_000_000)]
Width = Annotated[Count, Le(100_000)]
Classes = Annotated[Count, Ge(2), Le(10_000)]
PLANE = ("x1", "x2")


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Xor:
    """The four points of exclusive or, exactly: as two classes, or as the numbers 0 and 1 (task: regression)."""

    kind: Literal["xor"] = "xor"
    task: Literal["classification", "regression"] = "classification"
    formula: ClassVar[str] = "y = x1 ⊕ x2 on {0, 1}²"

    def load(self, seed: int) -> Raw:
        """Return (0, 0), (0, 1), (1, 0), (1, 1) with 0, 1, 1, 0; the seed does not matter."""
        X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float64)
        y = np.array([0, 1, 1, 0])
        if self.task == "regression":
            return Raw(Part(X, y[:, None].astype(np.float64)), None, "regression", (), PLANE, ("y",))
        return Raw(Part(X, y), None, "classification", ("0", "1"), PLANE)


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Spirals:
    """Spiral arms winding out of the origin, one a class; ``noise`` is the deviation of the angle in radians."""

    kind: Literal["spirals"] = "spirals"
    n: Rows = 600
    classes: Classes = 3
    turns: Positive = 0.75
    noise: NonNegative = 0.2
    formula: ClassVar[str] = "x = r (sin φ, cos φ), φ = 2π (turns r + y/classes) + noise ε, r in (0, 1]"

    def load(self, seed: int) -> Raw:
        """Return points in the unit circle."""
        rng = generator(seed, Stream.SYNTHETIC)
        y = _labels(self.n, self.classes)
        radius = (y.searchsorted(y, "right") - np.arange(self.n)) / np.bincount(y)[y]  # evenly in (0, 1] along each arm
        angle = 2 * np.pi * (self.turns * radius + y / self.classes) + self.noise * rng.standard_normal(self.n)
        return _classes(radius[:, None] * np.stack((np.sin(angle), np.cos(angle)), axis=1), y, self.classes)


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Moons:
    """Two half circles, each reaching into the other; ``noise`` is the deviation of each coordinate."""

    kind: Literal["moons"] = "moons"
    n: Rows = 400
    noise: NonNegative = 0.1
    formula: ClassVar[str] = "(cos φ, sin φ) and (1 - cos φ, ½ - sin φ) + noise ε, φ in [0, π]"

    def load(self, seed: int) -> Raw:
        """Return points around two arcs of radius 1."""
        rng = generator(seed, Stream.SYNTHETIC)
        y = _labels(self.n, 2)
        angle = np.pi * rng.random(self.n)
        upper = np.stack((np.cos(angle), np.sin(angle)), axis=1)
        X = np.where(y[:, None] == 0, upper, np.array([1.0, 0.5]) - upper)
        return _classes(X + self.noise * rng.standard_normal(X.shape), y, 2)


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Blobs:
    """Round Gaussian clouds, one a class, centres drawn from a cube; ``noise`` is their standard deviation."""

    kind: Literal["blobs"] = "blobs"
    n: Rows = 300
    features: Width = 2
    classes: Classes = 3
    noise: NonNegative = 1.0
    box: Positive = 10.0
    formula: ClassVar[str] = "x = c_y + noise ε, c uniform in [-box, box]^features"

    def load(self, seed: int) -> Raw:
        """Return points (n, features)."""
        rng = generator(seed, Stream.SYNTHETIC)
        y = _labels(self.n, self.classes)
        centres = rng.uniform(-self.box, self.box, (self.classes, self.features))
        X = centres[y] + self.noise * rng.standard_normal((self.n, self.features))
        return _classes(X, y, self.classes)


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Rings:
    """Circles around the origin with radius 1, 2, …, one a class; ``noise`` is the deviation of each coordinate."""

    kind: Literal["rings"] = "rings"
    n: Rows = 400
    classes: Classes = 2
    noise: NonNegative = 0.1
    formula: ClassVar[str] = "x = (y + 1) (cos φ, sin φ) + noise ε, φ in [0, 2π)"

    def load(self, seed: int) -> Raw:
        """Return points at random angles."""
        rng = generator(seed, Stream.SYNTHETIC)
        y = _labels(self.n, self.classes)
        angle = 2 * np.pi * rng.random(self.n)
        X = (y + 1)[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
        return _classes(X + self.noise * rng.standard_normal(X.shape), y, self.classes)


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Linear:
    """Numbers from a linear map with Gaussian weights and noise: what least squares recovers."""

    kind: Literal["linear"] = "linear"
    n: Rows = 200
    features: Width = 3
    targets: Width = 1
    noise: NonNegative = 0.1
    formula: ClassVar[str] = "y = W x + b + noise ε, x, W, b standard normal"

    def load(self, seed: int) -> Raw:
        """Return inputs (n, features) and targets (n, targets)."""
        rng = generator(seed, Stream.SYNTHETIC)
        W = rng.standard_normal((self.targets, self.features))
        b = rng.standard_normal(self.targets)
        X = rng.standard_normal((self.n, self.features))
        y = X @ W.T + b + self.noise * rng.standard_normal((self.n, self.targets))  # y = W x + b + noise ε
        names = tuple(f"y{i + 1}" for i in range(self.targets))
        return Raw(Part(X, y), None, "regression", (), _feature_names(self.features), names)


def _labels(n: int, classes: int) -> Array:
    """Return n class indices in ascending order, as many of each as can be; DataError when a class would get none."""
    if n < classes:
        raise DataError(f"data.source.n: {n} points are too few for {classes} classes")
    return np.arange(n) * classes // n


def _classes(X: Array, y: Array, classes: int) -> Raw:
    names = tuple(str(index) for index in range(classes))
    return Raw(Part(X, y), None, "classification", names, _feature_names(X.shape[1]))


def _feature_names(features: int) -> tuple[str, ...]:
    return tuple(f"x{i + 1}" for i in range(features))
