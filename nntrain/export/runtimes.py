"""The programs that exports are run in again: a bare Python with NumPy, ONNX Runtime, PyTorch.

Knows nothing of how an export is made.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import FindingError, MissingExtraError
from nntrain.export.portable import Portable
from nntrain.export.trial import Answers

RUN = """\
import runpy, sys
import numpy as np
with np.load(sys.argv[2]) as given:
    rows = dict(given)
found = runpy.run_path(sys.argv[1])["predict"](rows)
found = found if isinstance(found, tuple) else (None, found)
np.savez(sys.argv[3], labels=[] if found[0] is None else found[0], values=found[1])
"""


def run_python(file: Path, rows: Mapping[str, Array], plain: Portable) -> Answers:
    """Return what a Python file says of rows, in an interpreter of its own that knows nothing of this one (-I)."""
    given, answer = file.with_name("rows.npz"), file.with_name("answer.npz")
    np.savez(given, **dict(rows))  # type: ignore[arg-type]  # the stubs take every name for a setting
    command = [sys.executable, "-I", "-c", RUN, str(file), str(given), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FindingError(f"{file.name}: does not run again: {last}; nothing was written")
    with np.load(answer, allow_pickle=False) as found:
        return Answers(found["values"], found["labels"] if plain.class_names else None)


def run_torch(file: Path, rows: Mapping[str, Array], plain: Portable) -> Answers:
    """Return the same of a file for PyTorch. MissingExtraError without it."""
    need_torch()
    return run_python(file, rows, plain)


def need_torch() -> None:
    """Raise MissingExtraError without PyTorch."""
    try:
        import torch  # noqa: F401  # whether it is there
    except ImportError:
        raise MissingExtraError("export --to torch needs PyTorch: pip install 'nntrain[torch]'") from None


def run_onnx(file: Path, rows: Mapping[str, Array], plain: Portable) -> Answers:
    """Return what ONNX Runtime makes of rows. MissingExtraError without it."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("export --to onnx needs onnxruntime: pip install 'nntrain[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        inputs = {"X": np.column_stack(list(rows.values()))} if not plain.encodes else {}
        for name, column in rows.items() if plain.encodes else ():
            inputs[name] = np.asarray(column, object if plain.columns[name] else np.float64)[:, None]
        found = session.run(None, inputs)
    except Exception as error:  # noqa: BLE001  # its errors have no common class
        raise FindingError(f"{file.name}: ONNX Runtime: {str(error).splitlines()[0]}; nothing was written") from None
    return Answers(np.asarray(found[-1]), np.asarray(found[0]) if plain.class_names else None)
