"""A model as one readable Python file, for NumPy or for PyTorch, with its numbers in an npz archive beside it.

Knows nothing of how the file is tried out.
"""

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np

from nntrain.core.types import Array
from nntrain.export.array_library import HELPERS, Dialect
from nntrain.export.portable import Portable, Stage

UNITS = {
    "identity": "z",
    "sigmoid": "sigmoid(z)",
    "exp": "exp(z)",
    "softmax": "softmax(z)",
}
ENCODE = '''\
def encode(rows):
    """Return features (n, d) of rows, a mapping from the names of COLUMNS to arrays: texts one-hot, gaps filled in."""
    parts = []
    for name, texts in COLUMNS.items():
        column = np.asarray(rows[name])
        if texts is None:
            column = column.astype(float)
            parts.append(np.where(np.isnan(column), FILL.get(name, np.nan), column)[:, None])
        else:
            words = [FILL.get(name, "") if str(w).lower() in GAPS else str(w).strip() for w in column.tolist()]
            parts.append(np.array(words)[:, None] == np.array(texts))
    return np.concatenate(parts, axis=1, dtype=float)
'''
PLAIN = '''\
def encode(rows):
    """Return features (n, d) of rows, an array (n, ...) or a mapping from the names of COLUMNS to arrays (n,)."""
    if hasattr(rows, "keys"):
        rows = np.column_stack([rows[name] for name in COLUMNS])
    return np.asarray(rows, float).reshape(len(rows), -1)
'''


def python_code(plain: Portable, dialect: Dialect, archive: str) -> str:
    """Return the text of the file; ``archive`` is the name of its npz."""
    forward, used = _forward(plain)
    needed = "\n".join(dialect.helpers[name] for name in dialect.helpers if name in used)
    needed += f"\n{dialect.softmax}" if plain.unit == "softmax" else ""
    names = {name: _variable(name) for name in plain.tensors}
    loads = "\n".join(f"{var} = {dialect.load.format(f'stored[{name!r}]')}" for name, var in names.items())
    dtype = plain.dtype
    imports = f"import numpy as np\n{dialect.module}"
    need = "NumPy" if not dialect.module else "NumPy and PyTorch"
    head = f"{plain.name}: a model of {plain.task}, exported by nntrain. It needs {need}, and {archive} beside it."
    return f'''\
"""{head}

    from {archive.removesuffix(".npz")} import predict
    {_returned(plain)} = predict(rows)
"""

from pathlib import Path

{imports}
with np.load(Path(__file__).with_name({archive!r})) as archive:
    stored = dict(archive)
shift, scale = stored["scaler.shift"], stored["scaler.scale"]
{loads}

{_columns(plain)}
{needed.strip()}


{ENCODE if plain.encodes else PLAIN}

def forward(x):
    """Return the scores z (n, {plain.outputs}) for inputs x (n, d)."""
{forward}


def predict(rows):
    """{_says(plain)}"""
    z = forward({dialect.enter.format(dtype=dtype)})
{_answer(plain, dialect)}
'''


def archive_of(plain: Portable) -> dict[str, Array]:
    """Return the arrays that the file reads."""
    own = {"scaler.shift": plain.shift, "scaler.scale": plain.scale, **plain.tensors}
    return {**own, "target.shift": plain.target_shift, "target.units": plain.target_units}


def _variable(name: str) -> str:
    _, index, parameter = name.split(".")
    return f"{parameter}{int(index) + 1}"


def _columns(plain: Portable) -> str:
    if not plain.encodes:
        names = list(plain.columns)
        listed = f"[f'x{{k}}' for k in range({len(names)})]" if names[0] == "x0" and len(names) > 30 else _json(names)
        classes = f"CLASSES = np.array({_json(list(plain.class_names))})\n" if plain.class_names else ""
        return f"COLUMNS = {listed}\n{classes}"
    lines = "".join(f"    {_json(name)}: {_json(list(t)) if t else None},\n" for name, t in plain.columns.items())
    text = f"COLUMNS = {{  # the texts that training saw, None for numbers\n{lines}}}\n"
    text += f"FILL = {json.dumps(dict(plain.fill), ensure_ascii=False)}\n"
    text += (
        f"GAPS = {{{', '.join(_json(word) for word in sorted({w.lower() for w in (*plain.gaps, 'none', 'nan')}))}}}\n"
    )
    return text + (f"CLASSES = np.array({_json(list(plain.class_names))})\n" if plain.class_names else "")


