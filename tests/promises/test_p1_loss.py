"""P1: power cuts, kills at random instants, and kills in the middle of a sweep."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "sweep_lr.sh"
SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]


# --- power cuts ------------------------------------------------------------------------------------------------------


def states(lab, **changes):
    """Run once; return the folder of each state of the disk that a power cut could have left, in order.

    A state holds what an fsync had forced to the disk by then, and nothing else: the worst case.
    """
    cuts = lab.folder / "cuts"
    assert lab.fit("run", cuts=str(cuts), **changes) == 0
    return sorted(cuts.iterdir())


def came_back(lab, state, **changes):
    """Go on from a state of the disk; tell whether the end is that of the undisturbed run."""
    shutil.rmtree(lab.folder / "run")
    (lab.folder / "run").mkdir()
    if (state / "run").exists():
        shutil.copytree(state / "run", lab.folder / "run", dirs_exist_ok=True)
    return lab.fit("run", **changes) == 0 and lab.differences("run") == []


@pytest.mark.parametrize("every", [pytest.param(4, id="some"), pytest.param(1, id="all", marks=SLOW)])
def test_p1_after_a_power_cut_at_any_fsync_a_run_ends_the_same(every, lab, figure):
    cuts = states(lab)
    assert len(cuts) > 30
    tried = cuts[::every]
    assert [state.name for state in tried if not came_back(lab, state)] == []
    assert (cuts[-1] / "run/summary.json").exists()
    figure("power cut at each fsync", f"{len(tried)} points, {len(tried)} came back the same")


def test_p1_after_a_power_cut_each_checkpoint_is_whole_and_none_that_was_there_is_lost(lab):
    """Pruning removes an older checkpoint only when the newer is on the disk, name and all."""
    newest = 0
    for state in states(lab):
        found = [path for path in state.glob("run/checkpoints/step-*.safetensors") if path.stat().st_size]
        steps = sorted(int(path.name[5:17]) for path in found)
        assert all(path.read_bytes() for path in found)
        assert max(steps, default=0) >= newest
        newest = max(steps, default=0)
    assert newest == 28


def test_p1_a_naive_writer_is_lost_by_a_power_cut(lab):
    """The control writes without fsync: what a power cut leaves of its run is not even a beginning."""
    cuts = states(lab, naive=True)
    assert len(cuts) > 5
    assert not [state for state in cuts if list(state.glob("run/checkpoints/*"))]


# --- random kills ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", [pytest.param(6, id="some"), pytest.param(250, id="all", marks=SLOW)])
def test_p1_killed_at_random_instants_a_run_ends_the_same(kills, lab, figure):
    """At most four kills a run, so that many runs come to their end."""
    chance = random.Random(1)
    begin = time.monotonic()
    assert lab.whole
    lasts = time.monotonic() - begin
    killed = runs = 0
    while killed < kills:
        runs += 1
        for _ in range(4):
            process = lab.start("broken")
            time.sleep(chance.uniform(0, lasts))
            os.kill(process, signal.SIGKILL)
            status = lab.wait(process)
            assert status in (0, -signal.SIGKILL), lab.said()
            if status == 0:  # it was done before
                break
            killed += 1
        lab.assert_ends_whole("broken")
    figure("killed at random instants", f"{killed} kills of {runs} runs, {runs} ended the same")


# --- sweeps ----------------------------------------------------------------------------------------------------------

SPEC = """\
name: swept
data: {source: {kind: linear, n: 200}, validation: 20}
model: {kind: mlp, hidden: [8]}
train: {epochs: 60, batch_size: 4}
"""


@pytest.fixture
def sweep(tmp_path):
    """Return a function that starts a sweep into a folder of this name, in a process group of its own."""
    (tmp_path / "swept.yaml").write_text(SPEC, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def start(name):
        return subprocess.Popen(
            ["sh", str(SCRIPT), "swept.yaml", *RATES],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "SWEEP_DIR": str(tmp_path / name)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


RATES = ["0.01", "0.05", "1e9"]
KILLS = 12


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_p1_a_sweep_killed_at_random_instants_ends_in_the_same_table(sweep, tmp_path, figure):
    """Its short version, an interrupted sweep that is gone on with, is among the tests of the script."""
    begin = time.monotonic()
    expected, said = sweep("whole").communicate(timeout=100)
    lasts = time.monotonic() - begin
    assert expected.count("\n") == 1 + len(RATES), said
    assert (expected.count("diverged (exit 4)"), "  exit " in expected) == (1, False)
    chance = random.Random(2)
    for killed in range(1, KILLS + 1):
        running = sweep("broken")
        time.sleep(chance.uniform(0.4, 1.0) * lasts)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=100)
        if killed % 3 == 0:
            table, said = sweep("broken").communicate(timeout=100)
            assert table == expected, said
            shutil.rmtree(tmp_path / "broken")
    figure("sweep killed at random instants", f"{KILLS} kills, the same table each time")
