"""Arrays that other programs have stored, as the parameters of a network: names, ways to lie, and what is refused."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from safetensors.numpy import save_file

from nntrain.errors import CheckpointError
from nntrain.network import Network
from nntrain.ops.activations import ACTIVATIONS
from nntrain.ops.losses import LOSSES
from nntrain.ops.models import MODELS
from nntrain.runs.initial_weights import InitialWeights

RNG = np.random.default_rng(0)


def network(n_in=3, hidden=(4,), n_out=2, activation="identity", dtype="float64"):
    model = MODELS["mlp"](hidden=hidden, activation=(ACTIVATIONS[activation](),))
    return Network(model.layers(n_in, n_out), LOSSES["mse"](), n_in=n_in, dtype=dtype)


def kernels(*sizes):
    """Return matrices (in, out) and biases, as X K + b takes them."""
    return [(RNG.normal(size=(a, b)), RNG.normal(size=b)) for a, b in pairwise(sizes)]


NAMINGS = {
    "own": (("layers.{}.W", "layers.{}.b"), (0, 1), True),
    "torch": (("{}.weight", "{}.bias"), (0, 2), True),
    "torch, deeper": (("net.fc{}.weight", "net.fc{}.bias"), (9, 10), True),
    "keras": (("{}/kernel", "{}/bias"), ("dense", "dense_1"), False),
    "keras 2": (("seq/{}/kernel:0", "seq/{}/bias:0"), ("dense_9", "dense_10"), False),
    "named": (("{}.weight", "{}.bias"), ("output", "hidden"), True),
}


def stored(naming, layers):
    (matrix, vector), places, by_row = NAMINGS[naming]
    pairs = zip(places if naming != "named" else reversed(places), layers, strict=True)
    arrays = [{matrix.format(p): K.T if by_row else K, vector.format(p): b} for p, (K, b) in pairs]
    return {name: array for part in reversed(arrays) for name, array in part.items()}  # the file's order says nothing


def tensors(path, net):
    return InitialWeights.read(path).foreign.tensors(net.params)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_every_way_of_naming_gives_the_same_map(naming, suffix, tmp_path):
    layers, net, X = kernels(3, 4, 2), network(), RNG.normal(size=(5, 3))
    path, arrays = tmp_path / f"w.{suffix}", stored(naming, layers)
    if suffix == "npz":
        np.savez(path, **arrays)
    else:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    found, notes = tensors(path, net)
    net.params.load(found)
    (K, b), (L, c) = layers
    np.testing.assert_allclose(net.forward(X), (X @ K + b) @ L + c, rtol=1e-13)
    assert list(notes) == []


@pytest.mark.parametrize("naming", ["own", "torch", "keras"])
def test_square_matrices_lie_as_their_names_say(naming, tmp_path):
    layers, net, X = kernels(3, 3, 3), network(3, (3,), 3), RNG.normal(size=(5, 3))
    np.savez(tmp_path / "w.npz", **stored(naming, layers))
    net.params.load(tensors(tmp_path / "w.npz", net)[0])
    (K, b), (L, c) = layers
    np.testing.assert_allclose(net.forward(X), (X @ K + b) @ L + c, rtol=1e-13)


@pytest.mark.parametrize("naming", ["own", "torch", "keras"])
def test_what_fits_only_when_turned_is_turned_as_a_whole_and_told(naming, tmp_path):
    layers, net, X = kernels(3, 3, 2), network(3, (3,), 2), RNG.normal(size=(5, 3))
    path = tmp_path / "w.npz"
    arrays = {name: array.T for name, array in stored(naming, layers).items()}
    np.savez(path, **arrays)
    found, notes = tensors(path, net)
    net.params.load(found)
    (K, b), (L, c) = layers
    np.testing.assert_allclose(net.forward(X), (X @ K + b) @ L + c, rtol=1e-13)
    there, usual = ("out × in", "in × out") if naming == "keras" else ("in × out", "out × in")
    assert notes == [f"{path}: its matrices are {there}, though their names stand for {usual}; they are read so"]


def test_a_layer_by_itself_and_learned_slopes(tmp_path):
    W, b, slope = RNG.normal(size=(2, 3)), RNG.normal(size=2), RNG.normal(size=4)
    one = Network(MODELS["linear"]().layers(3, 2), LOSSES["mse"](), n_in=3, dtype="float64")
    np.savez(tmp_path / "one.npz", weight=W, bias=b)
    found, _ = tensors(tmp_path / "one.npz", one)
    np.testing.assert_array_equal(found["layers.0.W"], W)
    (K, c), (L, d) = kernels(3, 4, 2)
    sequence = {"0.weight": K.T, "0.bias": c, "1.weight": slope, "2.weight": L.T, "2.bias": d}
    np.savez(tmp_path / "prelu.npz", **sequence)
    found, _ = tensors(tmp_path / "prelu.npz", network(activation="prelu"))
    np.testing.assert_array_equal(found["layers.1.slope"], slope)
    np.testing.assert_array_equal(found["layers.2.W"], L.T)


GOOD = {"layers.0.W": (4, 3), "layers.0.b": (4,), "layers.1.W": (2, 4), "layers.1.b": (2,)}
MISFIT = "its weights do not fit the network of the spec: "
WRONG = {
    "one missing": ({"layers.1.b": None}, MISFIT + "layers.1.b is missing there, 2 here"),
    "one too many": ({"layers.2.W": (2, 2)}, MISFIT + "layers.2.W has no place here"),
    "a shape": ({"layers.0.b": (5,)}, MISFIT + "layers.0.b is 5 there, 4 here"),
    "turned and not": ({"layers.0.W": (3, 4)}, MISFIT + "layers.0.W is 3×4 there, 4×3 here"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_by_name(name, tmp_path):
    changes, message = WRONG[name]
    shapes = {key: shape for key, shape in {**GOOD, **changes}.items() if shape}
    path = tmp_path / "w.npz"
    np.savez(path, **{key: np.ones(shape) for key, shape in shapes.items()})
    with pytest.raises(CheckpointError) as caught:
        tensors(path, network())
    assert str(caught.value) == f"{path}: {message}"


def test_the_names_of_the_file_are_used_in_messages(tmp_path):
    path = tmp_path / "w.npz"
    arrays = stored("torch", kernels(3, 5, 2)) | {"3.running_mean": np.zeros(2)}
    np.savez(path, **arrays)
    with pytest.raises(CheckpointError) as caught:
        tensors(path, network())
    assert str(caught.value) == (
        f"{path}: {MISFIT}0.weight (layers.0.W) is 5×3 there, 4×3 here; 0.bias (layers.0.b) is 5 there, 4 here; "
        "2.weight (layers.1.W) is 2×5 there, 2×4 here; 3.running_mean has no place here"
    )
    np.savez(path, **{f"{name}.weight": np.ones((3, 3)) for name in ("first", "second")})
    with pytest.raises(CheckpointError, match=r"which of its layers comes first is not clear: first, second; number"):
        tensors(path, network(3, (3,), 3))


def refused(path):
    with pytest.raises(CheckpointError) as caught:
        InitialWeights.read(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_files_that_hold_no_arrays_by_name(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    np.savez(path, W1=np.ones((2, 2)), b1=np.ones(2))
    assert refused(path) == (
        "its arrays have names of no known kind, W1, b1; known are layers.0.W (out × in) and layers.0.b, or PyTorch's "
        "0.weight (out × in), or Keras' dense/kernel (in × out)"
    )
    np.savez(path, **{"layers.0.W": np.array([[np.nan]])})
    assert refused(path) == "layers.0.W: has values that are not finite"
    np.savez(path, **{"layers.0.W": np.array([["a"]])})
    assert refused(path) == "layers.0.W: values of type <U1 are no weights"
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "load", None)
    np.savez(path, **{"layers.0.W": np.array([{}], dtype=object)})
    assert refused(path) == "layers.0.W: holds Python objects, which are never loaded; store numbers or text"
    np.savez(path)
    assert refused(path) == (
        "is an archive without arrays; a pickle, as torch.save makes, is never loaded; "
        "store the arrays by name with numpy.savez or safetensors"
    )
    data = path.with_name("w.h5")
    data.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert refused(data) == "is HDF5, which is not read; store the arrays by name with numpy.savez or safetensors"
    whole = tmp_path / "cut.npz"
    np.savez(whole, **{"layers.0.W": np.ones((40, 40))})
    whole.write_bytes(whole.read_bytes()[:-60])
    assert refused(whole).startswith("damaged npz archive: ")


def test_weights_beyond_the_run_s_precision(tiny, tmp_path):
    from nntrain.runs.assembly import prepare_run

    ready = prepare_run(tiny())
    shapes = {name: view.shape for name, view in ready.job.network.params.named(ready.job.network.params.theta)}
    path = tmp_path / "w.npz"
    np.savez(path, **{name: np.full(shape, 1e60) for name, shape in shapes.items()})
    with pytest.raises(CheckpointError, match="its weights are too large for float32"):
        InitialWeights.read(path).copy_to(ready)
    np.savez(path, **{name: np.full(shape, 0.5) for name, shape in shapes.items()})
    assert InitialWeights.read(path).copy_to(ready) == [f"{path}: its weights are float64, those of this run float32"]
