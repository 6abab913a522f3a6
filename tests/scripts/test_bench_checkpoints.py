"""The benchmark of checkpoints: it runs to its end, and one arm saves where the other does not."""

import json
from pathlib import Path

import bench_checkpoints
import pytest


def test_quick_run_gives_every_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "figures.json"
    assert bench_checkpoints.main(["--quick", "--disk", str(tmp_path), "--output", str(output)]) == 0
    figures = json.loads(output.read_text(encoding="utf-8"))
    said = capsys.readouterr().out
    assert all(name in said for name in figures if name != "machine")
    for size, name in (("1.6", "sgd"), ("3.2", "momentum"), ("4.8", "adam")):
        whole, waiting = (figures[f"save {size} MB ({name}){part}, ms"] for part in ("", ", in fsync"))
        assert 0 < waiting < whole
        assert 0 < figures[f"save {size} MB ({name}), beyond fsync, processor ms"] < whole
    assert figures["checkpoints written in each run"] >= 1
    assert 0 < figures["with / without"] < 100
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


def test_the_other_arm_saves_nothing(tmp_path: Path) -> None:
    options = bench_checkpoints.parse(["--quick"])
    bench_checkpoints.training(tmp_path, options)
    _, saved = bench_checkpoints.seconds_of(tmp_path / "config.yaml", tmp_path, saves=False)
    assert saved == 0
