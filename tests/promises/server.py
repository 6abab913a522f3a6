"""A process that has nntrain loaded and forks a run at each request, so that a run costs milliseconds to start.

Not a test: ``conftest.py`` starts it. A request is a line of JSON, see ``Order``; so is each answer. The clock of the
training loop stands still, so that even the figures that tell times must come out the same.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import power_cuts

from nntrain.artifacts import checkpoints as shelf
from nntrain.artifacts import durable
from nntrain.cli.entry import run
from nntrain.cli.interrupts import release_signals
from nntrain.train import loop

ANY_PROCESS = ctypes.c_ulong(-1)
PR_SET_PTRACER = 0x59616D61  # where the Yama module lets only parents trace


@dataclass
class Order:
    """What to run: arguments of nntrain, where, whether to wait for a SIGCONT first, and what to change before."""

    arguments: list[str]
    folder: str
    then: list[str] | None = None  # a second command of the same process
    hold: bool = False
    naive: bool = False
    cuts: str | None = None  # a folder for the states of the disk that a power cut could leave
    record: tuple[str, str] | None = None  # a folder, and a file for the operations on what lies below it
    strike: tuple[int, str] | None = None  # a signal that the process sends itself before its so-manieth call
    limits: dict[str, int] = field(default_factory=dict)
    stdout: str = "stdout"
    stderr: str = "stderr"


def serve() -> None:
    """Answer one request after the other until stdin ends."""
    warm_up()
    tell("ready")
    for line in sys.stdin:
        command, value = json.loads(line)
        if command == "start":
            tell(start(Order(**value)))
        else:
            _, status = os.waitpid(value, 0)
            tell(os.waitstatus_to_exitcode(status))


def warm_up() -> None:
    """Load by a first run whatever a run loads; later ones then make no system calls for it."""
    loop.perf_counter = lambda: 0.0
    os.environ["PATH"] = ""  # no git: its process would be traced as well
    spec = "data: {source: xor}\nmodel: {kind: mlp, hidden: [2]}\ntrain: {epochs: 1, batch_size: 2}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.yaml"
        path.write_text(spec, encoding="utf-8")
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):  # answers go to stdout
            status = run(["fit", str(path), "--runs", folder, "-q", "--no-plots"])
    release_signals()
    if status:
        raise SystemExit(status)


def start(order: Order) -> int:
    """Fork a run and return its process id; a held one has stopped by then."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            prepare(order)
            status = run(order.arguments)
            if order.then is not None:
                release_signals()
                status = run(order.then)
        finally:
            os._exit(status)
    if order.hold:
        os.waitpid(child, os.WUNTRACED)
    return child


def prepare(order: Order) -> None:
    """Make this process what the order says, and stop if it is to be held."""
    os.setsid()
    os.chdir(order.folder)
    for number, name in enumerate(("/dev/null", order.stdout, order.stderr)):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(name, flags, 0o666)
        os.dup2(descriptor, number)
        os.close(descriptor)
    if order.naive:
        durable.write_bytes = write_naively
        shelf.CheckpointFolder.at = lambda self, step: self.folder / "step-000000000001.safetensors"
    if order.strike:
        strike(*order.strike)
    if order.record:
        power_cuts.record(*order.record)
    if order.cuts:
        Disk(Path(order.folder), Path(order.cuts)).watch()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python has it by itself
    for name, value in order.limits.items():
        resource.setrlimit(getattr(resource, name), (value, value))
    if order.hold:
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_PROCESS, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)


def write_naively(path: Path, data: bytes, *, dir_fd: int) -> None:
    """Write in place, and all checkpoints to one file, as nobody should: the control that must fail."""
    descriptor = os.open(path.name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666, dir_fd=dir_fd)
    os.write(descriptor, data[: len(data) // 2])
    os.write(descriptor, data[len(data) // 2 :])
    os.close(descriptor)


CALLS = ("open", "write", "fsync", "pread", "ftruncate", "replace", "close", "unlink", "mkdir", "scandir")


def strike(number: int, name: str) -> None:
    """Let a signal hit this process right before its ``number``-th call of those that make and change files."""
    left = iter(range(number - 1, -1, -1))
    for call in CALLS:
        setattr(os, call, striking(getattr(os, call), left, getattr(signal, name)))


def striking(call: Callable[..., Any], left: Iterator[int], signal_number: int) -> Callable[..., Any]:
    def wrapper(*arguments: Any, **named: Any) -> Any:
        if next(left, None) == 0:
            os.kill(os.getpid(), signal_number)
        return call(*arguments, **named)

    return wrapper


class Disk:
    """What is sure to be on the disk: names as of the last fsync of their folder, contents as of that of the file.

    Each fsync adds one state to ``cuts``: what would be there, had the power failed right after it and had nothing
    reached the disk unasked.
    """

    def __init__(self, root: Path, cuts: Path) -> None:
        self.root, self.cuts = root, cuts
        self.contents: dict[int, bytes] = {}  # by inode
        self.names: dict[int, dict[str, tuple[int, bool]]] = {}  # of a folder by inode: (inode, is a folder)
        self.count = 0

    def watch(self) -> None:
        """Take note of every fsync of this process from now on."""
        fsync = os.fsync

        def noted(descriptor: int) -> None:
            fsync(descriptor)
            self.note(descriptor)
            self.lay_down(self.cuts / f"{self.count:04d}", self.root.stat().st_ino)
            self.count += 1

        os.fsync = noted

    def note(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        inode = path.stat().st_ino
        if path.is_dir():
            entries = [(entry.name, entry.inode(), entry.is_dir()) for entry in os.scandir(path)]
            self.names[inode] = {name: (number, is_folder) for name, number, is_folder in entries}
        else:
            self.contents[inode] = path.read_bytes()

    def lay_down(self, folder: Path, inode: int) -> None:
        folder.mkdir(parents=True)
        for name, (number, is_folder) in self.names.get(inode, {}).items():
            if is_folder:
                self.lay_down(folder / name, number)
            else:
                (folder / name).write_bytes(self.contents.get(number, b""))


def tell(answer: object) -> None:
    os.write(1, f"{json.dumps(answer)}\n".encode())


if __name__ == "__main__":
    serve()
