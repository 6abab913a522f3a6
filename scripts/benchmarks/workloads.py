"""What is trained: the workloads, their inputs from a seed, the weights all start from and the order of the batches.

Every peer gets the same arrays, so that costs can be compared step by step. Must not know any peer.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nntrain.core.rng import Stream, generator

Array = npt.NDArray[Any]
Weights = tuple[tuple[Array, Array], ...]  # (W (out, in), b (out,)) of each layer


@dataclass(frozen=True, slots=True)
class Workload:
    """A network and its batches; ``epochs`` of ``steps`` batches make one timed run.

    ``sizes`` are the widths from input to output; one output unit means sigmoid cross-entropy, several softmax
    cross-entropy. Plain gradient descent, or ``adam`` as published, in float32 with learning rate ``lr``.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    steps: int
    epochs: int = 1
    activation: str = "relu"  # of the hidden layers: "relu" or "tanh"
    lr: float = 0.01
    optimizer: str = "sgd"  # or "adam"

    @property
    def examples(self) -> int:
        """Rows of the training set: whole batches only."""
        return self.steps * self.batch

    @property
    def run_steps(self) -> int:
        """Steps of one timed run."""
        return self.steps * self.epochs

    @property
    def full_batch(self) -> bool:
        """Whether a batch is the whole training set, in its own order."""
        return self.steps == 1

    @property
    def title(self) -> str:
        """The name with the network and batch size, e.g. ``A128 784-100-10 relu (128)``."""
        activation = f" {self.activation}" if len(self.sizes) > 2 else ""
        optimizer = "" if self.optimizer == "sgd" else f" {self.optimizer}"
        return f"{self.name} {'-'.join(map(str, self.sizes))}{activation}{optimizer} ({self.batch})"

    def probe(self, steps: int) -> "Workload":
        """The same network on up to 4 batches, over epochs of so many steps: what cost trajectories are compared on."""
        per_epoch = min(self.steps, 4)
        return replace(self, steps=per_epoch, epochs=steps // per_epoch)

    def quick(self) -> "Workload":
        """The same network for a handful of steps: proves that everything runs, measures nothing."""
        return replace(self, steps=min(self.steps, 4), epochs=min(self.epochs, 20))


BYTE = 1 / 255  # of a pixel's full brightness
WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("S128", (784, 10), 128, 468, epochs=2),
        Workload("S32", (784, 10), 32, 1875),
        Workload("A32", (784, 100, 10), 32, 1875),
        Workload("A128", (784, 100, 10), 128, 468),
        Workload("B128", (784, 512, 512, 10), 128, 100),
        Workload("Adam", (784, 512, 512, 10), 128, 100, lr=0.001, optimizer="adam"),
        Workload("C100", (784, 1000, 1000, 1000, 10), 100, 40, activation="tanh"),
        Workload("D128", (3072, 512, 10), 128, 50),
        Workload("E", (2, 4, 1), 4, 1, epochs=4000, activation="tanh", lr=0.5),
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A workload with its numbers: X (n, d) in [0, 1], y (n,) class indices, starting weights; one dtype throughout.

    ``pixels`` are the bytes that X = pixels / 255 was made of in float32, as an image file holds them; None otherwise.
    """

    workload: Workload
    X: Array
    y: Array
    weights: Weights
    pixels: Array | None = None
    seed: int = 0

    def rows(self, epoch: int) -> Array:
        """Row indices of the batches of an epoch, shape (steps, batch): the order that ``nntrain fit`` has."""
        workload = self.workload
        if workload.full_batch:
            return np.arange(workload.batch)[None]
        order = generator(self.seed, Stream.SHUFFLE, epoch).permutation(workload.examples)
        return order.reshape(workload.steps, workload.batch)

    def astype(self, dtype: str) -> "Problem":
        """The same problem in another precision."""
        weights = tuple((W.astype(dtype), b.astype(dtype)) for W, b in self.weights)
        pixels = self.pixels if dtype == "float32" else None
        return replace(self, X=self.X.astype(dtype), weights=weights, pixels=pixels)


def problem(workload: Workload, seed: int = 0) -> Problem:
    """Draw inputs, labels and weights of a workload; a workload of two inputs is XOR itself."""
    rng = np.random.default_rng([seed, workload.examples])
    X, y, pixels = _xor() if workload.sizes[0] == 2 else _images(rng, workload)
    weights = tuple(_layer(rng, n_in, n_out) for n_in, n_out in pairwise(workload.sizes))
    return Problem(workload, X, y, weights, pixels, seed)


def _xor() -> tuple[Array, Array, None]:
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    return X, np.array([0, 1, 1, 0]), None


def _images(rng: np.random.Generator, workload: Workload) -> tuple[Array, Array, Array]:
    """Pixels in [0, 1], four fifths of them black as in MNIST, labelled by a random linear map; and their bytes."""
    n, d, classes = workload.examples, workload.sizes[0], workload.sizes[-1]
    X = rng.random((n, d), dtype=np.float32)
    X -= np.float32(0.8)
    np.maximum(X, np.float32(0.0), out=X)
    pixels = np.rint(X * np.float32(5.0 * 255.0)).astype(np.uint8)
    np.multiply(pixels, np.float32(BYTE), out=X)
    teacher = rng.standard_normal((d, classes), dtype=np.float32)
    return X, np.argmax(X @ teacher, axis=1), pixels


def _layer(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Array, Array]:
    W = rng.standard_normal((n_out, n_in), dtype=np.float32)
    W *= np.float32(np.sqrt(2.0 / n_in))
    return W, np.zeros(n_out, dtype=np.float32)
