"""Checkpoints: every array comes back, every damage is refused."""

import hashlib
import json
import os
import re
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load_file, save

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint, decode, encode
from nntrain.errors import CheckpointError, OutputError

SMALL = Checkpoint(
    {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(0.5), "step": np.array([7], np.int64)},
    {"step": 7, "best": {"step": 3, "value": 0.25}, "class names": ["a", "<b>", "ü"]},
)


def same(a: Any, b: Any) -> bool:
    return a.dtype == b.dtype.newbyteorder("=") and a.shape == b.shape and a.tobytes() == b.astype(a.dtype).tobytes()


# --- round trips ---------------------------------------------------------------------------------------------------


def test_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    storage.save(path, SMALL)
    loaded = storage.load(path)
    assert loaded.meta == SMALL.meta
    assert loaded.tensors.keys() == SMALL.tensors.keys()
    assert all(same(loaded.tensors[name], array) for name, array in SMALL.tensors.items())


def test_other_readers_see_the_same_numbers(tmp_path: Path) -> None:
    storage.save(tmp_path / "a.safetensors", SMALL)
    loaded = load_file(tmp_path / "a.safetensors")
    assert all(same(loaded[name], array) for name, array in SMALL.tensors.items())


def test_metadata_is_one_key_of_canonical_json_with_a_digest_a_tensor(tmp_path: Path) -> None:
    data = encode(SMALL)
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    assert header["__metadata__"].keys() == {"nntrain"}
    text = header["__metadata__"]["nntrain"]
    facts = json.loads(text)
    assert text == json.dumps(facts, sort_keys=True, separators=(",", ":"))
    assert facts["format"] == "nntrain-checkpoint"
    assert facts["version"] == 1
    assert facts["sha256"] == {k: hashlib.sha256(v.tobytes()).hexdigest() for k, v in SMALL.tensors.items()}


def test_bytes_depend_on_the_contents_alone() -> None:
    backwards = Checkpoint(dict(reversed(SMALL.tensors.items())), dict(reversed(SMALL.meta.items())))
    assert encode(backwards) == encode(SMALL)


def test_loaded_arrays_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        decode(encode(SMALL), "x").tensors["W"][0, 0] = 1  # type: ignore[index]


DTYPES = [np.bool_, *(f"{order}{kind}" for order in "<>" for kind in ("i2", "i8", "u4", "f2", "f4", "f8")), "i1", "u1"]
LAYOUTS = {
    "C": lambda a: a,
    "F": np.asfortranarray,
    "transposed": lambda a: a.T,
    "strided": lambda a: a[::2] if a.ndim else a,
    "reversed": lambda a: a[::-1] if a.ndim else a,
    "broadcast": lambda a: np.broadcast_to(a, (2, *a.shape)),
}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_array_in_every_layout_comes_back(data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(DTYPES)))
    array = data.draw(arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    layout = LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))]
    given_array = layout(array)
    loaded = decode(encode(Checkpoint({"x": given_array})), "x").tensors["x"]
    assert loaded.shape == given_array.shape
    assert loaded.dtype == dtype.newbyteorder("=")
    assert loaded.tobytes() == given_array.astype(loaded.dtype).tobytes()


TEXT = st.text(st.characters(exclude_categories=("Cs",)))
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(meta=st.dictionaries(TEXT.filter(lambda key: key not in storage.RESERVED), JSON, max_size=5))
def test_every_fact_comes_back(meta: dict[str, Any]) -> None:
    assert decode(encode(Checkpoint({"x": np.zeros(1)}, meta)), "x").meta == meta


def test_facts_that_imitate_the_seal_do_no_harm() -> None:
    zeros = "0" * 64
    meta = {"a": {"seal": zeros}, "b": [zeros, f'"seal":"{zeros}"'], zeros: zeros}
    assert decode(encode(Checkpoint({zeros: np.zeros(1)}, meta)), "x").meta == meta


def test_numbers_that_are_not_finite_become_null_among_the_facts_but_stay_in_tensors() -> None:
    odd = np.array([np.nan, np.inf, -0.0])
    loaded = decode(encode(Checkpoint({"x": odd}, {"best": float("nan"), "pair": (1, 2)})), "x")
    assert loaded.meta == {"best": None, "pair": [1, 2]}
    assert loaded.tensors["x"].tobytes() == odd.tobytes()


def test_an_empty_checkpoint_is_one() -> None:
    assert decode(encode(Checkpoint({})), "x") == Checkpoint({}, {})


@pytest.mark.parametrize("bad", [np.array([object()]), np.array(["a"]), np.array([1j]), np.zeros(1, "M8[s]")])
def test_what_cannot_be_stored_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"^x: .* cannot be stored in a checkpoint"):
        encode(Checkpoint({"x": bad}))


@pytest.mark.parametrize("key", storage.RESERVED)
def test_reserved_facts_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key}: the name is reserved"):
        encode(Checkpoint({}, {key: 1}))


def test_a_container_that_stores_other_numbers_is_caught_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    monkeypatch.setattr(storage.container, "save", lambda t, m: save({k: np.asarray(v + 1) for k, v in t.items()}, m))
    with pytest.raises(CheckpointError, match="the numbers of tensor 'W' have changed"):
        storage.save(path, SMALL)
    assert list(tmp_path.iterdir()) == []


# --- files ---------------------------------------------------------------------------------------------------------


def test_messages_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    data = bytearray(encode(SMALL))
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=f"^{re.escape(str(path))}: damaged: the numbers of tensor '.*' have"):
        storage.load(path)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("missing", "no such checkpoint"),
        (".", "not a plain file"),
        ("pipe", "not a plain file"),
        ("loop", "it is a symbolic link"),
        ("x" * 300, "the name is too long"),
        ("a\0b", "embedded null"),
    ],
)
def test_what_cannot_be_read_is_a_checkpoint_error(tmp_path: Path, name: str, cause: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CheckpointError, match=cause):
        storage.load(tmp_path / name)


def test_devices_are_refused_instead_of_read_for_ever() -> None:
    with pytest.raises(CheckpointError, match="not a plain file"):
        storage.load(Path("/dev/zero"))


def test_links_are_followed_only_when_wanted(tmp_path: Path) -> None:
    storage.save(tmp_path / "real", SMALL)
    (tmp_path / "link").symlink_to("real")
    assert storage.load(tmp_path / "link").meta == SMALL.meta
    with pytest.raises(CheckpointError, match="it is a symbolic link"):
        storage.load(tmp_path / "link", follow_links=False)
    with pytest.raises(OutputError, match="it is a symbolic link"):
        storage.save(tmp_path / "link", SMALL)


def test_readers_beside_a_writer_never_see_a_part(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    versions = [Checkpoint({"x": np.full(5000, i)}, {"step": i}) for i in range(30)]
    storage.save(path, versions[0])
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            loaded = storage.load(path)
            assert (loaded.tensors["x"] == loaded.meta["step"]).all()
            seen.append(loaded.meta["step"])

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        storage.save(path, version)
    done.set()
    reader.join()
    assert seen == sorted(seen)
    assert seen
