"""Runs that begin from the weights of others: which fit, what is recorded, and how they are gone on with."""

import hashlib
import json

import numpy as np
import pytest

from nntrain.artifacts import checkpoint
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError, InterruptedRun, SpecError
from nntrain.runs import Done, open_run, spec_of_run


@pytest.fixture
def begun(tmp_path):
    """Return a function that trains a spec in a directory of this name from the weights of a run or checkpoint."""

    def train(loaded, name, parent, interrupted=bool):
        place = {"runs": tmp_path, "run_dir": tmp_path / name, "argv": ["nntrain"], "draw": False}
        with open_run(loaded, **place, init_from=tmp_path / parent if parent else None) as run:
            records = list(run.events(interrupted))
        return run, records

    return train


@pytest.fixture
def resumed(tmp_path):
    def go_on(name):
        place = {"runs": tmp_path, "run_dir": tmp_path / name, "argv": ["nntrain"], "draw": False}
        with open_run(spec_of_run(tmp_path / name), **place, as_begun=True) as run:
            list(run.events())
        return run

    return go_on


def after(steps):
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def test_a_run_s_best_weights_are_what_it_begins_with_and_records(tiny, trained, begun, tmp_path):
    parent, _ = trained(tiny("train.epochs=12", "optimizer.lr=0.3"), "parent")
    best = tmp_path / "parent" / parent.summary["checkpoint"]
    run, _ = begun(tiny("train.epochs=0", "seed=5"), "child", "parent")
    child = RunDir(tmp_path / "child").latest().checkpoint
    for name, array in checkpoint.load(best).tensors.items():
        if name.startswith("layers."):
            np.testing.assert_array_equal(child.tensors[name], array)
    facts = {
        "path": str(best),
        "sha256": hashlib.sha256(best.read_bytes()).hexdigest(),
        "name": "tiny",
        "epoch": parent.summary["epoch"],
        "step": checkpoint.load(best).meta["step"],
    }
    assert child.meta["parent"] == run.parent == facts
    assert json.loads((tmp_path / "child/run.json").read_text(encoding="utf-8"))["parent"] == facts


def test_only_the_weights_are_taken_over(tiny, trained, begun, tmp_path):
    """Optimizer, schedule and position begin anew; the checkpoint may be any, and of another optimizer."""
    trained(tiny("optimizer=sgd", "schedule=constant"), "parent")
    path = RunDir(tmp_path / "parent").checkpoints()[0].relative_to(tmp_path)
    run, records = begun(tiny(), "child", path)
    assert (len(records), records[0].epoch, run.resumed) == (4, 1, None)
    fresh, first = trained(tiny(), "fresh")
    assert records[0].train["cost"] < first[0].train["cost"]
    assert fresh.parent is None


