"""P7: files with wrong contents are refused by name and with the documented exit code: never a traceback or a hang.

What nntrain itself has written is changed at random places: facts of checkpoints that are sealed again, the JSON files
of runs, specs, and data files byte by byte.
"""

import copy
import json
import random
import shutil

import numpy as np
import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
SPEC = {
    "data": {"source": {"kind": "csv", "path": "table.csv", "target": "k"}, "validation": 0.25, "scale": "standard"},
    "model": {"kind": "mlp", "hidden": [3]},
    "optimizer": {"kind": "adam", "lr": 0.05},
    "schedule": {"kind": "plateau", "patience": 1, "gamma": 0.5},
    "train": {"epochs": 3, "batch_size": 8},
    "checkpoint": {"min_seconds": 0},
}
VALUES = [
    *(None, True, False, 0, -1, 1, 3, 2**31, 10**18, 10**30, 0.5, 1e308, -1e308, 5e-324, "", "x", "auto", "none"),
    *([], [1], [[]], ["a", "b"], [None] * 3, {}, {"a": 1}, {"kind": "x"}, "a\nb", "\x1b[31m", "\u202e", "a" * 5000),
]
QUIET = ("-q", "--no-plots", "--json")


def how_many(some, all_of_them):
    return pytest.mark.parametrize(
        "times", [pytest.param(some, id="some"), pytest.param(all_of_them, id="all", marks=SLOW)]
    )


