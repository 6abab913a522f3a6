"""P4: a signal at any instant stops a run in order, or comes too early or too late and does no harm.

Before nntrain knows that it is to train, a signal ends the process as it would end any other, and nothing has been
written. From then on it stops at the next step: saved, exit 75. Once training has ended, the run is completed: exit 0.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir

ROOT = Path(__file__).parents[2]
SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
NAMES = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP", "SIGXCPU")
HOW_OFTEN = {"SIGINT": "again"}


def told(name):
    """Return what a run says when a signal comes."""
    return f"\nnntrain: {name}: saving at the next step; Ctrl-C {HOW_OFTEN.get(name, 'twice')} stops at once\n"


def stopped(name):
    """Return the pattern of a run's last line when a signal has stopped it."""
    return rf"stopped: broken: saved at step \d+ after {name}; nntrain resume broken goes on\n"


def some_or_all(some, all_of_them):
    return [pytest.param(some, id="some"), pytest.param(all_of_them, id="all", marks=SLOW)]


@pytest.mark.parametrize("times", some_or_all(2, 50))
@pytest.mark.parametrize("name", NAMES)
def test_p4_a_signal_while_training_saves_and_the_run_ends_the_same(name, times, lab, figure):
    chance = random.Random(3)
    saved = 0
    while saved < times:
        process = lab.start("broken")
        while not (lab.folder / "broken/.lock").exists():  # from here on it is a run
            time.sleep(0.0002)
        time.sleep(chance.uniform(0, 0.08))
        os.kill(process, getattr(signal, name))
        status = lab.wait(process)
        if status == 75:
            saved += 1
            assert re.fullmatch(told(name) + stopped(name), lab.said())
            assert RunDir(lab.folder / "broken").status == "interrupted"
            assert RunDir(lab.folder / "broken").read_record()["stopped"] == name
            assert log_of(lab.folder / "broken")[-1].endswith(f" by {name}")
            assert RunDir(lab.folder / "broken").latest() is not None
        else:  # it came after the last step
            assert status == 0
            assert lab.said() == "" or lab.said() == told(name)
        lab.assert_ends_whole("broken", stopped=True)
    figure(f"{name} while training", f"{saved} times exit 75, {saved} ended the same")


@pytest.mark.parametrize("times", some_or_all(1, 20))
def test_p4_signals_again_and_again_do_not_keep_a_run_from_its_end(times, lab, figure):
    """Stopped as soon as it has begun, each time one step further."""
    stops = 0
    for _ in range(times):
        while True:
            process, begun = lab.start("broken"), log_of(lab.folder / "broken")
            while len(log_of(lab.folder / "broken")) == len(begun):
                time.sleep(0.0002)
            os.kill(process, signal.SIGTERM)
            if lab.wait(process) == 0:
                break
            stops += 1
        lab.assert_ends_whole("broken", stopped=True)
    assert stops > 5 * times
    figure("stopped again and again", f"{stops} stops of {times} runs, {times} ended the same")


def log_of(run):
    """Return the lines of a run's log so far."""
    return (run / "log.txt").read_text(encoding="utf-8").splitlines() if (run / "log.txt").exists() else []


WHOLE_LIFE = [("SIGTERM", 1, "--no-plots"), *(pytest.param(name, 10, "--plots", marks=SLOW) for name in NAMES)]


@pytest.mark.parametrize(("name", "times", "draw"), WHOLE_LIFE)
def test_p4_a_signal_in_the_whole_life_of_a_process_does_no_harm(name, times, draw, lab, figure):
    """From before the first import to after the last line of output, the drawing of curves included."""
    chance = random.Random(4)
    number = getattr(signal, name)
    early = {-number, 130}  # an end as any other process's; Python makes 130 of a SIGINT
    ends = {75: 0, 0: 0, "before it began": 0}
    begin = time.monotonic()
    assert finished(lab, "whole", draw) == 0
    lasts = time.monotonic() - begin
    for _ in range(times):
        process = started(lab, "broken", draw)
        time.sleep(chance.uniform(0, 1.05 * lasts))
        process.send_signal(number)
        _, said = process.communicate(timeout=100)
        status, run = process.returncode, lab.folder / "broken"
        if status in (0, 75):
            ends[status] += 1
            assert "Traceback" not in said
        else:
            ends["before it began"] += 1
            assert status in early, said
            assert not run.exists()
        assert (status == 75) == bool(re.search(stopped(name), said))
        assert finished(lab, "broken", draw) == 0
        assert lab.lasting("broken") == lab.lasting("whole")
        lab.remove("broken")
    words = ", ".join(f"{count} {end if isinstance(end, str) else f'exit {end}'}" for end, count in ends.items())
    figure(f"{name} at any instant of a process", f"{words}; all ended the same")


