"""P2 and P3: a checkpoint with any damage or lie in it is refused, in bounded memory; an older valid one is named."""

import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint, decode, encode
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError

SMALL = Checkpoint(
    {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(0.5), "step": np.array([7], np.int64)},
    {"step": 7, "best": {"step": 3, "value": 0.25}, "class names": ["a", "<b>", "ü"]},
)


def refused(data: bytes) -> str:
    with pytest.raises(CheckpointError) as caught:
        decode(data, "file")
    message = str(caught.value)
    assert message.startswith("file: ")
    assert "\n" not in message
    return message


def test_p2_every_flipped_byte_is_refused() -> None:
    data = encode(SMALL)
    for index in range(len(data)):
        for mask in (0x01, 0x20, 0x29, 0x80, 0xFF):  # 0x29 turns a space into a tab, which JSON would not mind
            damaged = bytearray(data)
            damaged[index] ^= mask
            refused(bytes(damaged))


def test_p2_every_truncation_is_refused() -> None:
    data = encode(SMALL)
    for length in range(len(data)):
        refused(data[:length])


@pytest.mark.parametrize("more", [b"\0", b" ", b"\n", b"x" * 100])
def test_p2_appended_bytes_are_refused(more: bytes) -> None:
    refused(encode(SMALL) + more)


def test_p2_inserted_and_removed_bytes_are_refused() -> None:
    data = encode(SMALL)
    for index in range(len(data)):
        refused(data[:index] + b" " + data[index:])
        refused(data[:index] + data[index + 1 :])


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_p2_no_bytes_at_all_make_it_stumble(data: bytes) -> None:
    refused(data)


def forge(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def reseal(header: dict[str, Any], body: bytes, **changes: Any) -> bytes:
    """Return a file with other facts and a seal that fits them: the work of a liar, not of an accident."""
    facts = json.loads(header["__metadata__"]["nntrain"]) | changes | {"seal": storage.BLANK}
    header = header | {"__metadata__": {"nntrain": json.dumps(facts)}}
    facts["seal"] = hashlib.sha256(json.dumps(header).encode()).hexdigest()
    return forge(header | {"__metadata__": {"nntrain": json.dumps(facts)}}, body)


def parts(checkpoint: Checkpoint = SMALL) -> tuple[dict[str, Any], bytes]:
    data = encode(checkpoint)
    end = 8 + struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:end]), data[end:]


def test_p2_the_forger_of_these_tests_can_forge() -> None:
    header, body = parts()
    assert decode(reseal(header, body), "x").meta == SMALL.meta


def test_p2_swapped_tensors_are_refused() -> None:
    header, body = parts(Checkpoint({"a": np.zeros(3), "b": np.ones(3)}))
    header["a"], header["b"] = header["b"], header["a"]
    assert refused(reseal(header, body)) == "file: damaged: the numbers of tensor 'a' have changed"


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]},
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]},
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [24, 0]},
        {"dtype": "F32", "shape": [-2, -3], "data_offsets": [0, 24]},
        {"dtype": "BF16", "shape": [12], "data_offsets": [0, 24]},
        {"dtype": "object", "shape": [3], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [0, 2**62, 4], "data_offsets": [0, 0]},
        {"dtype": "F32"},
        None,
        [],
    ],
)
def test_p2_headers_that_lie_are_refused(entry: Any) -> None:
    header, body = parts()
    refused(reseal(header | {"W": entry}, body))


def test_p2_overlapping_tensors_are_refused() -> None:
    header, body = parts()
    refused(reseal(header | {"other": header["W"]}, body))