def places(value, path=()):
    """Yield the path of every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def changed(facts, chance):
    """Return facts with one to three of their values deleted or replaced."""
    facts = copy.deepcopy(facts)
    for _ in range(chance.choice([1, 1, 2, 3])):
        *way, last = chance.choice(list(places(facts)))
        owner = facts
        for key in way:
            owner = owner[key]
        if chance.random() < 0.15:
            del owner[last]
        else:
            owner[last] = copy.deepcopy(chance.choice(VALUES))
        if not list(places(facts)):
            break
    return facts


def assert_refused_or_right(result, allowed, what):
    """Whatever the file says, the command ends as documented, in words, and shows nothing raw of it."""
    status, out, err = result
    assert status in allowed, f"{what}\n{err}"
    assert "Traceback" not in err, f"{what}\n{err}"
    assert "\x1b" not in out + err, what
    assert (status == 0) or err.startswith(("error:", "note:", "stopped:")) or ":" in err, what


@pytest.fixture
def runs(nntrain, here):
    """Make a finished run ``whole``, and ``half``, which stands in its second epoch."""
    chance = random.Random(0)
    rows = [f"{chance.random():.3f},{chance.choice('uvw')},{chance.choice('PQ')}" for _ in range(40)]
    (here / "table.csv").write_text("a,t,k\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (here / "new.csv").write_text("a,t\n0.5,u\n0.7,w\n", encoding="utf-8")
    (here / "spec.yaml").write_text(json.dumps(SPEC), encoding="utf-8")
    assert nntrain("fit", "spec.yaml", "--run-dir", "whole", *QUIET)[0] == 0
    shutil.copytree("whole", "half")
    (here / "half/summary.json").unlink()
    for path in RunDir(here / "half").checkpoints()[1:]:
        path.unlink()
    return here


@how_many(12, 400)
def test_p7_sealed_checkpoints_with_wrong_facts_are_refused_by_name(times, nntrain, runs, figure):
    chance, calls = random.Random(1), 0
    best = RunDir(runs / "whole").latest().checkpoint
    half = RunDir(runs / "half").latest()
    (runs / "half").rename("before")
    for _ in range(times):
        meta = changed(dict(best.meta), chance)
        storage.save(runs / "x.safetensors", Checkpoint(best.tensors, meta))
        for command in (["eval", "x.safetensors"], ["predict", "x.safetensors", "new.csv"], ["show", "x.safetensors"]):
            assert_refused_or_right(nntrain(*command), {0, 2, 3, 5}, (command, meta))
        begin = ["fit", "spec.yaml", "--run-dir", "begun", "--init-from", "x.safetensors", *QUIET]
        assert_refused_or_right(nntrain(*begin), {0, 2, 3, 5}, meta)
        shutil.rmtree("begun", ignore_errors=True)
        shutil.copytree("before", "half")
        meta = changed(dict(half.checkpoint.meta), chance)
        storage.save(runs / "half/checkpoints" / half.path.name, Checkpoint(half.checkpoint.tensors, meta))
        assert_refused_or_right(nntrain("resume", "half", *QUIET), {0, 2, 3, 4, 5}, meta)
        shutil.rmtree("half")
        calls += 5
    figure("sealed checkpoints with wrong facts", f"{calls} calls, 0 tracebacks")


@how_many(12, 400)
@pytest.mark.parametrize("name", ["run.json", "summary.json", "metrics.jsonl"])
def test_p7_json_files_of_a_run_with_wrong_facts_are_refused_by_name(name, times, nntrain, runs, figure):
    chance = random.Random(2)
    of = "whole" if name == "summary.json" else "half"
    (runs / of).rename("before")
    lines = (runs / "before" / name).read_text(encoding="utf-8")
    for _ in range(times):
        shutil.copytree("before", of)
        if name == "metrics.jsonl":
            first, *rest = lines.splitlines()
            text = "\n".join([json.dumps(changed(json.loads(first), chance)), *rest]) + "\n"
        else:
            text = json.dumps(changed(json.loads(lines), chance))
        (runs / of / name).write_text(text, encoding="utf-8")
        command = ["resume", of, *QUIET] if chance.random() < 0.5 else ["fit", "spec.yaml", "--run-dir", of, *QUIET]
        assert_refused_or_right(nntrain(*command), {0, 2, 3, 4, 5}, text)
        shutil.rmtree(of)
    figure(f"{name} with wrong facts", f"{times} calls, 0 tracebacks")


@how_many(25, 1500)
def test_p7_specs_with_wrong_values_are_refused_in_words(times, nntrain, runs, figure):
    chance, taken = random.Random(3), 0
    for _ in range(times):
        spec = changed(SPEC, chance)
        (runs / "wrong.yaml").write_text(json.dumps(spec), encoding="utf-8")
        result = nntrain("check", "wrong.yaml")
        assert_refused_or_right(result, {0, 2, 3, 7}, spec)
        taken += result[0] == 0
    figure("specs with wrong values", f"{times} specs, {taken} taken, 0 tracebacks")


TOKENS = [
    b"nan",
    b"inf",
    b"1e999",
    b"\0",
    b"\xff\xfe",
    b'"',
    b"\n",
    b"\r",
    b",",
    b";",
    b"\xef\xbb\xbf",
    b"9" * 400,
    b"=",
]


def damaged(data, chance):
    """Return bytes with some of them changed, cut off, taken out, or put in."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4])):
        place, way = chance.randrange(len(data) + 1), chance.random()
        if way < 0.5 and place < len(data):
            data[place] = chance.randrange(256)
        elif way < 0.6:
            del data[place:]
        elif way < 0.7:
            del data[place : place + chance.choice([1, 8, 100])]
        else:
            data[place:place] = chance.choice(TOKENS)
        data = data or bytearray(b"x")
    return bytes(data)


@how_many(25, 1500)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_p7_damaged_data_files_are_refused_in_words(times, nntrain, runs, figure):
    chance = random.Random(4)
    np.save("X.npy", np.arange(80.0).reshape(40, 2))
    np.save("y.npy", np.arange(40) % 2)
    np.savez("d.npz", X=np.arange(80.0).reshape(40, 2), y=np.arange(40) % 2)
    sources = {
        "table.csv": SPEC["data"]["source"],
        "X.npy": {"kind": "npy", "X": "X.npy", "y": "y.npy", "memory": "stream"},
        "y.npy": {"kind": "npy", "X": "X.npy", "y": "y.npy"},
        "d.npz": {"kind": "npz", "path": "d.npz"},
    }
    right = {name: (runs / name).read_bytes() for name in sources}
    for _ in range(times):
        name = chance.choice(list(sources))
        (runs / "spec.yaml").write_text(json.dumps(SPEC | {"data": {"source": sources[name]}}), encoding="utf-8")
        (runs / name).write_bytes(damaged(right[name], chance))
        command = chance.choice([["check", "spec.yaml"], ["data", "describe", name]])
        assert_refused_or_right(nntrain(*command), {0, 2, 3}, (name, (runs / name).read_bytes()[:300]))
        (runs / name).write_bytes(right[name])
    figure("damaged data files", f"{times} files, 0 tracebacks")
