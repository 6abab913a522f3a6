"""Ranks of MPI that train one run: as threads that talk to one another here, and as real processes of mpiexec."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from nntrain.cli.entry import run as run_command
from nntrain.errors import DataError, InterruptedRun, SpecError
from nntrain.runs import open_run
from nntrain.runs.mpi_ranks import Helper, Leader, each_alone, join_ranks
from nntrain.spec import load
from tests.sweeps.places import processes_with, wait_until

ROOT = Path(__file__).parents[2]
SPEC = """\
name: shared
data: {source: {kind: moons, n: 90}, validation: 0.25}
model: {kind: mlp, hidden: [6], dropout: 0.2}
penalty: {l2: 1e-3}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 3, batch_size: 16, clip_norm: 0.5}
parallel: {shards: 4}
"""


class World:
    """What ranks use of MPI's communicator, between threads."""

    def __init__(self, size):
        self.size, self.barrier, self.sent, self.aborted = size, threading.Barrier(size, timeout=30), {}, None

    def of(self, rank):
        view = object.__new__(Seat)
        view.world, view.rank, view.size = self, rank, self.size
        return view


class Seat:
    """One rank's end of a ``World``."""

    def _exchange(self, sent):
        self.world.sent[self.rank] = sent
        self.world.barrier.wait()
        found = dict(self.world.sent)
        self.world.barrier.wait()
        return [found[rank] for rank in range(self.size)]

    def gather(self, sent):
        found = self._exchange(sent)
        return found if self.rank == 0 else None

    def bcast(self, sent):
        return self._exchange(sent)[0]

    def Bcast(self, array):
        array[...] = self._exchange(array.copy())[0]

    def Gather(self, sent, received):
        parts = self._exchange(None if received is not None else sent.copy())
        if received is not None:
            each = len(received) // self.size
            for rank, part in enumerate(parts[1:], 1):
                received[rank * each : (rank + 1) * each] = part

    def Abort(self, code):
        self.world.aborted = code
        self.world.barrier.abort()


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shared.yaml"
    path.write_text(SPEC, encoding="utf-8")
    return path


def train(spec, ranks, folder, *, overrides=(), theirs=None, signals=dict, interrupted=bool):
    """Train with so many ranks; return what the first said. ``theirs`` is what the others load instead."""
    world, loaded = World(ranks), load(spec, list(overrides))
    others = []
    for rank in range(1, ranks):
        helper = Helper(theirs or loaded, world.of(rank))
        others.append(threading.Thread(target=helper.serve, args=(lambda rank=rank: signals().get(rank, ""),)))
        others[-1].start()
    try:
        with (
            Leader(loaded, world.of(0), None) as leader,
            open_run(loaded, runs=spec.parent, run_dir=spec.parent / folder, argv=[], draw=False) as run,
        ):
            notes = leader.lead(run) if not run.is_done else []
            for _ in run.events(leader.listen(interrupted) if not run.is_done else bool):
                pass
    finally:
        for other in others:
            other.join(30)
            assert not other.is_alive()
    return notes


def results(folder):
    """Return the bytes of the tensors of the last checkpoint, and the figures of the epochs."""
    from nntrain.artifacts.checkpoint import load as load_checkpoint

    last = sorted(Path(folder, "checkpoints").iterdir())[-1]
    tensors = {name: tensor.tobytes() for name, tensor in load_checkpoint(last).tensors.items()}
    lines = Path(folder, "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return tensors, [line.partition('"seconds"')[0] for line in lines]


@pytest.fixture
def alone(spec):
    """Return the results of one process without MPI."""
    assert run_command(["fit", str(spec), "--run-dir", "alone", "--no-plots", "-q"]) == 0
    return results("alone")


def test_the_bits_are_those_of_one_process(spec, alone):
    notes = train(spec, 2, "two")
    assert results("two") == alone
    assert notes == ["2 ranks share batches of 16 rows, and gain from about 64 rows each on"]
    train(spec, 4, "four")
    assert results("four") == alone


def test_a_run_goes_on_with_another_number_of_ranks(spec, alone):
    count = iter(range(100))
    with pytest.raises(InterruptedRun, match=r"saved at step 7 after SIGUSR1"):
        train(spec, 2, "moved", signals=lambda: {1: "SIGUSR1"} if next(count) == 6 else {})
    train(spec, 4, "moved")
    assert results("moved") == alone
    train(spec, 4, "moved")  # it is done: all ranks end
    assert results("moved") == alone


def test_another_spec_is_refused(spec):
    with pytest.raises(SpecError, match=r"^rank 1: it has read another spec than the first rank$"):
        train(spec, 2, "unlike", theirs=load(spec, ["train.batch_size=8"]))


def test_data_that_only_the_first_rank_can_read_are_refused(spec):
    elsewhere = load(spec, ["data.source={kind: csv, path: gone.csv, target: y}"])
    with pytest.raises(DataError, match=r"^rank 1: .*gone\.csv: no such file or directory$"):
        train(spec, 2, "unlike", theirs=elsewhere)


def test_other_data_are_refused(spec):
    Path("table.csv").write_text("a,b,y\n" + "1,2,x\n3,5,z\n" * 30, encoding="utf-8")
    overrides = ["data.source={kind: csv, path: table.csv, target: y}"]

    class Changing(Helper):
        def _prepare(self):
            Path("table.csv").write_text("a,b,y\n" + "1,2,x\n3,6,z\n" * 30, encoding="utf-8")
            return super()._prepare()

    world, loaded = World(2), load(spec, overrides)
    with (
        Leader(loaded, world.of(0), None) as leader,
        open_run(loaded, runs=spec.parent, run_dir=spec.parent / "run", argv=[], draw=False) as run,
    ):
        other = threading.Thread(target=Changing(loaded, world.of(1)).serve, args=(bool,))
        other.start()
        with pytest.raises(DataError, match=r"^rank 1: it has read other data than the first rank$"):
            leader.lead(run)
    other.join(30)


def test_an_error_of_the_first_rank_ends_the_others(spec):
    Path("held").mkdir()
    Path("held", "mine.txt").write_text("", encoding="utf-8")
    with pytest.raises(SpecError, match="not a run directory"):
        train(spec, 2, "held")


@pytest.mark.parametrize(
    ("environment", "overrides", "what"),
    [
        ({}, [], None),
        ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"}, ["parallel.shards=1"], None),
    ],
)
def test_without_ranks_or_shards_mpi_is_left_alone(spec, monkeypatch, environment, overrides, what):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert join_ranks(load(spec, overrides)) is what


def test_ranks_without_mpi4py_are_told_once(spec, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "1")
    assert run_command(["fit", str(spec)]) == 0
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("PMI_RANK", "0")
    assert run_command(["fit", str(spec)]) == 9
    assert capsys.readouterr().err.startswith(
        "error: parallel: ranks of MPI need mpi4py: pip install 'nntrain[mpi]' (import of mpi4py halted"
    )
    assert not Path("runs").exists()


@pytest.mark.parametrize("number", ["0", "2"])
def test_ranks_of_another_library_do_not_all_train_the_same(spec, monkeypatch, capsys, number):
    world = SimpleNamespace(COMM_WORLD=SimpleNamespace(size=1, rank=0), IN_PLACE=None)
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=world))
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setenv("PMI_RANK", number)
    said = (
        "error: parallel: 4 ranks were started, but the MPI library of mpi4py sees one; "
        "start them with the mpiexec of the same library\n"
    )
    assert run_command(["fit", str(spec)]) == (9 if number == "0" else 0)
    assert capsys.readouterr() == ("", said if number == "0" else "")
    assert not Path("runs").exists()


