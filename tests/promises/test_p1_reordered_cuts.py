"""P1: after a power cut that keeps any subset of what was not forced to the disk, a run ends as if nothing had been."""

import json
import shutil

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.errors import CheckpointError
from tests.promises import power_cuts

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
NEW, PARENTS, LENGTHENED = "a new directory", "new parents", "lengthened"
RUNS = {NEW: "disk/run", PARENTS: "disk/a/b/run", LENGTHENED: "disk/run"}
PARTS = {NEW: 2, PARENTS: 4, LENGTHENED: 1}  # of the thorough tests


def newest(folder):
    """Return the newest step of a whole checkpoint below a folder, 0 when there is none."""
    steps = [0]
    for path in folder.rglob("step-*.safetensors"):
        try:
            storage.load(path)
        except CheckpointError:
            continue
        steps.append(int(path.name[5:17]))
    return max(steps)


def everything(folder):
    """Return all that lies below a folder, in a form that can be looked up."""
    found = sorted(folder.rglob("*"))
    return tuple((str(path.relative_to(folder)), path.read_bytes() if path.is_file() else None) for path in found)


ALL = [pytest.param(way, 500, seed, id=f"{way} {seed}", marks=SLOW) for way in RUNS for seed in range(PARTS[way])]


@pytest.mark.parametrize(("way", "cuts", "seed"), [*(pytest.param(way, 12, 13, id=way) for way in RUNS), *ALL])
def test_p1_after_a_power_cut_in_any_order_a_run_ends_the_same(way, cuts, seed, lab, figure):
    """The same contents of the disk come about by different cuts; one is gone on with once."""
    run, disk, outcomes = RUNS[way], lab.folder / "disk", {}
    arguments = ["fit", "tiny.yaml", "--run-dir", run, "--no-plots", "-q"]
    disk.mkdir()
    record(lab, arguments, lengthened=way == LENGTHENED)
    lab.whole = lab.files(run)
    operations = power_cuts.load(lab.folder / "operations")
    assert len(operations) > 90
    chance = power_cuts.chance(seed)
    for _ in range(cuts):
        before = chance.randint(1, len(operations))
        shutil.rmtree(disk)
        power_cuts.lay_down(operations, before, chance, disk)
        assert newest(disk) >= power_cuts.committed(operations, before)
        left = everything(disk)
        if left not in outcomes:
            status = lab.wait(lab.launch(*arguments))
            outcomes[left] = status, strange(lab, run, lengthened=way == LENGTHENED)
        assert outcomes[left] == (0, []), lab.said()
    assert len(outcomes) > cuts / 3
    figure(f"power cuts in any order, {way}", f"{cuts} cuts, {cuts} came back the same")


def record(lab, arguments, *, lengthened):
    """Run once and note what it does to the disk; a run that is lengthened first ends within an epoch."""
    changes = {"record": [str(lab.folder / "disk"), str(lab.folder / "operations")]}
    first = [*arguments, "--set", "train.max_steps=18"] if lengthened else arguments
    assert lab.wait(lab.launch(*first, then=arguments if lengthened else None, **changes)) == 0, lab.said()


def strange(lab, run, *, lengthened):
    """Return the names of the files that are not those of the undisturbed run.

    One that is lengthened may keep the checkpoint of where it ended first beside its best and its last.
    """
    names = lab.differences(run)
    if not lengthened:
        return names
    kept = {max(lab.checkpoints(run)), json.loads(lab.whole["summary.json"])["checkpoint"]}
    return [name for name in names if not name.startswith("checkpoints/") or name in kept]
