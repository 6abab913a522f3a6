"""A process that has nntrain loaded and forks one process for each point, so that a point need not pay for imports.

Orders are lines of JSON on stdin, ends of processes lines of JSON on stdout. When stdin ends, or this process, the
points under way save and end. A forked process trains one point; a signal makes it save at its next step and end.
"""

import gc
import json
import os
import select
import signal
from collections.abc import Mapping
from types import FrameType
from typing import Any, NoReturn

from nntrain.core.machine import own_commit
from nntrain.sweeps.order import BUG, Order
from nntrain.sweeps.point_run import train_point

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
PIECE = 1 << 16


def serve() -> NoReturn:
    """Start what is ordered and report what ends, until stdin ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # each process takes them once it can handle them
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.signal(signal.SIGCHLD, _ignore)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    own_commit()  # looked up once, not by each process
    gc.freeze()  # what is loaded stays, and is shared with every process
    server = _Server((wake, waker))
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, PIECE)
            server.report()
        if 0 in ready:
            data = os.read(0, PIECE)
            if not data:
                server.stop()
                os._exit(0)
            server.read(data)


class _Server:
    """The processes under way, by process id."""

    def __init__(self, pipes: tuple[int, int]) -> None:
        self.pipes = pipes
        self.points: dict[int, str] = {}
        self.rest = b""

    def read(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "start" in message:
                self.start(message["start"])
            else:
                self.stop()

    def start(self, order: Mapping[str, Any]) -> None:
        server = os.getpid()
        child = os.fork()
        if child == 0:
            status = BUG
            try:
                status = _train(order, server, self.pipes)
            finally:
                os._exit(status)
        self.points[child] = order["point"]

    def stop(self) -> None:
        for process in self.points:
            os.kill(process, signal.SIGTERM)

    def report(self) -> None:
        """Report every process that has ended."""
        while self.points:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            ended = {"point": self.points.pop(process), "status": os.waitstatus_to_exitcode(status)}
            os.write(1, json.dumps(ended).encode() + b"\n")


def _train(order: Mapping[str, Any], server: int, pipes: tuple[int, int]) -> int:
    """Train a point in this process; return its exit status. What went wrong is in the file of its messages."""
    signals: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        signals.append(number)

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in STOP:
        signal.signal(number, note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP)
    for pipe in pipes:
        os.close(pipe)
    _redirect(order["messages"])
    return train_point(Order(**order), lambda: bool(signals) or os.getppid() != server)


def _redirect(messages: str) -> None:
    """Let nothing come in, and let what is said go to a file; so the pipes are the server's alone."""
    null = os.open(os.devnull, os.O_RDONLY)
    file = os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for source, target in ((null, 0), (file, 1), (file, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(file)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Leave it to the wake-up pipe."""
