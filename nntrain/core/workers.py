"""Threads that help where there can be any. Knows nothing of the work.

A limit on processes or on memory can keep a thread from starting; the work is then done by the caller, in the same
order and with the same result.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Workers(ThreadPoolExecutor):
    """An executor that does the work at once, in the caller's thread, from when a thread could not be started."""

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers=max_workers)
        self._alone = False

    def submit(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> "Future[T]":
        """Hand over some work, or do it now; what it raises comes with the result."""
        if not self._alone:
            try:
                return super().submit(work, *arguments, **named)
            except RuntimeError as error:
                if "can't start new thread" not in str(error):
                    raise
                self._alone = True
        done: Future[T] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except Exception as error:  # noqa: BLE001  # as a thread would hand it on
            done.set_exception(error)
        return done
