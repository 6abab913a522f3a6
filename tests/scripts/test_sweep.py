"""The sweep script, run as a user runs it: paths with spaces, a diverging rate, a sweep gone on with."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "sweep_lr.sh"
SPEC = """
name: tiny
data: {source: {kind: linear, n: 40}, validation: 10}
model: linear
train: {epochs: 3, batch_size: all}
"""
Sweep = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "a folder" / "my spec.yaml"
    path.parent.mkdir()
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    def run(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | more
        command = ["sh", str(SCRIPT), *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=100, check=False)

    return run


def rows(result: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [line.split(None, 5) for line in result.stdout.splitlines()[1:]]


def summary(folder: Path) -> Mapping[str, Mapping[str, float]]:
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def test_one_row_a_rate_as_given_and_a_diverged_one_stops_nobody(config: Path, sweep: Sweep, tmp_path: Path) -> None:
    result = sweep(config, "0.2", "1e6", "1e-3")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0].split() == ["lr", "epochs", "train", "cost", "validation", "cost", "r2"]
    found = rows(result)
    assert [row[0] for row in found] == ["0.2", "1e6", "1e-3"]
    assert found[1][2:] == ["-", "-", "-", "diverged (exit 4)"]
    for row in (found[0], found[2]):
        trial = tmp_path / "runs" / "sweep-my spec" / f"lr-{row[0]}"
        expected = summary(trial)
        figures = (expected["train"]["cost"], expected["validation"]["cost"], expected["validation"]["r2"])
        assert row[1:] == ["3", *(f"{figure:.4f}" for figure in figures)]
        assert "runtime: {threads: 1}" in (trial / "config.resolved.yaml").read_text(encoding="utf-8")


def test_a_sweep_goes_on_where_it_ended(config: Path, sweep: Sweep, tmp_path: Path) -> None:
    folder = tmp_path / "here or there"
    first = sweep(config, "0.1", SWEEP_DIR=str(folder))
    written = (folder / "lr-0.1" / "summary.json").stat().st_mtime_ns
    second = sweep(config, "0.1", "0.3", SWEEP_DIR=str(folder))
    assert (first.returncode, second.returncode) == (0, 0)
    assert (folder / "lr-0.1" / "summary.json").stat().st_mtime_ns == written
    assert rows(second)[0] == rows(first)[0]
    assert [row[0] for row in rows(second)] == ["0.1", "0.3"]


def test_accuracy_is_shown_where_there_are_classes(config: Path, sweep: Sweep, tmp_path: Path) -> None:
    config.write_text("data: iris\nmodel: softmax\ntrain: {epochs: 1}\n".replace("iris", "{source: iris}"))
    result = sweep(config, "0.1")
    assert result.stdout.splitlines()[0].endswith("accuracy")
    accuracy = summary(tmp_path / "runs" / "sweep-my spec" / "lr-0.1")["train"]["accuracy"]
    assert rows(result)[0][3:] == ["-", f"{accuracy:.4f}"]  # no validation part: its cost is a dash


def test_a_spec_that_is_wrong_is_told_and_fails(config: Path, sweep: Sweep) -> None:
    result = sweep(config, "0")
    assert result.returncode == 1
    assert rows(result) == [
        [
            "0",
            "-",
            "-",
            "-",
            "-",
            'exit 2: {"error": ["--set optimizer.lr: must be greater than 0, got 0"], "exit_code": 2}',
        ]
    ]


@pytest.mark.parametrize("arguments", [(), ("spec.yaml",), ("spec.yaml", "../x"), ("spec.yaml", "0.1", "a b")])
def test_wrong_calls_are_refused_before_anything_runs(arguments: tuple[str, ...], sweep: Sweep, tmp_path: Path) -> None:
    result = sweep(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
