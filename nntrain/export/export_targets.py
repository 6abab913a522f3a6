"""The targets of an export: which files each is made of, and in which program it is run again before it is kept.

Knows nothing of terminals.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts import durable
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.csv_text import csv_text
from nntrain.artifacts.row_files import number_form
from nntrain.artifacts.scratch import scratch_folder
from nntrain.core.types import Array
from nntrain.errors import FindingError
from nntrain.export.array_library import NUMPY, PYTORCH, Dialect
from nntrain.export.onnx_graph import onnx_bytes
from nntrain.export.portable import Portable, portable
from nntrain.export.python_code import archive_of, as_archive, python_code
from nntrain.export.runtimes import need_torch, run_onnx, run_python, run_torch
from nntrain.export.trial import Answers, Trial
from nntrain.runs.evaluation import predict_rows
from nntrain.runs.trained import Trained, open_model

Files = Mapping[str, bytes]  # by name, the one that a user is told of first


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written, where the export was run again, and by how much its values differ at most."""

    files: tuple[Path, ...]
    runtime: str
    difference: float


@dataclass(frozen=True, slots=True)
class Target:
    """A target: the ending of its file, and its files for a model and a name; ``run`` runs it again."""

    ending: str
    files: Callable[[Trained, Portable, str], Files]
    run: Callable[[Path, Mapping[str, Array], Portable], Answers]
    runtime: str


def export(model: Trained, to: str, path: Path) -> Exported:
    """Write a model for another program, after it was run again there with the same results.

    SpecError for a part that the target cannot hold; FindingError where it disagrees with nntrain. Nothing is left
    behind then.
    """
    target, plain = TARGETS[to], portable(model)
    files = target.files(model, plain, path.name)
    trial = Trial.of(model, plain)
    with durable.report_write_errors(path), scratch_folder("nntrain-") as folder:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        found = target.run(folder / path.name, trial.rows, plain)
        difference = trial.compare(found, plain, path.name)
    written = tuple(path.with_name(name) for name in files)
    for file, data in zip(written, files.values(), strict=True):
        durable.write_bytes(file, data)
    return Exported(written, target.runtime, difference)


def files_beside(to: str, path: Path) -> list[Path]:
    """Return the files that an export to ``path`` would make."""
    return [path, *([path.with_suffix(".npz")] if TARGETS[to].ending == ".py" else [])]


def _python(dialect: Dialect) -> Callable[[Trained, Portable, str], Files]:
    def files(model: Trained, plain: Portable, name: str) -> Files:
        if dialect.module:
            need_torch()
        archive = Path(name).with_suffix(".npz").name
        return {name: python_code(plain, dialect, archive).encode(), archive: as_archive(archive_of(plain))}

    return files


def _onnx(model: Trained, plain: Portable, name: str) -> Files:
    return {name: onnx_bytes(plain)}


def _safetensors(model: Trained, plain: Portable, name: str) -> Files:
    """Return the checkpoint without what only training needs: it is a model to nntrain, and tensors to others."""
    stored = storage.load(model.path)
    own = {*plain.tensors, *model.transform.tensors(), *model.targets.tensors()}
    meta = {key: value for key, value in stored.meta.items() if key not in ("state", "cut")}
    return {name: storage.encode(Checkpoint({k: v for k, v in stored.tensors.items() if k in own}, meta))}


def _run_safetensors(file: Path, rows: Mapping[str, Array], plain: Portable) -> Answers:
    from nntrain.data.given_inputs import GivenInputs

    model = open_model(file)
    words = getattr(model.assembly.spec.data.source, "words", None)
    X: Any = rows if model.wanted.columns or plain.encodes else np.column_stack(list(rows.values()))
    said = predict_rows(model, GivenInputs(model.wanted, words).read(X))
    return Answers(said.values, np.array(said.labels) if plain.class_names else None)


def _csv(model: Trained, plain: Portable, name: str) -> Files:
    """Return one long table of all numbers: tensor, row, column, value."""
    lines = [csv_text(["tensor", "row", "column", "value"], ())]
    for tensor, array in archive_of(plain).items():
        matrix = array.reshape(len(array), -1)
        form = f"{tensor},%d,%d,{number_form(array.dtype)}\n"
        lines += [form % (i, j, value) for i, row in enumerate(matrix.tolist()) for j, value in enumerate(row)]
    return {name: "".join(lines).encode()}


def _run_csv(file: Path, rows: Mapping[str, Array], plain: Portable) -> Answers:
    """Return what the tensors in the table make of rows, read back and run as the file for NumPy would be."""
    own, found = archive_of(plain), dict[str, dict[tuple[int, int], float]]()
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        tensor, i, j, value = line.split(",")
        found.setdefault(tensor, {})[int(i), int(j)] = float(value)
    for tensor, array in own.items():
        back = np.zeros((len(array), array.size // len(array)), array.dtype)
        for place, number in found[tensor].items():
            back[place] = number
        if not np.array_equal(back.reshape(array.shape), array):
            raise FindingError(f"{file.name}: {tensor} does not come back as it was; nothing was written")
    code = file.with_suffix(".py")
    code.write_text(python_code(plain, NUMPY, "tensors.npz"), encoding="utf-8")
    file.with_name("tensors.npz").write_bytes(as_archive(own))
    return run_python(code, rows, plain)


TARGETS: Mapping[str, Target] = {
    "numpy": Target(".py", _python(NUMPY), run_python, "a bare Python with NumPy"),
    "onnx": Target(".onnx", _onnx, run_onnx, "ONNX Runtime"),
    "torch": Target(".py", _python(PYTORCH), run_torch, "PyTorch"),
    "safetensors": Target(".safetensors", _safetensors, _run_safetensors, "nntrain"),
    "csv": Target(".csv", _csv, _run_csv, "a bare Python with NumPy"),
}
