"""Parameters: one flat theta and one flat grad, with named views of the same memory for every layer.

Weights (what a penalty applies to) stand first, in the order of the layers; biases and slopes follow. Optimizers see
two vectors; layers see ``p.W`` (out, in) and ``p.b`` (out,). Knows nothing of what the layers compute.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt

from nntrain.core.memory import LINE, name_memory, zeros
from nntrain.core.types import Array


@dataclass(frozen=True, slots=True)
class Shape:
    """A parameter's shape, and whether it is a weight, which penalties apply to."""

    dims: tuple[int, ...]
    weight: bool = False

    @property
    def size(self) -> int:
        """Number of entries."""
        return prod(self.dims)


class Params:
    """``theta`` (P,) and ``grad`` (P,), and a namespace of named views per layer into each."""

    def __init__(self, shapes: Sequence[Mapping[str, Shape]], dtype: npt.DTypeLike) -> None:
        self.shapes = tuple(shapes)
        self.size = sum(shape.size for layer in shapes for shape in layer.values())
        self.n_weights = sum(shape.size for layer in shapes for shape in layer.values() if shape.weight)
        if self.size * np.dtype(dtype).itemsize > sys.maxsize - LINE:  # or NumPy says that some dimension is too large
            raise MemoryError(f"{self.size:,} parameters")
        with name_memory(f"{self.size:,} parameters"):
            self.theta: Array = zeros(self.size, dtype)
            self.grad: Array = zeros(self.size, dtype)
        self.values = self._views(self.theta)
        self.grads = self._views(self.grad)

    def named(self, vector: Array) -> Iterator[tuple[str, Array]]:
        """Yield ("layers.0.W", view) for each parameter of a vector laid out like theta; i counts layers with any."""
        layers = [(shapes, views) for shapes, views in zip(self.shapes, self._views(vector), strict=True) if shapes]
        for index, (shapes, views) in enumerate(layers):
            for name in shapes:
                yield f"layers.{index}.{name}", getattr(views, name)

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Overwrite theta with tensors named as by ``named``; KeyError or ValueError when one is missing or misfits."""
        for name, view in self.named(self.theta):
            if tensors[name].shape != view.shape:
                raise ValueError(f"{name} is {tensors[name].shape}, the model needs {view.shape}")
            view[...] = tensors[name]

    def _views(self, vector: Array) -> tuple[SimpleNamespace, ...]:
        weight_at, other_at = 0, self.n_weights
        namespaces = []
        for layer in self.shapes:
            views = {}
            for name, shape in layer.items():
                start = weight_at if shape.weight else other_at
                views[name] = vector[start : start + shape.size].reshape(shape.dims)
                if shape.weight:
                    weight_at += shape.size
                else:
                    other_at += shape.size
            namespaces.append(SimpleNamespace(**views))
        return tuple(namespaces)
