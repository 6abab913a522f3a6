"""Signals while training: the first asks for a stop at the next step, a second Ctrl-C ends the process at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1")
AT_ONCE = 130


class Interrupts:
    """Remembers that a signal came; calling it tells whether one did."""

    def __init__(self) -> None:
        self._seen = False

    def __call__(self) -> bool:
        return self._seen

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal. Nothing buffered may be touched here: the main program may be writing to it right now."""
        if self._seen and number == signal.SIGINT:
            os._exit(AT_ONCE)
        if not self._seen:
            self._seen = True
            _tell(f"\nnntrain: {signal.Signals(number).name}: saving at the next step; Ctrl-C again stops at once\n")


@contextmanager
def watched() -> Iterator[Interrupts]:
    """Watch for the signals inside; the handlers of before come back afterwards."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.handle) for number in _numbers()}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore() -> None:
    """Let none of the signals reach this process any more."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody is listening
        os.write(2, text.encode())
