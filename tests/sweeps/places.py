"""Places where sweeps are trained, real ones, each started and stopped here on this machine's own loopback."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("one_node_slurm.sh")
REQUIRED = os.environ.get("NNTRAIN_PLACES") == "required"  # fail where a place is missing, instead of skipping
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{os.environ['PATH']}{os.pathsep}/usr/sbin"}
NNTRAIN = [sys.executable, "-m", "nntrain"]


class Place:
    """How a sweep is started somewhere: the command before ``sweep``, the options after it, and the environment."""

    def __init__(self, options, command=NNTRAIN, **environment):
        self.options, self.command, self.environment = options, command, ENVIRONMENT | environment

    def start(self, *arguments):
        """Start a sweep in a process group of its own."""
        command = [*self.command, "sweep", *map(str, arguments), *self.options]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment, text=True, start_new_session=True, **streams)


def missing(reason):
    """Skip, or fail where every place must be there."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def local(folder):
    yield Place(["-j", "2"])


@contextmanager
def slurm(folder):
    if not shutil.which("slurmctld", path=ENVIRONMENT["PATH"]):
        missing("no Slurm: apt-get install slurm-wlm")
    settings = {"PORT": str(free_port(2)), "SLURM_CONF": str(folder / "slurm.conf")}
    subprocess.run([SCRIPT, "start", folder], env=ENVIRONMENT | settings, check=True, timeout=60)
    try:
        yield Place(["--slurm", "-j", "2"], **settings)
    finally:
        subprocess.run([SCRIPT, "stop", folder], env=ENVIRONMENT | settings, check=False, timeout=60)


@contextmanager
def dask(folder):
    if importlib.util.find_spec("distributed") is None:
        missing("no Dask: pip install 'nntrain[dask]'")
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    common = ["--host", "127.0.0.1", "--no-dashboard"]
    begin = [sys.executable, "-m", "distributed.cli.dask_scheduler", *common, "--port", str(port), "--no-show"]
    worker = [
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        address,
        *common,
        "--nworkers",
        "1",
        "--nthreads",
        "1",
    ]
    worker += ["--no-nanny", "--local-directory", str(folder)]
    made = [
        subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in (begin, worker, worker)
    ]
    try:
        wait_for_workers(address, 2)
        place = Place(["--dask", address])
        place.workers_of_dask = made[1:]
        yield place
    finally:
        for one in made[::-1]:
            one.terminate()
        for one in made:
            with suppress(subprocess.TimeoutExpired):
                one.wait(5)
            one.kill()
            one.wait()


@contextmanager
def mpi(folder):
    if importlib.util.find_spec("mpi4py") is None or not shutil.which("mpiexec"):
        missing("no MPI: pip install 'nntrain[mpi]' mpich")
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    shared = {"OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_mpi_yield_when_idle": "1"}
    yield Place(["--mpi"], ["mpiexec", "-n", "3", *NNTRAIN], **allowed, **shared)


PLACES = {"local": local, "slurm": slurm, "dask": dask, "mpi": mpi}


def free_port(several=1):
    """Return the first of so many free ports that follow one another."""
    while True:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        with suppress(OSError):
            for more in range(1, several):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port + more))
            return port


def wait_for_workers(address, number):
    from distributed import Client

    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=60)


def processes_with(*texts):
    """Return the ids of the processes whose command line has each of these texts."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if all(text in line for text in texts):
                found.append(int(path.parent.name))
    return found


def strike(processes):
    """Kill processes that may have ended by themselves; return how many there were."""
    hit = 0
    for one in processes:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
            hit += 1
    return hit


def end(sweep, patience=60):
    """Wait for a sweep that has been told to end, and make sure that it has."""
    try:
        return sweep.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(sweep.pid, signal.SIGKILL)
        return sweep.communicate()


def wait_until(there, limit=60.0):
    """Wait until something is true; return whether it is."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if there():
            return True
        time.sleep(0.01)
    return False
