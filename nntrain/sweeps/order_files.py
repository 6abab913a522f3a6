"""Orders as files on a file system that workers share, so that they need nothing else from the coordinator.

Each coordinator has a folder of its own in ``orders``. Knows nothing of how workers are started.
"""

import json
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from nntrain.artifacts import durable
from nntrain.sweeps.order import Order
from nntrain.sweeps.worker import STOP, exit_file

ORDERS = "orders"


class OrderFiles:
    """The orders of one coordinator, in a new folder of a sweep's folder."""

    def __init__(self, sweep: Path) -> None:
        self.path = sweep.resolve() / ORDERS / secrets.token_hex(4)
        self._here, self._begun = Path.cwd(), False

    def write(self, order: Order, name: str) -> Path:
        """Write an order, its paths such that they mean the same from any folder. Raises OutputError."""
        if not self._begun:
            self._begin()
        run, messages = (str(self._here / path) for path in (order.run, order.messages))
        path = self.path / f"{name}.json"
        exit_file(path).unlink(missing_ok=True)
        durable.write_bytes(path, json.dumps(replace(order, run=run, messages=messages).as_dict()).encode())
        return path

    def stop(self) -> None:
        """Ask all workers to save and end. Raises OutputError."""
        if self._begun:
            durable.write_bytes(self.path / STOP, b"")

    def status(self, path: Path) -> int | None:
        """Return the exit status that the worker of an order wrote, None before it has."""
        try:
            return int(exit_file(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def remove(self, path: Path) -> None:
        """Forget an order that is settled."""
        for file in (path, exit_file(path)):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all orders, those of coordinators that were killed as well."""
        if self._begun:
            shutil.rmtree(self.path.parent, ignore_errors=True)

    def _begin(self) -> None:
        """Make the folder, and ask workers of coordinators that are gone to save and end: their points are ours now."""
        for other in self.path.parent.glob("*"):
            if other.is_dir():
                durable.write_bytes(other / STOP, b"")
        durable.make_directory(self.path)
        self._begun = True
