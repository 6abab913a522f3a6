"""The process that draws: the same picture, nothing left behind, and no need of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nntrain.drawing import plot_process as painter
from nntrain.drawing.curves import Curves
from nntrain.drawing.plot_process import PlotProcess
from nntrain.drawing.sheet import Heading

RECORDS = [{"epoch": epoch, "train": {"cost": 1 / epoch}, "validation": {"cost": None}} for epoch in range(1, 4)]
THREE = Curves(RECORDS, Heading("three", ("seed 0",), "diverged"), 2, ("accuracy",))


def _two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painter, "processors", lambda: 2)


def test_the_process_draws_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    _two(monkeypatch)
    expected = THREE.render()
    monkeypatch.setattr(Curves, "render", None)  # here nothing is drawn
    with PlotProcess() as artist:
        assert artist.render(THREE) == expected


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false", "/bin/cat"])
def test_a_picture_comes_without_the_process(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    _two(monkeypatch)
    monkeypatch.setattr(sys, "executable", program)
    with PlotProcess() as artist:
        assert artist.render(THREE) == THREE.render()


def test_with_one_processor_there_is_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painter, "processors", lambda: 1)
    monkeypatch.setattr(subprocess, "Popen", None)
    with PlotProcess() as artist:
        assert artist.render(THREE) == THREE.render()


def test_leaving_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    _two(monkeypatch)
    with PlotProcess() as artist:
        process = artist._process
        assert process is not None
        assert process.poll() is None
    assert process.poll() is not None


def test_a_process_that_does_not_answer_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    _two(monkeypatch)
    monkeypatch.setattr(painter, "PATIENCE", 0.2)
    monkeypatch.setattr(painter, "FAREWELL", 0.1)
    with PlotProcess() as artist:
        process = artist._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        assert artist.render(THREE) == THREE.render()
    assert process.returncode == -signal.SIGKILL


def test_ending_the_process_leaves_no_folder_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Matplotlib makes a temporary one where it can write nowhere else."""
    _two(monkeypatch)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setenv("MPLCONFIGDIR", "/dev/null/none")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with PlotProcess() as artist:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("matplotlib-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert list(tmp_path.glob("matplotlib-*"))
        assert artist._process is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for the process in /proc")
def test_the_process_ends_with_a_caller_that_is_killed() -> None:
    program = (
        "import time; from nntrain.drawing import plot_process as painter; painter.processors = lambda: 2;"
        "p = painter.PlotProcess(); print(p._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        os.kill(pid, 0)
        caller.kill()
    for _ in range(200):
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the process outlives its caller")
