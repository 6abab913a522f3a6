"""Random operations for the C extension, right and wrong ones, played on arrays of random shapes. Not a test.

    python tests/core/tape_fuzz.py EXTENSION SEED TAPES

The extension is the file of one that was built with ``-fsanitize=address``: whatever is added must be refused or stay
within its arrays.
"""

import importlib.util
import random
import sys
from contextlib import suppress

import numpy as np

UFUNCS = [np.add, np.multiply, np.maximum, np.exp, np.sqrt, np.greater, np.equal, np.negative, np.matmul, np.divmod]
TYPES = ["f4", "f8", "?", "u1", "i4", "i8", "c8"]


def load(path):
    """Return the extension in a file, under the name that its module has in the package."""
    spec = importlib.util.spec_from_file_location("nntrain.core._player", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Fuzz:
    """Makes random tapes."""

    def __init__(self, extension, seed):
        self.extension, self.chance = extension, random.Random(seed)
        self.kinds = [name for name in dir(extension) if name.isupper() and name not in ("GEMM", "SOURCE_DIGEST")]
        self.taken = self.refused = self.played = 0

    def array(self, kind=None):
        """Return an array of a random type, shape and layout, now and then a view that is not contiguous."""
        pick = self.chance.choice
        shape = tuple(
            self.chance.randint(0 if self.chance.random() < 0.02 else 1, 9) for _ in range(pick([0, 1, 1, 2, 2, 2]))
        )
        made = np.ones(shape, kind or pick(TYPES), order=pick("CF"))
        if made.ndim and self.chance.random() < 0.2:
            made = made[:: pick([1, 2, -1])]
        if made.ndim == 2 and self.chance.random() < 0.2:
            made = made.T
        return made

    def operation(self):
        """Return the arguments of one operation: half of them are what the package would say, half anything."""
        pick, number = self.chance.choice, self.chance.randint
        kind = pick(["f4", "f8"])
        if self.chance.random() < 0.5:
            a = self.array(kind)
            b = np.ones(a.shape, kind, order=pick("CF"))
            n = (*a.shape, 1, 1)[:2]
            steps = tuple((*x.strides, 0, 0)[:2] for x in (a, b, a))
            if self.chance.random() < 0.3:
                n = tuple(size + number(0, 3) for size in n)
            return self.extension.LOOP, pick(UFUNCS), (a, b, a), n, steps, (), 0
        operands = tuple(self.array(pick([kind, kind, None])) for _ in range(number(0, 7)))
        n = tuple(number(-1, 12) for _ in range(number(0, 3)))
        steps = tuple(tuple(pick([0, 1, 4, 8, 16, -4, number(-64, 64)]) for _ in n) for _ in operands)
        if self.chance.random() < 0.7:
            steps = tuple((*a.strides, 0, 0)[: len(n)] for a in operands)
        numbers = tuple(pick([0.0, 1.0, 2.0, 0.5, float("nan"), 1e300]) for _ in range(number(0, 4)))
        function = pick([None, pick(UFUNCS), float, lambda: 1.0, lambda: [1.0, 2.0], 7])
        kinds = [getattr(self.extension, name) for name in self.kinds if name not in ("MOST_SUMS", "KINDS")]
        return pick(kinds), function, operands, n, steps, numbers, number(-1, 3)

    def tape(self):
        """Make a tape of random operations and play it on random orders, short ones among them."""
        number, rows = self.chance.randint, self.chance.randint(1, 6)
        sums = self.chance.choice([0, 1, 2])
        tape = self.extension.Tape(rows, sums)
        for _ in range(number(1, 12)):
            arguments = self.operation()
            if self.chance.random() < 0.3:
                arguments = self.gathering(rows)
            try:
                took = tape.add(*arguments)
            except (ValueError, TypeError, OverflowError):
                took = False
            self.taken += took
            self.refused += not took
            if self.chance.random() < 0.1:
                with suppress(ValueError):
                    tape.share(number(0, 4))
        for _ in range(3):
            order = np.array([number(-1, 9) for _ in range(number(0, 20))], np.intp)
            long = np.zeros(30, np.intp)
            chosen = self.chance.choice([order, None, order[::2], order.astype("i4"), long, long, long])
            totals, costs = np.zeros(sums + 1 + (self.chance.random() < 0.1)), np.zeros(number(1, 3))
            try:
                tape.play(chosen, number(0, 7), number(-1, 3), number(0, 3), 0, totals, costs, number(0, 1))
                self.played += 1
            except (ValueError, IndexError, TypeError):
                pass

    def gathering(self, rows):
        """Return an operation that brings rows of a source into a batch."""
        pick, width = self.chance.choice, self.chance.randint(1, 80)
        kind = pick(["f4", "f8"])
        source = np.ones((self.chance.randint(1, 9), width), pick([kind, "u1"]))
        out = np.zeros((rows + pick([0, 0, 0, 1]), width + pick([0, 0, 0, 1])), kind, order=pick("CCF"))
        scales = (np.ones(pick([1, width]), kind), np.ones(pick([1, width]), kind))
        classes = np.array([self.chance.randint(-1, 9) for _ in range(rows)], np.int64)
        extension = self.extension
        return pick(
            [
                (extension.GATHER, None, (source, out), (), (), (), 0),
                (extension.PICK, None, (source, out), (), (), (), 0),
                (extension.SCALE, None, (source, *scales, out), (), (), (), 0),
                (extension.TABLE, None, (classes, source, out), (), (), (), 0),
            ]
        )


if __name__ == "__main__":
    fuzz = Fuzz(load(sys.argv[1]), int(sys.argv[2]))
    fuzz.extension.set_helpers(2)
    with np.errstate(all="ignore"):
        for _ in range(int(sys.argv[3])):
            fuzz.tape()
    print(fuzz.taken, fuzz.refused, fuzz.played)  # noqa: T201  # read by the test
