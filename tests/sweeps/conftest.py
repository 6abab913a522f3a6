"""A spec that trains in milliseconds, and sweeps of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.cli.entry import run
from nntrain.sweeps.coordinator import Coordinator
from nntrain.sweeps.expansion import expand
from nntrain.sweeps.folder import SweepFolder
from nntrain.sweeps.methods import search_of
from nntrain.sweeps.points import Plan
from nntrain.sweeps.request import Options, request_of_options
from nntrain.sweeps.result_files import result_files
from nntrain.sweeps.search import WholePlan
from nntrain.sweeps.standings import standings

ROOT = Path(__file__).parents[2]
SPEC = """\
name: tiny
data:
  source: {kind: moons, n: 60}
  validation: 0.25
  test: 0.2
model: {kind: mlp, hidden: [4]}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 4, batch_size: 9}
checkpoint: {min_seconds: 0}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return the current directory, which holds tiny.yaml alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def plan(here):
    """Return a function from keys that vary, seeds and overrides to a plan."""

    def make(*over, seeds=None, rank=None, overrides=()):
        return expand(request_of_options(Path("tiny.yaml"), over, Options(seeds=seeds, rank=rank)), overrides)

    return make


@pytest.fixture
def search(here):
    """Return a function from keys that vary, options and overrides to a search."""

    def make(*over, overrides=(), **options):
        return search_of(request_of_options(Path("tiny.yaml"), over, Options(**options)), overrides)

    return make


@pytest.fixture
def coordinate(here):
    """Return a function that trains a plan or a search in a folder, and returns events and the text of the tables."""

    def train(plan, executor, name="sweep", interrupted=bool, each=None):
        search = WholePlan(plan) if isinstance(plan, Plan) else plan
        with SweepFolder(here / name).lock() as folder:
            folder.write("sweep.yaml", "")
            coordinator = Coordinator(search, folder, executor)
            events = []
            for event in coordinator.events(interrupted):
                events.append(event)
                if each:
                    each(event)
        found = standings(coordinator.plan, coordinator.outcomes)
        return events, result_files(coordinator.plan, coordinator.outcomes, found)

    return train


@pytest.fixture
def nntrain(here, capfd):
    """Return a function that runs a command and returns its exit status, what it printed, and what it said."""

    def call(*arguments):
        capfd.readouterr()
        return run([str(argument) for argument in arguments]), *capfd.readouterr()

    return call


@pytest.fixture
def process(here):
    """Return a function that starts a command in a process of its own; whatever runs at the end is killed."""
    made = []

    def start(*arguments):
        command = [sys.executable, "-m", "nntrain", *map(str, arguments)]
        settings = {**os.environ, "PYTHONPATH": str(ROOT)}
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        made.append(subprocess.Popen(command, env=settings, text=True, **streams))
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.communicate()


def children_of(process):
    """Return the ids of the processes that a process has started and that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.fixture
def children():
    """Return the function that lists the processes that a process has started."""
    return children_of


@pytest.fixture
def trained_once():
    """Return a function that asserts of every run of a sweep that it came to its end once, and never began twice."""

    def check(folder, *, begun_again=()):
        runs = sorted((folder / "runs").iterdir())
        for path in runs:
            lines = (path / "log.txt").read_text(encoding="utf-8").splitlines()
            words = [line.split(" ")[1].rstrip(":") for line in lines]
            end = next(index for index, word in enumerate(words) if word in ("done", "diverged"))
            assert words[-1] == words[end], lines
            if path.name not in begun_again:
                assert words.count("started") == 1, lines
                assert end == len(words) - 1, lines
            else:  # killed before its summary was written, it goes on from its last step and trains none
                assert set(words[end + 1 :]) <= {"resumed", "done"}, lines
        return len(runs)

    return check