@pytest.mark.parametrize("steps", [0, 3, 9])
@pytest.mark.parametrize("how", ["fit", "resume"])
def test_interrupted_it_ends_as_if_it_had_not_been(steps, how, tiny, trained, begun, resumed, lasting, tmp_path):
    trained(tiny("seed=1"), "parent")
    begun(tiny(), "whole", "parent")
    with pytest.raises(InterruptedRun):
        begun(tiny(), "broken", "parent", after(steps))
    if how == "fit":
        begun(tiny(), "broken", "parent")
        again, _ = begun(tiny(), "broken", "parent")
        assert isinstance(again, Done)
    else:
        resumed("broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def killed_before_its_first_checkpoint(begun, tiny, tmp_path):
    begun(tiny("train.epochs=4"), "broken", "parent")
    for path in [*RunDir(tmp_path / "broken").checkpoints(), tmp_path / "broken/summary.json"]:
        path.unlink()


def test_without_a_checkpoint_of_its_own_the_parent_is_read_again(tiny, trained, begun, resumed, lasting, tmp_path):
    trained(tiny("seed=1"), "parent")
    begun(tiny(), "whole", "parent")
    killed_before_its_first_checkpoint(begun, tiny, tmp_path)
    resumed("broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")


def test_a_parent_that_has_changed_meanwhile_is_refused(tiny, trained, begun, resumed, tmp_path):
    trained(tiny("seed=1"), "parent")
    killed_before_its_first_checkpoint(begun, tiny, tmp_path)
    trained(tiny("seed=2"), "other")
    parent = RunDir(tmp_path / "parent").latest().path
    parent.write_bytes(RunDir(tmp_path / "other").latest().path.read_bytes())
    with pytest.raises(CheckpointError, match="has changed since this run was begun from its weights"):
        resumed("broken")


def test_other_beginnings_are_refused(tiny, trained, begun, tmp_path):
    trained(tiny("seed=1"), "parent")
    trained(tiny("seed=2"), "other")
    with pytest.raises(InterruptedRun):
        begun(tiny(), "child", "parent", after(2))
    with pytest.raises(InterruptedRun):
        trained(tiny(), "fresh", after(2))
    path = RunDir(tmp_path / "parent").latest().path
    for name, parent, message in [
        (
            "child",
            None,
            f"child: this run was begun from the weights of {path}; nntrain resume {tmp_path}/child goes on",
        ),
        (
            "child",
            "other",
            r"child: this run was begun from other weights: \S+ \([0-9a-f]{12}\), not \S+ \([0-9a-f]{12}\)",
        ),
        ("fresh", "parent", f"fresh: this run was begun from fresh weights, not from {path}; use another directory"),
    ]:
        with pytest.raises(SpecError, match=message):
            begun(tiny(), name, parent)


def test_weights_that_do_not_fit_are_told_before_a_directory_is_made(tiny, trained, begun, tmp_path):
    trained(tiny(), "parent")
    path = RunDir(tmp_path / "parent").latest().path
    with pytest.raises(CheckpointError) as caught:
        begun(tiny("model.hidden=[6, 4]"), "child", "parent")
    assert str(caught.value) == (
        f"{path}: its weights do not fit the network of the spec: layers.0.W is 5×2 there, 6×2 here; "
        "layers.0.b is 5 there, 6 here; layers.1.W is 2×5 there, 4×6 here; layers.1.b is 2 there, 4 here; and 2 more"
    )
    with pytest.raises(CheckpointError, match=r"layers\.2\.W is missing there, 2×5 here"):
        begun(tiny("model.hidden=[5, 5]"), "child", "parent")
    assert not (tmp_path / "child").exists()


def test_what_else_is_different_is_said(tiny, trained, begun, tmp_path):
    trained(tiny("data.scale=standard", "data.source={kind: blobs, n: 40, classes: 2}"), "parent")
    run, _ = begun(tiny("train.dtype=float64"), "child", "parent")
    path = RunDir(tmp_path / "parent").latest().path
    assert run.notes == [
        f"{path}: its inputs were scaled differently; this run scales them by its own training rows",
        f"{path}: its weights are float32, those of this run float64",
    ]
    names = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{'no' if i % 2 else 'yes'}\n" for i in range(40))
    (tmp_path / "named.csv").write_text(names, encoding="utf-8")
    run, _ = begun(tiny(f"data.source={{kind: csv, path: {tmp_path}/named.csv}}"), "named", "parent")
    assert f"{path}: its classes have other names or another order than those of this run's data" in run.notes


def test_targets_in_other_units_are_told(tiny, trained, begun, tmp_path):
    linear = ("data.source=linear", "train.stop.patience=null")
    trained(tiny(*linear), "parent")
    path = RunDir(tmp_path / "parent").latest().path
    run, _ = begun(tiny(*linear, "data.target_scale=standard"), "child", "parent")
    assert run.notes == [f"{path}: its targets were scaled differently; its outputs are in other units than this run's"]
    run, _ = begun(tiny(*linear), "other", "parent")
    assert run.notes == []


def test_a_damaged_parent_is_passed_over_by_name(tiny, trained, begun, tmp_path):
    trained(tiny(), "parent")
    older, newest = RunDir(tmp_path / "parent").checkpoints()[-2:]
    newest.write_bytes(newest.read_bytes()[:-1])
    run, _ = begun(tiny(), "child", "parent")
    assert run.parent["path"] == str(older)
    assert run.notes[0].endswith(f"; using {older.name}")


@pytest.mark.parametrize("how", ["fit", "resume"])
def test_arrays_of_a_file_are_recorded_and_gone_on_with_like_a_run(
    how, tiny, trained, begun, resumed, lasting, tmp_path
):
    trained(tiny("seed=1"), "other")
    theirs = RunDir(tmp_path / "other").latest().checkpoint.tensors
    path = tmp_path / "w.npz"
    np.savez(path, **{name: array for name, array in theirs.items() if name.startswith("layers.")})
    whole, _ = begun(tiny(), "whole", "w.npz")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert whole.parent == {"path": str(path), "sha256": sha256, "name": None, "epoch": None, "step": None}
    begun(tiny(), "same", "other")
    kept = [RunDir(tmp_path / name).latest().checkpoint.tensors for name in ("whole", "same")]
    for name, array in kept[0].items():
        np.testing.assert_array_equal(array, kept[1][name])
    with pytest.raises(InterruptedRun):
        begun(tiny(), "broken", "w.npz", after(3))
    if how == "fit":
        begun(tiny(), "broken", "w.npz")
    else:
        resumed("broken")
    assert lasting(tmp_path / "broken") == lasting(tmp_path / "whole")
