"""The contract of every place where sweeps are trained: whatever is killed, each point comes to its end once.

Workers are killed, coordinators are killed and interrupted, and the same command goes on; the tables have the bytes of
a sweep to which nothing happened. Places are real: see ``places``.
"""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from nntrain.cli.entry import run
from tests.sweeps.places import PLACES, end, processes_with, strike, wait_until

TABLES = ("runs.csv", "settings.csv", "best.yaml")
SLOWER = ("--set", "train.epochs=60", "--set", "checkpoint.every_epochs=10", "--no-plots", "-q")


@pytest.fixture(params=PLACES)
def place(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    with PLACES[request.param](folder) as found:
        yield found


class Hits:
    """One sweep that is hit again and again, until it has come to its end."""

    def __init__(self, place, arguments, children):
        self.place, self.arguments, self.children = place, arguments, children
        self.out = Path("hit").absolute()
        self.struck = {"worker": 0, "coordinator": 0, "interrupted": 0}

    def began(self):
        return len(list(self.out.glob("runs/*/metrics.jsonl")))

    def workers(self, sweep):
        """Return the processes that train: workers of their own, or what the server of this machine has forked."""
        forked = [one for server in self.children(sweep.pid) for one in self.children(server)]
        return processes_with("nntrain.sweeps.worker", str(self.out)) or forked

    def hit(self, kind, more):
        """Start the sweep, hit it once ``more`` runs have begun, and return whether it came to its end before."""
        sweep, before = self.place.start(*self.arguments, "--out", self.out), self.began()
        wait_until(lambda: sweep.poll() is not None or self.began() >= before + more)
        if sweep.poll() is None and kind == "worker":
            self.struck[kind] += strike(self.workers(sweep)[:1])
            wait_until(lambda: sweep.poll() is not None, 0.5)
        if sweep.poll() is None and kind == "coordinator":
            os.killpg(sweep.pid, signal.SIGKILL)
            self.struck[kind] += 1
        elif sweep.poll() is None:
            os.killpg(sweep.pid, signal.SIGTERM)
            self.struck["interrupted"] += 1
        end(sweep)
        return sweep.returncode == 0

    def finish(self):
        sweep = self.place.start(*self.arguments, "--out", self.out)
        out, err = end(sweep, 600)
        assert sweep.returncode == 0, (out, err)


def whole(arguments):
    """Train the sweep on this machine, one point at a time, with nothing happening; return its tables."""
    assert run(["sweep", *arguments, "--out", "whole", "-j", "1"]) == 0
    return {name: Path("whole", name).read_bytes() for name in TABLES}


@pytest.mark.timeout(300)
def test_what_is_killed_or_interrupted_goes_on(place, here, children, trained_once):
    arguments = ["tiny.yaml", "--over", "optimizer.lr=log(0.01, 0.2, 4)", "--seeds", "2", *SLOWER]
    hits = Hits(place, arguments, children)
    for kind in ("worker", "coordinator", "interrupted"):
        hits.hit(kind, 1)
    hits.finish()
    assert hits.struck["worker"] <= 1
    assert sum(hits.struck.values()) >= 2, hits.struck
    assert {name: (hits.out / name).read_bytes() for name in TABLES} == whole(arguments)
    assert trained_once(hits.out, begun_again=[path.name for path in (hits.out / "runs").iterdir()]) == 8
    assert not (hits.out / "orders").exists()
    sweep = place.start(*arguments, "--out", hits.out)  # there is nothing left to train
    end(sweep)
    assert sweep.returncode == 0
    assert trained_once(hits.out, begun_again=[path.name for path in (hits.out / "runs").iterdir()]) == 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_points_hit_at_fifty_moments(place, here, children, trained_once):
    arguments = ["tiny.yaml", "--over", "optimizer.lr=log(0.01, 0.2, 40)", "--seeds", "5", *SLOWER]
    hits, rng = Hits(place, arguments, children), random.Random(0)
    for _ in range(200):
        kind = rng.choice(["worker", "worker", "coordinator", "interrupted"])
        if hits.hit(kind, rng.randint(0, 3)) or sum(hits.struck.values()) >= 50:
            break
    hits.finish()
    assert sum(hits.struck.values()) >= 50, hits.struck
    assert {name: (hits.out / name).read_bytes() for name in TABLES} == whole(arguments)
    assert trained_once(hits.out, begun_again=[path.name for path in (hits.out / "runs").iterdir()]) == 200


def test_a_worker_of_dask_that_is_lost_costs_its_point_an_attempt(here, trained_once, tmp_path_factory):
    arguments = ["tiny.yaml", "--over", "optimizer.lr=log(0.01, 0.2, 3)", "--seeds", "2", *SLOWER]
    with PLACES["dask"](tmp_path_factory.mktemp("dask")) as place:
        sweep = place.start(*arguments, "--out", "lost")
        assert wait_until(lambda: len(list(here.glob("lost/runs/*/metrics.jsonl"))) >= 2)
        place.workers_of_dask[0].kill()
        _, err = end(sweep, 100)
    assert sweep.returncode == 0, err
    assert {name: (here / "lost" / name).read_bytes() for name in TABLES} == whole(arguments)
    assert trained_once(here / "lost", begun_again=[path.name for path in (here / "lost" / "runs").iterdir()]) == 6


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (
            ("--slurm", "--mpi"),
            2,
            "error: --slurm, --mpi: a sweep is trained in one place; leave one of them out\n",
        ),
        (
            ("--slurm",),
            9,
            "error: --slurm: there is no sbatch here; start the sweep where jobs are submitted\n",
        ),
        (("--dask", "tcp://127.0.0.1:1"), 9, "error: --dask needs Dask: pip install 'nntrain[dask]'\n"),
        (("--mpi",), 9, "error: --mpi needs mpi4py: pip install 'nntrain[mpi]'\n"),
    ],
)
def test_a_place_that_is_not_there_is_said(nntrain, here, monkeypatch, options, status, message):
    for name in ("distributed", "mpi4py"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    monkeypatch.setenv("PATH", str(here))
    assert nntrain("sweep", "tiny.yaml", "--over", "optimizer.lr=[0.1]", *options) == (status, "", message)


def test_one_rank_alone_is_refused(nntrain, here):
    with suppress(ImportError):
        from mpi4py import MPI  # noqa: F401

        status, out, err = nntrain("sweep", "tiny.yaml", "--over", "optimizer.lr=[0.1]", "--mpi")
        assert (status, out) == (2, "")
        assert err.startswith("error: --mpi: one rank alone cannot train; mpiexec -n 5 nntrain ")
        return
    pytest.skip("no MPI: pip install 'nntrain[mpi]' mpich")
