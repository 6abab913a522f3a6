"""The contract of every executor: whatever happens to processes, each point comes to its end once, with equal results.

A new executor joins ``EXECUTORS`` and must pass all of it.
"""

import os
import signal
from contextlib import suppress

import pytest

from nntrain.errors import InterruptedRun, OutputError
from nntrain.sweeps.coordinator import Failed, Finished, Held
from nntrain.sweeps.executor import LocalExecutor
from nntrain.sweeps.folder import SweepFolder

LONG = ["train.epochs=60", "checkpoint.every_epochs=10"]  # a point that can be hit while it trains


def local(jobs):
    return LocalExecutor(jobs)


EXECUTORS = {"local": local}
WHOLE = {}  # tables by executor


@pytest.fixture(params=EXECUTORS)
def executor(request):
    return EXECUTORS[request.param]


@pytest.fixture
def long(plan):
    return plan("optimizer.lr=[0.01, 0.02, 0.03]", seeds=2, overrides=LONG)


@pytest.fixture
def whole(long, executor, coordinate):
    """The tables of a sweep to which nothing happens, one point at a time; trained once for all tests."""
    if executor not in WHOLE:
        with executor(1) as at_once:
            events, WHOLE[executor] = coordinate(long, at_once, "whole")
        assert [event.point for event in events] == long.points
    return WHOLE[executor]


def test_the_number_of_processes_changes_nothing(long, executor, coordinate, whole, here, trained_once):
    with executor(3) as three:
        events, files = coordinate(long, three)
    assert {event.point.id for event in events} == {point.id for point in long.points}
    assert files == whole
    assert trained_once(here / "sweep") == 6


@pytest.mark.parametrize("victim", ["a worker", "the server"])
def test_a_killed_process_costs_nothing_but_time(
    long, executor, coordinate, whole, here, children, trained_once, victim
):
    struck = []
    with executor(2) as two:

        def strike(event):
            servers = [one for one in children(os.getpid()) if one not in struck]
            victims = servers if victim == "the server" else [worker for one in servers for worker in children(one)]
            if len(struck) < 2 and victims:  # two events may come at once, the second when nothing is there to strike
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(victims[0], signal.SIGKILL)
                    struck.append(victims[0])

        events, files = coordinate(long, two, each=strike)
    assert len(struck) == 2
    assert all(isinstance(event, Finished | Held) for event in events)
    assert files == whole
    begun = [path.name for path in (here / "sweep" / "runs").iterdir()]
    trained_once(here / "sweep", begun_again=begun)


def test_an_interrupted_sweep_goes_on(long, executor, coordinate, whole, here, trained_once):
    rounds, files = 0, None
    while files is None and rounds < 20:
        seen = []
        rounds += 1
        with executor(2) as two, suppress(InterruptedRun):
            _, files = coordinate(long, two, interrupted=lambda seen=seen: bool(seen), each=seen.append)
    assert 3 <= rounds < 7
    assert files == whole
    trained_once(here / "sweep")


def test_a_finished_sweep_trains_nothing(plan, executor, coordinate):
    found = plan("optimizer.lr=[0.1, 0.2]")
    with executor(2) as two:
        _, files = coordinate(found, two)
        assert coordinate(found, two) == ([], files)


def test_a_larger_grid_trains_only_what_is_new(plan, executor, coordinate, here, trained_once):
    with executor(2) as two:
        coordinate(plan("optimizer.lr=[0.1]", seeds=2), two)
        events, _ = coordinate(plan("optimizer.lr=[0.1, 0.2]", seeds=3), two)
    assert sorted((event.point.resolved["optimizer"]["lr"], event.point.seed) for event in events) == [
        (0.1, 2),
        (0.2, 0),
        (0.2, 1),
        (0.2, 2),
    ]
    assert trained_once(here / "sweep") == 6


