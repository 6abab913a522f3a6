"""Random streams: randomness is a function of (seed, stream, index), never a generator carried along.

To resume, a run needs only its epoch and batch, and numbers drawn for one purpose cannot change those for another.
Knows nothing of what the numbers are used for.
"""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What the numbers are for; the values are part of every recorded run, never reuse or renumber them."""

    INIT = 1
    SHUFFLE = 2
    DROPOUT = 3
    SPLIT = 4
    SYNTHETIC = 5
    PROBE = 6
    SWEEP = 7
    DESCENT = 8
    BOOTSTRAP = 9
    DIAGNOSIS = 10
    DRAWING = 11


def generator(seed: int, stream: Stream, *index: int) -> np.random.Generator:
    """Return the generator of one stream at one index, e.g. ``generator(0, Stream.SHUFFLE, epoch)``."""
    return np.random.default_rng([seed, int(stream), *index])
