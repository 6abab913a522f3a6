"""One file that holds all a run needs to go on, or to be scored: named tensors and a table of facts.

The container is safetensors with a single metadata key, ``nntrain``: canonical JSON with the caller's facts and
``format``, ``version``, ``sha256`` (one digest a tensor) and ``seal`` (the digest of the header, its own digits read
as zeros). So every byte of the file is covered, and nothing is believed before it is verified. Must not know what the
tensors or the facts mean. No pickle: reading never runs code and takes no more memory than the file is long.
"""

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as container

from nntrain.artifacts import durable, plain_file, strict_json
from nntrain.core.types import Array
from nntrain.errors import CheckpointError

FORMAT = "nntrain-checkpoint"
VERSION = 1
KEY = "nntrain"
MAX_HEADER = 16 << 20  # bytes
BLANK = "0" * 64
ARCHIVES = (b"PK", b"\x89HDF")  # how npz and HDF5 begin
SEAL = re.compile("[0-9a-f]{64}")
RESERVED = ("format", "version", "sha256", "seal")
DTYPES = frozenset("?bhilqBHILQefd")  # bool, integers, float16, float32, float64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Tensors by name (any shape, 0-d too; bool, integer or float) and facts that have a JSON form.

    In ``meta`` NaN and infinities become null, tuples lists; the keys format, version, sha256 and seal are taken.
    """

    tensors: Mapping[str, Array]
    meta: Mapping[str, Any] = field(default_factory=dict)


def save(path: Path, checkpoint: Checkpoint, *, dir_fd: int | None = None) -> None:
    """Write durably, after checking that the bytes read back as what was given.

    Raises ``OutputError`` when the disk refuses, ``TypeError`` or ``ValueError`` for what cannot be stored. With
    ``dir_fd`` only the name of ``path`` counts, in that directory.
    """
    durable.write_bytes(path, encode(checkpoint), dir_fd=dir_fd)


def load(path: Path, *, follow_links: bool = True, dir_fd: int | None = None) -> Checkpoint:
    """Return the verified checkpoint; tensors are read-only arrays. Raises ``CheckpointError``, naming the file.

    With ``dir_fd`` only the name of ``path`` counts, in that directory.
    """
    return decode(read(path, follow_links=follow_links, dir_fd=dir_fd), str(path))


def encode(checkpoint: Checkpoint) -> bytes:
    """Return the file's bytes, a function of the contents alone."""
    tensors = {name: _storable(name, array) for name, array in sorted(checkpoint.tensors.items())}
    taken = [key for key in RESERVED if key in checkpoint.meta]
    if taken or KEY in tensors or "__metadata__" in tensors:
        raise ValueError(f"{', '.join(taken) or KEY}: the name is reserved in checkpoints")
    facts: dict[str, Any] = {**checkpoint.meta, "format": FORMAT, "version": VERSION}
    facts["sha256"] = {name: _digest(array) for name, array in tensors.items()}
    mark = hashlib.sha256(strict_json.canonical(facts).encode()).hexdigest()  # what stands nowhere else in the header
    data = _seal(container.save(dict(tensors), {KEY: strict_json.canonical(facts | {"seal": mark})}), mark.encode())
    _verify(data, tensors)
    return data


def decode(data: bytes, where: str) -> Checkpoint:
    """Return the checkpoint in ``data``; every damage is a ``CheckpointError`` that begins with ``where``."""
    facts = _sealed_facts(data, where)
    try:
        tensors = container.load(data)
    except (SafetensorError, ValueError, KeyError, OverflowError, MemoryError) as error:
        _refuse_damaged(where, f"its tensors cannot be read ({error})")
    digests = facts["sha256"]
    if not isinstance(digests, dict) or digests.keys() != tensors.keys():
        _refuse_damaged(where, "it does not hold the tensors it lists")
    for name, array in sorted(tensors.items()):
        if _digest(array) != digests[name]:
            _refuse_damaged(where, f"the numbers of tensor {name!r} have changed")
        array.flags.writeable = False
    return Checkpoint(tensors, {key: value for key, value in facts.items() if key not in RESERVED})


def is_foreign(data: bytes) -> bool:
    """Tell whether a file is surely none of nntrain's: a zip archive, HDF5, or safetensors that do not name it."""
    header = _header(data)
    return data.startswith(ARCHIVES) or (
        header[:1] == b"{" and header.rstrip()[-1:] == b"}" and KEY.encode() not in header
    )


