#!/usr/bin/env python3
"""Draw the pictures of docs/pictures.md anew.

scripts/gallery.py                 those that need no data but what nntrain brings; about a minute
scripts/gallery.py --data FOLDER   also those of mnist, adult and california-housing, which lie in FOLDER
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from nntrain.cli.entry import run

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs/pictures"
TONES = 96

SPIRALS = """\
name: spirals
seed: 1
data: {source: spirals, validation: 0.15, test: 0.15}
model: {kind: mlp, hidden: [32, 32], activation: tanh}
optimizer: {kind: adam, lr: 0.01}
train: {epochs: 60, batch_size: 32}
"""
DEAD = """\
name: digits-dead
data: {source: digits, validation: 180, test: 359, scale: standard}
model: {kind: mlp, hidden: [64, 32]}
optimizer: {kind: sgd, lr: 0.9, momentum: 0.9}
train: {epochs: 10, batch_size: 32}
"""
ADULT = """\
name: adult
data:
  source: {kind: csv, path: PATH/adult/adult-train.csv, target: -1, missing: mean}
  validation: 0.2
  test: 0.2
  scale: standard
model: {kind: mlp, hidden: [64, 32]}
optimizer: {kind: adam, lr: 0.002}
schedule: cosine
train: {epochs: 6, batch_size: 128}
"""
CALIFORNIA = """\
name: california-housing
data:
  source: {kind: csv, path: PATH/california-housing/housing.csv, target: median_house_value, missing: mean}
  validation: 0.2
  test: 0.2
  scale: standard
  target_scale: standard
model: {kind: mlp, hidden: [64, 32]}
optimizer: {kind: adam, lr: 0.003}
schedule: cosine
train: {epochs: 10, batch_size: 64}
"""
CONFIGS = ("digits-mlp", "rate-too-large", "xor-relu", "iris-regression")
QUADRATIC = ("x**2/2 + 5*y**2", "x=-4.5", "y=1.2", "--rate", "0.01,0.17,0.215", "--max-steps", "60")

PLOTS: tuple[tuple[str, ...], ...] = (  # the run, the picture, and more options
    ("digits-mlp", "curves"),
    ("rate-too-large", "curves"),
    ("digits-mlp", "confusion"),
    ("digits-mlp", "errors"),
    ("digits-mlp", "calibration"),
    ("digits-mlp", "activations"),
    ("digits-mlp", "gradients"),
    ("digits-mlp", "descent"),
    ("digits-dead", "activations"),
    ("spirals", "boundary"),
    ("xor-relu", "boundary"),
    ("iris-regression", "residuals"),
)
WITH_DATA: tuple[tuple[str, ...], ...] = (
    ("mnist-softmax", "weights"),
    ("mnist-softmax", "errors"),
    ("adult", "confusion"),
    ("adult", "calibration"),
    ("adult", "roc"),
    ("california-housing", "residuals"),
)


def nntrain(*arguments: str, status: int = 0) -> None:
    """Run a command in this process; SystemExit when it ends otherwise than it should."""
    found = run(arguments)
    if found != status:
        raise SystemExit(f"nntrain {' '.join(arguments)}: exit {found}")


def train(data: Path | None) -> None:
    """Train every model of the gallery, in folders of the present directory that are called after them."""
    for name, text in (("spirals", SPIRALS), ("digits-dead", DEAD)):
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    specs = {name: str(ROOT / f"configs/{name}.yaml") for name in CONFIGS}
    specs |= {name: f"{name}.yaml" for name in ("spirals", "digits-dead")}
    for name, spec in specs.items():
        nntrain("fit", spec, "--run-dir", name, "-q", "--no-plots", status=4 if name == "rate-too-large" else 0)
    if data is None:
        return
    for name, text in (("adult", ADULT), ("california-housing", CALIFORNIA)):
        Path(f"{name}.yaml").write_text(text.replace("PATH", str(data)), encoding="utf-8")
        nntrain("fit", f"{name}.yaml", "--run-dir", name, "-q", "--no-plots")
    zeros = ["--set", f"data.source.path={data / 'mnist'}", "--set", "model.init=zeros"]
    spec = str(ROOT / "configs/mnist-softmax.yaml")
    nntrain("fit", spec, "--run-dir", "mnist-softmax", "-q", "--no-plots", *zeros)


def draw(plots: Sequence[Sequence[str]]) -> None:
    """Draw the pictures, and the two that are of no run, each in few colours."""
    TARGET.mkdir(exist_ok=True)
    for name, what, *more in plots:
        nntrain("plot", name, what, *more, "-f", "-o", str(TARGET / f"{what}-{name}.png"))
    nntrain("plot", "all", "activations", "-f", "-o", str(TARGET / "activations.png"))
    nntrain("descend", *QUADRATIC, "-f", "-o", str(TARGET / "descend-quadratic.png"))
    nntrain("descend", *QUADRATIC, "-f", "-o", str(TARGET / "descend-quadratic.gif"))
    nntrain("plot", "spirals", "boundary", "--every", "3", "-f", "-o", str(TARGET / "boundary-spirals.gif"))
    for path in TARGET.glob("*.png"):
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(TONES, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


def main() -> int:
    """Train in a temporary folder and draw; return the exit status."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/pictures.md anew.")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where mnist, adult and california-housing lie")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        where = data.resolve() if data is not None else None
        os.chdir(folder)
        train(where)
        draw([*PLOTS, *(WITH_DATA if where is not None else ())])
        os.chdir(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
