"""A path that is not what a command takes: what it is, and what to do instead."""

import shutil
from pathlib import Path

import pytest

from nntrain.cli.given_path import what_is

CHECKPOINT = "runs/tiny-20260101T000000Z-abcd/checkpoints/step-000000000016.safetensors"
RUN = "runs/tiny-20260101T000000Z-abcd"


@pytest.fixture
def folder(here, done):
    """Return a folder with a spec, a run among runs, a file of data, and a folder of none of these."""
    (here / "runs").mkdir()
    shutil.move(done, here / RUN)
    (here / "rows.csv").write_text("x,y\n1,a\n", encoding="utf-8")
    (here / "empty").mkdir()
    return here


def test_kinds(folder):
    (folder / "noted").write_text("# a spec of another name\n---\nname: noted\n", encoding="utf-8")
    (folder / "times").write_text("12:30,4\n", encoding="utf-8")
    (folder / "index").write_text("Unnamed: 0,a,b\n0,1,2\n", encoding="utf-8")
    (folder / "flow").write_text("data: {source: {\n  kind: xor}\n}\nmodel: mlp\n", encoding="utf-8")
    shutil.copy(folder / CHECKPOINT, folder / "copy.bin")
    kinds = {
        "tiny.yaml": "spec",
        "gone.YML": "spec",
        "-": "spec",
        "noted": "spec",
        RUN: "run",
        "runs": "runs",
        CHECKPOINT: "checkpoint",
        "copy.bin": "checkpoint",
        "rows.csv": "data",
        "times": "data",
        "index": "data",
        "flow": "spec",
        "empty": "folder",
        "gone": "missing",
        "x" * 5000: "missing",
        "a\0b": "missing",
    }
    assert {name: what_is(Path(name)) for name in kinds} == kinds


