"""Real data sets as an independent reader knows them: how they are divided, and what scikit-learn is given.

Nothing here uses nntrain: columns, types and gaps are read by Python's csv and prepared by scikit-learn.
"""

import csv
import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

TABULAR = "tabular/uci-jbrownlee"
RECORD = 3073  # bytes of a CIFAR image with its label
Rows = list[list[str]]


@dataclass(frozen=True)
class Table:
    """A table of text as a reader knows it: where the target is, and which columns are no features."""

    path: str
    target: int = -1
    drop: tuple[int, ...] = ()
    regression: bool = False
    header: bool = False
    test: str | None = None
    splits: int = 10

    def divided(self, data: Path, folder: Path, seed: int) -> tuple[Path, Path]:
        """Write the two files of a split; those of a set with its own test part are taken as they are."""
        if self.test is not None:
            return data / self.path, data / self.test
        lines = [line for line in (data / self.path).read_text(encoding="utf-8").splitlines() if line.strip()]
        head, lines = lines[: int(self.header)], lines[int(self.header) :]
        labels = [0] * len(lines) if self.regression else [row[self.target] for row in self.rows(lines)]
        chosen = drawn(labels, seed)
        names = [folder / f"{part}{Path(self.path).suffix}" for part in ("train", "test")]
        for name, wanted in zip(names, (False, True), strict=True):
            kept = [line for line, is_test in zip(lines, chosen, strict=True) if is_test is wanted]
            name.write_text("\n".join([*head, *kept]) + "\n", encoding="utf-8")
        return names[0], names[1]

    def rows(self, lines: Sequence[str]) -> Rows:
        """Return the values of lines, their blanks taken off."""
        if Path(self.path).name == "housing.data":
            return [line.split() for line in lines]
        return [[field.strip() for field in row] for row in csv.reader(lines) if row]

    def read(self, path: Path) -> tuple[Rows, list[Any]]:
        """Return features and targets."""
        rows = self.rows(path.read_text(encoding="utf-8").splitlines()[int(self.header) :])
        target = self.target % len(rows[0])
        kept = [column for column in range(len(rows[0])) if column not in {target, *self.drop}]
        targets = [row[target].removesuffix(".") for row in rows]
        return [[row[column] for column in kept] for row in rows], list(
            map(float, targets)
        ) if self.regression else targets

    def arrays(self, train: Path, test: Path) -> tuple[Any, Any, Any, Any]:
        """Return scikit-learn's inputs and targets: gaps filled in, texts one-hot, numbers standardised."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        (X, y), (X_test, y_test) = self.read(train), self.read(test)
        numeric = [k for k in range(len(X[0])) if all(is_number(row[k]) for row in X)]
        texts = [k for k in range(len(X[0])) if k not in numeric]
        transform = ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numeric),
                ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
            ],
            sparse_threshold=0,
        )
        first, second = (self._array(rows, numeric) for rows in (X, X_test))
        return transform.fit_transform(first), np.array(y), transform.transform(second), np.array(y_test)

    def _array(self, rows: Rows, numeric: Sequence[int]) -> Any:
        values = np.array(rows, object)
        for k in numeric:
            values[:, k] = [np.nan if field in ("", "?") else float(field) for field in values[:, k]]
        for k in set(range(values.shape[1])) - set(numeric):
            known = [field for field in values[:, k] if field != "?"]
            usual = max(set(known), key=known.count)
            values[:, k] = [usual if field == "?" else field for field in values[:, k]]
        return values


@dataclass(frozen=True)
class Idx:
    """A folder of four files as MNIST has them."""

    path: str
    regression: bool = False
    splits: int = 1

    def divided(self, data: Path, folder: Path, seed: int) -> tuple[Path, Path | None]:
        return data / self.path, None

    def arrays(self, train: Path, test: Path | None) -> tuple[Any, Any, Any, Any]:
        parts = []
        for prefix in ("train", "t10k"):
            images = gzip.decompress((train / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
            labels = gzip.decompress((train / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
            n = struct.unpack(">I", images[4:8])[0]
            parts += [np.frombuffer(images, np.uint8, offset=16).reshape(n, -1) / np.float32(255)]
            parts += [np.frombuffer(labels, np.uint8, offset=8)]
        return tuple(parts)


@dataclass(frozen=True)
class Cifar:
    """Records of a label and an image, divided like a table."""

    path: str
    regression: bool = False
    splits: int = 2

    def divided(self, data: Path, folder: Path, seed: int) -> tuple[Path, Path]:
        records = np.frombuffer(gzip.decompress((data / self.path).read_bytes()), np.uint8).reshape(-1, RECORD)
        chosen = np.array(drawn(records[:, 0].tolist(), seed))
        for name, rows in (("train.bin", ~chosen), ("test.bin", chosen)):
            (folder / name).write_bytes(records[rows].tobytes())
        return folder / "train.bin", folder / "test.bin"

    def arrays(self, train: Path, test: Path) -> tuple[Any, Any, Any, Any]:
        parts = []
        for path in (train, test):
            records = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, RECORD)
            parts += [records[:, 1:] / np.float32(255), records[:, 0]]
        return tuple(parts)


SETS: dict[str, Table | Idx | Cifar] = {
    "iris": Table(f"{TABULAR}/iris.csv"),
    "wine": Table(f"{TABULAR}/wine.csv"),
    "wheat-seeds": Table(f"{TABULAR}/wheat-seeds.csv"),
    "banknote": Table(f"{TABULAR}/banknote_authentication.csv"),
    "pima": Table(f"{TABULAR}/pima-indians-diabetes.csv"),
    "sonar": Table(f"{TABULAR}/sonar.csv"),
    "ionosphere": Table(f"{TABULAR}/ionosphere.csv"),
    "glass": Table(f"{TABULAR}/glass.csv"),
    "phoneme": Table(f"{TABULAR}/phoneme.csv", splits=5),
    "breast-cancer-wisconsin": Table(f"{TABULAR}/breast-cancer-wisconsin.data", drop=(0,)),
    "abalone": Table(f"{TABULAR}/abalone.csv", regression=True, splits=5),
    "winequality-red": Table(f"{TABULAR}/winequality-red.csv"),
    "winequality-white": Table(f"{TABULAR}/winequality-white.csv", splits=5),
    "housing (Boston)": Table(f"{TABULAR}/housing.data", regression=True),
    "optdigits": Table("optdigits/optdigits.tra", test="optdigits/optdigits.tes", splits=3),
    "wdbc": Table("wdbc/wdbc.data", target=1, drop=(0,)),
    "adult": Table("adult/adult-train.csv", test="adult/adult-test.csv", splits=1),
    "california-housing": Table("california-housing/housing.csv", target=8, regression=True, header=True, splits=2),
    "mnist": Idx("mnist"),
    "fashion-mnist": Idx("fashion-mnist"),
    "cifar10-4000": Cifar("cifar10-lossless-4000/data_batch_1_first4000.bin.gz"),
}


def drawn(labels: Sequence[Any], seed: int) -> list[bool]:
    """Return which rows test: a quarter of each class."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in sorted(set(labels)):
        rows = np.flatnonzero([other == label for other in labels])
        chosen[rng.permutation(rows)[: round(len(rows) / 4)]] = True
    return chosen.tolist()


def is_number(field: str) -> bool:
    """Return whether a value is a number or missing."""
    try:
        float(field)
    except ValueError:
        return field in ("", "?")
    return True
