"""The worked examples: every spec is valid, and training it gives what its first line promises."""

import math
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nntrain.errors import DivergenceError
from nntrain.runs import open_run
from nntrain.spec import Loaded, load

CONFIGS = Path(__file__).parents[1] / "configs"
NAMES = sorted(path.name for path in CONFIGS.glob("*.yaml"))
LARGE = ("mnist-mlp.yaml", "mnist-softmax.yaml")  # need data that do not come with the package
SMALL = [name for name in NAMES if name not in LARGE]
HEADER = re.compile(r"# nntrain fit configs/(?P<file>\S+) → (?P<result>[^;]+)(; (?P<remark>.+))?")
CLAIM = re.compile(r"(?P<figure>[a-z0-9.]+) (?P<relation>[=≥≤]) (?P<value>[0-9.e-]+)|exit (?P<status>\d+)")


@dataclass(frozen=True)
class Claim:
    """One promise of a first line: a figure of the summary against a number, or an exit status."""

    figure: str
    relation: str
    value: float

    def holds(self, summary: Mapping[str, Any]) -> bool:
        found: Any = summary
        for key in self.figure.split("."):
            found = found[key]
        if self.relation == "=":
            return math.isclose(found, self.value, rel_tol=1e-9, abs_tol=1e-9)
        return found >= self.value if self.relation == "≥" else found <= self.value


def first_line(name: str) -> str:
    return (CONFIGS / name).read_text(encoding="utf-8").splitlines()[0]


def claims(line: str) -> list[Claim]:
    """Return the promises of a first line; AssertionError when it is not one."""
    header = HEADER.fullmatch(line)
    assert header, f"must be '# nntrain fit configs/FILE → RESULT; REMARK', got {line!r}"
    found = []
    for text in header["result"].split(", "):
        claim = CLAIM.fullmatch(text)
        assert claim, f"{text!r} promises nothing"
        found.append(
            Claim(claim["figure"] or "exit", claim["relation"] or "=", float(claim["value"] or claim["status"]))
        )
    return found


def outcome(loaded: Loaded, folder: Path) -> Mapping[str, Any]:
    """Train and return the summary, or the exit status of a run that diverges."""
    try:
        with open_run(loaded, runs=folder, run_dir=None, argv=[], draw=False) as run:
            for _ in run.events():
                pass
            return run.summary
    except DivergenceError as error:
        return {"exit": error.exit_code}


def test_there_are_configs() -> None:
    assert set(LARGE) < set(NAMES)
    assert all(path.suffix == ".yaml" for path in CONFIGS.iterdir() if path.is_file() and path.name[0] != ".")


@pytest.mark.parametrize("name", NAMES)
def test_every_config_is_valid_and_says_what_it_does(name: str) -> None:
    loaded = load(CONFIGS / name)
    assert f"{loaded.spec.name}.yaml" == name
    header = HEADER.fullmatch(first_line(name))
    assert header
    assert header["file"] == name
    assert claims(first_line(name))


@pytest.mark.parametrize("name", SMALL)
def test_training_gives_what_the_first_line_promises(name: str, tmp_path: Path) -> None:
    summary = outcome(load(CONFIGS / name), tmp_path)
    for claim in claims(first_line(name)):
        assert claim.holds(summary), (claim, summary)


def test_a_promise_can_be_broken() -> None:
    summary = {"test": {"accuracy": 0.96}, "parameters": 26}
    assert [
        claim.holds(summary) for claim in claims("# nntrain fit configs/x → test.accuracy ≥ 0.97, parameters = 26")
    ] == [
        False,
        True,
    ]
    with pytest.raises(AssertionError, match="promises nothing"):
        claims("# nntrain fit configs/x → works well")


@pytest.mark.parametrize("seed", range(5))
def test_the_main_example_holds_for_other_seeds_too(seed: int, tmp_path: Path) -> None:
    summary = outcome(load(CONFIGS / "digits-mlp.yaml", [f"seed={seed}"]), tmp_path)
    assert summary["test"]["accuracy"] >= 0.97
    assert summary["seconds"] < 10


# --- MNIST ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LARGE)
def test_mnist_smoke(name: str, real_data: Path, tmp_path: Path) -> None:
    overrides = [
        f"data.source.path={real_data / 'mnist'}",
        "train.epochs=1",
        "train.max_steps=200",
        "runtime.threads=1",
    ]
    summary = outcome(load(CONFIGS / name, overrides), tmp_path)
    assert summary["test"]["n"] == 10_000
    assert summary["test"]["accuracy"] > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_mnist_reaches_what_is_published(name: str, real_data: Path, tmp_path: Path) -> None:
    summary = outcome(load(CONFIGS / name, [f"data.source.path={real_data / 'mnist'}"]), tmp_path)
    for claim in claims(first_line(name)):
        assert claim.holds(summary), (claim, summary)


@pytest.mark.parametrize("name", LARGE)
def test_the_default_folder_of_mnist_lies_beside_the_configs(name: str, tmp_path: Path) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs")
    source: Any = load(tmp_path / "configs" / name).spec.data.source
    assert source.path == tmp_path / "data" / "mnist"