NEWEST = f"the newest run is {RUN}"
MISTAKES = {
    f"fit {RUN}": (2, f"{RUN}: is a run, not a spec; nntrain resume goes on with it; its spec is {RUN}/config.yaml"),
    "fit runs": (2, f"runs: is a folder of runs, not a spec; nntrain resume RUN goes on with one of them; {NEWEST}"),
    f"check {CHECKPOINT}": (
        2,
        f"{CHECKPOINT}: is a checkpoint, not a spec; nntrain eval scores it, and nntrain fit CONFIG --init-from begins "
        "with its weights",
    ),
    "profile empty": (2, "empty: is a directory without a run, not a spec; name a YAML file"),
    "fit rows.csv": (
        2,
        "rows.csv: is not a spec; name a YAML file; nntrain init --data rows.csv writes one if this is data",
    ),
    "fit tiny": (2, "tiny: no such file; did you mean 'tiny.yaml'?"),
    "fit tinny.yaml": (2, "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
    f"graph {RUN}": (2, f"{RUN}: is a run, not a spec; nntrain resume goes on with it; its spec is {RUN}/config.yaml"),
    "eval tiny.yaml": (
        5,
        f"tiny.yaml: is a spec, not a run or a checkpoint; nntrain fit tiny.yaml trains it; {NEWEST}",
    ),
    "eval runs": (5, f"runs: is a folder of runs, not a run or a checkpoint; name one of them; {NEWEST}"),
    "eval tini": (5, f"tini: no such run or checkpoint; did you mean '{RUN}'?"),
    "eval runs/tinny": (5, f"runs/tinny: no such run or checkpoint; did you mean '{RUN}'?"),
    "eval other": (5, f"other: no such run or checkpoint; {NEWEST}"),
    f"predict rows.csv {RUN}": (
        5,
        f"rows.csv: is not a run or a checkpoint; name a run directory or a .safetensors file; {NEWEST}",
    ),
    "fit tiny.yaml --init-from tiny.yaml": (
        5,
        f"tiny.yaml: is a spec, not a run or a checkpoint; nntrain fit tiny.yaml trains it; {NEWEST}",
    ),
    "resume tiny.yaml": (5, f"tiny.yaml: is a spec, not a run directory; nntrain fit tiny.yaml begins one; {NEWEST}"),
    f"resume {CHECKPOINT}": (
        5,
        f"{CHECKPOINT}: is a checkpoint, not a run directory; nntrain resume {RUN} goes on with its run",
    ),
    "resume tini": (5, f"tini: no such run directory; did you mean '{RUN}'?"),
    "show runs": (2, f"runs: is a folder of runs; name one of them; {NEWEST}"),
    "verify rows.csv": (
        2,
        "rows.csv: is neither a spec nor a checkpoint; name a YAML file, a run directory or a .safetensors file",
    ),
    "gradcheck empty": (
        2,
        "empty: is a directory without a run; name a YAML file, a run directory or a .safetensors file",
    ),
    "show tinny.yaml": (2, "tinny.yaml: no such file; did you mean 'tiny.yaml'?"),
    "show other": (2, f"other: no such file or directory; {NEWEST}"),
    f"data describe {RUN}": (
        2,
        f"{RUN}: holds no data; name a data file or a spec, such as the config.yaml of a run",
    ),
}


@pytest.mark.parametrize("command", MISTAKES)
@pytest.mark.usefixtures("folder")
def test_what_it_is_and_what_to_do(command, nntrain):
    result = nntrain(*command.split())
    status, message = MISTAKES[command]
    assert result.err == f"error: {message}\n"
    assert (result.status, result.out) == (status, "")


OPTIONS = {
    "fit tiny.yaml --epochs 3": "; it is a key of the spec: --set train.epochs=3 (see 'nntrain fit --help')",
    "fit tiny.yaml --lr=0.1": "; it is a key of the spec: --set optimizer.lr=0.1 (see 'nntrain fit --help')",
    "fit tiny.yaml --learning-rate 1": "; it is a key of the spec: --set optimizer.lr=1 (see 'nntrain fit --help')",
    "fit tiny.yaml --batch-size 8": "; it is a key of the spec: --set train.batch_size=8 (see 'nntrain fit --help')",
    "fit tiny.yaml --patience 5": "; it is a key of the spec: --set train.stop.patience=5 (see 'nntrain fit --help')",
    "fit tiny.yaml --epoch": "; it is a key of the spec: --set train.epochs=VALUE (see 'nntrain fit --help')",
    "fit tiny.yaml --plot": "; did you mean --plots? (see 'nntrain fit --help')",
    "eval tiny --epochs 3": " (see 'nntrain eval --help')",
}


@pytest.mark.parametrize("command", OPTIONS)
def test_an_option_that_is_a_key_of_the_spec(command, nntrain):
    result = nntrain(*command.split())
    option = command.split()[2].partition("=")[0]
    assert (result.status, result.err) == (2, f"error: No such option: {option}{OPTIONS[command]}\n")


# --- runs by name ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "tiny-2026", "abcd", "abc", "latest"])
@pytest.mark.parametrize("command", ["eval {} --json", "resume {} -q", "show {}", "compare {0} {0}"])
def test_a_run_can_be_named_by_its_beginning_or_as_the_latest(folder, nntrain, name, command):
    by_path, by_name = (nntrain(*command.format(given).split()) for given in (RUN, name))
    assert (by_name.status, by_name.out) == (by_path.status, by_path.out)
    note = f"note: latest is {RUN}\n" if name == "latest" else ""
    assert by_name.err.replace(note, "") == by_path.err
    assert by_name.err.count("latest is") == (name == "latest") * command.count("{")


def test_a_beginning_of_several_runs_is_refused(folder, nntrain):
    shutil.copytree(folder / RUN, folder / "runs" / "tiny-20260102T000000Z-abff")
    (folder / "other").mkdir()
    shutil.copytree(folder / RUN, folder / "runs" / "grid-sweep" / "runs" / "0123456789ab")
    both = f"{RUN}, runs/tiny-20260102T000000Z-abff"
    for name in ("tiny", "tiny-2026"):
        result = nntrain("eval", name)
        message = f"error: {name}: 2 runs begin like this: {both}; name more of it, or say latest\n"
        assert (result.status, result.err) == (5, message)
    assert nntrain("eval", "abf", "--json").status == 0
    assert nntrain("eval", "0123", "--json").status == 0  # a run of a sweep
    shutil.copytree(folder / RUN, folder / "abf")  # a path comes first
    assert nntrain("show", "abf").out == nntrain("show", "./abf").out


def test_there_may_be_no_latest_run(here, nntrain):
    result = nntrain("eval", "latest")
    assert (result.status, result.err) == (5, "error: latest: there is no run in runs yet\n")