def test_diverging_is_an_outcome_and_not_repeated(plan, executor, coordinate, here, trained_once):
    over = ("optimizer=[{kind: sgd, lr: 1e30}, {kind: sgd, lr: 0.1}]",)
    with executor(2) as two:
        events, files = coordinate(plan(*over), two)
        assert sorted(event.outcome.status for event in events) == ["diverged", "done"]
        assert coordinate(plan(*over), two) == ([], files)
    assert trained_once(here / "sweep") == 2


def test_a_failure_is_told_and_stops_nobody_else(plan, executor, coordinate, here):
    found = plan("optimizer.lr=[0.1, 0.2]")
    strange = here / "sweep" / "runs" / found.points[0].id
    with SweepFolder(here / "sweep").lock() as folder:
        folder.write("sweep.yaml", "")
    strange.mkdir()
    (strange / "novel.txt").write_text("mine", encoding="utf-8")
    with executor(1) as one:
        events, files = coordinate(found, one)
        assert [type(event) for event in events] == [Failed, Finished]
        assert events[0].status == 2
        assert (
            events[0].message == f"{strange}: not a run directory, but it holds 'novel.txt'; name an empty or a new one"
        )
        assert files["runs.csv"].splitlines()[1].startswith(f"{found.points[0].id},1,0.1,0,failed,")
        (strange / "novel.txt").unlink()
        events, _ = coordinate(found, one)  # the same again tries again
    assert [event.outcome.status for event in events] == ["done"]


def test_a_point_that_is_held_is_waited_for(plan, executor, coordinate, here):
    from nntrain.artifacts.rundir import RunDir

    found = plan("optimizer.lr=[0.1, 0.2]")
    with SweepFolder(here / "sweep").lock() as folder:
        folder.write("sweep.yaml", "")
    held = RunDir.at(here / "sweep" / "runs" / found.points[0].id)
    holder = held.lock()
    holder.__enter__()
    left = [holder]

    def let_go(event):
        if isinstance(event, Finished) and left:
            left.pop().__exit__(None, None, None)

    with executor(2) as two:
        events, _ = coordinate(found, two, each=let_go)
    assert [(type(event), event.point.setting) for event in events] == [(Held, 0), (Finished, 1), (Finished, 0)]


def test_a_point_killed_again_and_again_is_given_up(plan, executor, coordinate, here, children, monkeypatch):
    found = plan("optimizer.lr=[0.1]")
    with executor(1) as one:
        one.ended = lambda timeout: [one_killed(one)]

        def one_killed(executor):
            from nntrain.sweeps.executor import KILLED, Ended

            (point,) = executor._under_way
            executor._under_way.clear()
            return Ended(point, KILLED)

        one.start = lambda order: one._under_way.add(order.point)
        events, _ = coordinate(found, one)
    assert [(type(event), event.status) for event in events] == [(Failed, -9)]


def test_a_full_disk_stops_the_sweep(plan, executor, coordinate, here):
    found = plan("optimizer.lr=[0.1, 0.2, 0.3]")
    with SweepFolder(here / "sweep").lock() as folder:
        folder.write("sweep.yaml", "")
    run = here / "sweep" / "runs" / found.points[0].id
    run.symlink_to(here)  # what a run refuses with the status of a failed writing
    with executor(1) as one, pytest.raises(OutputError, match="is a symbolic link"):
        coordinate(found, one)
    assert sorted(path.name for path in (here / "sweep" / "runs").iterdir()) == [found.points[0].id]


def test_a_point_trained_alone_has_the_same_bits(plan, executor, coordinate, here, nntrain):
    from nntrain.artifacts.rundir import RunDir

    found = plan("optimizer.lr=[0.1]", overrides=["train.epochs=20"])
    with executor(2) as two:
        _, files = coordinate(found, two)
    (here / "best.yaml").write_text(files["best.yaml"], encoding="utf-8")
    assert nntrain("fit", "best.yaml", "--run-dir", "alone", "--no-plots", "-q")[0] == 0
    paths = here / "alone", here / "sweep" / "runs" / found.points[0].id
    tensors = [RunDir(path).latest().checkpoint.tensors for path in paths]
    assert {name: array.tobytes() for name, array in tensors[0].items()} == {
        name: array.tobytes() for name, array in tensors[1].items()
    }
