"""The benchmark of whole runs: it runs to its end, and its synthetic images are what ``nntrain`` reads."""

import json
import subprocess
import sys
from pathlib import Path

import bench_runs
import numpy as np
import pytest

from nntrain.data.sources import SOURCES

SCRIPT = Path(bench_runs.__file__)


def test_synthetic_images_are_read_as_mnist_is(tmp_path: Path) -> None:
    bench_runs.write_images(tmp_path, "train", 300)
    bench_runs.write_images(tmp_path, "t10k", 50)
    raw = SOURCES["idx"](path=tmp_path).load(0)
    assert raw.train.X.shape == (300, 784)
    assert raw.test is not None
    assert len(raw.test) == 50
    assert raw.class_names == tuple("0123456789")
    assert 0.7 < np.mean(raw.train.X == 0) < 0.9  # mostly black, as MNIST is


@pytest.mark.slow
def test_quick_run_gives_every_figure(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--quick", "--output", str(tmp_path / "figures.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert figures["whole run / bare steps"] > 1
    assert figures["peak memory, MiB"] > 20
    assert 0 < figures["start to first step, reading apart, s"] < 60
    for name in figures:
        assert name in done.stdout or name == "machine"


def test_a_run_that_fails_ends_the_measurement() -> None:
    process = bench_runs.spawn([sys.executable, "-c", "raise SystemExit(3)"], threads=1)
    with pytest.raises(SystemExit, match="bench_runs: exit status 3 from"):
        bench_runs.finish(process)
