"""The peers, one way of training a file; this list is the order of the columns."""

from benchmarks.peers.base import Peer
from benchmarks.peers.gemm_floor import GemmFloor
from benchmarks.peers.jax_peers import JaxScan, JaxStep
from benchmarks.peers.nntrain_fit import NntrainFit, NntrainSteps
from benchmarks.peers.plain_numpy import PlainNumpy
from benchmarks.peers.sklearn_mlp import SklearnMLP
from benchmarks.peers.torch_compiled import TorchCompiled
from benchmarks.peers.torch_eager import TorchEager

PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        NntrainFit(),
        SklearnMLP(),
        TorchEager(),
        TorchCompiled(),
        JaxStep(),
        JaxScan(),
        PlainNumpy(),
        GemmFloor(),
        NntrainSteps(),
    )
}
