"""Where points are trained: the protocol of every executor, and the one that uses processes of this machine.

An executor starts what it is told and reports how each process ended. It knows nothing of settings and decides nothing.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol

from nntrain.errors import OutputError
from nntrain.sweeps.order import KILLED, Ended, Order
from nntrain.sweeps.worker import THREADS

COMMAND = "from nntrain.sweeps.point_server import serve; serve()"
PATIENCE = 5.0  # seconds for the server to end


class Executor(Protocol):
    """Trains points, up to ``capacity`` at once; ``unit`` names what trains one, in the singular and the plural."""

    @property
    def unit(self) -> tuple[str, str]:
        """What trains a point: a process, processes."""

    @property
    def capacity(self) -> int:
        """How many points are trained at once."""

    def start(self, order: Order) -> None:
        """Begin to train a point. Raises OutputError when that cannot be done at all."""

    def ended(self, timeout: float) -> list[Ended]:
        """Return the processes that have ended, after at most ``timeout`` seconds."""

    def stop(self) -> None:
        """Ask all that is under way to save and to end."""


class LocalExecutor:
    """Processes of this machine, forked from one that has everything loaded; for use in a ``with``.

    Killing one costs its point an attempt, killing that server one attempt of each point under way. When the process of
    the executor is gone, all save and end by themselves.
    """

    unit = ("process", "processes")

    def __init__(self, jobs: int) -> None:
        self.capacity = jobs
        self._server: subprocess.Popen[bytes] | None = None
        self._under_way: set[str] = set()
        self._rest = b""

    def __enter__(self) -> "LocalExecutor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def start(self, order: Order) -> None:
        """Fork a process for a point, from a new server if there is none."""
        self._under_way.add(order.point)
        self._tell({"start": order.as_dict()})

    def ended(self, timeout: float) -> list[Ended]:
        """Return what has ended; if the server has, all that was under way."""
        server = self._server
        if server is None or server.stdout is None:
            if not self._under_way:
                select.select([], [], [], timeout)
            return self._lost()
        if not select.select([server.stdout], [], [], timeout)[0]:
            return []
        data = os.read(server.stdout.fileno(), 1 << 16)
        if not data:
            self._close()
            return self._lost()
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = [Ended(**json.loads(line)) for line in lines]
        self._under_way -= {one.point for one in found}
        return found

    def stop(self) -> None:
        """Pass the request on to every process."""
        if self._under_way and self._server is not None:
            self._tell({"stop": True})

    def warm_up(self) -> None:
        """Start the server now, so that it loads while something else is done."""
        if self._server is None:
            settings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            command = [sys.executable, "-c", COMMAND]
            try:
                self._server = subprocess.Popen(
                    command,
                    env=settings | dict.fromkeys(THREADS, "1"),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # a Ctrl-C is ours to pass on
                )
            except OSError as error:
                raise OutputError(f"cannot start a process to train in: {error.strerror or error}") from None
            self._rest = b""

    def _tell(self, message: Mapping[str, Any]) -> None:
        self.warm_up()
        assert self._server is not None
        assert self._server.stdin is not None
        try:
            self._server.stdin.write(json.dumps(message).encode() + b"\n")
            self._server.stdin.flush()
        except BrokenPipeError:
            self._close()  # what was under way is reported as killed

    def _lost(self) -> list[Ended]:
        lost, self._under_way = self._under_way, set()
        return [Ended(point, KILLED) for point in sorted(lost)]

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        for stream in (server.stdin, server.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        if not self._under_way:
            server.kill()  # it may be loading still
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
