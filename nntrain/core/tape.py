"""Recorded calls as a tape that the C extension plays back: NumPy's own inner loops, without the interpreter.

A call that the extension does not know stays a Python call on the tape. Knows nothing of layers or training.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from types import ModuleType
from typing import Any

import numpy as np

from nntrain.core import blas
from nntrain.core.argmax import ArgMax
from nntrain.core.calls import Call
from nntrain.core.strides import Steps, are_matrices, loops, of_product, overlap, same_place
from nntrain.core.terms import Count, Sums, Terms
from nntrain.core.types import Array

COMPARISONS = (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)
Operands = Sequence[Array]


class Tape:
    """Operations of a step on bound memory, in order: ``rows`` examples, ``sums`` figures beside the cost."""

    def __init__(self, extension: ModuleType, rows: int, sums: int) -> None:
        self._kinds, self._tape, self.rows = extension, extension.Tape(rows, sums), rows
        self.play: Callable[..., tuple[int, int]] = self._tape.play
        self.spent: Callable[[], tuple[int, ...]] = self._tape.spent  # nanoseconds of each since the last call of this
        self.python_calls: list[Call] = []  # those that the interpreter makes
        self.owners: list[Call | str] = []  # the recorded call that each operation belongs to, or its own kind
        self._recorded: Call | None = None  # the call that is being appended

    def __len__(self) -> int:
        return len(self._tape)

    # --- recorded calls

    def record(self, calls: Sequence[Call]) -> None:
        """Append recorded calls; the pieces of one product may run at the same time."""
        for product, group in groupby(calls, key=lambda call: call.product):
            pieces, begin = list(group), len(self)
            for self._recorded in pieces:
                if not self._append(self._recorded):
                    self.python_calls.append(self._recorded)
                    self.call(self._recorded.bind())
            self._recorded = None
            products = len(pieces) == len(self) - begin and not set(map(id, pieces)) & set(map(id, self.python_calls))
            if product is not None and len(pieces) > 1 and products:
                self._tape.share(len(pieces))

    def _append(self, call: Call) -> bool:
        """Append a call as an operation; False if there is none that does the same."""
        function, args, out = call.function, call.args, call.out
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(function, blas.Gemm) and out is not None:
            return self._gemm(args, out)
        if function is np.matmul and out is not None:
            return self._product(args[0], args[1], out)
        if isinstance(function, np.ufunc) and out is not None:
            return self._elementwise(function, [*args, out])
        if function is np.copyto and len(args) == 2:
            return self._copy(args[1], args[0])
        if isinstance(owner, np.ndarray) and name == "dot" and out is not None:
            return self._dot(owner, args[0], out)
        if isinstance(function, ArgMax) and out is not None:
            return self._argmax(args[0], out)
        if isinstance(owner, np.ndarray) and name == "argmax" and len(args) == 2 and args[0] == 1:
            return self._argmax(owner, args[1])
        if owner is np.maximum and name == "reduce" and len(args) == 4 and args[1:3] == (1, None):
            return self._maxima(args[0], args[3])
        return False

    def _product(self, a: Array, b: Array, out: Array) -> bool:
        if not are_matrices(a, b, out) or overlap(out, a) or overlap(out, b):
            return False
        return self._add("PRODUCT", np.matmul, (a, b, out), *of_product(a, b, out))

    def _gemm(self, args: Sequence[Any], out: Array) -> bool:
        a, b, alpha, beta = args
        found = blas.routine(a.dtype.char)
        if not are_matrices(a, b, out) or found is None or overlap(out, a) or overlap(out, b):
            return False
        numbers = (alpha, beta, float(found.integer == 4))
        return self._add("GEMM", found.address, (a, b, out), *of_product(a, b, out), numbers)

    def _elementwise(self, function: np.ufunc, operands: list[Any]) -> bool:
        out = operands[-1]
        if not all(type(a) is np.ndarray for a in operands) or function.nout != 1 or function.signature is not None:
            return False
        if not all(same_place(a, out) or not overlap(a, out) for a in operands[:-1]) or not out.size:
            return False
        shaped = loops(operands)
        if shaped is None:
            return False
        if function in COMPARISONS and out.dtype.kind == "f":  # NumPy makes flags and converts them
            flags = np.zeros(out.shape, np.bool_, order="C" if out.flags.c_contiguous else "F")
            again, cast = loops([*operands[:-1], flags]), loops([flags, out])
            if again is None or cast is None or not self._add("LOOP", function, (*operands[:-1], flags), *again):
                return False
            return self._add("CAST", None, (flags, out), *cast)
        return self._add("LOOP", function, operands, *shaped)

    def _copy(self, of: Any, to: Any) -> bool:
        if type(of) is not np.ndarray or of.dtype != to.dtype or not to.size or overlap(of, to):
            return False
        shaped = loops([of, to])
        return shaped is not None and self._add("COPY", None, (of, to), *shaped)

    def _dot(self, a: Array, b: Array, out: Array) -> bool:
        if not a.ndim == b.ndim == 1 or len(a) != len(b) or out.ndim or not a.dtype == b.dtype == out.dtype:
            return False
        if len(a) == 1:  # NumPy multiplies; the sum of one product could differ in the sign of a zero
            return self._add("LOOP", np.multiply, (a, b, out), (1, 1), ((0, 0),) * 3)
        blocks = a.dtype.char in "fd" and len(a) > 0 and a.strides[0] >= a.itemsize and b.strides[0] >= b.itemsize
        return blocks and self._add("DOT", None, (a, b, out), (len(a),), (a.strides, b.strides, (0,)))

    def _argmax(self, z: Array, out: Array) -> bool:
        if z.ndim != 2 or not z.flags.forc or out.dtype != np.intp or out.ndim != 1 or z.dtype.char not in "fd":
            return False
        return self._add("ARGMAX", None, (z, out), z.shape, (z.strides, out.strides))

    def _maxima(self, z: Array, out: Array) -> bool:
        by_column = z.ndim == 2 and z.flags.f_contiguous and z.shape[1] > 1
        if not by_column or z.dtype != out.dtype or z.dtype.char not in "fd" or overlap(z, out):
            return False
        return self._add("REDUCE", np.maximum, (z, out), z.shape, (z.strides, (*out.strides, 0)))

    # --- what a step has beside its calls

    def call(self, function: Callable[[], Any]) -> None:
        """Append a Python call."""
        self._add("CALL", function)

    def tick(self, clock: Array) -> None:
        """Append: the clock shows the number of the step."""
        self._add("TICK", None, (clock,))

    def gather(self, source: Array, out: Array) -> bool:
        """Append: the rows of the source (N, …) that the order names, in ``out`` (n, …) of the same type."""
        flat_source, flat_out = (a.reshape(len(a), -1) if a.ndim != 2 else a for a in (source, out))
        whole = flat_source.flags.c_contiguous and flat_out.flags.c_contiguous
        return self._add("GATHER" if whole else "PICK", None, (flat_source, flat_out))

    def scale(self, source: Array, shift: Array, scale: Array, out: Array) -> bool:
        """Append: (byte − shift) · scale of the rows that the order names, shift and scale in the type of ``out``."""
        return self._add("SCALE", None, (source, shift, scale, out))

    def look_up(self, classes: Array, table: Array, out: Array) -> bool:
        """Append: row number ``classes[i]`` of the table, in row i of ``out``."""
        return self._add("TABLE", None, (classes, table, out))

    def cost(self, read: Callable[[], float]) -> None:
        """Append: read the cost, and end here if it is not finite."""
        if not (isinstance(read, Terms) and self._read(read, 0)):
            self._add("READ_CALL", read)
        self._add("CHECK_COST", None)

    def sums(self, read: Callable[[], Sequence[float]]) -> None:
        """Append: read the sums."""
        told = isinstance(read, Sums) and all(
            self._read(part, place) if isinstance(part, Terms) else self._count(part, place)
            for place, part in enumerate(read.parts, 1)
        )
        if not told:
            self._add("READ_CALL", read, place=1)

    def _read(self, terms: Terms, place: int) -> bool:
        arrays = [*(array for _, array in terms.terms), *terms.extras]
        if len(terms.terms) > 2 or len(arrays) > 4:
            return False
        factors = [*(factor for factor, _ in terms.terms), 0.0, 0.0][:2]
        numbers = (*factors, terms.divisor, len(terms.terms))
        return self._add("READ", None, arrays, numbers=numbers, place=place)

    def _count(self, count: Count, place: int) -> bool:
        flat = count.flags.ravel(order="K")
        if not np.shares_memory(flat, count.flags):
            return False
        return self._add("COUNT", None, (flat,), (len(flat),), ((1,),), (0.0, 0.0, count.divisor), place)

    def check_norm(self, square: Array) -> None:
        """Append: end here if a squared norm is not finite."""
        self._add("CHECK_NORM", None, (square,))

    def clip(self, square: Array, limit: float, factor: Array, scaled: Call) -> None:
        """Append: make the call with factor = limit / norm if the norm is larger than the limit."""
        self._add("CLIP", None, (square, factor), numbers=(limit,))
        before = len(self)
        self.record([scaled])
        if len(self) != before + 1:
            raise ValueError("what is passed over must be one operation")

    def end_below(self, square: Array, limit: float) -> None:
        """Append: end after this step if the norm is smaller than the limit."""
        self._add("FALL", None, (square,), numbers=(limit,))

    def set(self, scalar: Array, values: Array) -> None:
        """Append: the scalar has the value of this step, the first of a group being number 0."""
        self._add("SET", None, (values, scalar))

    def update(self, kind: str, operands: Operands, numbers: Sequence[float]) -> bool:
        """Append the update of an optimizer as one loop: MOMENTUM or ADAM on vectors and scalars."""
        steps = [a.strides if a.ndim else (0,) for a in operands]
        return self._add(kind, None, operands, (operands[-1].size,), steps, numbers)

    def _add(
        self,
        kind: str,
        function: Any,
        operands: Operands = (),
        n: Sequence[int] = (),
        steps: Steps = (),
        numbers: Sequence[float] = (),
        place: int = 0,
    ) -> bool:
        sizes, strides = tuple(map(int, n)), tuple(tuple(map(int, step)) for step in steps)
        parts = tuple(map(float, numbers))
        number = getattr(self._kinds, kind)
        took = bool(self._tape.add(number, function, tuple(operands), sizes, strides, parts, place))
        if took:
            self.owners.append(self._recorded or kind)
        return took
