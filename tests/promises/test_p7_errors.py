"""P7: every failure of the disk or the system has its exit code and one line, and nothing that was saved is lost.

Errors are injected by strace into the system calls of a real run; a full disk, a read-only one, limits of the process
and a directory that goes away are real ones.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir

ROOT = Path(__file__).parents[2]
SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
CAUSES = {
    "ENOSPC": "the disk is full",
    "EDQUOT": "the disk quota is used up",
    "EIO": "the disk reports an input/output error",
    "EROFS": "the file system is read-only",
    "EMFILE": "too many open files",
}
CALLS = {  # spellings, and errors they can meet with
    "write,pwrite64": ("ENOSPC", "EDQUOT", "EIO"),
    "fsync,fdatasync": ("ENOSPC", "EDQUOT", "EIO"),
    "rename,renameat,renameat2": ("ENOSPC", "EDQUOT", "EIO"),
    "unlink,unlinkat": ("EROFS", "EIO"),
    "mkdir,mkdirat": ("ENOSPC", "EROFS"),
    "openat": ("ENOSPC", "EMFILE"),
    "close": ("EDQUOT", "EIO"),
}
SOME = [(calls, errors[0], 40) for calls, errors in CALLS.items()]
ALL = [  # the first error at each call, the others at every third
    pytest.param(calls, error, 1 if error == errors[0] else 3, marks=SLOW)
    for calls, errors in CALLS.items()
    for error in errors
]
READING = re.compile(r"O_RDONLY\|(O_CLOEXEC\)|O_NONBLOCK)")


def attempts(lab, calls):
    """Return (number, whether a failure must stop the run) of the calls of an undisturbed run on its directory."""
    _, lines = lab.traced("broken", calls)
    shutil.rmtree(lab.folder / "broken")
    names = calls.split(",")
    own = [
        line for line in lines if line.split()[1].partition("(")[0] in names and line.startswith(lines[0].split()[0])
    ]
    return [
        (number, not (READING.search(line) or " close(" in line or " = -1 " in line))
        for number, line in enumerate(own, start=1)
        if "/broken" in line or '"broken' in line
    ]


@pytest.mark.parametrize(("calls", "error", "every"), SOME + ALL)
@pytest.mark.usefixtures("strace")
def test_p7_an_error_of_a_system_call_is_one_line_and_loses_nothing(calls, error, every, lab, figure):
    tried = stopped = 0
    for number, must_stop in attempts(lab, calls)[::every]:
        status, _ = lab.traced("broken", calls, "-e", f"inject={calls}:error={error}:when={number}")
        tried += 1
        stopped += status != 0
        if must_stop and calls != "close":
            assert status == 7, (number, lab.said())
            assert re.fullmatch(rf"error: broken(/\S+)?: cannot write: {CAUSES[error]}\n", lab.said())
        assert status in (0, 5, 7)
        assert lab.said().count("\n") == (status != 0), lab.said()
        found = RunDir(lab.folder / "broken").latest()
        assert found is None or found.notes == ()
        lab.assert_ends_whole("broken")
    assert tried
    which = "each" if every == 1 else "every third"
    figure(f"{error} at {which} {calls.split(',')[0]}", f"{tried} points, {stopped} stopped, all ended the same")


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            {"RLIMIT_FSIZE": 3500},
            "error: broken/{step}: cannot write: the file would pass the size limit\n",
        ),
        ({"RLIMIT_FSIZE": 1000}, "error: broken/run.json: cannot write: the file would pass the size limit\n"),
        ({"RLIMIT_NOFILE": 4}, "error: broken/.lock: cannot write: too many open files\n"),
    ],
    ids=["checkpoint", "run.json", "open files"],
)
def test_p7_a_limit_of_the_process_is_named(limits, message, lab):
    assert lab.fit("broken", limits=limits) == 7
    assert lab.said() == message.format(step="checkpoints/step-000000000004.safetensors")
    lab.assert_ends_whole("broken")


def test_p7_a_limit_that_comes_in_the_middle_keeps_the_checkpoints(lab):
    """metrics.jsonl grows past it while checkpoints exist."""
    assert lab.fit("broken", limits={"RLIMIT_FSIZE": 7000}, more=["--set", "train.epochs=60"]) == 7
    assert lab.said() == "error: broken/metrics.jsonl: cannot write: the file would pass the size limit\n"
    found = RunDir(lab.folder / "broken").latest()
    assert found.checkpoint.meta["state"]["epoch"] > 10
    assert RunDir(lab.folder / "broken").metrics_length <= 7000
    assert lab.fit("broken", more=["--set", "train.epochs=60"]) == 0
    assert lab.fit("whole", more=["--set", "train.epochs=60"]) == 0
    lab.whole = lab.files("whole")
    assert lab.differences("broken") == []


TAKEN_AWAY = r"broken: is not the directory that this run began in any more: .+; nothing more is written; .+"


def test_p7_a_directory_that_goes_away_is_named(lab):
    process = lab.start("broken", ["--set", "train.epochs=100000"])
    until = time.monotonic() + 60
    while not RunDir(lab.folder / "broken").checkpoints() and time.monotonic() < until:
        time.sleep(0.001)
    (lab.folder / "broken").rename(lab.folder / "elsewhere")
    assert lab.wait(process) == 7
    between = r"broken/\S+: cannot write: the directory does not exist"  # while a file was being written
    assert re.fullmatch(rf"error: ({TAKEN_AWAY}|{between})\n", lab.said())
    assert RunDir(lab.folder / "elsewhere").latest() is not None


@pytest.mark.parametrize(
    ("run", "cause"),
    [("x" * 300, "File name too long"), ("tiny.yaml/x", "cannot write: a part of the path is not a directory")],
    ids=["too long", "below a file"],
)
def test_p7_a_directory_that_cannot_be_is_named(run, cause, lab):
    assert lab.fit(run) == 7
    assert lab.said() == f"error: {run}: {cause}\n"


def test_p7_a_full_disk_behind_stdout_is_named_and_the_run_is_done(lab):
    assert lab.fit("broken", stdout="/dev/full") == 7
    assert lab.said() == "error: standard output: No space left on device\n"
    assert RunDir(lab.folder / "broken").is_done()
    lab.assert_ends_whole("broken")


def test_p7_a_full_disk_behind_stderr_stops_nothing(lab):
    assert lab.fit("broken", stderr="/dev/full") == 0
    assert lab.differences("broken") == []


# --- real file systems -----------------------------------------------------------------------------------------------

MOUNTED = """
mount -t tmpfs -o size={size} none disk || exit 99
"$@" --run-dir disk/run
status=$?
cp -a disk/run copy
{then}
exit $status
"""


@pytest.fixture
def mounted(lab):
    """Return a function that trains on a small file system of its own, seen by nobody else; skip where none can be."""

    def run(size, then):
        (lab.folder / "disk").mkdir()
        command = ["unshare", "--mount", "--map-root-user", "sh", "-c", MOUNTED.format(size=size, then=then), "sh"]
        fit = [sys.executable, "-m", "nntrain", "fit", "tiny.yaml", "--no-plots", "-q"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        try:
            done = subprocess.run(
                [*command, *fit],
                cwd=lab.folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
        except FileNotFoundError:
            pytest.skip("a small file system: there is no unshare")
        if done.returncode == 99 or done.stderr.startswith("unshare: "):
            pytest.skip(f"a small file system: mounting is not permitted ({done.stderr.strip()})")
        return done

    return run


def test_p7_a_real_full_disk_is_named_and_what_is_saved_goes_on_elsewhere(lab, mounted):
    lab.write_spec(lab.spec.replace("hidden: [5]", "hidden: [200]"))  # checkpoints of 17 kB
    done = mounted("60k", then="")
    assert done.returncode == 7
    assert re.fullmatch(r"error: disk/run/(checkpoints/)?[\w.-]+: cannot write: the disk is full\n", done.stderr)
    kept = RunDir(lab.folder / "copy")
    assert kept.latest().notes == ()
    assert not list(kept.path.rglob("*.tmp"))
    assert lab.fit("copy") == 0
    assert lab.whole
    assert lab.lasting("copy") == lab.lasting("whole")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_p7_full_disks_of_any_size_are_named_and_what_is_saved_goes_on_elsewhere(lab, figure):
    lab.write_spec(lab.spec.replace("hidden: [5]", "hidden: [200]"))
    (lab.folder / "disk").mkdir()
    sizes = [str(size) for size in range(4, 324, 5)]
    command = ["unshare", "--mount", "--map-root-user", sys.executable, str(Path(__file__).with_name("small_disks.py"))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    if shutil.which("unshare") is None:
        pytest.skip("small file systems: there is no unshare")
    done = subprocess.run(
        [*command, *sizes], cwd=lab.folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode == 99 or done.stderr.startswith("unshare: "):
        pytest.skip(f"small file systems: mounting is not permitted ({done.stderr.strip()})")
    assert done.returncode == 0, done.stderr
    ended, full = json.loads((lab.folder / "ended.json").read_text(encoding="utf-8")), 0
    assert lab.whole
    whole = lab.lasting("whole")
    for size, status in ended.items():
        said = (lab.folder / f"said-{size}").read_text(encoding="utf-8")
        assert status in (0, 7)
        assert (
            said == "" if status == 0 else re.fullmatch(r"error: disk/run\S*: cannot write: the disk is full\n", said)
        )
        full += status == 7
        assert lab.fit(f"left-{size}") == 0, lab.said()
        assert lab.lasting(f"left-{size}") == whole
        lab.remove(f"left-{size}")
    assert full
    figure("real disks of 4 to 319 kB", f"{len(ended)} disks, {full} full, all ended the same elsewhere")


LIMITS = [
    *({"RLIMIT_FSIZE": size} for size in range(200, 9400, 400)),
    *({"RLIMIT_NOFILE": most} for most in range(4, 25)),
]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_p7_limits_of_any_size_have_their_exit_code_and_lose_nothing(lab, figure):
    assert lab.whole
    whole, stopped = lab.lasting("whole"), 0
    for limits in LIMITS:
        status = lab.fit("broken", limits=limits)
        stopped += status != 0
        assert status in (0, 2, 7), (limits, lab.said())
        assert lab.said().count("\n") == (status != 0), (limits, lab.said())
        assert lab.fit("broken") == 0, (limits, lab.said())
        assert lab.lasting("broken") == whole, limits
        lab.remove("broken")
    figure("limits on files and their sizes", f"{len(LIMITS)} limits, {stopped} stopped, all ended the same")


def test_p7_a_real_read_only_file_system_is_named(mounted):
    again = 'mount -o remount,ro disk || exit 99; "$@" --run-dir disk/run --set train.epochs=9; status=$?'
    done = mounted("1m", then=again)
    assert done.returncode == 7
    assert done.stderr == "error: disk/run/.lock: cannot write: the file system is read-only\n"
