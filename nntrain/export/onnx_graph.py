"""A model as an ONNX graph: raw columns in, class names and probabilities out.

Numbers come in as float64 and are scaled in it, as nntrain does. Knows nothing of how the graph is tried out.
"""

from typing import Any

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import MissingExtraError, SpecError
from nntrain.export.portable import Portable, Stage

OPSET, ML_OPSET, IR = 17, 3, 8  # old enough for the runtimes of three years
SAME = ("add", "sub", "mul", "div", "neg", "pow", "exp", "log", "sqrt", "abs", "sigmoid", "tanh", "relu", "softplus")
OPS = {name: name.capitalize() for name in (*SAME, "max", "min", "sign")}


def onnx_bytes(plain: Portable) -> bytes:
    """Return a checked model. MissingExtraError without onnx; SpecError for an operation that it does not have."""
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("export --to onnx needs onnx: pip install 'nntrain[onnx]'") from None
    model = _Builder(plain, onnx).model()
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


class _Builder:
    """Adds one node after another; each method returns the name of its result."""

    def __init__(self, plain: Portable, onnx: Any) -> None:
        self.plain, self.onnx, self.helper = plain, onnx, onnx.helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []

    def model(self) -> Any:
        plain, types = self.plain, self.onnx.TensorProto
        number = types.FLOAT if plain.dtype == "float32" else types.DOUBLE
        x = self._cast(self._scaled(self._columns()), number)
        for stage in plain.stages:
            x = self._dense(x, stage) if stage.graph is None else self._formula(x, stage)
        outputs = self._answer(x, number)
        graph = self.helper.make_graph(self.nodes, plain.name, self.inputs, outputs, self.constants)
        sets = [self.helper.make_opsetid("", OPSET), self.helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model = self.helper.make_model(graph, opset_imports=sets, producer_name="nntrain")
        model.ir_version = IR
        return model

    def _node(self, op: str, *inputs: str, domain: str = "", out: str = "", **attributes: Any) -> str:
        name = out or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(op, list(inputs), [name], domain=domain, **attributes))
        return name

    def _constant(self, value: Array, name: str = "") -> str:
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _cast(self, x: str, to: int) -> str:
        return self._node("Cast", x, to=to)

    def _columns(self) -> str:
        """Return the features (n, d) in float64: the input X, or one input a column where texts are encoded."""
        plain, types, value = self.plain, self.onnx.TensorProto, self.helper.make_tensor_value_info
        if not plain.encodes:
            self.inputs.append(value("X", types.DOUBLE, ["n", len(plain.columns)]))
            return "X"
        parts = []
        for name, texts in plain.columns.items():
            self.inputs.append(value(name, types.STRING if texts else types.DOUBLE, ["n", 1]))
            parts.append(self._one_hot(name, texts) if texts else self._filled(name))
        return self._node("Concat", *parts, axis=1)

    def _filled(self, name: str) -> str:
        if name not in self.plain.fill:
            return name
        fill = self._constant(np.array(self.plain.fill[name], np.float64))
        return self._node("Where", self._node("IsNaN", name), fill, name)

    def _one_hot(self, name: str, texts: Any) -> str:
        known, ml = list(texts), "ai.onnx.ml"
        x = name
        if name in self.plain.fill:
            gaps = {form for word in self.plain.gaps for form in (word, word.upper(), word.title())} - set(known)
            keys, values = [*known, *sorted(gaps)], [*known, *[str(self.plain.fill[name])] * len(gaps)]
            x = self._node(
                "LabelEncoder", name, domain=ml, keys_strings=keys, values_strings=values, default_string="\0"
            )
        hot = self._node("OneHotEncoder", x, domain=ml, cats_strings=known, zeros=1)
        flat = self._constant(np.array([-1, len(known)], np.int64))
        return self._cast(self._node("Reshape", hot, flat), self.onnx.TensorProto.DOUBLE)

    def _scaled(self, x: str) -> str:
        shifted = self._node("Sub", x, self._constant(self.plain.shift, "scaler.shift"))
        return self._node("Mul", shifted, self._constant(self.plain.scale, "scaler.scale"))

    def _dense(self, x: str, stage: Stage) -> str:
        weights = [stage.tensors[name] for name in ("W", "b") if name in stage.tensors]
        for name in weights:
            self._constant(self.plain.tensors[name], name)
        return self._node("Gemm", x, *weights, transB=1)

    def _formula(self, z: str, stage: Stage) -> str:
        """Return f(z): one node for each of the formula."""
        assert stage.graph is not None
        dtype, names = np.dtype(self.plain.dtype), dict[int, str]()
        for node in stage.graph.nodes:
            inputs = [names[i] for i in node.inputs]
            if node.constant is not None:
                names[node.index] = self._constant(np.array(node.constant, dtype))
            elif node.operation is None and node.symbol == "z":
                names[node.index] = z
            elif node.operation is None:
                key = stage.tensors[node.symbol]
                names[node.index] = self._constant(self.plain.tensors[key], key)
            elif node.operation.name in OPS:
                names[node.index] = self._node(OPS[node.operation.name], *inputs)
            elif node.operation.name in ("step", "part"):
                names[node.index] = self._special(stage, node, inputs)
            else:
                raise SpecError(f"export: ONNX has no operation {node.operation.name}")
        return names[stage.graph.output]

    def _special(self, stage: Stage, node: Any, inputs: list[str]) -> str:
        number = self.helper.np_dtype_to_tensor_dtype(np.dtype(self.plain.dtype))
        if node.operation.arity == 1:
            return self._cast(self._node("Greater", inputs[0], self._constant(np.zeros((), self.plain.dtype))), number)
        assert stage.graph is not None
        index, count = (int(stage.graph.nodes[i].constant or 0) for i in node.inputs[1:])
        at = next(k for k, other in enumerate(self.plain.stages) if other is stage)
        width = len(self.plain.tensors[self.plain.stages[at - 1].tensors["W"]]) // count
        ends = [self._constant(np.array([end], np.int64)) for end in ((index - 1) * width, index * width, 1)]
        return self._node("Slice", inputs[0], *ends)

    def _answer(self, z: str, number: int) -> list[Any]:
        plain, types, value = self.plain, self.onnx.TensorProto, self.helper.make_tensor_value_info
        p = {"softmax": "Softmax", "sigmoid": "Sigmoid", "exp": "Exp"}.get(plain.unit)
        axis: dict[str, Any] = {"axis": 1} if plain.unit == "softmax" else {}
        y = self._node(p, z, **axis) if p else z
        name = "probabilities" if plain.probabilities else "scores" if plain.class_names else "values"
        limit = self._constant(np.array(plain.threshold, plain.dtype))
        if plain.class_names:
            if plain.single:
                column = self._node("Squeeze", z, self._constant(np.array([1], np.int64)))
                chosen = self._cast(self._node("Greater", column, limit), types.INT64)
                rest = self._node("Sub", self._constant(np.ones((), plain.dtype)), y)
                y = self._node("Concat", rest, y, axis=1) if plain.probabilities else y
            else:
                chosen = self._node("ArgMax", z, axis=1, keepdims=0)
            keys = list(range(len(plain.class_names)))
            names = list(plain.class_names)
            self._node("LabelEncoder", chosen, domain="ai.onnx.ml", out="class", keys_int64s=keys, values_strings=names)
            self._node("Identity", y, out=name)
            return [value("class", types.STRING, ["n"]), value(name, number, ["n", None])]
        if plain.task == "multilabel":
            self._node("Cast", self._node("Greater", z, limit), out="labels", to=types.INT64)
            self._node("Identity", y, out=name)
            return [value("labels", types.INT64, ["n", None]), value(name, number, ["n", None])]
        return [self._undone(y, value, types)]

    def _undone(self, y: str, value: Any, types: Any) -> Any:
        """Return the output in the units of the data, in float64."""
        y = self._cast(y, types.DOUBLE)
        if self.plain.task == "reconstruction":
            y = self._node("Add", self._node("Div", y, "scaler.scale"), "scaler.shift")
        else:
            y = self._node("Mul", y, self._constant(self.plain.target_units, "target.units"))
            y = self._node("Add", y, self._constant(self.plain.target_shift, "target.shift"))
        self._node("Identity", y, out="values")
        return value("values", types.DOUBLE, ["n", None])
