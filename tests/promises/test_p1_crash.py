"""P1: killed at any system call, a run goes on and ends as if nothing had been. Needs strace."""

import re
import shutil

import pytest

pytestmark = pytest.mark.usefixtures("strace")

CALLS = {  # name → its spellings
    "write": "write,pwrite64",
    "fsync": "fsync,fdatasync",
    "rename": "rename,renameat,renameat2",
    "unlink": "unlink,unlinkat",
    "ftruncate": "ftruncate",
    "openat": "openat",
    "mkdir": "mkdir,mkdirat",
}
ALL = ",".join(CALLS.values())
SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]


def every(short):
    """Take every so-manieth point, or, slowly, all of them."""
    return pytest.mark.parametrize("every", [pytest.param(short, id="some"), pytest.param(1, id="all", marks=SLOW)])


def points(every):
    """Yield the numbers of the calls to try, for as long as the caller wants more."""
    return range(1, 10_000, every)


def test_p1_the_run_that_is_killed_has_all_kinds_of_moments(lab):
    """The best epoch changes, is overtaken by worse ones and protected from pruning, which happens again and again."""
    status, lines = lab.traced("whole", ALL)
    assert status == 0
    assert len([line for line in lines if re.search(r"unlink.*step-.* = 0$", line)]) == 4
    kept = [name for name in lab.files("whole") if name.startswith("checkpoints/")]
    assert [int(name[-14:-12]) for name in kept] == [20, 24, 28]


@every(12)
@pytest.mark.parametrize("name", [name for name in CALLS if name != "ftruncate"])  # made only on going on: below
def test_p1_killed_at_a_system_call_a_run_ends_the_same(name, every, lab, figure):
    tried = 0
    for number in points(every):
        if not lab.killed("broken", CALLS[name], number):
            break
        tried += 1
        lab.assert_ends_whole("broken")
    figure(f"killed at each {name}", f"{tried} points, {tried} came back the same")


@every(60)
def test_p1_killed_twice_in_a_row_a_run_ends_the_same(every, lab, figure):
    tried = cut = 0
    first = [("fsync", 13), ("write", 17), ("unlink", 4)]
    for name, number in first[:: min(every, len(first))]:
        assert lab.killed("once", CALLS[name], number)
        for again in CALLS.values():
            for second in points(max(every, 2)):
                shutil.copytree(lab.folder / "once", lab.folder / "broken")
                killed = lab.killed("broken", again, second)
                if killed:
                    tried += 1
                    cut += again == CALLS["ftruncate"]
                    lab.assert_ends_whole("broken")
                else:
                    shutil.rmtree(lab.folder / "broken")
                    break
        shutil.rmtree(lab.folder / "once")
    assert cut  # going on, metrics.jsonl is cut back to the checkpoint
    figure("killed twice in a row", f"{tried} pairs, {tried} came back the same")


@every(60)
def test_p1_killed_while_a_finished_run_is_lengthened_it_ends_as_one_long_run(every, lab, figure):
    """The first part ended within an epoch, by ``max_steps``; metrics and state go back to before that end."""
    assert lab.fit("once", ["--set", "train.max_steps=18"]) == 0
    tried = 0
    for calls in CALLS.values():
        for number in points(max(every, 2)):
            shutil.copytree(lab.folder / "once", lab.folder / "broken")
            killed = lab.killed("broken", calls, number)
            lab.assert_ends_whole("broken", stopped=True)
            tried += killed
            if not killed:
                break
    figure("killed while a finished run is lengthened", f"{tried} points, {tried} ended as one long run")


@every(4)
def test_p1_a_naive_writer_killed_like_that_does_fail(every, lab, figure):
    """The control: the same run with open, write and close in place. Killed at a write, it must be lost at times."""
    assert lab.fit("whole", naive=True) == 0
    lab.whole = lab.files("whole")
    tried = lost = 0
    for number in points(every):
        if not lab.killed("broken", CALLS["write"], number, naive=True):
            break
        tried += 1
        lost += lab.fit("broken", naive=True) != 0 or lab.differences("broken") != []
        shutil.rmtree(lab.folder / "broken")
    assert lost >= 3
    figure("the naive control, killed at each write", f"{tried} points, {lost} lost")


# --- the order of things ---------------------------------------------------------------------------------------------

CALL = re.compile(r"\d+ +(?P<name>\w+)\((?:\d+<(?P<file>[^>]*)>|(?P<arguments>.*)).* = (?P<result>-?\d+)")


def breaches(lines):
    """Return the renames of a trace before which the file was not forced to the disk, or after which its folder not.

    Between a rename and the fsync of the folder nothing else may be written or removed.
    """
    found, written, forced, waiting = [], {}, {}, None
    for place, line in enumerate(lines):
        call = CALL.match(line)
        if call is None or int(call["result"]) < 0:
            continue
        name, file = call["name"], call["file"]
        if waiting and name.startswith(("write", "pwrite", "rename", "unlink")):
            found.append(f"not followed by fsync of the folder: {waiting[1]}")
            waiting = None
        if name in ("write", "pwrite64"):
            written[file] = place
        elif name in ("fsync", "fdatasync"):
            forced[file] = place
            if waiting and file == waiting[0]:
                waiting = None
        elif name.startswith("rename"):
            name = re.search(r'"([^"]*)"', line)[1]
            source = next((path for path in written if path.endswith(f"/{name}")), name)
            if not written.get(source, place) < forced.get(source, -1):
                found.append(f"not preceded by fsync of the file: {line}")
            waiting = (source.rpartition("/")[0], line)
    return [*found, f"not followed by fsync of the folder: {waiting[1]}"] if waiting else found


@pytest.mark.figure
def test_p1_each_rename_comes_after_fsync_of_the_file_and_before_that_of_the_folder(lab, figure):
    status, lines = lab.traced("run", ALL)
    renames = [line for line in lines if " rename" in line]
    assert status == 0
    assert len(renames) >= 12
    assert breaches(lines) == []
    figure("renames between their two fsyncs", f"{len(renames)} of {len(renames)}")


def test_p1_a_breach_of_that_order_is_found(lab):
    _, lines = lab.traced("run", ALL)
    forced = [place for place, line in enumerate(lines) if " fsync" in line]
    for rename in (place for place, line in enumerate(lines) if " rename" in line):
        before = max(place for place in forced if place < rename)
        after = min(place for place in forced if place > rename)
        for place, breach in ((before, "not preceded"), (after, "not followed")):
            [found] = breaches(lines[:place] + lines[place + 1 :])
            assert found.startswith(breach)
            assert found.endswith(lines[rename])
