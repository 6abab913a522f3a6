"""The types of arrays, of precisions and of tasks. Knows nothing of what uses them."""

from typing import Any, Literal, TypeAlias

import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
DType: TypeAlias = Literal["float32", "float64"]
Task: TypeAlias = Literal["classification", "multilabel", "regression", "reconstruction"]