def foreign_tensors(data: bytes) -> Mapping[str, Array]:
    """Return the tensors of a safetensors file that nntrain has not written; ValueError when they cannot be read."""
    try:
        tensors: Mapping[str, Array] = container.load(data)
    except (SafetensorError, KeyError, TypeError, OverflowError, MemoryError) as error:  # TypeError: bfloat16
        raise ValueError(str(error)) from error
    return tensors


def _storable(name: str, array: Array) -> Array:
    """Return the array C-contiguous and little-endian, which is all the container stores rightly; 0-d stays 0-d."""
    array = np.asarray(array, order="C")  # ascontiguousarray would make 0-d arrays 1-d
    if array.dtype.char not in DTYPES:
        raise TypeError(f"{name}: {array.dtype} cannot be stored in a checkpoint")
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _digest(array: Array) -> str:
    return hashlib.sha256(array.data).hexdigest()


def _seal(data: bytes, mark: bytes) -> bytes:
    """Return the file with the seal in place of the mark: the digest of the header with zeros there."""
    header = _header(data)
    place = 8 + header.index(mark)
    seal = hashlib.sha256(header.replace(mark, BLANK.encode())).hexdigest().encode()
    return b"".join((data[:place], seal, memoryview(data)[place + len(seal) :]))


def _verify(data: bytes, tensors: Mapping[str, Array]) -> None:
    """Check that the bytes read back as what was given: the container has been wrong in silence before."""
    where = "checkpoint"
    _sealed_facts(data, where)
    found = container.load(data)
    if found.keys() != tensors.keys():
        _refuse_damaged(where, "it does not hold the tensors it was given")
    for name, array in tensors.items():
        if not _equal(found[name], array):
            _refuse_damaged(where, f"the numbers of tensor {name!r} have changed")


def _equal(a: Array, b: Array) -> bool:
    """Tell whether two arrays are the same in kind, shape and every byte, NaN and -0 included."""
    alike = a.dtype == b.dtype and a.shape == b.shape
    return alike and np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))


def _header(data: bytes) -> bytes:
    """Return the JSON header behind the eight bytes of its length; empty when the length is a lie."""
    length = struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    return data[8 : 8 + length] if length <= min(MAX_HEADER, len(data) - 8) else b""


def _sealed_facts(data: bytes, where: str) -> dict[str, Any]:
    """Return the metadata after checking format, version and seal."""
    header = _header(data)
    try:
        text = strict_json.parse(header)["__metadata__"][KEY]
        facts = strict_json.parse(text) if isinstance(text, str) else None
    except (ValueError, KeyError, TypeError):
        facts = None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise CheckpointError(f"{where}: not an nntrain checkpoint, or damaged at its beginning ({len(data)} bytes)")
    version = facts.get("version")
    if isinstance(version, int) and version > VERSION:
        raise CheckpointError(f"{where}: written by a newer nntrain, format {version}; this one reads {VERSION}")
    seal = facts.get("seal")
    if version != VERSION or "sha256" not in facts or not SEAL.fullmatch(str(seal)):
        _refuse_damaged(where, "its header is incomplete")
    if hashlib.sha256(header.replace(str(seal).encode(), BLANK.encode())).hexdigest() != seal:
        _refuse_damaged(where, "its header has changed")
    return facts


def read(path: Path, *, follow_links: bool = True, dir_fd: int | None = None) -> bytes:
    """Return the contents of a plain file, unverified; devices and pipes are refused before they can block."""
    try:
        return plain_file.read(path, follow_links=follow_links, dir_fd=dir_fd)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint") from None
    except plain_file.IrregularFileError as error:
        raise CheckpointError(f"{path}: {durable.cause(error)}") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot read the checkpoint: {durable.cause(error)}") from error
    except (ValueError, MemoryError) as error:  # a NUL in the path; a file larger than the memory
        cause = str(error) or "it does not fit in memory"
        raise CheckpointError(f"{str(path)!r}: cannot read the checkpoint: {cause}") from error


def _refuse_damaged(where: str, what: str) -> NoReturn:
    raise CheckpointError(f"{where}: damaged: {what}")
