"""What stands behind stdout and stderr: terminals of all kinds, full disks, closed pipes."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios

from nntrain.artifacts.rundir import RunDir


def test_p7_a_full_disk_behind_stdout(process):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        child = process("list", stdout=full)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (7, "error: standard output: No space left on device\n")


def test_p4_a_closed_pipe_behind_stdout_ends_quietly(process):
    child = process("list")
    child.stdout.close()
    with child.stderr:
        err = child.stderr.read()
    assert (child.wait(60), err) == (141, "")


def test_p4_a_closed_pipe_behind_stderr_stops_nothing(process, here):
    child = process("fit", "tiny.yaml", "--run-dir", "r", "--no-plots")
    child.stderr.close()
    with child.stdout:
        out = child.stdout.read()
    assert child.wait(60) == 0
    assert " kept " in out
    assert RunDir(here / "r").is_done()


def test_a_terminal_of_another_age(process):
    child = process("show", "tiny.yaml", environment={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    assert "24 + 7 = 31 parameters" in out
    assert sys.getdefaultencoding() == "utf-8"


def on_a_terminal(process, *arguments, columns, environment=None):
    """Return all that a command writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = {"COLUMNS": str(columns), "TERM": "xterm-256color", **(environment or {})}
    child = process(*arguments, environment=settings, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = bytearray()
    while select.select([ours], [], [], 60)[0]:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        seen += chunk
    os.close(ours)
    assert child.wait(60) == 0
    return seen.decode()


def lines_on_screen(text):
    """Return the lines as they stand on the screen: without styles, and only what was written last."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return [line.split("\r")[-1] for line in text.replace("\r\n", "\n").split("\n")]


def test_a_terminal_gets_a_bar_and_styles(process):
    text = on_a_terminal(process, "fit", "tiny.yaml", "--no-plots", columns=100, environment={"NO_COLOR": ""})
    assert "\x1b[1mtiny\x1b[0m" in text
    assert re.search(r"epoch 1/4 ?[━─]+ +\d+%", text)
    assert any(line.startswith("        4/4     0.") for line in lines_on_screen(text))


def test_no_color_and_a_narrow_terminal_are_respected(process):
    text = on_a_terminal(process, "fit", "tiny.yaml", "--no-plots", columns=50, environment={"NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    head, _, _ = text.partition(" kept ")
    assert max(len(line) for line in lines_on_screen(head)) <= 50


def test_a_dumb_terminal_gets_plain_lines(process):
    text = on_a_terminal(process, "fit", "tiny.yaml", "--no-plots", columns=100, environment={"TERM": "dumb"})
    assert "\x1b" not in text
    assert "━" not in text
