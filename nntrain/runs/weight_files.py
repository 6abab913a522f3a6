"""Weights that other programs have stored, npz or safetensors, as the parameters of a network.

Three ways of naming are known, and each says how a matrix lies: ``layers.0.W`` and ``layers.0.b`` of nntrain,
``0.weight`` and ``0.bias`` of PyTorch, both (out, in), and ``dense/kernel`` and ``dense/bias`` of Keras, (in, out).
Where the shapes say otherwise for every matrix, all are turned. No pickle is ever loaded. Knows nothing of runs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from nntrain.artifacts import checkpoint as storage
from nntrain.core.params import Params
from nntrain.core.types import Array
from nntrain.data.formats.npy import Npz
from nntrain.errors import CheckpointError, DataError

ZIP, HDF5 = b"PK", b"\x89HDF"  # how npz and HDF5 begin
OWN = re.compile(r"(?P<layer>layers\.\d+)\.(?P<role>W|b|slope)")
TORCH = re.compile(r"(?:(?P<layer>.+)\.)?(?P<role>weight|bias)")
KERAS = re.compile(r"(?:(?P<layer>.+)/)?(?P<role>kernel|bias|alpha)(:0)?")
ROLES = {"weight": "W", "kernel": "W", "bias": "b", "alpha": "slope"}
KNOWN = "layers.0.W (out × in) and layers.0.b, or PyTorch's 0.weight (out × in), or Keras' dense/kernel (in × out)"
ADVICE = "store the arrays by name with numpy.savez or safetensors"
WAYS = ("out × in", "in × out")
NUMBER = re.compile(r"_?(\d+)")
SHOWN = 4  # names or differences in a message

Shapes = Mapping[str, tuple[int, ...]]


class WeightFile:
    """The arrays of a file, by their names there. CheckpointError for a file that does not hold numbers by name."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.arrays = _of_npz(path) if data.startswith(ZIP) else _of_safetensors(path, data)
        for name, array in self.arrays.items():
            if array.dtype.kind not in "biuf":
                raise CheckpointError(f"{path}: {name}: values of type {array.dtype} are no weights")
            if not np.isfinite(array).all():
                raise CheckpointError(f"{path}: {name}: has values that are not finite")
        matches = {one: [name for name in self.arrays if one.fullmatch(name)] for one in (OWN, TORCH, KERAS)}
        self._pattern = max(matches, key=lambda one: len(matches[one]))
        if not matches[self._pattern]:
            names = ", ".join(list(self.arrays)[:SHOWN]) + (", …" if len(self.arrays) > SHOWN else "")
            raise CheckpointError(f"{path}: its arrays have names of no known kind, {names}; known are {KNOWN}")
        self._turned = self._pattern is KERAS  # whether its names stand for matrices (in, out)

    def tensors(self, params: Params) -> tuple[dict[str, Array], Sequence[str]]:
        """Return the arrays under the names of a network's parameters, (out, in), and notes on what was read otherwise.

        Raises CheckpointError with every array that is missing, left over or of another shape.
        """
        here = {name: view.shape for name, view in params.named(params.theta)}
        names = self._names(here)
        ways = (self._turned, not self._turned)
        turned = next((way for way in ways if self._fit(names, here, way)), self._turned)
        problems = list(self._problems(names, here, turned))
        if problems:
            shown = problems[:SHOWN] + ([f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else [])
            raise CheckpointError(f"{self.path}: its weights do not fit the network of the spec: {'; '.join(shown)}")
        usual, is_now = WAYS[self._turned], WAYS[turned]
        otherwise = f"{self.path}: its matrices are {is_now}, though their names stand for {usual}; they are read so"
        tensors = {name: _turn(self.arrays[there], turned) for name, there in names.items()}
        return tensors, [] if turned == self._turned else [otherwise]

    def _names(self, here: Shapes) -> dict[str, str]:
        """Return for each parameter its name in the file, as far as there is one."""
        own, wanted = self._layers(), _layers_of(here)
        if self._pattern is OWN:
            places = {layer: layer for layer in own if layer in wanted}
        else:
            places = dict(zip(wanted, self._in_order(own, wanted, here), strict=False))
        names = {}
        for place, layer in places.items():
            for role, name in own[layer].items():
                alone = role == "W" and len(wanted[place]) == 1  # PyTorch calls learned slopes weights
                names[wanted[place][0] if alone else f"{place}.{role}"] = name
        return {name: names[name] for name in here if name in names}

    def _layers(self) -> dict[str, dict[str, str]]:
        """Return the layers of the file, in its order: each the roles of its arrays with their names."""
        layers: dict[str, dict[str, str]] = {}
        for name in self.arrays:
            if match := self._pattern.fullmatch(name):
                layers.setdefault(match["layer"] or "", {})[ROLES.get(match["role"], match["role"])] = name
        return layers

    def _in_order(
        self, own: Mapping[str, Mapping[str, str]], wanted: Mapping[str, Sequence[str]], here: Shapes
    ) -> Sequence[str]:
        """Return the layers of the file from the first to the last: by their numbers, or else by their shapes."""
        if len({NUMBER.sub("", layer) for layer in own}) == 1:
            return sorted(own, key=lambda layer: [int(number) for number in NUMBER.findall(layer)])
        shapes = {layer: [self.arrays[name].shape for name in roles.values()] for layer, roles in own.items()}
        for turned in (self._turned, not self._turned):
            needed = [sorted(here[name][:: -1 if turned else 1] for name in names) for names in wanted.values()]
            fit = [[layer for layer in own if sorted(shapes[layer]) == shape] for shape in needed]
            if all(len(layers) == 1 for layers in fit) and len(fit) == len(own):
                return [layers[0] for layers in fit]
        names = ", ".join(own)
        raise CheckpointError(f"{self.path}: which of its layers comes first is not clear: {names}; number them")

    def _fit(self, names: Mapping[str, str], here: Shapes, turned: bool) -> bool:
        return all(_turn(self.arrays[there], turned).shape == here[name] for name, there in names.items())

    def _problems(self, names: Mapping[str, str], here: Shapes, turned: bool) -> Iterator[str]:
        for name, shape in here.items():
            there = names.get(name)
            if there is None:
                yield f"{name} is missing there, {show_shape(shape)} here"
            elif (found := _turn(self.arrays[there], turned).shape) != shape:
                called = there if there == name else f"{there} ({name})"
                yield f"{called} is {show_shape(found)} there, {show_shape(shape)} here"
        yield from (f"{there} has no place here" for there in self.arrays if there not in names.values())


def show_shape(dims: tuple[int, ...] | None) -> str:
    """Return a shape in words."""
    return "missing" if dims is None else "×".join(map(str, dims)) or "one number"


def _layers_of(here: Shapes) -> dict[str, list[str]]:
    """Return the layers of a network: each the names of its parameters."""
    layers: dict[str, list[str]] = {}
    for name in here:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    return layers


def _turn(array: Array, turned: bool) -> Array:
    return array.T if turned and array.ndim == 2 else array


def _of_npz(path: Path) -> Mapping[str, Array]:
    try:
        archive = Npz(path)
        arrays = {name: archive.read(name) for name in archive.members}
    except DataError as error:
        raise CheckpointError(str(error)) from None
    if not arrays:
        pickled = "a pickle, as torch.save makes, is never loaded"
        raise CheckpointError(f"{path}: is an archive without arrays; {pickled}; {ADVICE}")
    return arrays


def _of_safetensors(path: Path, data: bytes) -> Mapping[str, Array]:
    if data.startswith(HDF5):
        raise CheckpointError(f"{path}: is HDF5, which is not read; {ADVICE}")
    try:
        return storage.foreign_tensors(data)
    except ValueError as error:
        raise CheckpointError(f"{path}: its arrays cannot be read ({error}); {ADVICE}") from None
