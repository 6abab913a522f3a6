"""Published results as specs in configs/studies: what each first line promises, and what was obtained.

Knows nothing of training: the figures come from a file that scripts/studies.py writes.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "configs" / "studies"
OBTAINED = Path(__file__).with_name("obtained.json")
FIRST = re.compile(
    r"# nntrain fit configs/studies/(?P<name>[\w-]+)\.yaml → (?P<figure>[\w.]+)( = (?P<value>[\d.]+))? ± "
    r"(?P<tolerance>[\d.e-]+)(, (?P<folds>\d+) folds)?(, (?P<seeds>\d+) seeds)?; (?P<source>.+)"
)
CERTIFIED = "# certified: "
COEFFICIENTS = "coefficients"


@dataclass(frozen=True)
class Study:
    """One published result: the figure of a run that stands for it, its value, and how far off still agrees.

    ``coefficients`` are certified numbers, the constant first, compared by their largest relative difference. The spec
    is trained once for each of so many ``folds`` and ``seeds``.
    """

    name: str
    figure: str
    value: float
    tolerance: float
    source: str
    folds: int = 1
    seeds: int = 1
    coefficients: tuple[float, ...] = ()

    @property
    def path(self) -> Path:
        """The spec."""
        return FOLDER / f"{self.name}.yaml"

    @property
    def published(self) -> str:
        """The published figure in words."""
        certified = f"{len(self.coefficients)} certified coefficient{'s' if len(self.coefficients) > 1 else ''}"
        return certified if self.coefficients else f"{self.figure} {self.value:g}"

    def obtained(self, values: Sequence[float]) -> str:
        """Return in words what runs gave."""
        if self.coefficients:
            return f"relative difference {max(values):.1g}"
        if len(values) == 1:
            return f"{values[0]:.4f}"
        return f"{mean(values):.4f} ± {stdev(values):.4f}, {len(values)} runs"

    def agrees(self, values: Sequence[float]) -> bool:
        """Whether the mean is within the tolerance of what was published."""
        return abs(mean(values) - self.value) <= self.tolerance

    def verdict(self, values: Sequence[float]) -> str:
        """Return in words whether it agrees."""
        if self.agrees(values):
            return f"agrees within {self.tolerance:g}"
        off = mean(values) - self.value
        return f"does not agree: {abs(off):.2g} {'above' if off > 0 else 'below'}, {self.tolerance:g} allowed"


def read(path: Path) -> Study:
    """Return the study of a spec; ValueError when its first line does not promise a figure."""
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    match = FIRST.fullmatch(first)
    if match is None or match["name"] != path.stem or (match["figure"] == COEFFICIENTS) == bool(match["value"]):
        raise ValueError(f"{path}: its first line is not that of a study: {first}")
    numbers = tuple(map(float, second.removeprefix(CERTIFIED).split())) if second.startswith(CERTIFIED) else ()
    counts = (int(match["folds"] or 1), int(match["seeds"] or 1))
    value, tolerance = float(match["value"] or 0), float(match["tolerance"])
    return Study(match["name"], match["figure"], value, tolerance, match["source"], *counts, numbers)


def studies() -> Iterator[Study]:
    """Yield all studies by name."""
    yield from map(read, sorted(FOLDER.glob("*.yaml")))


def obtained() -> dict[str, Any]:
    """Return what was obtained so far: for each name the ``values`` of its runs and the ``seconds`` they took."""
    return dict(json.loads(OBTAINED.read_text(encoding="utf-8"))) if OBTAINED.exists() else {}


def rows() -> Iterator[Sequence[str]]:
    """Yield for each study its name, source, what was published and obtained, the verdict and the time."""
    found = obtained()
    for study in studies():
        link = f"[{study.name}](../configs/studies/{study.name}.yaml)"
        if study.name not in found:
            yield link, study.source, study.published, "not run", "not run", ""
            continue
        values, seconds = found[study.name]["values"], found[study.name]["seconds"]
        yield link, study.source, study.published, study.obtained(values), study.verdict(values), f"{seconds:,.0f} s"