def test_p2_tensors_missing_from_the_list_or_the_file_are_refused() -> None:
    header, body = parts()
    for listed in ({}, {"W": "0" * 64}, None, [], 3):
        assert "does not hold the tensors it lists" in refused(reseal(header, body, sha256=listed))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        b"\xff" * 8,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**12) + b"{}",
        forge({}),
        forge([]),
        forge({"__metadata__": {"nntrain": 3}}),
        forge({"__metadata__": {"nntrain": "[]"}}),
        forge({"__metadata__": []}),
        forge(b"[" * 200_000),
        forge({"__metadata__": {"nntrain": "[" * 200_000}}),
        forge({"__metadata__": {"nntrain": '{"format": "other"}'}}),
        forge(b'{"__metadata__": {"nntrain": "{\\"format\\": \\"nntrain-checkpoint\\", \\"version\\": 9e999}"}}'),
        forge(b'{"a": ' + b"1" * 5000 + b"}"),
        b"\x80\x04\x95pickle",
        b"PK\x03\x04",
    ],
)
def test_p2_what_is_no_checkpoint_is_called_so(data: bytes) -> None:
    assert refused(data).startswith("file: not an nntrain checkpoint, or damaged at its beginning")


def test_p2_a_header_beyond_the_bound_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(SMALL)
    monkeypatch.setattr(storage, "MAX_HEADER", 100)
    assert "not an nntrain checkpoint" in refused(data)


def test_p2_newer_and_older_formats_are_named() -> None:
    header, body = parts()
    assert refused(reseal(header, body, version=2)) == ("file: written by a newer nntrain, format 2; this one reads 1")
    assert "incomplete" in refused(reseal(header, body, version=0))
    assert "incomplete" in refused(reseal(header, body, version="1"))


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_p2_random_damage_to_a_larger_file_is_refused(data: st.DataObject) -> None:
    whole = encode(Checkpoint({f"layer{i}.W": np.full((17, 13), i, np.float32) for i in range(5)}, {"step": 5}))
    start = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=64))
    damaged = (whole[:start] + patch + whole[start + len(patch) :])[: len(whole)]
    if damaged != whole:
        refused(damaged)


# --- in a run --------------------------------------------------------------------------------------------------------


@pytest.mark.figure
def test_p2_every_flipped_byte_and_every_truncation_of_a_runs_checkpoint_is_refused(lab: Any, figure: Any) -> None:
    assert lab.whole
    data = RunDir(lab.folder / "whole").checkpoints()[-1].read_bytes()
    for index in range(len(data)):
        damaged = bytearray(data)
        damaged[index] ^= 0xFF
        refused(bytes(damaged))
        refused(data[:index])
    figure("each byte flipped, each truncation", f"{2 * len(data):,} damaged files, {2 * len(data):,} refused")


def test_p2_a_run_goes_on_from_the_newest_valid_checkpoint_and_names_the_damaged(lab: Any) -> None:
    assert lab.whole
    directory = RunDir(lab.folder / "whole")
    (lab.folder / "whole").rename(lab.folder / "broken")
    (lab.folder / "broken/summary.json").unlink()
    oldest, damaged, newest = (lab.folder / "broken" / path.relative_to(directory.path) for path in names(lab))
    newest.write_bytes(newest.read_bytes()[:-1])
    damaged.write_bytes(b"")
    assert lab.fit("broken") == 0
    problem, other = lab.said().splitlines()
    assert problem.startswith(f"note: broken/checkpoints/{newest.name}: ")
    assert other.startswith(f"note: broken/checkpoints/{damaged.name}: ")
    assert problem.endswith(f"; using {oldest.name}")
    assert lab.differences("broken") == []


def names(lab: Any) -> list[Path]:
    return [lab.folder / "whole" / name for name in sorted(lab.whole) if name.startswith("checkpoints/")]


def test_p2_without_a_valid_checkpoint_nothing_is_overwritten_nor_begun_anew(lab: Any) -> None:
    assert lab.whole
    (lab.folder / "whole/summary.json").unlink()
    for path in names(lab):
        path.write_bytes(path.read_bytes() + b" ")
    before = lab.files("whole")
    assert lab.fit("whole") == 5
    assert re.fullmatch(r"error: whole/checkpoints/step-0+28\.safetensors: .*; none of the 3 .* is valid\n", lab.said())
    assert lab.files("whole") == before
