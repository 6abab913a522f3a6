"""A process that trains one point wherever it was started: ``python -m nntrain.sweeps.worker ORDER.json``.

It saves and ends on a signal, when the file ``stop`` appears beside its order, and when the process that started it is
gone. It writes how it ended beside its order, too. Knows nothing of who started it.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic
from types import FrameType

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")
STOP = "stop"
LOOK = 0.3  # seconds between two looks for the file that asks to stop


def exit_file(order: Path) -> Path:
    """Return the file in which the worker of an order writes its exit status."""
    return order.with_suffix(".exit")


def run_worker(order: str) -> int:
    """Train an order in a process of its own and return its exit status, negative for the signal that ended it."""
    settings = os.environ | dict.fromkeys(THREADS, "1") | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "nntrain.sweeps.worker", order]
    return subprocess.run(
        command, env=settings, stdin=subprocess.DEVNULL, start_new_session=True, check=False
    ).returncode


def main(path: Path) -> int:
    """Train the point of an order, note the exit status, and return it."""
    signals: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        signals.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, note)
    from nntrain.artifacts import durable
    from nntrain.sweeps.order import Order
    from nntrain.sweeps.point_run import train_point

    order = Order(**json.loads(path.read_text(encoding="utf-8")))
    file = os.open(order.messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
    parent, stop, looked = os.getppid(), path.parent / STOP, [0.0, False]

    def interrupted() -> bool:
        now = monotonic()
        if now - looked[0] >= LOOK:  # a look at a shared file system is not free
            looked[:] = now, stop.exists()
        return bool(signals or looked[1] or os.getppid() != parent)

    status = train_point(order, interrupted)
    durable.write_bytes(exit_file(path), str(status).encode())
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
