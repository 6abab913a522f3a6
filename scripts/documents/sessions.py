"""Sessions at a terminal, run anew and taken down as a user sees them. Knows nothing of where a session is written."""

import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

ROOT = Path(__file__).resolve().parents[2]
COLUMNS, LINES = 100, 60


def recorded(*command: str, status: int = 0) -> str:
    """Run a command in an empty folder with the project's folders in it, and return what a user sees."""
    with project() as folder:
        return f"```console\n$ {typed(command)}\n{on_terminal(command, folder, status)}\n```"


def dialogue(*lines: str) -> str:
    """Run lines of shell, one after the other, in such a folder."""
    with project() as folder:
        seen = [f"$ {line}\n{on_terminal(('sh', '-c', line), folder)}".rstrip() for line in lines]
    return "```console\n" + "\n\n".join(seen) + "\n```"


@contextmanager
def project() -> Iterator[Path]:
    """Give an empty folder that holds as much of the project as the examples name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("configs", "nntrain", "scripts"):
            (Path(folder) / name).symlink_to(ROOT / name)
        yield Path(folder)


def typed(command: Sequence[str]) -> str:
    """Return a command as one types it: in double quotes what a shell would take apart."""
    return " ".join(word if re.fullmatch(r"[\w./=,+-]+", word) else f'"{word}"' for word in command)


def on_terminal(command: Sequence[str], folder: Path, status: int = 0) -> str:
    """Return what a command leaves on a terminal without colours; SystemExit when it ends with another status."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {
        "TERM": "xterm",
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
        "NO_COLOR": "1",
        "PATH": path,
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    if process.returncode != status:
        raise SystemExit(f"{shlex.join(command)}: exit {process.returncode}")
    return left_over(seen.decode())


def read(terminal: int) -> bytes:
    """Return the next bytes of a terminal, none when its other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def left_over(text: str) -> str:
    """Return the lines that stay on the screen: a carriage return begins a line anew, escapes leave no mark."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\r\n", "\n"))
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in plain.split("\n")]
    return "\n".join(lines).strip("\n")


