"""P1: after a power cut that keeps any subset of what was not forced to the disk, a run ends as if nothing had been."""

import shutil

import pytest

from nntrain.artifacts import checkpoint as storage
from nntrain.errors import CheckpointError
from tests.promises import power_cuts

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
WAYS = {
    "a new directory": ("disk/run", ["--run-dir", "disk/run"]),
    "new parents": ("disk/a/b/run", ["--run-dir", "disk/a/b/run"]),
}
PARTS = {"a new directory": 2, "new parents": 4}  # of the thorough tests


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


ALL = [pytest.param(way, 500, seed, id=f"{way} {seed}", marks=SLOW) for way in WAYS for seed in range(PARTS[way])]


@pytest.mark.parametrize(("way", "cuts", "seed"), [*(pytest.param(way, 15, 13, id=way) for way in WAYS), *ALL])
def test_p1_after_a_power_cut_in_any_order_a_run_ends_the_same(way, cuts, seed, lab, figure):
    run, options = WAYS[way]
    disk = lab.folder / "disk"
    disk.mkdir()
    arguments = ["fit", "tiny.yaml", *options, "--no-plots", "--json"]
    status = lab.wait(lab.launch(*arguments, record=[str(disk), str(lab.folder / "operations")]))
    assert status == 0, lab.said()
    lab.whole = lab.files(run)
    operations = power_cuts.load(lab.folder / "operations")
    assert len(operations) > 90
    chance = power_cuts.chance(seed)
    for _ in range(cuts):
        before = chance.randint(1, len(operations))
        shutil.rmtree(disk)
        power_cuts.lay_down(operations, before, chance, disk)
        assert newest(disk) >= power_cuts.committed(operations, before)
        assert lab.wait(lab.launch(*arguments)) == 0, lab.said()
        assert lab.differences(run) == []
    figure(f"power cuts in any order, {way}", f"{cuts} cuts, {cuts} came back the same")
