"""Buffers: one memory for every batch size, orders as the plan says, no silent growth."""

import numpy as np
import pytest

from nntrain.core.memory import LINE
from nntrain.core.plan import Plan
from nntrain.core.workspace import Workspace, flat


def request(ws):
    block = ws.block(8)
    return [
        block,
        ws.like(block),
        ws.block(40),
        ws.block(1),
        ws.column(),
        ws.column(np.intp),
        ws.vector(7),
        ws.scalar(),
    ]


def base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@pytest.mark.parametrize("rows", [200, 130, 100, 1])
def test_every_batch_size_lives_in_the_same_memory(rows):
    ws = Workspace(200, np.float64, Plan())
    whole = request(ws)
    held = ws.nbytes
    part = request(ws.resized(rows))
    assert ws.nbytes == held == sum(base(block).nbytes - LINE for block in whole)
    for large, small in zip(whole, part, strict=True):
        assert base(large) is base(small)
        assert small.ctypes.data == large.ctypes.data
        assert small.dtype == large.dtype
    assert [block.shape for block in part[:5]] == [(rows, 8), (rows, 8), (rows, 40), (rows, 1), (rows,)]


@pytest.mark.parametrize(("rows", "width"), [(200, 8), (200, 40), (2000, 1)])
def test_blocks_are_stored_column_after_column(rows, width):
    block = Workspace(rows, np.float32, Plan()).block(width)
    assert block.shape == (rows, width)
    assert block.flags.f_contiguous
    assert np.shares_memory(flat(block), block)


def test_blocks_of_one_request_do_not_overlap():
    blocks = request(Workspace(50, np.float32, Plan()))
    for i, a in enumerate(blocks):
        assert not any(np.shares_memory(a, b) for b in blocks[i + 1 :])


def test_other_requests_than_before_are_a_mistake():
    ws = Workspace(10, np.float64, Plan())
    ws.block(3)
    with pytest.raises(ValueError, match=r"block 0: asked for 40 float64, holds 30 float64"):
        ws.resized(5).block(4)
    with pytest.raises(ValueError, match="asked for 30 bool"):
        ws.resized(5).block(3, np.bool_)


@pytest.mark.parametrize("rows", [0, 11, -1])
def test_rows_beyond_the_capacity_are_refused(rows):
    with pytest.raises(ValueError, match=r"rows must be in 1\.\.10"):
        Workspace(10, np.float64, Plan()).resized(rows)


def test_flat_refuses_what_it_would_have_to_copy():
    with pytest.raises(ValueError, match="contiguous"):
        flat(np.zeros((6, 6))[:, :3])