def _forward(plain: Portable) -> tuple[str, set[str]]:
    """Return the lines of the forward pass, one a layer, and the names of the helpers that they and the unit use."""
    lines, text, used = [], "x", set[str]()
    for stage in plain.stages:
        names = {own: _variable(name) for own, name in stage.tensors.items()}
        if stage.graph is None:
            text = f"{text} @ {names['W']}.T" + (f" + {names['b']}" if "b" in names else "")
            lines.append(f"    z = {text}  # {'z = W x + b' if 'b' in names else 'z = W x'}")
            text = "z"
        else:
            formula = _formula(stage, names)
            used |= set(re.findall(r"[a-z]+(?=\()", formula)) & set(HELPERS)
            lines.append(f"    h = {formula}  # h = f(z)")
            text = "h"
    used |= set(re.findall(r"[a-z]+(?=\()", UNITS[plain.unit])) & set(HELPERS)
    if "softplus" in used:
        used |= {"relu", "exp"}
    return "\n".join([*lines, f"    return {text}"]), used


def _formula(stage: Stage, names: Mapping[str, str]) -> str:
    """Return an activation as Python: ``max`` and ``min`` of pairs, parameters by the names of their variables."""
    assert stage.graph is not None
    texts: list[str] = []
    for node in stage.graph.nodes:
        inputs = [texts[i] for i in node.inputs]
        if node.operation is None:
            texts.append(names.get(node.symbol, node.symbol))
        elif node.operation.name in ("max", "min"):
            texts.append(f"{node.operation.name}imum({', '.join(inputs)})")
        elif not node.operation.infix:
            texts.append(f"{node.operation.name}({', '.join(inputs)})")
        elif len(inputs) == 1:
            texts.append(f"-({inputs[0]})")
        else:
            texts.append(f"{_bracketed(inputs[0])} {node.operation.sign} {_bracketed(inputs[1])}")
    return texts[stage.graph.output]


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.]+|[a-z]+\([^()]*\)", text) else f"({text})"


def _returned(plain: Portable) -> str:
    if plain.class_names:
        return "classes, probabilities" if plain.probabilities else "classes, scores"
    return "labels, probabilities" if plain.task == "multilabel" else "values"


def _says(plain: Portable) -> str:
    if plain.class_names:
        what = "probability" if plain.probabilities else "score"
        return f"Return the name of the class of each row (n,), and the {what} of each class (n, c)."
    if plain.task == "multilabel":
        return f"Return 0 or 1 and its probability for each of {', '.join(plain.answers)}: (n, k) each."
    return f"Return {', '.join(plain.answers[:8])}{' and so on' if len(plain.answers) > 8 else ''} of each row, (n, k)."


def _answer(plain: Portable, dialect: Dialect) -> str:
    """Return the lines from scores to what is said."""
    value, scores = dialect.leave.format(UNITS[plain.unit]), dialect.leave.format("z")
    if plain.class_names and plain.single:
        both = "    p = np.hstack([1 - p, p])  # one output is the second class: the first has the rest\n"
        lines = f"    p = {value}\n{both if plain.probabilities else ''}"
        return f"{lines}    return CLASSES[({scores}[:, 0] > {plain.threshold!r}).astype(int)], p"
    if plain.class_names:
        return f"    return CLASSES[{scores}.argmax(1)], {value}"
    if plain.task == "multilabel":
        return f"    return ({scores} > {plain.threshold!r}).astype(int), {value}"
    if plain.task == "reconstruction":
        return f"    return {value} / scale + shift"
    scaled = bool((plain.target_units != 1).any() or plain.target_shift.any())
    undone = ' * stored["target.units"] + stored["target.shift"]' if scaled else ""
    return f"    return {value}{undone}"


def _json(value: str | Sequence[str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def as_archive(arrays: Mapping[str, Array]) -> bytes:
    """Return arrays as the bytes of an npz archive, always the same ones."""
    import io

    file = io.BytesIO()
    np.savez(file, **dict(arrays))  # type: ignore[arg-type]  # the stubs take every name for a setting
    return file.getvalue()
