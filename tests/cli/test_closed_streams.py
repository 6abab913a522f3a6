"""Standard streams that were closed before the program began, and messages that would drive a terminal."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.core.workers import Workers

ROOT = Path(__file__).parents[2]


def shell(command: str) -> tuple[int, str, str]:
    """Run nntrain by a shell, with its redirections."""
    program = f"{shlex.quote(sys.executable)} -m nntrain {command}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", program], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_p7_without_stdout_results_are_an_error_and_a_run_is_done(here):
    closed = "error: standard output: Bad file descriptor\n"
    assert shell("fit tiny.yaml --run-dir r --no-plots -q >&-") == (7, "", closed)
    assert RunDir(here / "r").is_done()
    assert shell("eval r --split train >&-") == (7, "", closed)


def test_p7_without_stderr_nothing_of_it_lands_in_the_results(here):
    status, out, _ = shell("fit tiny.yaml --run-dir r --no-plots --json 2>&-")
    assert (status, out.count("\n"), out[0]) == (0, 1, "{")
    assert shell("eval nowhere --json 2>&-") == (5, "", "")


def test_p7_without_stdin_what_is_read_from_it_is_an_error(here):
    assert shell("fit - -q <&-") == (2, "", "error: <stdin>: cannot be read: Bad file descriptor\n")
    assert shell("fit tiny.yaml --run-dir r --no-plots -q")[0] == 0
    assert shell("predict r - <&-") == (3, "", "error: <stdin>: cannot be read: Bad file descriptor\n")


def test_p7_a_message_cannot_drive_the_terminal(nntrain, here):
    path = "\x1b]0;PWNED\x07\x1b[31m\u202eno.csv"
    shown = "\\x1b]0;PWNED\\x07\\x1b[31m\\u202eno.csv"
    (here / "evil.yaml").write_text(
        r'{data: {source: {kind: csv, path: "\e]0;PWNED\a\e[31m\u202eno.csv"}}, model: softmax}', encoding="utf-8"
    )
    checked = nntrain("check", "evil.yaml")
    assert checked.status == 3
    assert shown in checked.err
    assert "\x1b" not in checked.err
    found = nntrain("eval", path)
    assert (found.status, found.out, found.err) == (5, "", f"error: {shown}: no such run or checkpoint\n")


def test_work_is_done_where_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    with Workers(4) as pool:
        assert list(pool.map(lambda number: number * number, range(5))) == [0, 1, 4, 9, 16]
        assert isinstance(pool.submit(lambda: 1 / 0).exception(), ZeroDivisionError)


def test_a_run_trains_where_no_thread_can_be_started(nntrain, here, monkeypatch: pytest.MonkeyPatch):
    def refuse(thread: object) -> None:
        raise RuntimeError("can't start new thread")

    assert nntrain("fit", "tiny.yaml", "--run-dir", "with", "-q", "--no-plots").status == 0
    monkeypatch.setattr("threading.Thread.start", refuse)
    assert nntrain("fit", "tiny.yaml", "--run-dir", "without", "-q", "--no-plots").status == 0
    one, other = (RunDir(here / name).latest() for name in ("with", "without"))
    assert {name: array.tobytes() for name, array in one.checkpoint.tensors.items()} == {
        name: array.tobytes() for name, array in other.checkpoint.tensors.items()
    }
