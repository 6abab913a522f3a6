"""The number of BLAS threads that suits a run. Knows nothing of data, specs or files."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from nntrain.core.blas import routine
from nntrain.core.machine import blas
from nntrain.core.plan import Plan
from nntrain.network import Network

MANY_FLOPS = 1.5e8  # of one step's products: from here on further BLAS threads gain more than they cost (measured)


def settle_threads(network: Network, batch_size: int | str, wanted: int | None) -> Plan:
    """Set the BLAS threads of this process: as many as wanted, or by the size of a step. Return the plan to use."""
    pools = blas()
    available = max([pool["threads"] for pool in pools], default=1)  # the environment may have lowered it
    threads = wanted or choose_threads(network, batch_size, available)
    threadpool_limits(threads, user_api="blas")
    kernels = next((str(pool["architecture"]) for pool in pools if pool["architecture"]), "unknown")
    return Plan.for_kernels(kernels, threads, fused=all(routine(char) for char in "fd"))


@contextmanager
def keep_threads() -> Iterator[None]:
    """Give the process back, at the end, the number of BLAS threads that it has now."""
    with threadpool_limits():
        yield


def choose_threads(network: Network, batch_size: int | str, available: int) -> int:
    """Return the number of BLAS threads that suits the size of a step."""
    rows = 1024 if isinstance(batch_size, str) else batch_size
    flops = 3 * rows * sum(layer.flops(n) for layer, n in zip(network.layers, network.widths, strict=False))
    return available if flops >= MANY_FLOPS else 1
