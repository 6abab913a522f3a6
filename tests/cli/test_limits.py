"""Memory that does not suffice, signals that end a command without anything to save, and Python without docstrings."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nntrain.data.formats.delimited import records
from nntrain.errors import DataError

ROOT = Path(__file__).parents[2]


def limited(arguments, mebibytes):
    """Run nntrain with so much address space; return its status and what it said."""
    command = ["bash", "-c", f'ulimit -v {mebibytes << 10}; exec "$@"', "bash", sys.executable, "-m", "nntrain"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, done.stderr


def test_p7_classes_that_name_single_rows_are_named_when_memory_ends(here):
    rows = "\n".join(f"u{number % 20000},{number % 7}" for number in range(40000))
    (here / "ids.csv").write_text(f"user,x\n{rows}\n", encoding="utf-8")
    (here / "ids.yaml").write_text(
        "data: {source: {kind: csv, path: ids.csv, target: user}}\nmodel: softmax\n", encoding="utf-8"
    )
    assert limited(["check", "ids.yaml"], 2000) == (
        7,
        "error: out of memory: 2.98 GiB for targets of 40,000 rows × 20,000 outputs; is column 'user' an id?\n",
    )


def test_p7_the_column_whose_texts_take_the_memory_is_named(here):
    rows = "\n".join(f"u{number % 1000},{'ab'[number % 2]},{'PQ'[number % 3 % 2]}" for number in range(400_000))
    (here / "texts.csv").write_text(f"shop,t,k\n{rows}\n", encoding="utf-8")
    (here / "texts.yaml").write_text(
        "data: {source: {kind: csv, path: texts.csv, target: k}}\nmodel: softmax\n", encoding="utf-8"
    )
    assert limited(["check", "texts.yaml"], 1600) == (
        7,
        "error: out of memory: 1.49 GiB for 400,000 rows of 1,002 features, 1,000 of them made of the texts of column "
        "'shop'; ignore that column if each row has a text of its own\n",
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["model.hidden=[100000, 100000]"], "37.3 GiB for 10,000,800,003 parameters"),
        (["model.hidden=[1000000000000000000]"], "7,000,000,000,000,000,003 parameters"),
    ],
)
def test_p7_parameters_that_do_not_fit_are_counted(settings, message, here):
    chosen = [part for setting in settings for part in ("--set", setting)]
    assert limited(["check", "tiny.yaml", *chosen], 2000) == (7, f"error: out of memory: {message}\n")


def test_p7_a_value_without_end_is_named_by_its_line(here, monkeypatch):
    monkeypatch.setattr("nntrain.data.formats.delimited.LONGEST", 1000)
    (here / "long.csv").write_text('a,b\n1,"x\ny"\n2,"' + "z" * 2000 + '"\n3,u\n', encoding="utf-8")
    found = "long.csv:4: field larger than field limit (1000); is there a quote that is never closed?"
    with pytest.raises(DataError, match=f"^{re.escape(found)}$"):
        list(records(Path("long.csv"), ","))


# --- signals ---------------------------------------------------------------------------------------------------------


def ended(process, temporary, name):
    """Strike as soon as the command's folder is there; return the status and what was said.

    Python itself tries the place for temporary files with a file of another name, which is there for a moment.
    """
    until = time.monotonic() + 60
    while not list(temporary.glob("nntrain-*")) and time.monotonic() < until and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGXCPU"])
def test_p4_a_signal_ends_verify_by_name_and_nothing_is_left_behind(name, process, here):
    temporary = here / "temporary"
    temporary.mkdir()
    verify = process("verify", "tiny.yaml", "--set", "train.epochs=100000", environment={"TMPDIR": str(temporary)})
    assert ended(verify, temporary, name) == (
        128 + getattr(signal, name),
        f"stopped: {name} ended this command, which leaves nothing behind\n",
    )
    assert list(temporary.iterdir()) == []


def test_p4_a_signal_ends_predict_and_its_copy_of_stdin_is_removed(process, here, done):
    temporary = here / "temporary"
    temporary.mkdir()
    predict = process("predict", done, "-", environment={"TMPDIR": str(temporary)}, stdin=subprocess.PIPE)
    status, said = ended(predict, temporary, "SIGTERM")
    assert (status, said) == (143, "stopped: SIGTERM ended this command, which leaves nothing behind\n")
    assert list(temporary.iterdir()) == []


# --- without docstrings ----------------------------------------------------------------------------------------------

COMMANDS = """
from nntrain.cli.entry import run
for command in (
    "fit tiny.yaml --run-dir r -q", "eval r", "predict r n.csv", "check tiny.yaml", "show r", "gradcheck tiny.yaml",
    "gradcheck tiny.yaml --inject bias_not_summed", "list", "list activations", "schema", "doctor", "runs .",
    "data describe d.csv", "init --data d.csv -o new.yaml", "fit new.yaml --run-dir n -q", "compare r n", "fit --help",
    "verify tiny.yaml", "resume r --epochs 5 -q", "sweep tiny.yaml --over optimizer.lr=[0.1] -q", "graph x*y x=1 y=2",
    "fit nowhere.yaml",
):
    print("#", run(command.split()), command, flush=True)
"""


def test_p7_every_command_works_without_docstrings_and_assertions(here):
    rows = "\n".join(f"{a / 7:.3f},{a % 5},{a % 3},{'PQ'[a % 2]}" for a in range(40))
    (here / "d.csv").write_text(f"0,1,2,k\n{rows}\n", encoding="utf-8")
    (here / "n.csv").write_text("1,2,3\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONOPTIMIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    statuses = re.findall(r"^# (\d+) (.+)$", done.stdout, re.MULTILINE)
    expected = {"gradcheck tiny.yaml --inject bias_not_summed": "8", "fit nowhere.yaml": "2"}
    assert [(status, command) for status, command in statuses if status != expected.get(command, "0")] == []
    assert len(statuses) == 22
