"""What differs between Python for NumPy and for PyTorch: the functions that formulas name, and how tensors come and go.

Knows nothing of models.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HELPERS = {  # as they stand in the file for NumPy
    "exp": "exp = np.exp",
    "log": "log = np.log",
    "sqrt": "sqrt = np.sqrt",
    "tanh": "tanh = np.tanh",
    "sign": "sign = np.sign",
    "maximum": "maximum = np.maximum",
    "minimum": "minimum = np.minimum",
    "relu": "relu = lambda a: np.maximum(a, 0)",
    "step": "step = lambda a: np.heaviside(a, 0).astype(a.dtype)",
    "sigmoid": "sigmoid = lambda a: np.where(a >= 0, 1, np.exp(-abs(a))) / (1 + np.exp(-abs(a)))",
    "softplus": "softplus = lambda a: np.maximum(a, 0) + np.log1p(np.exp(-abs(a)))",
    "part": "part = lambda a, i, k: np.split(a, k, axis=1)[i - 1]",
}
TORCH = {
    **{name: f"{name} = torch.{name}" for name in ("exp", "log", "sqrt", "tanh", "sign", "relu", "sigmoid")},
    "maximum": "maximum = lambda a, b: torch.maximum(*torch.broadcast_tensors(torch.as_tensor(a), torch.as_tensor(b)))",
    "minimum": "minimum = lambda a, b: torch.minimum(*torch.broadcast_tensors(torch.as_tensor(a), torch.as_tensor(b)))",
    "step": "step = lambda a: (a > 0).to(a.dtype)",
    "softplus": "softplus = lambda a: relu(a) + torch.log1p(exp(-abs(a)))",
    "part": "part = lambda a, i, k: torch.chunk(a, k, 1)[i - 1]",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the two programs."""

    module: str
    helpers: Mapping[str, str]
    softmax: str
    load: str
    enter: str
    leave: str


NUMPY = Dialect(
    "",
    HELPERS,
    """\

def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)""",
    "{}",
    "((encode(rows) - shift) * scale).astype({dtype!r})",
    "{}",
)
PYTORCH = Dialect(
    "import torch\n",
    TORCH,
    "softmax = lambda z: torch.softmax(z, 1)",
    "torch.from_numpy({})",
    "torch.from_numpy(((encode(rows) - shift) * scale).astype({dtype!r}))",
    "({}).numpy()",
)
