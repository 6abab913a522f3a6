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


@pytest.mark.parametrize(("runs", "kills"), [pytest.param(4, 2, id="some"), pytest.param(60, 5, id="all", marks=SLOW)])
def test_p1_killed_at_random_instants_a_run_ends_the_same(runs, kills, lab, figure):
    chance = random.Random(1)
    begin = time.monotonic()
    assert lab.whole
    lasts = time.monotonic() - begin
    killed = 0
    for _ in range(runs):
        landed = 0
        while landed < kills:
            process = lab.start("broken")
            time.sleep(chance.uniform(0, lasts))
            os.kill(process, signal.SIGKILL)
            status = lab.wait(process)
            assert status in (0, -signal.SIGKILL), lab.said()
            if status == 0:  # done before it could be killed: the next one
                break
            landed += 1
        killed += landed
        lab.assert_ends_whole("broken")
    assert killed >= runs
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

    def start(name, rates):
        return subprocess.Popen(
            ["sh", str(SCRIPT), "swept.yaml", *rates],
            cwd=tmp_path,
            env={**os.environ, "PATH": path, "SWEEP_DIR": str(tmp_path / name)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize(
    ("rates", "kills"),
    [pytest.param(["0.05"], 1, id="some"), pytest.param(["0.01", "0.05", "1e9"], 12, id="all", marks=SLOW)],
)
def test_p1_a_sweep_killed_at_random_instants_ends_in_the_same_table(rates, kills, sweep, tmp_path, figure):
    begin = time.monotonic()
    expected, said = sweep("whole", rates).communicate(timeout=100)
    lasts = time.monotonic() - begin
    assert expected.count("\n") == 1 + len(rates), said
    assert (expected.count("diverged (exit 4)"), "  exit " in expected) == (rates.count("1e9"), False)
    chance = random.Random(2)
    for killed in range(1, kills + 1):
        running = sweep("broken", rates)
        time.sleep(chance.uniform(0.4, 1.0) * lasts)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate(timeout=100)
        if killed % 3 == 0 or killed == kills:
            table, said = sweep("broken", rates).communicate(timeout=100)
            assert table == expected, said
            shutil.rmtree(tmp_path / "broken")
    figure("sweep killed at random instants", f"{kills} kills, the same table each time")
