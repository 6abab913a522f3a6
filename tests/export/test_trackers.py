"""Records in trackers: TensorBoard's own reader and MLflow's client find every figure; runs are followed."""

import json
import sys

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.cli.entry import run as command
from nntrain.errors import CheckpointError
from nntrain.export import trackers
from nntrain.export.trackers import Tracker, figures_of, track


class Kept(Tracker):
    """Keeps what it is given."""

    needs, default = "nothing", "kept"
    seen = []

    def begin(self, name, settings):
        self.seen.append((name, settings["optimizer.kind"]))

    def add(self, step, figures):
        self.seen.append((step, figures))

    def end(self):
        self.seen.append("end")


@pytest.fixture
def finished(tiny, trained):
    """Return the directory of a run of four epochs, and its records."""
    run, _ = trained(tiny(), "done")
    path = run.directory.path
    return path, RunDir(path).read_metrics()


def test_figures_have_names_and_what_is_not_finite_is_left_out():
    record = {"epoch": 2, "step": 8, "lr": 0.1, "train": {"cost": 1.5, "accuracy": None}, "validation": None}
    assert dict(figures_of(record)) == {"epoch": 2.0, "lr": 0.1, "train/cost": 1.5}


def test_a_run_that_goes_on_is_followed_to_its_end(finished, monkeypatch, tmp_path):
    path, records = finished
    monkeypatch.setattr(trackers, "TRACKERS", {"kept": Kept})
    monkeypatch.setattr(Kept, "seen", [])
    metrics, summary = path / "metrics.jsonl", path / "summary.json"
    lines = metrics.read_text(encoding="utf-8").splitlines(keepends=True)
    record = json.loads((path / "run.json").read_text(encoding="utf-8"))
    metrics.write_text(lines[0], encoding="utf-8")
    end = summary.read_text(encoding="utf-8")
    summary.unlink()
    (path / "run.json").write_text(json.dumps(record | {"status": "running"}), encoding="utf-8")
    waits = []

    def wait():
        waits.append(len(Kept.seen))
        metrics.write_text("".join(lines[: len(waits) + 1]), encoding="utf-8")
        if len(waits) == 3:
            summary.write_text(end, encoding="utf-8")

    assert list(track([path], "kept", tmp_path, wait)) == [f"{path}: 4 epochs"]
    assert waits == [2, 3, 4]
    assert Kept.seen[0] == ("done", "adam")
    assert [item[0] for item in Kept.seen[1:-1]] == [item["step"] for item in records]
    assert Kept.seen[-1] == "end"


def test_what_is_no_run_and_what_is_not_installed(finished, tmp_path, capsys, monkeypatch):
    with pytest.raises(CheckpointError, match=r"is no run: it has no run\.json"):
        list(track([tmp_path], "tensorboard", tmp_path))
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert command(["export", str(finished[0]), "--to", "tensorboard", "-o", str(tmp_path / "t")]) == 9
    message = "error: export --to tensorboard needs tensorboardX: pip install 'nntrain[tensorboard]'\n"
    assert capsys.readouterr().err == message
    assert command(["export", str(finished[0]), "--to", "numpy", "--follow"]) == 2
    assert "--to numpy: writes one model; --follow can go to tensorboard or mlflow" in capsys.readouterr().err


@pytest.mark.slow
def test_tensorboard_reads_what_was_written(finished, tmp_path):
    pytest.importorskip("tensorboardX")
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    path, records = finished
    list(track([path], "tensorboard", tmp_path / "t"))
    found = reader.EventAccumulator(str(tmp_path / "t" / "done"))
    found.Reload()
    for name in ("train/cost", "validation/accuracy"):
        part, figure = name.split("/")
        assert [event.step for event in found.Scalars(name)] == [record["step"] for record in records]
        values = [event.value for event in found.Scalars(name)]
        assert values == pytest.approx([record[part][figure] for record in records], rel=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_what_was_written(finished, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    path, records = finished
    list(track([path], "mlflow", tmp_path / "m"))
    client = mlflow.MlflowClient(f"file:{tmp_path / 'm'}")
    (run,) = client.search_runs([client.get_experiment_by_name("nntrain").experiment_id])
    history = client.get_metric_history(run.info.run_id, "train/cost")
    assert [(item.step, item.value) for item in history] == [(r["step"], r["train"]["cost"]) for r in records]
    assert (run.info.status, run.data.params["optimizer.lr"]) == ("FINISHED", "0.05")
