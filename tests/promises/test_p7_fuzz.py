"""P7: files with wrong contents are refused by name and with the documented exit code: never a traceback or a hang.

What nntrain itself has written is changed at random places: facts of checkpoints that are sealed again, the JSON files
of runs, specs, and data files byte by byte.
"""

import copy
import functools
import json
import random
import shutil

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoint import Checkpoint
from nntrain.artifacts.rundir import RunDir
from tests.promises import random_specs

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
QUIET = ("-q", "--no-plots")


PARTS = 4  # of the thorough tests, so that they can run beside one another


def how_many(some, all_of_them):
    """Return the parameters: how many files, and where chance begins."""
    thorough = [pytest.param(all_of_them // PARTS, part, id=f"part {part}", marks=SLOW) for part in range(1, PARTS + 1)]
    return pytest.mark.parametrize(("times", "seed"), [pytest.param(some, 0, id="some"), *thorough])


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
        if chance.random() < 0.3:
            del owner[last]
        else:
            owner[last] = copy.deepcopy(chance.choice(VALUES))
        if not list(places(facts)):
            break
    return facts


def assert_refused_or_right(result, allowed, what):
    """Whatever the file says, the command ends as documented, in words, and shows nothing raw of it."""
    status, out, err = result
    too_large = status == 7 and "out of memory: " in err  # a network of 10¹⁰ units, say
    assert status in allowed or too_large, f"{what}\n{err}"
    assert "Traceback" not in err, f"{what}\n{err}"
    is_data = isinstance(what, tuple) and what[0] == "predict"  # labels come back as they went in
    assert "\x1b" not in (err if is_data else out + err), what
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


@pytest.fixture
def quick(monkeypatch):
    """Spare what costs time and proves nothing here: forcing bytes to the disk, and asking git for the commit."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.setattr("nntrain.core.machine.git_commit", lambda folder: None)


SEALED = {  # what reads a checkpoint
    "eval": ["eval", "x.safetensors"],
    "predict": ["predict", "x.safetensors", "new.csv"],
    "show": ["show", "x.safetensors"],
    "begin": ["fit", "spec.yaml", "--run-dir", "begun", "--init-from", "x.safetensors", *QUIET],
    "resume": ["resume", "half", *QUIET],
}


@how_many(40, 10_000)
def test_p7_sealed_checkpoints_with_wrong_facts_are_refused_by_name(times, seed, nntrain, runs, quick, figure):
    chance, taken = random.Random(seed), 0
    best = RunDir(runs / "whole").latest().checkpoint
    half = RunDir(runs / "half").latest()
    (runs / "half").rename("before")
    for _ in range(times):
        name = chance.choice(list(SEALED))
        if name == "resume":
            shutil.copytree("before", "half")
            meta, tensors, path = half.checkpoint.meta, half.checkpoint.tensors, f"half/checkpoints/{half.path.name}"
        else:
            meta, tensors, path = best.meta, best.tensors, "x.safetensors"
        meta = changed(dict(meta), chance)
        storage.save(runs / path, Checkpoint(tensors, meta))
        result = nntrain(*SEALED[name])
        assert_refused_or_right(result, {0, 2, 3, 4, 5, 7}, (name, meta))  # 7: more memory than there is
        taken += result[0] == 0
        for made in ("half", "begun"):
            shutil.rmtree(made, ignore_errors=True)
    figure("sealed checkpoints with wrong facts", f"{times} files, {taken} taken, 0 tracebacks")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (("best", "value"), "error: {path}: lacks 'best.value'; was it written by nntrain?\n"),
        (("spec", "train", "epochs"), "note: train.epochs: 10 before, 3 now\n"),
    ],
)
def test_p7_a_fact_that_is_absent_is_named_or_at_its_default(way, said, nntrain, runs):
    half = RunDir(runs / "half").latest()
    path, meta = half.path.relative_to(runs), copy.deepcopy(dict(half.checkpoint.meta))
    *outer, last = way
    del functools.reduce(lambda inner, key: inner[key], outer, meta)[last]
    storage.save(path, Checkpoint(half.checkpoint.tensors, meta))
    status, _, err = nntrain("resume", "half", *QUIET)
    assert (status, err.splitlines(keepends=True)[0]) == (5 if said.startswith("error") else 0, said.format(path=path))


def test_p7_a_schedule_that_remembers_too_little_is_refused(nntrain, runs):
    half = RunDir(runs / "half").latest()
    state = half.checkpoint.meta["state"] | {"schedule_memory": [1.0, 0.5]}
    path = half.path.relative_to(runs)
    storage.save(path, Checkpoint(half.checkpoint.tensors, half.checkpoint.meta | {"state": state}))
    said = f"error: {path}: not a checkpoint of this run: 'state.schedule_memory' has 2 numbers\n"
    assert nntrain("resume", "half", *QUIET) == (5, "", said)


def test_p7_a_figure_that_is_no_number_is_neither_listed_nor_compared(nntrain, runs):
    summary = json.loads((runs / "whole/summary.json").read_text(encoding="utf-8"))
    summary["train"]["accuracy"] = [1]
    (runs / "whole/summary.json").write_text(json.dumps(summary), encoding="utf-8")
    status, out, _ = nntrain("runs", ".")
    assert (status, out.count("unreadable")) == (0, 1)
    said = "error: whole/summary.json: the fact 'train.accuracy' must be a share from 0 to 1, got [1]\n"
    assert nntrain("compare", "whole", "half") == (5, "", said)


REPLACED = [  # a fact of summary.json, what it is replaced by (... by nothing), a command, and what is said
    ("best.value", ..., "resume", "lacks 'best.value'; was it written by nntrain?"),
    ("baselines.model.value", ..., "resume", "lacks 'baselines.model.value'; was it written by nntrain?"),
    ("validation", None, "diagnose", "the fact 'validation' must be a mapping, got None"),
    ("validation.accuracy", -1, "compare", "the fact 'validation.accuracy' must be a share from 0 to 1, got -1"),
]


def test_p7_facts_that_are_absent_or_impossible_are_named_by_every_command(nntrain, runs):
    path = runs / "whole/summary.json"
    right = json.loads(path.read_text(encoding="utf-8"))
    for name, value, command, problem in REPLACED:
        facts = copy.deepcopy(right)
        *way, last = name.split(".")
        owner = functools.reduce(lambda inner, key: inner[key], way, facts)
        if value is ...:
            del owner[last]
        else:
            owner[last] = value
        path.write_text(json.dumps(facts), encoding="utf-8")
        runs_named = ["whole", "half"] if command == "compare" else ["whole"]
        assert nntrain(command, *runs_named) == (
            5,
            "",
            f"error: whole/summary.json: {problem}\n",
        )


def test_p7_an_index_without_measure_is_refused(nntrain, here):
    (here / "d.svm").write_text(f"1 1:2\n0 {'9' * 400}:1\n", encoding="utf-8")
    status, _, said = nntrain("data", "describe", "d.svm")
    shown = "9" * 37 + "..."
    assert (status, said) == (3, f"error: d.svm:2: no table has so many columns, got index '{shown}'\n")


FACTS = {"run.json": "half", "metrics.jsonl": "half", "summary.json": "whole"}


@how_many(40, 10_000)
def test_p7_json_files_of_a_run_with_wrong_facts_are_refused_by_name(times, seed, nntrain, runs, quick, figure):
    chance, taken = random.Random(seed), 0
    right = {name: (runs / of / name).read_text(encoding="utf-8") for name, of in FACTS.items()}
    for of in ("half", "whole"):
        (runs / of).rename(f"{of} before")
    for _ in range(times):
        name = chance.choice(list(FACTS))
        of = FACTS[name]
        shutil.copytree(f"{of} before", of)
        if name == "metrics.jsonl":
            lines = right[name].splitlines()
            place = chance.randrange(len(lines))
            lines[place] = json.dumps(changed(json.loads(lines[place]), chance))
            text = "\n".join(lines) + "\n"
        else:
            text = json.dumps(changed(json.loads(right[name]), chance))
        (runs / of / name).write_text(text, encoding="utf-8")
        command = chance.choice(
            [
                ["resume", of, *QUIET],
                ["fit", "spec.yaml", "--run-dir", of, *QUIET],
                ["runs", "."],
                ["resume", of, "--no-plots"],
            ]
        )
        result = nntrain(*command)
        assert_refused_or_right(result, {0, 2, 3, 4, 5}, (command, text))
        taken += result[0] == 0
        shutil.rmtree(of)
    figure("JSON files of runs with wrong facts", f"{times} files, {taken} taken, 0 tracebacks")


@how_many(25, 10_000)
def test_p7_specs_with_wrong_values_are_refused_in_words(times, seed, nntrain, runs, quick, figure):
    chance, taken = random.Random(seed), 0
    for _ in range(times):
        spec = changed(SPEC, chance)
        (runs / "wrong.yaml").write_text(json.dumps(spec), encoding="utf-8")
        result = nntrain("check", "wrong.yaml")
        assert_refused_or_right(result, {0, 2, 3, 7}, spec)
        taken += result[0] == 0
    figure("specs with wrong values", f"{times} specs, {taken} taken, 0 tracebacks")


FILES = {"path", "X", "y", "test"}  # the keys of sources that name files
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


@how_many(40, 10_000)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_p7_damaged_data_files_are_refused_in_words(times, seed, nntrain, runs, quick, figure):
    chance, taken = random.Random(seed), 0
    random_specs.write_files(runs)
    sources = [source for source in random_specs.SOURCES if isinstance(source, dict) and FILES & source.keys()]
    for _ in range(times):
        source = chance.choice(sources)
        path = runs / source[chance.choice(sorted(FILES & source.keys()))]
        path = chance.choice(sorted(path.iterdir())) if path.is_dir() else path
        right = path.read_bytes()
        (runs / "spec.yaml").write_text(json.dumps(SPEC | {"data": {"source": source}}), encoding="utf-8")
        path.write_bytes(damaged(right, chance))
        command = chance.choice([["check", "spec.yaml"], ["check", "spec.yaml"], ["data", "describe", path.name]])
        result = nntrain(*command)
        assert_refused_or_right(result, {0, 2, 3}, (command, source, path.read_bytes()[:300]))
        taken += result[0] == 0
        path.write_bytes(right)
    figure("damaged data files", f"{times} files, {taken} taken, 0 tracebacks")
