"""The threads of a run: helpers of the C player, or those of BLAS. Knows nothing of data, specs or files.

The player shares the pieces of products among threads by itself, while BLAS has one: any number of threads gives the
same bits. Without it BLAS has the threads, and another number rounds otherwise.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nntrain.core.blas import routine
from nntrain.core.extension import player
from nntrain.core.machine import blas, free_processors
from nntrain.core.plan import Plan
from nntrain.network import Network

MANY_FLOPS = 1.5e8  # of one step's products: from here on further BLAS threads gain more than they cost (measured)


def settle_threads(network: Network, batch_size: int | str, wanted: int | None) -> None:
    """Set the threads of this process, as many as wanted or as are free, and the network's plan and threads."""
    first, present = _granted(), _blas_threads()
    extension = player()
    if extension is None:
        threads = network.threads = wanted or choose_threads(network, batch_size, present)
    else:
        threads = 1
        network.threads = 1 + extension.set_helpers((wanted or min(first, free_processors())) - 1)
    kernels = next((str(pool["architecture"]) for pool in blas() if pool["architecture"]), "unknown")
    threadpool_limits(threads, user_api="blas")
    network.plan = Plan.for_kernels(kernels, threads, fused=all(routine(char) for char in "fd"))


@contextmanager
def keep_threads() -> Iterator[None]:
    """Give the process back, at the end, the number of BLAS threads that it has now."""
    with threadpool_limits():
        yield


def choose_threads(network: Network, batch_size: int | str, available: int) -> int:
    """Return the number of BLAS threads that suits the size of a step: more than one only if all of them are free.

    They wait for one another at every block of a product, so beside a busy process two are many times slower than one.
    """
    rows = 1024 if isinstance(batch_size, str) else batch_size
    flops = 3 * rows * sum(layer.flops(n) for layer, n in zip(network.layers, network.widths, strict=False))
    return available if flops >= MANY_FLOPS and free_processors() >= available else 1


def _blas_threads() -> int:
    """Return the threads that BLAS has now; variables of the environment may have lowered them."""
    return max([pool["threads"] for pool in blas()], default=1)


@lru_cache(1)
def _granted() -> int:
    """Return the threads that BLAS had before the first run of this process, which leaves it one."""
    return _blas_threads()