def started(lab, run, draw):
    """Start a run in a process of its own, from the interpreter on."""
    command = [
        sys.executable,
        "-m",
        "nntrain",
        "fit",
        "tiny.yaml",
        "--run-dir",
        run,
        draw,
        "-q",
        "--set",
        "train.epochs=60",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=lab.folder, env=environment, stdout=subprocess.DEVNULL, stderr=pipe, text=True)


def finished(lab, run, draw):
    """Train to the end in a process of its own; return its exit status."""
    process = started(lab, run, draw)
    process.communicate(timeout=100)
    return process.returncode


HEAVY = """\
data: {source: {kind: blobs, n: 20000, features: 400}, scale: unit}
model: {kind: mlp, hidden: [800, 800]}
optimizer: {kind: sgd, lr: 0.01}
train: {epochs: 3, batch_size: all}
checkpoint: {every_steps: 1}
"""


@pytest.mark.slow
def test_p4_a_second_interrupt_within_a_second_ends_a_long_step_at_once(lab, figure):
    lab.write_spec(HEAVY)
    assert lab.fit("whole") == 0
    process = lab.start("broken")
    while not RunDir(lab.folder / "broken").checkpoints():
        time.sleep(0.001)
    time.sleep(0.05)
    os.kill(process, signal.SIGINT)
    time.sleep(0.02)
    os.kill(process, signal.SIGINT)
    begin = time.monotonic()
    assert lab.wait(process) == 130
    lasted = time.monotonic() - begin
    assert lasted < 1
    assert lab.said() == told("SIGINT")
    assert lab.fit("broken") == 0
    assert lab.lasting("broken") == lab.lasting("whole")
    figure("second SIGINT in the middle of a long step", f"exit 130 after {lasted:.2f} s, ended the same")


WAITING = """
import os, signal, time
from nntrain.cli.interrupts import catch_signals
interrupts = catch_signals()
os.kill(os.getpid(), signal.SIGINT)
print(interrupts(), flush=True)
os.kill(os.getpid(), signal.SIGTERM)
print("still here", flush=True)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(30)
"""


def test_p4_a_second_ctrl_c_ends_at_once():
    status, out, err, lasted = child(WAITING)
    assert (status, out) == (130, "SIGINT\nstill here\n")
    assert err == told("SIGINT")
    assert lasted < 20


MIXED = """
import os, signal, time
from nntrain.cli.interrupts import catch_signals
catch_signals()
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    os.kill(os.getpid(), number)
    time.sleep(0.1)
print("still here", flush=True)
os.kill(os.getpid(), signal.SIGINT)
time.sleep(30)
"""


def test_p4_a_ctrl_c_after_another_signal_is_not_the_second():
    status, out, err, lasted = child(MIXED)
    assert (status, out, err) == (130, "still here\n", told("SIGTERM") + told("SIGINT"))
    assert lasted < 20


NOHUP = """
import os, signal
from nntrain.cli.interrupts import catch_signals
signal.signal(signal.SIGHUP, signal.SIG_IGN)
interrupts = catch_signals()
os.kill(os.getpid(), signal.SIGHUP)
print(interrupts())
"""


def test_p4_a_command_that_was_begun_with_nohup_goes_on_when_the_terminal_closes():
    assert child(NOHUP)[:3] == (0, "\n", "")


BUSY = """
import hashlib, os, signal, threading, time
from nntrain.cli.interrupts import catch_signals
def strike():
    for _ in range(2):
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)
catch_signals()
threading.Thread(target=strike).start()
hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000_000)
"""


def test_p4_a_second_ctrl_c_ends_a_single_call_at_once():
    """A matrix product can take longer than anybody waits, and Python's own handlers wait for its end."""
    status, _, err, lasted = child(BUSY)
    assert status == 130
    assert err == told("SIGINT")
    assert lasted < 20


LATE = """
import os, signal, sys
from nntrain.cli import entry
flush = entry._flush
def strike():
    os.kill(os.getpid(), signal.{name})
    flush()
entry._flush = strike
entry.main(["fit", "tiny.yaml", "-q", "--no-plots", "--json"])
"""


@pytest.mark.parametrize("name", NAMES)
def test_p4_a_signal_between_the_results_and_the_end_changes_nothing(name, lab, monkeypatch):
    monkeypatch.chdir(lab.folder)
    status, out, err, _ = child(LATE.format(name=name))
    assert (status, err) == (0, told(name))
    assert json.loads(out)["stopped"] == "all epochs done"


def child(program):
    """Run a program; return its exit status, what it printed and said, and how long it took."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr, time.monotonic() - start
