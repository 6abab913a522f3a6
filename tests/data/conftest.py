"""Writers of small data files."""

import gzip
import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module", params=["numpy", "pyarrow"])
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have tables of numbers parsed with and without pyarrow, however small they are."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow", reason="pyarrow: pip install 'nntrain[arrow]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nntrain.data.formats.numbers.LARGE", 0 if request.param == "pyarrow" else math.inf)
        patch.setattr("nntrain.data.formats.numbers.LONG", 0)
        yield


@pytest.fixture
def mnist_like(tmp_path: Path) -> Callable[..., Path]:
    """Write a folder of four idx files: 12 training and 4 test images of 3x2, three classes."""

    def write(packed: bool = False, dotted: bool = False) -> Path:
        rng = np.random.default_rng(0)
        dash = "." if dotted else "-"
        for prefix, n in (("train", 12), ("t10k", 4)):
            images = rng.integers(0, 256, (n, 3, 2)).astype(np.uint8)
            labels = (np.arange(n) % 3).astype(np.uint8)
            for what, array in (("images", images), ("labels", labels)):
                name = f"{prefix}-{what}{dash}idx{array.ndim}-ubyte" + ".gz" * packed
                content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
                (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
        return tmp_path

    return write
