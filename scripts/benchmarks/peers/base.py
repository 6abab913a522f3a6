"""What a peer is: a name, whether it can run here, and a way to train a problem."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from benchmarks.workloads import Array, Problem

Run = Callable[[int], Array]  # train on for so many epochs; the mean cost of each, shape (epochs,)


class Peer(ABC):
    """One way to train a problem. ``make`` prepares everything that need not be repeated, its result only trains."""

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    trains: ClassVar[bool] = True  # False: the costs mean nothing and are not compared
    optimizers: ClassVar[tuple[str, ...]] = ("sgd",)  # that it is written for

    def available(self) -> str | None:
        """Why this peer cannot run here; None when it can."""
        missing = [module for module in self.needs if find_spec(module) is None]
        return f"{', '.join(missing)} not installed" if missing else None

    def suits(self, problem: Problem) -> str | None:
        """Why this peer has nothing to say about a problem; None when it has."""
        optimizer = problem.workload.optimizer
        return None if optimizer in self.optimizers or not self.trains else f"it is not compared with {optimizer}"

    @abstractmethod
    def make(self, problem: Problem) -> Run:
        """Build the training of a problem; each call of the result continues where the last one stopped."""


def library(name: str) -> Any:
    """Import a library that may be absent where this file is type-checked."""
    return import_module(name)
