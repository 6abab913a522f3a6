"""Runs that are killed, starved and interrupted on purpose, and the figures that these tests print.

A test here says in its name which promise it shows: ``test_p1_…``. Each list is gone through in part by default, and
wholly by ``python -m pytest -m "slow or figure" -n auto tests/promises``, which prints what was tried and found.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.cli.entry import run

ROOT = Path(__file__).parents[2]
SPEC = """\
name: tiny
data:
  source: {kind: moons, n: 40}
  validation: 0.25
model: {kind: mlp, hidden: [5], dropout: 0.2}
optimizer: {kind: adam, lr: 0.3}
schedule: plateau
train: {epochs: 7, batch_size: 8}
checkpoint: {every_epochs: 1, keep: 2, min_seconds: 0}
"""
TIMES = ("run.json", "log.txt", ".lock")  # what tells when a run was started, and how often
COUNT = "figures"
LABEL = 51  # characters of a line before what was found


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def figure(request):
    """Return a function that notes a line of what a test tried and found, to be printed at the end."""
    promise = request.node.name.split("_")[1].upper()
    return lambda what, found: request.node.user_properties.append((COUNT, f"{promise}  {what:<46} {found}"))


def pytest_terminal_summary(terminalreporter):
    """Print the figures of the thorough tests, promise by promise."""
    passed = terminalreporter.stats.get("passed", [])
    lines = [text for report in passed for name, text in report.user_properties if name == COUNT]
    if lines and terminalreporter.config.option.markexpr.startswith("slow"):
        terminalreporter.section("figures")
        for line in sorted(added_up(lines)):
            terminalreporter.write_line(line)


NUMBER = re.compile(r"(?<!exit )\b\d[\d,]*\b")  # an exit status is no count


def added_up(lines):
    """Return the lines, those of the parts of one test as one with the sums of their counts."""
    parts = {}
    for line in lines:
        what, found = line[:LABEL], line[LABEL:]
        parts.setdefault((what, NUMBER.sub("#", found)), []).append(found)
    for (what, _), found in parts.items():
        if len(found) == 1:
            yield what + found[0]
            continue
        counts = zip(*([int(text.replace(",", "")) for text in NUMBER.findall(one)] for one in found), strict=True)
        sums = iter([f"{sum(numbers):,}" for numbers in counts])
        yield what + NUMBER.sub(lambda _, left=sums: next(left), found[0])


# --- runs ------------------------------------------------------------------------------------------------------------


class Server:
    """The process of ``server.py``: starts runs in milliseconds, where each warning of NumPy's would be a failure."""

    def __init__(self, **more):
        fixed = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "error::RuntimeWarning"}
        environment = {**os.environ, **fixed, **more}
        command = [sys.executable, str(Path(__file__).with_name("server.py"))]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while json.loads(self.process.stdout.readline()) != "ready":
            pass  # the summary of the first run

    def ask(self, command, value):
        self.process.stdin.write(f"{json.dumps([command, value])}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@pytest.fixture(scope="session")
def server():
    made = Server()
    yield made
    made.close()


class Lab:
    """A folder with the spec ``tiny.yaml``, and runs of it that meet with accidents."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.write_spec(SPEC)

    def write_spec(self, text):
        self.spec = text
        (self.folder / "tiny.yaml").write_text(text, encoding="utf-8")

    def start(self, run, more=(), **changes):
        """Begin a run, or go on with it, and return its process id; ``changes`` are those of ``Order``."""
        return self.launch("fit", "tiny.yaml", "--run-dir", run, "--no-plots", "-q", *more, **changes)

    def launch(self, *arguments, **changes):
        """Begin any command and return its process id."""
        return self.server.ask("start", {"arguments": arguments, "folder": str(self.folder), **changes})

    def wait(self, process):
        """Return the exit status, negative for the signal that ended it."""
        return self.server.ask("wait", process)

    def fit(self, run, more=(), **changes):
        """Train to the end, or go on; return the exit status."""
        return self.wait(self.start(run, more, **changes))

    def traced(self, run, calls, *options, **changes):
        """Run under strace, from where nntrain is loaded on; return the exit status and the lines of the trace."""
        process, log = self.start(run, hold=True, **changes), self.folder / "trace"
        command = ["strace", "-f", "-qq", "-y", "-s", "0", "-o", log, "-e", f"trace={calls}", *options, "-p", process]
        with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True) as tracer:
            while "TracerPid:\t0\n" in Path(f"/proc/{process}/status").read_text(encoding="ascii"):
                if tracer.poll() is not None:
                    os.kill(process, signal.SIGKILL)
                    self.wait(process)
                    pytest.skip(f"strace cannot trace here: {tracer.stderr.read().strip()}")
                time.sleep(0.0002)
            os.kill(process, signal.SIGCONT)
            status = self.wait(process)
        return status, log.read_text(encoding="utf-8").splitlines()

    def killed(self, run, calls, number, **changes):
        """Kill a run right before the ``number``-th of ``calls``; tell whether it got as far as that."""
        status, _ = self.traced(run, calls, "-e", f"inject={calls}:signal=KILL:when={number}", **changes)
        assert status in (0, -signal.SIGKILL), self.said()
        return status != 0

    def said(self):
        """Return what the last run wrote to stderr."""
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def files(self, run):
        """Return all files of a run by name but those that tell times, the times in the others standing still."""
        path = self.folder / run
        found = {str(item.relative_to(path)): item for item in path.rglob("*") if item.is_file()}
        return {name: item.read_bytes() for name, item in sorted(found.items()) if name not in TIMES}

    @cached_property
    def whole(self):
        """The files of a run that nothing happened to."""
        assert self.fit("whole") == 0, self.said()
        return self.files("whole")

    def lasting(self, run):
        """Return what must be the same however long the steps of a run took: metrics without times, and weights."""
        directory = RunDir(self.folder / run)
        records = directory.read_metrics()
        for record in records:
            del record["seconds"], record["examples_per_second"]
        return records, {name: array.tobytes() for name, array in directory.latest().checkpoint.tensors.items()}

    def remove(self, run):
        shutil.rmtree(self.folder / run)

    def assert_ends_whole(self, run, *, stopped=False):
        """Go on with a run to its end, which must be that of the undisturbed one, byte for byte; then remove it.

        Where a run was ``stopped`` it saved a checkpoint, which may be among those that are kept beside best and last.
        """
        status = self.fit(run)
        assert status == 0, self.said()
        strange = self.differences(run)
        if stopped:
            last, best = max(self.checkpoints("whole")), json.loads(self.whole["summary.json"])["checkpoint"]
            strange = [name for name in strange if not name.startswith("checkpoints/") or name in (last, best)]
            assert {last, best} <= self.checkpoints(run)
        assert strange == []
        self.remove(run)

    def checkpoints(self, run):
        """Return the names of the checkpoints of a run."""
        return {name for name in self.files(run) if name.startswith("checkpoints/")}

    def differences(self, run):
        """Return the names of the files that are not those of the undisturbed run."""
        files = self.files(run)
        return [name for name in sorted({*self.whole, *files}) if files.get(name) != self.whole.get(name)]


@pytest.fixture
def lab(server, tmp_path):
    return Lab(server, tmp_path)


@pytest.fixture(scope="session")
def strace():
    """Skip, visibly, where there is no strace; the tests that wrap the calls in Python remain."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: killing at system calls is shown in Python alone")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return the current directory, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nntrain(here, capfd):
    """Return a function that runs a command and returns its exit status, what it printed, and what it said."""

    def call(*arguments):
        capfd.readouterr()
        return run([str(argument) for argument in arguments]), *capfd.readouterr()

    return call
