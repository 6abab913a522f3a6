"""Small real data sets that come with the package; files/README.md tells their origin and licence.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from nntrain.data.dataset import Part, Raw
from nntrain.data.formats.npy import Npz
from nntrain.data.sources.base import SOURCES
from nntrain.data.tables.labels import labels_of

FILES = Path(__file__).resolve().parent / "files"


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Digits:
    """Handwritten digits: 1,797 images of 8x8 pixels from 0 to 16, ten classes (Alpaydin and Kaynak 1998)."""

    kind: Literal["digits"] = "digits"
    formula: ClassVar[str] = "X (1797, 64), y in 0…9"

    def load(self, seed: int) -> Raw:
        """Return the images row by row as uint8."""
        path = FILES / "digits.npz"
        archive = Npz(path)
        y, names = labels_of(archive.read("y"), str(path))
        return Raw(Part(archive.read("X"), y), None, "classification", names, image_shape=(8, 8))


@SOURCES.register
@dataclass(frozen=True, slots=True)
class Iris:
    """Iris flowers: four lengths in cm of 150 flowers, three species (Fisher 1936).

    ``target`` is the species, or one of the lengths, which is then to be told from the three others.
    """

    kind: Literal["iris"] = "iris"
    target: Literal["species", "sepal_length", "sepal_width", "petal_length", "petal_width"] = "species"
    formula: ClassVar[str] = "X (150, 4), y in setosa, versicolor, virginica"

    def load(self, seed: int) -> Raw:
        """Return the measurements with the names of their columns."""
        from nntrain.data.sources.csv import Csv  # here, since the digits do without tables

        path = FILES / "iris.csv"
        if self.target == "species":
            return Csv(path=path, target="species").load(seed)
        return Csv(path=path, target=(self.target,), ignore=("species",), task="regression").load(seed)
