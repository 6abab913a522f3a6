"""metrics.jsonl, the record of a run epoch by epoch: one strict-JSON object a line, only ever appended or cut back.

A checkpoint counts the bytes that belong to it and keeps their SHA-256, so a figure cannot change unnoticed. A last
line without its newline is a write that a crash cut short: no record. Knows nothing of training.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nntrain.artifacts import durable, facts, plain_file, strict_json
from nntrain.errors import CheckpointError


class MetricsFile:
    """Append, cut and read; the lock is the caller's business. ``dir_fd`` is the run directory, where it is held."""

    def __init__(self, path: Path, dir_fd: int | None = None) -> None:
        self.path, self._dir_fd = path, dir_fd
        self._synced = True
        self._written: int | None = None  # bytes in the file after this process wrote it last
        self._digest = hashlib.sha256()  # of those bytes

    @property
    def length(self) -> int:
        """Bytes in the file, 0 when there is none."""
        return plain_file.size(self.path, dir_fd=self._dir_fd) or 0

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record; NaN and ±inf become null. Raises ``OutputError``, and ``CheckpointError`` if it was changed.

        Only this process may write the file: one that was deleted, or is longer or shorter now, is not gone on with.
        """
        line = (strict_json.compact(record) + "\n").encode()
        if self._written is None:
            self._remember(self._bytes())
        elif self.length != self._written:
            what = f"{self._written} bytes were written, {self.length} are there"
            raise CheckpointError(f"{self.path}: was changed while this run was writing it: {what}")
        self._synced = False
        durable.append(self.path, line, dir_fd=self._dir_fd)
        self._digest.update(line)
        self._written = (self._written or 0) + len(line)

    def sync(self) -> None:
        """Make all that was appended proof against power cuts. Raises ``OutputError``."""
        if not self._synced:
            durable.sync(self.path, dir_fd=self._dir_fd)
            self._synced = True

    def cut(self, length: int) -> None:
        """Keep the first ``length`` bytes, which must be whole records. Raises ``CheckpointError``, ``OutputError``."""
        self.check(length)
        if length < self.length:
            durable.truncate(self.path, length, dir_fd=self._dir_fd)
        self._remember(self._bytes())

    def check(self, length: int, sha256: str | None = None) -> None:
        """Raise ``CheckpointError`` unless the first ``length`` bytes are whole records, with this digest if given."""
        data = self._bytes()
        if length > len(data):
            what = f"{len(data)} bytes, but the checkpoint counts {length}"
            raise CheckpointError(f"{self.path}: {what}: records are missing")
        if length and data[length - 1 : length] != b"\n":
            raise CheckpointError(f"{self.path}: no record ends at byte {length}, which the checkpoint counts")
        self._records(data[:length])
        if sha256 is not None and hashlib.sha256(data[:length]).hexdigest() != sha256:
            raise CheckpointError(f"{self.path}: damaged: its records are not those that the checkpoint counts")

    def digest(self, length: int) -> str:
        """Return the SHA-256 of the first ``length`` bytes, in hexadecimal digits. Raises ``CheckpointError``."""
        if length == self._written:
            return self._digest.hexdigest()
        return hashlib.sha256(self._bytes()[:length]).hexdigest()

    def read(self) -> list[dict[str, Any]]:
        """Return all whole records. Raises ``CheckpointError`` with the line of one that is damaged."""
        return self._records(self._bytes())

    def _remember(self, data: bytes) -> None:
        self._written, self._digest = len(data), hashlib.sha256(data)

    def _records(self, data: bytes) -> list[dict[str, Any]]:
        records = [self._record(number, line) for number, line in enumerate(data.split(b"\n")[:-1], start=1)]
        self._check_order(record["epoch"] for record in records)
        return records

    def _record(self, number: int, line: bytes) -> dict[str, Any]:
        where = f"{self.path}:{number}"
        try:
            record = strict_json.parse(line)
        except ValueError as error:
            raise CheckpointError(f"{where}: not a metrics record: {error}") from None
        if not isinstance(record, dict):
            raise CheckpointError(f"{where}: not a metrics record: no object")
        facts.check(record, facts.RECORD, where)
        return record

    def _check_order(self, epochs: Iterable[int]) -> None:
        """Refuse records that are doubled, missing or out of order, as two writers at once would leave them."""
        for number, epoch in enumerate(epochs, start=1):
            if epoch != number:
                raise CheckpointError(f"{self.path}:{number}: damaged: epoch {number} is due here, got {epoch}")

    def _bytes(self) -> bytes:
        try:
            return plain_file.read(self.path, dir_fd=self._dir_fd)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise CheckpointError(f"{self.path}: cannot be read: {durable.cause(error)}") from error
