"""Memory that begins at a line of the cache, wherever products read or write."""

import numpy as np
import pytest

from nntrain.core.memory import LINE, zeros
from nntrain.core.params import Params, Shape
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_])
@pytest.mark.parametrize("shape", [1, 7, (3, 5), (2, 3, 4), (), [6, 1]])
def test_zeros_begin_at_a_line(shape, dtype):
    kept = [zeros(shape, dtype) for _ in range(5)]  # NumPy's own would begin somewhere else in one of them
    for array in kept:
        expected = np.zeros(shape, dtype)
        assert (array.shape, array.dtype, array.strides) == (expected.shape, expected.dtype, expected.strides)
        assert array.flags.writeable
        assert array.ctypes.data % LINE == 0
        assert not array.any()
    assert zeros(0, dtype).shape == (0,)


def test_parameters_and_buffers_begin_at_a_line():
    params = Params([{"W": Shape((3, 5), weight=True)}], np.float32)
    blocks = [Workspace(6, np.float32, Plan()).block(width) for width in (1, 3, 7)]
    assert [a.ctypes.data % LINE for a in (params.theta, params.grad, *blocks)] == [0] * 5
