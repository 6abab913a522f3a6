"""Signals while training: the first asks for a stop at the next step, a second Ctrl-C ends the process at once.

SIGHUP comes when a terminal is closed and SIGXCPU when processor time runs out; a command begun with ``nohup`` ignores
the former, and goes on doing so.

Python runs its handlers between two instructions of the main thread, and a matrix product is one of them however long
it takes. So a thread listens as well: it hears of every signal when it comes, and can end the process at once.
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from types import FrameType

SIGNALS = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP", "SIGXCPU")
ENDINGS = ("SIGTERM", "SIGHUP", "SIGXCPU")  # those that end a command without anything to save
AT_ONCE = 130


class Interrupts:
    """Takes the signals over until ``close``; calling it returns the name of the first that came, or an empty text."""

    def __init__(self, *, aloud: bool = True) -> None:
        self._first = ""
        self._aloud = aloud
        self._count = InterruptCount()
        self._told = {ctrl_c: Lock() for ctrl_c in (False, True)}  # each taken for good by whoever tells
        self._listener: SignalListener | None = None
        with suppress(OSError, RuntimeError):  # without one a second Ctrl-C within a long call has to wait
            self._listener = SignalListener(self._tell)
        self._before = {number: signal.signal(number, self._handle) for number in _numbers() if not _ignored(number)}

    def __call__(self) -> str:
        return self._first

    def close(self) -> None:
        """Put the handlers of before back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._listener is not None:
            self._listener.close()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, in the main thread and thus before its next step."""
        self._count.add(number)
        self._first = self._first or signal.Signals(number).name
        self._tell(number)

    def _tell(self, number: int) -> None:
        """Say what will happen, at the first signal and at the first Ctrl-C.

        Nothing buffered may be touched: the main thread may be writing to it right now.
        """
        ctrl_c = number == signal.SIGINT
        if not self._aloud or self._told[True].locked() or not self._told[ctrl_c].acquire(blocking=False):
            return
        again = "Ctrl-C again stops at once" if ctrl_c else "Ctrl-C twice stops at once"
        text = f"\nnntrain: {signal.Signals(number).name}: saving at the next step; {again}\n"
        with suppress(OSError):  # nobody is listening
            os.write(2, text.encode())


class InterruptCount:
    """Counts Ctrl-C alone: one after a SIGTERM is not the second."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, number: int) -> None:
        """Count a signal; the second Ctrl-C ends the process at once."""
        self._count += number == signal.SIGINT
        if self._count >= 2:
            os._exit(AT_ONCE)


class SignalListener:
    """A thread that hears of each signal as it comes, each a byte. OSError or RuntimeError where it cannot be had."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._near, self._far = socket.socketpair()
        self._far.setblocking(False)  # as a handler must not wait
        self._thread = Thread(target=self._listen, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._near.close()
            self._far.close()
            raise
        self._before = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)

    def close(self) -> None:
        """End the thread."""
        signal.set_wakeup_fd(self._before)
        self._far.close()
        self._thread.join()
        self._near.close()

    def _listen(self) -> None:
        count, watched = InterruptCount(), _numbers()
        while numbers := self._near.recv(1):
            if numbers[0] not in watched:
                continue
            count.add(numbers[0])
            self._tell(numbers[0])


_watching: list[Interrupts] = []  # at most one


def catch_signals(*, aloud: bool = True) -> Interrupts:
    """Watch for the signals from now on, to the end of the process or until ``release_signals``.

    Unless ``aloud``, nothing is said of what will happen.
    """
    release_signals()
    _watching.append(Interrupts(aloud=aloud))
    return _watching[0]


def release_signals() -> None:
    """Stop watching, if anything is watched: for a process in which training is not all there is."""
    while _watching:
        _watching.pop().close()


def ignore() -> None:
    """Let none of the signals reach this process any more."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


class Ended(SystemExit):
    """A signal ends a command that has nothing to save; ``name`` is that of the signal."""

    def __init__(self, number: int) -> None:
        self.status, self.name = 128 + number, signal.Signals(number).name  # as shells report it
        super().__init__(self.status)


def end_in_order() -> None:
    """Let a signal that ends the process do so in order, so that temporary folders are removed on the way."""
    for number in _endings():
        signal.signal(number, _exit_in_order)


def _exit_in_order(number: int, frame: FrameType | None) -> None:
    for one in _endings():  # a second must not keep the first from tidying up
        signal.signal(one, signal.SIG_IGN)
    raise Ended(number)


def _endings() -> list[signal.Signals]:
    return [number for number in _numbers() if number.name in ENDINGS and not _ignored(number)]


def _ignored(number: int) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
