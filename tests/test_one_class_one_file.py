"""Every kind of part is added by touching one file: one of each enters a copy of the package, and each works there."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PACKAGE = Path(__file__).parents[1] / "nntrain"

ADDED = {
    "ops/activations/elementwise.py": '''
@ACTIVATIONS.register
@dataclass(frozen=True, slots=True)
class LecunTanh(Elementwise):
    """Tanh scaled such that ±1 go to ±1 (LeCun et al. 1998)."""

    kind: Literal["lecun_tanh"] = "lecun_tanh"
    formula: ClassVar[str] = "h = 1.7159 tanh(2z/3)"

    def f(self, z: Array) -> Array:
        return 1.7159 * np.tanh(2 / 3 * z)

    def df(self, z: Array) -> Array:
        return 1.7159 * 2 / 3 * (1 - np.square(np.tanh(2 / 3 * z)))
''',
    "ops/losses/squared.py": '''
@LOSSES.register
@dataclass(frozen=True, slots=True)
class PseudoHuber(_OnTargets):
    """Squared error near the target, absolute error far from it, smooth in between (Charbonnier et al. 1997)."""

    kind: Literal["pseudo_huber"] = "pseudo_huber"
    formula: ClassVar[str] = "mean_ij √(1 + r²) − 1, r = z_ij − t_ij"

    def cost(self, z: Array, t: Array) -> Array:
        return self.over_outputs(np.sqrt(1 + np.square(z - t)) - 1)

    def gradient(self, z: Array, t: Array) -> Array:
        return (z - t) / np.sqrt(1 + np.square(z - t)) / self.divisor(z)
''',
    "ops/optimizers/descent.py": '''
@OPTIMIZERS.register
@dataclass(frozen=True, slots=True)
class SignSgd(Optimizer):
    """Steps of one length against the signs of the gradient (Bernstein et al. 2018)."""

    kind: Literal["sign_sgd"] = "sign_sgd"
    formula: ClassVar[str] = "θ ← θ − ε sign(g)"
    lr: Positive = 0.01

    def update(self, theta: Array, g: Array, s: Slots, *, step: int, lr: float) -> tuple[Array, Slots]:
        return theta - lr * np.sign(g), {}
''',
    "ops/metrics/classification.py": '''
@METRICS.register
@dataclass(frozen=True, slots=True)
class ErrorRate(Metric):
    """Share of wrong decisions."""

    kind: Literal["error_rate"] = "error_rate"
    formula: ClassVar[str] = "mean_i [argmax_j z_ij ≠ y_i]"
    tasks: ClassVar[Sequence[Task]] = ("classification",)
    higher_is_better: ClassVar[bool] = False

    def values(self, z: Array, t: Array, y: Array, loss: Loss) -> Array:
        return loss.choose(z) != y.reshape(-1)
''',
    "data/sources/synthetic.py": '''
@SOURCES.register
@dataclass(frozen=True, slots=True)
class Stripes:
    """Stripes across a square, black and white in turn."""

    kind: Literal["stripes"] = "stripes"
    n: Rows = 200
    formula: ClassVar[str] = "y = ⌊4 x1⌋ mod 2, x uniform in [0, 1)²"

    def load(self, seed: int) -> Raw:
        X = generator(seed, Stream.SYNTHETIC).uniform(0, 1, (self.n, 2))
        return _classes(X, (4 * X[:, 0]).astype(np.int64) % 2, 2)
''',
    "data/sources/npy.py": '''
from nntrain.data.dataset import Part


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Triples:
    """Two features and a number each, as raw float64 in a file."""

    kind: Literal["triples"] = "triples"
    path: Path
    formula: ClassVar[str] = "X (n, 2), y (n, 1)"

    def load(self, seed: int) -> Raw:
        rows = np.fromfile(self.path).reshape(-1, 3)
        return Raw(Part(rows[:, :2].copy(), rows[:, 2:].copy()), None, "regression")


enter(Reader("triples", "a file of pairs", lambda path: np.fromfile(path).reshape(-1, 2), suffixes=(".pairs",)))
''',
    "cli/commands/data_count.py": '''"""``nntrain data count``: how many files are named. Knows nothing of data."""

from pathlib import Path

import typer


def data_count(files: list[Path]) -> None:
    """Count files."""
    typer.echo(f"{len(files)} files")
''',
}


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """Return a folder with a copy of the package to which one part of each kind is added."""
    folder = tmp_path_factory.mktemp("scratch")
    shutil.copytree(PACKAGE, folder / "nntrain", ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in ADDED.items():
        file = folder / "nntrain" / path
        before = file.read_text(encoding="utf-8") + "\n" if file.exists() else ""
        file.write_text(before + text, encoding="utf-8")
    return folder


@pytest.fixture
def run(scratch, tmp_path):
    """Return a function that runs a command of the copy in an empty folder and returns what it wrote to stdout."""

    def command(*arguments):
        environment = os.environ | {"PYTHONPATH": str(scratch), "NO_COLOR": "1"}
        child = subprocess.run(
            [sys.executable, "-m", "nntrain", *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert child.returncode == 0, child.stderr
        return child.stdout

    return command


def test_each_part_is_one_file_that_stays_short(scratch):
    changed = {
        file.relative_to(scratch / "nntrain").as_posix()
        for file in (scratch / "nntrain").rglob("*.py")
        if not (old := PACKAGE / file.relative_to(scratch / "nntrain")).exists() or not filecmp.cmp(file, old, False)
    }
    assert changed == set(ADDED)
    assert len(changed) == 7
    assert all((scratch / "nntrain" / path).read_text(encoding="utf-8").count("\n") <= 250 for path in ADDED)


def test_the_parts_are_listed_and_in_the_schema(run):
    listed, schema = json.loads(run("list", "--json")), run("schema")
    for parts, kind in [
        ("activations", "lecun_tanh"),
        ("losses", "pseudo_huber"),
        ("optimizers", "sign_sgd"),
        ("metrics", "error_rate"),
        ("sources", "stripes"),
        ("sources", "triples"),
    ]:
        assert kind in [entry["kind"] for entry in listed[parts] if entry["formula"] and entry["summary"]]
        assert f'"{kind}"' in schema


SPEC = """\
data: {source: stripes, validation: 0.25}
model: {kind: mlp, hidden: 16, activation: lecun_tanh}
loss: pseudo_huber
metrics: [error_rate, accuracy]
optimizer: sign_sgd
train: {epochs: 8}
checkpoint: {best: validation.error_rate}
"""


def test_all_together_train_a_network(run, tmp_path):
    (tmp_path / "all.yaml").write_text(SPEC, encoding="utf-8")
    summary = json.loads(run("fit", "all.yaml", "--run-dir", "run", "--no-plots", "--json").splitlines()[-1])
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["train"]["cost"] < records[0]["train"]["cost"]
    rates = [record["validation"]["error_rate"] for record in records]
    assert summary["best"]["value"] == min(rates)  # lower is better, as the metric says
    assert all(record["train"]["error_rate"] == pytest.approx(1 - record["train"]["accuracy"]) for record in records)


def test_the_derivatives_are_checked(run, tmp_path):
    (tmp_path / "all.yaml").write_text(SPEC, encoding="utf-8")
    assert json.loads(run("gradcheck", "all.yaml", "--json"))["agrees"] is True
    parts = run("gradcheck")
    assert "lecun_tanh" in parts
    assert "pseudo_huber" in parts


def test_the_file_format_is_read_and_predicted_from(run, tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    rows.tofile(tmp_path / "a.triples")
    source = "{data: {source: {kind: triples, path: a.triples}, validation: 0.25}, model: linear, train: {epochs: 1}}"
    (tmp_path / "triples.yaml").write_text(source, encoding="utf-8")
    run("fit", "triples.yaml", "--run-dir", "run", "--no-plots", "-q")
    assert "triples" in (tmp_path / "run" / "config.resolved.yaml").read_text()
    rows[:, :2].tofile(tmp_path / "b.pairs")
    assert run("predict", "run", "b.pairs").count("\n") == 1 + 60


def test_the_command_is_called_by_its_name(run):
    assert run("data", "count", "a", "b") == "2 files\n"
    assert "count     Count files." in run("data", "--help")
