"""The benchmark: it runs, compares like with like, refuses a peer that trains differently, and reports true ratios."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import machine, measure, report
from benchmarks.peers import PEERS
from benchmarks.peers.base import Peer, Run
from benchmarks.peers.gemm_floor import fastest, products
from benchmarks.peers.plain_numpy import PlainNumpy, cross_entropy
from benchmarks.workloads import WORKLOADS, Problem, Workload, problem

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "bench.py"
SMALL = Workload("T", (20, 8, 5), batch=16, steps=4, epochs=2, lr=0.1)
OWN = ("nntrain", "nntrain-steps", "numpy", "floor")  # peers that need nothing but nntrain itself
TITLES = {name: peer.title for name, peer in PEERS.items()}


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the script as a user does."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def silent(message: str) -> None:
    """Say nothing."""


class WrongRate(PlainNumpy):
    """A planted error: a learning rate that is 0.1 % off."""

    name = "wrong"
    title = "wrong"

    def make(self, problem: Problem) -> Run:
        workload = problem.workload
        return super().make(replace(problem, workload=replace(workload, lr=workload.lr * 1.001)))


class Ticking(Peer):
    """Trains nothing and notes when it is run."""

    name = "ticking"
    title = "ticking"

    def __init__(self, log: list[str], letter: str) -> None:
        self.log, self.letter = log, letter

    def make(self, problem: Problem) -> Run:
        def run(epochs: int) -> np.ndarray:
            self.log.append(self.letter)
            return np.zeros(epochs)

        return run


def test_quick_run_times_every_workload(tmp_path: Path) -> None:
    done = bench("--quick", "--threads", "1", "--peers", *OWN, "--output", tmp_path / "table")
    assert done.returncode == 0, done.stderr
    (sheet,) = json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))
    assert sheet["reference"] == "nntrain"
    assert [row["workload"].split()[0] for row in sheet["rows"]] == list(WORKLOADS)
    for row in sheet["rows"]:
        assert row["timings"]["nntrain"]["ratio"] == 1.0
        assert row["timings"]["numpy"]["microseconds"] > 0
    assert (tmp_path / "table.md").read_text(encoding="utf-8").strip() == done.stdout.strip()
    assert "| A128 784-100-10 relu (128) |" in done.stdout


@pytest.mark.parametrize("name", [name for name in PEERS if name not in OWN])
def test_a_peer_that_is_not_installed_is_left_out_by_name(name: str) -> None:
    missing = [module for module in PEERS[name].needs if importlib.util.find_spec(module) is None]
    if not missing:
        pytest.skip(f"{name} is installed")
    done = bench("--quick", "--threads", "1", "--workloads", "E", "--peers", "numpy", name)
    assert done.returncode == 0, done.stderr
    assert f"Left out: {TITLES[name]}: {missing[0]} not installed." in done.stdout


@pytest.mark.parametrize(("flag", "value"), [("--threads", "0"), ("--repeats", "x"), ("--peers", "keras")])
def test_wrong_arguments_are_refused_in_words(flag: str, value: str) -> None:
    done = bench(flag, value)
    assert done.returncode == 2
    assert flag in done.stderr
    assert repr(value) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workload", [SMALL, WORKLOADS["E"], WORKLOADS["S32"], replace(SMALL, activation="tanh")])
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in OWN else pytest.mark.slow) for name in PEERS if PEERS[name].trains],
)
@pytest.mark.filterwarnings("default")  # other libraries' own
def test_peers_follow_the_reference(name: str, workload: Workload) -> None:
    if reason := PEERS[name].available():
        pytest.skip(reason)
    probe = problem(workload.probe(20))
    expected = PlainNumpy().make(probe.astype("float64"))(probe.workload.epochs)
    assert measure.disagreement(PEERS[name], probe, expected) is None


def test_a_peer_that_trains_differently_is_reported_and_not_timed() -> None:
    row = measure.compare(SMALL, {"numpy": PlainNumpy(), "wrong": WrongRate()}, probe_steps=20, repeats=1, say=silent)
    assert list(row.timings) == ["numpy"]
    assert row.left_out["wrong"].startswith("trains differently: cost ")


def test_a_cost_that_is_not_a_number_disagrees() -> None:
    class Lost(PlainNumpy):
        def make(self, problem: Problem) -> Run:
            return lambda epochs: np.full(epochs, np.nan)

    probe = problem(SMALL.probe(20))
    assert measure.disagreement(Lost(), probe, np.ones(probe.workload.epochs)) == (
        "trains differently: cost nan in epoch 1, expected 1"
    )


def test_every_run_continues_where_the_last_one_stopped() -> None:
    for name in ("nntrain", "numpy"):
        at_once = PEERS[name].make(problem(SMALL))(4)
        run = PEERS[name].make(problem(SMALL))
        np.testing.assert_array_equal(np.concatenate([run(1), run(3)]), at_once)


def test_peers_take_turns_and_each_repeat_begins_with_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "REST", 0.0)
    log: list[str] = []
    runs = {letter: measure.Ready(Ticking(log, letter).make(problem(SMALL)), 1) for letter in "abc"}
    timings = measure.interleaved(runs, SMALL, 4, silent)
    assert "".join(log) == "abc" + "abc" + "bca" + "cab" + "abc"  # the first round is not timed
    assert [len(timing.seconds) for timing in timings.values()] == [4, 4, 4]


def test_each_peer_runs_with_the_threads_that_it_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "REST", 0.0)
    seen: dict[str, list[int]] = {"one": [], "given": []}

    class Watching(PlainNumpy):
        def __init__(self, name: str, threads: int) -> None:
            self.key, self.threads = name, threads

        def make(self, problem: Problem) -> Run:
            measure.set_blas_threads(self.threads)
            train = super().make(problem)
            return lambda epochs: (seen[self.key].append(measure.blas_threads()), train(epochs))[1]

    before = measure.blas_threads()
    peers = {"one": Watching("one", 1), "given": Watching("given", before)}
    measure.compare(SMALL, peers, probe_steps=8, repeats=2, say=silent)
    assert seen == {"one": [1] * 4, "given": [before] * 4}
    assert measure.blas_threads() == before


def test_ratios_are_paired_repeat_by_repeat() -> None:
    reference = measure.Timing(1, [1.0, 10.0, 2.0], [1.0] * 3)
    peer = measure.Timing(1, [2.0, 30.0, 4.0], [1.0] * 3)
    assert peer.ratio(reference) == 2.0  # not median 4 / median 2, and not the mean
    assert peer.microseconds == 4e6
    assert measure.Timing(1, [1.0, 2.0, 3.0, 4.0, 5.0], [1.0] * 5).spread == pytest.approx(1 / 3)


def test_gradient_of_the_reference() -> None:
    rng = np.random.default_rng(0)
    for classes in (1, 3):
        z, y = rng.standard_normal((4, classes)), rng.integers(0, max(classes, 2), 4)
        gradient = cross_entropy(z, y)[1]
        for index in np.ndindex(z.shape):
            above, below = z.copy(), z.copy()
            above[index] += 1e-6
            below[index] -= 1e-6
            numeric = (cross_entropy(above, y)[0] - cross_entropy(below, y)[0]) / 2e-6
            assert gradient[index] == pytest.approx(numeric, abs=1e-8)


def test_the_floor_has_the_products_of_a_step() -> None:
    assert products((7, 5, 3), batch=4) == [(4, 7, 5), (4, 5, 3), (3, 4, 5), (4, 3, 5), (5, 4, 7)]
    assert products((784, 10), batch=32) == [(32, 784, 10), (10, 32, 784)]  # no gradient of the inputs
    assert np.asarray(fastest(4, 7, 5, budget=0.0)()).shape == (4, 5)


def test_batches_of_an_epoch_are_a_permutation_and_differ_between_epochs() -> None:
    task = problem(SMALL)
    first, second = task.rows(0), task.rows(1)
    assert first.shape == (SMALL.steps, SMALL.batch)
    assert sorted(first.ravel()) == list(range(SMALL.examples))
    assert not np.array_equal(first, second)


def test_libraries_are_given_their_threads_and_the_kernels_a_user_gets() -> None:
    env = machine.variables(2, {"OPENBLAS_CORETYPE": "Haswell", "PATH": "/bin"})
    assert "OPENBLAS_CORETYPE" not in env
    assert env["PATH"] == "/bin"
    assert env["OPENBLAS_NUM_THREADS"] == env["OMP_NUM_THREADS"] == env["NPROC"] == "2"
    assert "XLA_FLAGS" not in env
    assert machine.variables(1, {"XLA_FLAGS": "--a"})["XLA_FLAGS"] == "--a --xla_cpu_multi_thread_eigen=false"


def sheet() -> report.Sheet:
    """One workload, a peer that was timed and one that was refused."""
    timings = {"nntrain": measure.Timing(1, [1e-4], [1.5]), "numpy": measure.Timing(1, [2.5e-4], [1.0])}
    rows = [measure.Row("S128 784-10 (128)", timings, {"torch": "trains differently"})]
    return report.Sheet(1, True, 1, "a machine", {"numpy": "2.4"}, ["openblas"], {"jax": "jax not installed"}, rows)


def test_table_as_markdown() -> None:
    assert report.to_markdown([sheet()], "nntrain", TITLES) == (
        "### 1 thread, pinned to 1 core\n"
        "\n"
        "| workload (batch) | nntrain, µs a step | plain NumPy |\n"
        "| --- | ---: | ---: |\n"
        "| S128 784-10 (128) | 100 | 2.50 |\n"
        "\n"
        "* Cells: time / time of nntrain, paired, median of 1 interleaved repeats.\n"
        "* Machine: a machine; numpy 2.4.\n"
        "* Thread pools: openblas.\n"
        "* Cores busy: nntrain 1.5, plain NumPy 1.0.\n"
        "* Repeats differ by (half the interquartile range): nntrain 0%, plain NumPy 0%.\n"
        "* Left out: JAX jit per step: jax not installed.\n"
        "* Left out of S128 784-10 (128): PyTorch eager: trains differently.\n"
    )


def test_sheets_survive_the_way_through_json() -> None:
    (values,) = json.loads(report.to_json([sheet()], "nntrain"))
    assert values["rows"][0]["timings"]["numpy"]["ratio"] == 2.5
    for row in values["rows"]:
        for timing in row["timings"].values():
            del timing["ratio"], timing["microseconds"]
    del values["reference"]
    assert report.Sheet.from_dict(values) == sheet()
