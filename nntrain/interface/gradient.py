"""The gradient check for functions that users write themselves: any cost, its gradient, and a point.

Knows nothing of specs or networks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import Any, TypeAlias

import numpy as np

from nntrain.core.types import Array
from nntrain.errors import GradientError
from nntrain.gradcheck.numeric import Comparison, Entry, Options, Report, compare

Point: TypeAlias = Any  # an array of any shape, or a mapping from names to arrays
SHOWN = 3  # wrong entries that the text names
ALL = 2000  # entries up to which each is compared


Shapes: TypeAlias = Mapping[str, tuple[int, ...]]  # one shape under "" for an array


@dataclass(frozen=True, slots=True, eq=False)
class GradientCheck:
    """The result of ``check_gradient``: true if the gradient is right; as text, what is wrong with it.

    ``report`` has every entry that was compared, ``analytic`` is the whole gradient (P,), ``shapes`` are those of x.
    """

    analytic: Array
    report: Report
    shapes: Shapes

    def __bool__(self) -> bool:
        """Whether every entry that was compared is right, and enough of them could be compared."""
        return self.report.passed

    @property
    def cause(self) -> str:
        """How the gradient is wrong, array by array; "" if it is not."""
        return "; ".join(
            f"{name}: {part.describe()}" if name else part.describe() for name, part in self._wrong_parts()
        )

    def __repr__(self) -> str:
        return f"<GradientCheck: {self}>"

    def __str__(self) -> str:
        report, worst = self.report, self.report.worst
        verdict = "agree" if report.passed else "undecided" if report.agrees else "disagree"
        counts = f"{report.n_checked} of {self.analytic.size} entries checked, {report.n_kinks} at a kink"
        error = f"largest relative error {report.max_error:.2e} (tolerance {report.tolerance:g})"
        lines = [f"{verdict}: {error} at {self._line(worst)}; {counts}"]
        if not report.agrees:
            lines.append(f"cause: {self.cause}")
            lines += [f"  {self._line(entry)}" for entry in report.wrong[:SHOWN] if entry is not worst]
        return "\n".join(lines)

    def _line(self, entry: Entry) -> str:
        return f"{_label(entry.index, self.shapes)}: analytic {entry.analytic:.9g}, numeric {entry.numeric:.9g}"

    def _wrong_parts(self) -> Iterator[tuple[str, "_Part"]]:
        """Yield each array of x whose gradient is wrong; all together where only a direction through them shows it."""
        if self.report.agrees:
            return
        found = False
        for name, (start, size) in _places(self.shapes).items():
            inside = [entry for entry in self.report.entries if start <= entry.index < start + size]
            entries = [replace(entry, index=entry.index - start) for entry in inside]
            report = replace(self.report, entries=entries, directions=())
            if report.wrong:
                found = True
                yield name, _Part(self.analytic[start : start + size], report)
        if not found:
            yield "", _Part(self.analytic, self.report)


@dataclass(frozen=True, slots=True, eq=False)
class _Part(Comparison):
    analytic: Array
    report: Report


def check_gradient(
    f: Callable[[Point], Any],
    grad: Callable[[Point], Point] | Point,
    x: Point,
    *,
    tolerance: float = 1e-6,
    probes: int | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compare a gradient written by hand with the numerical derivatives of its function, as ``nntrain gradcheck`` does.

    ``f(x)`` returns one number. ``grad`` returns its gradient, in the shape of x, or is that gradient. x is an array of
    any shape, or a mapping from names to arrays, such as ``{"W": W, "b": b}``; both functions get float64 copies. Each
    entry is compared with central differences; at kinks, such as those of ReLU, any value between the one-sided slopes
    is right. Of more than 2000 entries that many random ones are compared, and two directions through all of them;
    ``probes`` sets another number. Raises GradientError if ``f`` does not give a finite number, or the gradient does
    not have the shape of x.

    >>> import numpy as np
    >>> import nntrain
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> bool(nntrain.check_gradient(lambda x: x @ x, lambda x: 2 * x, x))
    True
    >>> check = nntrain.check_gradient(lambda x: x @ x, lambda x: x, x)
    >>> print(check.cause)
    every entry is 0.5 times the derivative: a constant factor
    """
    shapes = _shapes_of(x)
    point = _flat(x, shapes, "x")
    gradient = _flat(grad(_shaped(point, shapes)) if callable(grad) else grad, shapes, "the gradient")
    start = _number(f(_shaped(point, shapes)))
    if not isfinite(start):
        raise GradientError(f"f is {start} at x: there is no derivative to compare with")
    probes = ALL if probes is None else probes
    options = Options(tolerance, probes if probes < point.size else None, 2, seed)
    with np.errstate(all="ignore"):
        report = compare(lambda: _number(f(_shaped(point, shapes))), gradient, point, options)
    return GradientCheck(gradient, report, shapes)


def _shapes_of(x: Point) -> Shapes:
    arrays = x if isinstance(x, Mapping) else {"": x}
    shapes = {str(name): np.shape(array) for name, array in arrays.items()}
    if not sum(map(prod, shapes.values())):
        raise GradientError("x has no entries: there is nothing to check")
    return shapes


def _flat(values: Point, shapes: Shapes, what: str) -> Array:
    """Return values of these shapes as one vector (P,) float64; GradientError for other shapes."""
    arrays = values if isinstance(values, Mapping) else {"": values}
    if set(arrays) != set(shapes):
        names = ", ".join(map(repr, shapes)) if "" not in shapes else "an array"
        got = ", ".join(map(repr, arrays)) if "" not in arrays else "an array"
        raise GradientError(f"{what}: must be {names}, as x is, got {got}")
    parts = []
    for name, shape in shapes.items():
        label = f"{what}[{name!r}]" if name else what
        try:
            part = np.array(arrays[name], np.float64)
        except (TypeError, ValueError) as error:
            raise GradientError(f"{label}: must be numbers, got {type(arrays[name]).__name__}: {error}") from None
        if part.shape != shape:
            raise GradientError(f"{label}: must have the shape of x, {shape}, got {part.shape}")
        parts.append(part.reshape(-1))
    return np.concatenate(parts)


def _places(shapes: Shapes) -> dict[str, tuple[int, int]]:
    """Return where each array begins in one vector of them all, and how many entries it has."""
    places, at = {}, 0
    for name, shape in shapes.items():
        places[name] = at, prod(shape)
        at += prod(shape)
    return places


def _shaped(vector: Array, shapes: Shapes) -> Point:
    """Return a copy of the vector in the shapes of x: what a function does to it does not matter."""
    places = _places(shapes).items()
    values = {name: vector[at : at + size].reshape(shapes[name]).copy() for name, (at, size) in places}
    return values if "" not in shapes else values[""]


def _number(value: Any) -> float:
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise GradientError(f"f: must return one number, got {type(value).__name__} of shape {array.shape}")
    return float(array.reshape(-1)[0])


def _label(index: int, shapes: Shapes) -> str:
    """Return the name of an entry, such as x[0, 2] or W[1, 3]."""
    name = next(name for name, (at, size) in _places(shapes).items() if at <= index < at + size)
    place = ", ".join(str(int(i)) for i in np.unravel_index(index - _places(shapes)[name][0], shapes[name]))
    return f"{name or 'x'}[{place}]" if place else name or "x"
