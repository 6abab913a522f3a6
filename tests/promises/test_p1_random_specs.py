"""P1 and P7 over random specs: the same twice, the same stopped and killed on the way, the same when lengthened.

Thousands are run within one process, where a kill is played by ``dead_process``; some are run in processes of their own
that are really stopped and killed.
"""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import DataError, DivergenceError, InterruptedRun, SpecError
from nntrain.runs import open_run
from nntrain.spec import dump, reload
from nntrain.train import loop
from tests.promises import random_specs
from tests.promises.conftest import TIMES
from tests.promises.dead_process import dying

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
REFUSED = (2, 3)  # the parts do not fit one another, or not the data
DIVERGED = 4
OTHER_END = "this will not be the same run"  # a schedule that counts on the end has other rates


@pytest.mark.parametrize("specs", [pytest.param(4, id="some"), pytest.param(40, id="all", marks=SLOW)])
def test_p1_a_spec_gives_the_same_bytes_in_processes_that_are_stopped_and_killed(specs, lab, figure):
    chance, tried, stops = random.Random(11), 0, 0
    random_specs.write_files(lab.folder)
    while tried < specs:
        spec = random_specs.draw(chance)
        lab.write_spec(json.dumps(spec))
        status = lab.fit("whole")
        assert status in (0, *REFUSED, DIVERGED), f"{spec}\n{lab.said()}"
        if status == 0:
            tried += 1
            lab.whole = lab.files("whole")
            for name in ("SIGTERM", "SIGKILL"):
                stops += lab.fit("broken", strike=(chance.randint(20, 250), name)) != 0
            assert lab.fit("broken") == 0, f"{spec}\n{lab.said()}"
            assert lab.lasting("broken") == lab.lasting("whole"), spec
            lab.remove("broken")
        shutil.rmtree(lab.folder / "whole", ignore_errors=True)
    figure("random specs in processes", f"{tried} specs, {stops} stops and kills, all ended the same")


# --- within one process ----------------------------------------------------------------------------------------------


def train(path, spec, *overrides, stop=None, parent=None):
    """Train in a directory until it ends, or until a stop at a step; return the notes of the run."""
    loaded = reload(spec, overrides)
    with open_run(loaded, runs=Path(), run_dir=path, argv=[], draw=False, init_from=parent) as run:
        if not run.is_done:
            for _ in run.events(lambda: stop is not None and run.state.step >= stop):
                pass
            return run.notes
    return []


def once_for_equal(function):
    """Return a function of a spec's values that does not repeat its work for equal values, as all runs of a spec do."""
    known = {}

    def call(values):
        key = json.dumps(values, sort_keys=True)
        if key not in known:
            known.clear()
            known[key] = function(values)
        return known[key]

    return call


def files(path):
    """Return all files of a run but those that tell times."""
    found = {item.relative_to(path).as_posix(): item for item in path.rglob("*") if item.is_file()}
    return {name: item.read_bytes() for name, item in found.items() if name not in TIMES}


def result(path):
    """Return what must be the same however a run came to its end: its figures, and the last and the best weights."""
    directory = RunDir(path)
    figures = {name: (path / name).read_bytes() for name in ("metrics.jsonl", "curves.csv", "summary.json")}
    return figures, weights(directory.latest().checkpoint), weights(storage.load(path / best_of(path)))


def best_of(path):
    """Return the name of the checkpoint that is the result of a run."""
    return RunDir(path).read_summary()["checkpoint"]


def weights(checkpoint):
    return {name: array.tobytes() for name, array in checkpoint.tensors.items()}


def stopped_and_killed(path, spec, steps, chance, parent=None):
    """Stop a run at a step, kill it before one of its calls, and let it end; return how often it was disturbed."""
    count = 0
    try:
        train(path, spec, stop=chance.randint(1, max(1, steps - 1)), parent=parent)
    except InterruptedRun:
        count += 1
    with dying(chance.randint(20, 150)) as died:
        train(path, spec, parent=parent)
    train(path, spec, parent=parent)
    return count + bool(died)


def a_child_ends_the_same(whole, spec, steps, chance):
    """Begin runs with the weights of another, one of them disturbed; return how often."""
    child, other = whole.with_name("child"), whole.with_name("other")
    try:
        train(child, spec, parent=whole)
        count = stopped_and_killed(other, spec, steps, chance, whole)
        assert result(other) == result(child), spec
    except DivergenceError:
        count = 0
    for path in (child, other):
        shutil.rmtree(path, ignore_errors=True)
    return count


@pytest.mark.parametrize(
    ("specs", "seed"),
    [pytest.param(12, 11, id="some"), *(pytest.param(250, seed, id=f"part {seed}", marks=SLOW) for seed in range(8))],
)
def test_p1_any_spec_gives_the_same_bytes_twice_stopped_killed_and_lengthened(specs, seed, here, monkeypatch, figure):
    monkeypatch.setattr(loop, "perf_counter", lambda: 0.0)  # or the figures that tell times would differ
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # nothing is cut off here
    monkeypatch.setattr("nntrain.core.machine.git_commit", lambda folder: None)  # a process each time
    monkeypatch.setattr("nntrain.runs.run.dump", once_for_equal(dump))
    random_specs.write_files(here)
    chance, tried, refused, diverged, disturbed, lengthened, begun = random.Random(seed), 0, 0, 0, 0, 0, 0
    whole, other = here / "whole", here / "other"
    while tried < specs:
        spec = random_specs.draw(chance)
        try:
            train(whole, spec)
        except (SpecError, DataError):
            refused += 1
            assert not whole.exists()
            continue
        except DivergenceError:
            diverged += 1
            shutil.rmtree(whole)
            continue
        tried += 1
        train(other, spec)
        assert files(other) == files(whole), spec
        shutil.rmtree(other)
        steps = RunDir(whole).read_summary()["steps"]
        disturbed += stopped_and_killed(other, spec, steps, chance)
        assert result(other) == result(whole), spec
        shutil.rmtree(other)
        if "stop" not in spec["train"] and "max_steps" not in spec["train"]:
            train(other, spec, "train.epochs=1")
            if OTHER_END not in "\n".join(train(other, spec)):
                assert result(other) == result(whole), spec
                lengthened += 1
            shutil.rmtree(other)
        if tried % 12 == 0:
            begun += 1
            disturbed += a_child_ends_the_same(whole, spec, steps, chance)
        shutil.rmtree(whole)
    found = f"{tried} specs, {disturbed} stops and kills, {lengthened} lengthened, {begun} children: all the same"
    figure("random specs", f"{found}; {refused} refused, {diverged} diverged")
