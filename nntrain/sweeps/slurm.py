"""Points as tasks of Slurm arrays, by plain sbatch and squeue: neither accounting nor anything else is needed.

A task writes how it ended to a file; one that has left the queue without it was killed. Knows nothing of settings.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from nntrain.errors import MissingExtraError, OutputError
from nntrain.sweeps.order import KILLED, Ended, Order
from nntrain.sweeps.order_files import OrderFiles
from nntrain.sweeps.worker import THREADS

MOST = 1000  # tasks of an array: Slurm's own limit is 1001 unless it is set otherwise
EVERY = 1.0  # seconds between two looks at the queue
PATIENCE = 60  # looks in a row that may fail, as while the controller is restarted
SCRIPT = """#!/bin/sh
order=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" {orders})
{settings}
exec {python} -m nntrain.sweeps.worker "$order"
"""


class SlurmExecutor:
    """Submits what was ordered as one array, at most ``jobs`` tasks of it at once, and watches the queue."""

    capacity = MOST
    unit = ("Slurm task", "Slurm tasks")

    def __init__(self, files: OrderFiles, jobs: int | None) -> None:
        self._files, self._jobs = files, jobs
        sweep = str(files.path.parent)  # its lock is held: whatever else has this name is of nobody any more
        self._name = f"nntrain-{hashlib.sha256(sweep.encode()).hexdigest()[:8]}"
        self._waiting: list[tuple[str, Path]] = []
        self._under_way: dict[str, tuple[Path, str]] = {}  # by point: its order, and its task such as 12_3
        self._count, self._looked, self._failures = 0, 0.0, 0
        self._queued: set[str] = set()

    def start(self, order: Order) -> None:
        """Write an order; it is submitted together with others."""
        if not self._count:  # arrays of a coordinator that was killed would only take places of the queue
            _call(["scancel", "--state=PENDING", f"--name={self._name}"])
        self._count += 1
        self._waiting.append((order.point, self._files.write(order, f"{order.point}-{self._count}")))

    def ended(self, timeout: float) -> list[Ended]:
        """Submit what waits, and return the tasks that have ended."""
        if self._waiting:
            self._submit()
        until = monotonic() + timeout
        while True:
            found = self._look()
            if found or monotonic() >= until:
                return found
            sleep(min(timeout, EVERY / 4))

    def stop(self) -> None:
        """Ask all tasks to save and end, and take those that have not begun out of the queue."""
        self._files.stop()
        jobs = sorted({task.partition("_")[0] for _, task in self._under_way.values()})
        if jobs:
            _call(["scancel", "--state=PENDING", *jobs])

    def _submit(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._count += 1
        listed = self._files.path / f"array-{self._count}.txt"
        listed.write_text("".join(f"{path}\n" for _, path in waiting), encoding="utf-8")
        script = SCRIPT.format(
            orders=shlex.quote(str(listed)),
            settings="\n".join(f"export {name}=1" for name in THREADS)
            + f"\nexport PYTHONPATH={shlex.quote(os.pathsep.join(filter(None, sys.path)))}",
            python=shlex.quote(sys.executable),
        )
        limit = "" if self._jobs is None else f"%{self._jobs}"
        array = f"--array=0-{len(waiting) - 1}{limit}"
        options = ["--parsable", array, "--no-requeue", f"--job-name={self._name}", "--ntasks=1", "--cpus-per-task=1"]
        done = _call(["sbatch", *options, f"--output={os.devnull}", f"--error={os.devnull}"], script)
        if done.returncode:
            raise OutputError(f"sbatch refuses the array: {_last_line(done.stderr)}")
        job = done.stdout.strip().partition(";")[0]
        for index, (point, path) in enumerate(waiting):
            self._under_way[point] = (path, f"{job}_{index}")
            self._queued.add(f"{job}_{index}")
        self._looked = monotonic()

    def _look(self) -> list[Ended]:
        """Return the tasks that have written their status, and those that have left the queue without one."""
        fresh = monotonic() - self._looked >= EVERY
        if fresh and self._under_way:
            self._looked = monotonic()
            queued = self._queue()
            fresh = queued is not None
            self._queued = queued if queued is not None else self._queued
        found = []
        for point, (path, task) in list(self._under_way.items()):
            status = self._files.status(path)
            if status is None and fresh and task not in self._queued:
                status = self._files.status(path)  # it may have ended between the two looks
                status = KILLED if status is None else status
            if status is not None:
                del self._under_way[point]
                self._files.remove(path)
                found.append(Ended(point, status))
        return found

    def _queue(self) -> set[str] | None:
        """Return the tasks in the queue, None when it cannot be seen just now. OutputError when that lasts."""
        jobs = {task.partition("_")[0] for _, task in self._under_way.values()}
        done = _call(
            ["squeue", "--noheader", "--array", "--states=all", f"--jobs={','.join(sorted(jobs))}", "-o", "%F_%K %T"]
        )
        if done.returncode and "Invalid job id" not in done.stderr:
            self._failures += 1
            if self._failures > PATIENCE:
                raise OutputError(f"squeue does not answer: {_last_line(done.stderr)}")
            return None
        self._failures = 0
        over = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "BOOT_FAIL")
        lines = [line.split() for line in done.stdout.splitlines()]
        return {line[0] for line in lines if len(line) == 2 and not line[1].startswith(over)}


@contextmanager
def slurm_executor(sweep: Path, jobs: int | None) -> Iterator[SlurmExecutor]:
    """Return the executor of the cluster whose commands are here. Raises MissingExtraError without sbatch."""
    if shutil.which("sbatch") is None:
        raise MissingExtraError("--slurm: there is no sbatch here; start the sweep where jobs are submitted")
    files = OrderFiles(sweep)
    try:
        yield SlurmExecutor(files, jobs)
    finally:
        files.close()


def _call(command: list[str], text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no reason given"