def promises() -> str:
    """Run the thorough tests of the promises and return the figures that they print."""
    command = ["python", "-m", "pytest", "-m", "slow or figure", "-n", "auto", "tests/promises"]
    done = subprocess.run([sys.executable, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    _, _, figures = done.stdout.partition(" figures =")
    if done.returncode or not figures:
        raise SystemExit(f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}")
    lines = [line for line in figures.splitlines() if re.match(r"P\d  ", line)]
    return "\n".join(["```console", f"$ {shlex.join(command)}", *lines, "```"])


def benchmark(heading: str, script: str, *arguments: str, fenced: bool = False) -> str:
    """Run a benchmark and return its heading, its command and what it prints, in Markdown or else fenced."""
    command = [str(ROOT / "scripts" / script), *arguments]
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}: exit {done.returncode}")
    printed = done.stdout.strip()
    body = f"```text\n{printed}\n```" if fenced else re.sub(r"^### .*\n\n", "", printed)
    return f"### {heading}\n\n`{shlex.join(['scripts/' + script, *arguments])}`\n\n{body}"


STEPS = ("--workloads", "S128", "S32", "A32", "A128", "B128", "Adam", "C100", "D128", "E")
AGAINST = ("--peers", "nntrain", "sklearn", "torch", "jax-scan", "floor", "--repeats", "7")

NEURON = ["1/(1+exp(-(w0*x0+w1*x1+w2)))", "w0=2", "x0=-1", "w1=-3", "x1=-2", "w2=-3"]

BOWL = ["x**2/2 + 5*y**2 + x*y", "x=1", "y=2"]

TOO_HIGH = ["--set", "optimizer.lr=1e6"]

RATES = ["--over", "optimizer.lr=log(1e-3, 1, 4)", "--seeds", "5", "--set", "train.epochs=10", "--confirm", "5"]

GUESSED = (
    "cp nntrain/data/sources/files/iris.csv flowers.csv",
    "nntrain init --data flowers.csv",
    "nntrain fit flowers.yaml --run-dir flowers --quiet",
    "echo 5.0,3.4,1.5,0.2 | nntrain predict flowers - --proba",
)

DESCRIBED = (
    "cp nntrain/data/sources/files/iris.csv flowers.csv",
    "nntrain data describe flowers.csv",
    "nntrain init --data flowers.csv",
    "head -23 flowers.yaml",
)

COMPARED = (
    "nntrain fit configs/digits-mlp.yaml --run-dir runs/usual -q > usual.txt",
    "nntrain fit configs/digits-mlp.yaml --run-dir runs/slow -q --set optimizer.lr=0.01 > slow.txt",
    "nntrain runs",
    "nntrain compare runs/usual runs/slow",
)

WITH_SEEDS = (
    "nntrain sweep configs/digits-mlp.yaml --over 'optimizer.lr=[0.1, 0.05]' --seeds 3 -q > sweep.txt",
    "nntrain compare runs/digits-mlp-sweep/runs/* -o curves.png",
)


DIAGNOSED = (
    "nntrain fit configs/rate-too-small.yaml --run-dir runs/slow -q --no-plots",
    "nntrain diagnose runs/slow",
    "nntrain fit runs/slow/config.yaml --set optimizer.lr=0.3 -q --no-plots --run-dir runs/mended",
)

NEW_DATA = (
    "nntrain fit configs/iris-softmax.yaml --run-dir flowers -q --no-plots > fit.txt",
    'awk -F, \'{print (NR == 1 ? "site" : NR % 3 ? "lake" : "wood") "," $0}\' OFS=, '
    "nntrain/data/sources/files/iris.csv > new.csv",
    "nntrain eval flowers --data new.csv --by site",
    "nntrain predict flowers new.csv --keep site,petal_length --top 2 | head -4",
)

EXPORTED = (
    "nntrain fit configs/iris-softmax.yaml --run-dir flowers -q --no-plots > fit.txt",
    "nntrain export flowers --to numpy",
    "tail -35 iris_softmax.py",
    'python -c "import iris_softmax; print(iris_softmax.predict([[5.0, 3.4, 1.5, 0.2]]))"',
)

SESSIONS: Mapping[str, Callable[[], str]] = {
    "session": lambda: recorded("nntrain", "fit", "configs/digits-mlp.yaml"),
    "own-data": lambda: dialogue(*GUESSED),
    "describe": lambda: dialogue(*DESCRIBED),
    "graph-product": lambda: recorded("nntrain", "graph", "(x + y) * z", "x=-2", "y=5", "z=-4"),
    "graph-neuron": lambda: recorded("nntrain", "graph", *NEURON, "--tree"),
    "graph-softplus": lambda: recorded("nntrain", "graph", "log(1 + exp(x))", "x=1"),
    "graph-matrices": lambda: recorded("nntrain", "graph", *BOWL, "--hessian", "--direction", "u=[3,4]"),
    "descend": lambda: recorded("nntrain", "descend", *BOWL, "--rate", "0.15"),
    "gradcheck": lambda: recorded("nntrain", "gradcheck", "configs/network-3-4-2.yaml"),
    "injected": lambda: recorded(
        "nntrain", "gradcheck", "configs/network-3-4-2.yaml", "--inject", "bias_not_summed", status=8
    ),
    "diverged": lambda: recorded("nntrain", "fit", "configs/digits-mlp.yaml", "-q", *TOO_HIGH, status=4),
    "verify": lambda: recorded("nntrain", "verify", "configs/digits-mlp.yaml"),
    "sweep": lambda: recorded("nntrain", "sweep", "configs/digits-mlp.yaml", *RATES, "-q"),
    "diagnosis": lambda: dialogue(*DIAGNOSED),
    "new-data": lambda: dialogue(*NEW_DATA),
    "export": lambda: dialogue(*EXPORTED),
    "compare": lambda: dialogue(*COMPARED),
    "groups": lambda: dialogue(*WITH_SEEDS),
    "sweep-script": lambda: recorded("scripts/sweep_lr.sh", "configs/rate-right.yaml", "3e-4", "0.03", "0.3", "1.5"),
    "scale": lambda: recorded("scripts/bench_sweep.py"),
    "promises": promises,
    "bench-one": lambda: benchmark("One thread", "bench.py", *STEPS, "--threads", "1", *AGAINST),
    "bench-two": lambda: benchmark("Two threads", "bench.py", *STEPS, "--threads", "2", *AGAINST),
    "bench-start": lambda: benchmark("Whole commands", "bench_start.py", fenced=True),
}
