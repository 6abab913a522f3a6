"""metrics.jsonl, the truth about a run: one strict-JSON object a line, only ever appended or cut back.

Must not know what a record says. A last line without its newline is a write that a crash cut short: no record.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.artifacts import durable, strict_json
from nntrain.errors import CheckpointError


class MetricsFile:
    """Append, cut and read; the lock is the caller's business."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._synced = True

    @property
    def length(self) -> int:
        """Bytes in the file, 0 when there is none."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record; NaN and ±inf become null. Raises ``OutputError``."""
        self._synced = False
        durable.append(self.path, (strict_json.compact(record) + "\n").encode())

    def sync(self) -> None:
        """Make all that was appended proof against power cuts. Raises ``OutputError``."""
        if not self._synced:
            durable.sync(self.path)
            self._synced = True

    def cut(self, length: int) -> None:
        """Keep the first ``length`` bytes, which must be whole records. Raises ``CheckpointError``, ``OutputError``."""
        self.check(length)
        if length < self.length:
            durable.truncate(self.path, length)

    def check(self, length: int) -> None:
        """Raise ``CheckpointError`` unless the first ``length`` bytes are there and are whole records."""
        have = self.length
        if length > have:
            raise CheckpointError(f"{self.path}: {have} bytes, but the checkpoint counts {length}: records are missing")
        if length and self._bytes()[length - 1 : length] != b"\n":
            raise CheckpointError(f"{self.path}: no record ends at byte {length}, which the checkpoint counts")

    def read(self) -> list[dict[str, Any]]:
        """Return all whole records. Raises ``CheckpointError`` with the line of one that is damaged."""
        lines = self._bytes().split(b"\n")[:-1]
        return [self._record(number, line) for number, line in enumerate(lines, start=1)]

    def _record(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            record = strict_json.parse(line)
        except ValueError as error:
            raise CheckpointError(f"{self.path}:{number}: not a metrics record: {error}") from None
        if not isinstance(record, dict):
            raise CheckpointError(f"{self.path}:{number}: not a metrics record: no object")
        return record

    def _bytes(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise CheckpointError(f"{self.path}: cannot be read: {durable.cause(error)}") from error