def test_one_task_of_a_queue_is_alone(spec, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")
    monkeypatch.setenv("PMIX_RANK", "0")
    assert join_ranks(load(spec)) is None


def test_ranks_that_share_nothing_are_told_of(spec, monkeypatch):
    whole = load(spec, ["parallel.shards=1"])
    assert each_alone(whole) == ()
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    assert each_alone(load(spec)) == ()
    told = "each of 2 ranks trains a run of its own; with --set parallel.shards=2 they share one"
    assert each_alone(whole) == [told]
    monkeypatch.setenv("PMI_RANK", "1")
    assert each_alone(whole) == ()


# --- real ranks


@pytest.fixture
def mpiexec(spec):
    """Return a function that starts a command on so many ranks; what still runs at the end is killed."""
    if importlib.util.find_spec("mpi4py") is None or not shutil.which("mpiexec"):
        pytest.skip("no MPI: pip install 'nntrain[mpi]' mpich")
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "PYTHONPATH": str(ROOT)}
    shared = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "OMPI_MCA_mpi_yield_when_idle": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    made = []

    def start(ranks, *arguments):
        command = ["mpiexec", "-n", str(ranks), sys.executable, "-m", "nntrain", *map(str, arguments)]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        made.append(subprocess.Popen(command, env=os.environ | allowed | shared, text=True, **streams))
        return made[-1]

    yield start
    for one in made:
        one.kill()
        one.communicate()


def started(folder):
    """Wait until a run has finished an epoch."""
    path = Path(folder, "metrics.jsonl")
    assert wait_until(lambda: path.exists() and path.stat().st_size > 0)


LONG = ("--set", "train.epochs=2000", "--no-plots", "-q")


def test_real_ranks_are_interrupted_killed_and_go_on(spec, mpiexec):
    first = mpiexec(2, "fit", spec, "--run-dir", "run", *LONG)
    started("run")
    first.send_signal(signal.SIGUSR1)  # mpiexec hands it on to all ranks
    _, err = first.communicate(timeout=60)
    assert "stopped: run: saved at step " in err
    assert err.count("SIGUSR1: saving at the next step") == 1

    second = mpiexec(4, "resume", "run", "--no-plots", "-q")
    begun = Path("run/log.txt")
    assert wait_until(lambda: begun.read_text(encoding="utf-8").count("resumed") == 1)
    ranks = [one for one in processes_with("nntrain", "resume", "run") if one != second.pid]
    os.kill(max(ranks), signal.SIGKILL)
    second.communicate(timeout=60)
    assert second.returncode != 0
    assert wait_until(lambda: not [one for one in ranks if Path(f"/proc/{one}/cmdline").exists()])

    assert run_command(["resume", "run", "--no-plots", "-q"]) == 0
    assert run_command(["fit", str(spec), "--run-dir", "alone", *LONG]) == 0
    assert results("run") == results("alone")


def test_real_ranks_that_diverge_or_cannot_share_end_with_one_line(spec, mpiexec):
    diverging = mpiexec(2, "fit", spec, "--run-dir", "run", "--set", "optimizer={kind: sgd, lr: 1e30}", *LONG)
    uneven = mpiexec(2, "fit", spec, "--run-dir", "none", "--set", "parallel.shards=3")
    _, err = diverging.communicate(timeout=60)
    assert err.count("error: ") == 1
    assert "diverged" in err
    assert diverging.returncode == 4
    _, err = uneven.communicate(timeout=60)
    assert err.count("error: ") == 1
    assert err.startswith("error: --set parallel.shards: 3 shards are not shared evenly by 2 ranks; start 1 or 3\n")
    assert uneven.returncode == 2
    assert not Path("none").exists()
