"""The weights of a run or of a file as initial weights: where they come from, whether they fit, what else differs."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import facts as stored_shapes
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.checkpoints import LISTINGS
from nntrain.artifacts.locate import locate
from nntrain.artifacts.plain_file import is_there
from nntrain.artifacts.rundir import RunDir
from nntrain.core.params import Params
from nntrain.core.types import Array
from nntrain.data.transforms.target_scaler import TargetScaler
from nntrain.errors import CheckpointError, SpecError
from nntrain.runs.assembly import Prepared
from nntrain.runs.weight_files import WeightFile, show_shape

PARAMETER = re.compile(r"layers\.\d+\.")
SHOWN = 4  # differences in a message


@dataclass(frozen=True, slots=True, eq=False)
class InitialWeights:
    """A checkpoint whose weights another run starts from. ``notes`` name newer checkpoints that are damaged.

    ``foreign`` holds the arrays of a file that nntrain has not written, whose checkpoint is empty.
    """

    path: Path
    sha256: str
    checkpoint: Checkpoint
    notes: tuple[str, ...] = ()
    foreign: WeightFile | None = None

    @classmethod
    def read(cls, path: Path) -> "InitialWeights":
        """Read and verify a checkpoint, the best one of a run, or the arrays of an npz or safetensors file.

        Raises CheckpointError.
        """
        if not path.is_dir() and storage.is_foreign(data := storage.read(path)):
            foreign = WeightFile(path, data)
            if storage.read(path) != data:
                raise CheckpointError(f"{path}: has changed while it was read")
            return cls(path.resolve(), hashlib.sha256(data).hexdigest(), Checkpoint({}), foreign=foreign)
        for _ in range(LISTINGS):
            file, _, notes = locate(path)
            try:
                data = storage.read(file)
            except CheckpointError:
                if not path.is_dir() or is_there(file):  # else a run has pruned it since
                    raise
                continue
            checkpoint = storage.decode(data, str(file))
            stored_shapes.check(checkpoint.meta, stored_shapes.WEIGHTS, str(file))
            return cls(file.resolve(), hashlib.sha256(data).hexdigest(), checkpoint, notes)
        raise CheckpointError(f"{path}: its checkpoints vanish while they are read; try again")

    @classmethod
    def from_record(cls, facts: Mapping[str, Any]) -> "InitialWeights":
        """Return the parent that a run recorded; CheckpointError when its file is gone or has changed."""
        parent = cls.read(Path(facts["path"]))
        if parent.sha256 != facts["sha256"]:
            raise CheckpointError(f"{parent.path}: has changed since this run was begun from its weights")
        return parent

    @property
    def facts(self) -> dict[str, Any]:
        """What a run records about the checkpoint."""
        spec, meta = self.checkpoint.meta.get("spec"), self.checkpoint.meta
        name = spec.get("name") if isinstance(spec, Mapping) else None
        figures = {key: meta.get(key) for key in ("epoch", "step")}
        return {"path": str(self.path), "sha256": self.sha256, "name": name, **figures}

    def check(self, params: Params) -> None:
        """Raise CheckpointError with the differences when the weights do not fit the parameters of a network."""
        if self.foreign is not None:
            self.foreign.tensors(params)
            return
        here = {name: view.shape for name, view in params.named(params.theta)}
        there = {name: array.shape for name, array in self.checkpoint.tensors.items() if PARAMETER.match(name)}
        names = [name for name in dict.fromkeys([*here, *there]) if here.get(name) != there.get(name)]
        if names:
            shown = [
                f"{name} is {show_shape(there.get(name))} there, {show_shape(here.get(name))} here" for name in names
            ]
            more = [f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []
            differences = "; ".join(shown[:SHOWN] + more)
            raise CheckpointError(f"{self.path}: its weights do not fit the network of the spec: {differences}")

    def tensors(self, params: Params) -> tuple[Mapping[str, Array], Sequence[str]]:
        """Return the weights by the names of the parameters, and notes on what was read otherwise."""
        return self.foreign.tensors(params) if self.foreign else (self.checkpoint.tensors, ())

    def copy_to(self, ready: Prepared) -> Sequence[str]:
        """Copy the weights into the parameters of a network; return notes on what else is different."""
        params = ready.job.network.params
        self.check(params)
        tensors, notes = self.tensors(params)
        with np.errstate(over="ignore"):
            params.load(tensors)
        if not all(map(np.isfinite, (params.theta.min(initial=0), params.theta.max(initial=0)))):
            raise CheckpointError(f"{self.path}: its weights are too large for {params.theta.dtype}")
        remarks = self._differences(ready) if self.foreign is None else ()
        return [*self.notes, *notes, *remarks, *self._precision(tensors, str(ready.job.network.dtype))]

    def _differences(self, ready: Prepared) -> Iterator[str]:
        tensors = self.checkpoint.tensors
        data = self.checkpoint.meta.get("data")
        names = tuple(data.get("class_names") or ()) if isinstance(data, Mapping) else ()
        if names != ready.assembly.facts.class_names:
            yield f"{self.path}: its classes have other names or another order than those of this run's data"
        if not all(_same(tensors.get(name), array) for name, array in ready.data.transform.tensors().items()):
            yield f"{self.path}: its inputs were scaled differently; this run scales them by its own training rows"
        there, here = TargetScaler.restore(tensors).tensors(), ready.data.targets.tensors()
        if there.keys() != here.keys() or not all(_same(there[name], array) for name, array in here.items()):
            yield f"{self.path}: its targets were scaled differently; its outputs are in other units than this run's"

    def _precision(self, tensors: Mapping[str, Array], dtype: str) -> Iterator[str]:
        kinds = {str(array.dtype) for name, array in tensors.items() if PARAMETER.match(name)}
        if kinds != {dtype}:
            yield f"{self.path}: its weights are {' and '.join(sorted(kinds))}, those of this run {dtype}"


def refuse_other_start(directory: RunDir, parent: InitialWeights | None) -> None:
    """Raise SpecError when a directory holds a run that started from other weights than those asked for."""
    record = directory.read_record()
    if record is None:
        return
    recorded, path = record.get("parent"), directory.path
    if recorded is None and parent is not None:
        raise SpecError(f"{path}: this run was begun from fresh weights, not from {parent.path}; use another directory")
    if recorded is not None and parent is None:
        advice = f"nntrain resume {path} goes on with it"
        raise SpecError(f"{path}: this run was begun from the weights of {recorded['path']}; {advice}")
    if recorded is not None and parent is not None and recorded["sha256"] != parent.sha256:
        was = f"{recorded['path']} ({recorded['sha256'][:12]})"
        now = f"{parent.path} ({parent.sha256[:12]})"
        raise SpecError(f"{path}: this run was begun from other weights: {was}, not {now}; use another directory")


def _same(a: Array | None, b: Array) -> bool:
    return a is not None and np.array_equal(a, b)
