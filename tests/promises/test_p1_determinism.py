"""P1: what a run leaves depends on spec and seed alone: not on hash seed, locale, time zone or current directory."""

import json
import shutil

import pytest

from nntrain.artifacts.rundir import RUN

FOREIGN = {"PYTHONHASHSEED": "7", "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "TZ": "Asia/Kolkata", "HOME": "/"}


def lasting(lab, run):
    """Return every file of a run but lock and log, and run.json without what tells when and how it was called."""
    record = json.loads((lab.folder / run / RUN).read_text(encoding="utf-8"))
    for name in ("started", "updated", "argv", "segments"):
        del record[name]
    return lab.files(run), record


@pytest.mark.parametrize("draw", ["--no-plots", pytest.param("--plots", marks=pytest.mark.slow)])
def test_p1_the_same_seed_gives_the_same_bytes_of_every_file(draw, lab, figure):
    assert [lab.fit(run, [draw]) for run in ("once", "twice")] == [0, 0]
    once, twice = (lasting(lab, run) for run in ("once", "twice"))
    assert once == twice
    assert ("curves.png" in once[0]) == (draw == "--plots")
    figure("same seed twice", f"{len(once[0])} files, byte for byte the same")


def test_p1_another_seed_gives_other_weights(lab):
    assert lab.fit("broken", ["--set", "seed=1"]) == 0
    assert lab.lasting("broken")[1] != (lab.whole and lab.lasting("whole")[1])


@pytest.mark.figure
def test_p1_hash_seed_locale_zone_and_directory_do_not_matter(lab, new_server, figure):
    assert lab.whole
    expected = lasting(lab, "whole")
    (lab.folder / "elsewhere").mkdir()
    server = new_server(**FOREIGN)
    arguments = ["fit", "../tiny.yaml", "--run-dir", "../whole", "--no-plots", "-q"]
    shutil.rmtree(lab.folder / "whole")
    process = server.ask("start", {"arguments": arguments, "folder": str(lab.folder / "elsewhere")})
    assert server.ask("wait", process) == 0
    assert lasting(lab, "whole") == expected
    figure("hash seed, locale, time zone, directory", f"{len(expected[0])} files, byte for byte the same")


@pytest.fixture
def new_server(server):
    """Return a function that starts another server, in another environment."""
    made = []

    def start(**environment):
        made.append(type(server)(**environment))
        return made[-1]

    yield start
    for each in made:
        each.close()
