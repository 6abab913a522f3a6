"""The table of docs/conventions.md: each row's cost, as its source prints it, is that of nntrain times a factor."""

import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.ops.losses import LOSSES
from nntrain.ops.penalties import Penalty

PAGE = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text(encoding="utf-8")
N, D, C = 30, 5, 4  # rows, features, classes
RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(N, D)), RNG.normal(size=(C, D))
Z, LABELS, NUMBERS = X @ W.T, RNG.integers(0, C, N), RNG.normal(size=(N, C))
ONE_HOT = np.eye(C)[LABELS]
SIGNS, SQUARES, SIZES = 2 * ONE_HOT - 1, np.sum(W**2), np.abs(W).sum()
B = RNG.normal(size=C)  # biases
STRENGTH = 0.37  # C, alpha, λ, reg or weight_decay
A = 1 / (1 + np.exp(-Z))
LOG_LOSS = np.log(np.exp(Z).sum(axis=1)) - Z[np.arange(N), LABELS]
MARGINS = np.maximum(0, 1 + Z - Z[np.arange(N), LABELS][:, None]).sum(axis=1) - 1  # without j = y
BERNOULLI = -ONE_HOT * np.log(A) - (1 - ONE_HOT) * np.log(1 - A)
DATA = {"labels": LABELS, "numbers": NUMBERS}

s = STRENGTH
ROWS = {  # the start of a row: (targets, loss, penalty, the source's cost, the factor)
    "scikit-learn, `LogisticRegression": (
        "labels", {"kind": "softmax_cross_entropy"}, {"l2": 1 / (N * s)}, s * LOG_LOSS.sum() + SQUARES / 2, N * s),
    "scikit-learn, `LinearSVC(C)`": (
        "labels", {"kind": "squared_hinge", "outputs": "sum"}, {"l2": 1 / (N * s)},
        s * (np.maximum(0, 1 - SIGNS * Z) ** 2).sum() + SQUARES / 2, N * s),
    "scikit-learn, `LinearSVC(C, loss": (
        "labels", {"kind": "binary_hinge", "outputs": "sum"}, {"l2": 1 / (N * s)},
        s * np.maximum(0, 1 - SIGNS * Z).sum() + SQUARES / 2, N * s),
    "scikit-learn, `Ridge": (
        "numbers", {"kind": "mse", "outputs": "sum"}, {"l2": 2 * s / N},
        ((Z - NUMBERS) ** 2).sum() + s * SQUARES, N),
    "scikit-learn, `Lasso": (
        "one number", {"kind": "mse", "half": True}, {"l1": s},
        ((Z[:, 0] - NUMBERS[:, 0]) ** 2).sum() / (2 * N) + s * SIZES, 1),
    "scikit-learn, `SGDClassifier": (
        "two classes", {"kind": "sigmoid_cross_entropy"}, {"l2": s}, BERNOULLI[:, 0].mean() + s / 2 * SQUARES, 1),
    "scikit-learn, `MLPRegressor": (
        "numbers", {"kind": "mse", "half": True}, {"l2": s / N},
        ((Z - NUMBERS) ** 2).mean() / 2 + s / (2 * N) * SQUARES, 1),
    "PyTorch, `MSELoss`": (
        "numbers", {"kind": "mse"}, {"l2": s}, ((Z - NUMBERS) ** 2).mean() + s / 2 * SQUARES, 1),
    "PyTorch, `MultiMarginLoss`": ("labels", {"kind": "hinge"}, {}, MARGINS.mean() / C, 1 / C),
    "Keras, `kernel_regularizers": (
        "numbers", {"kind": "mse"}, {"l1": s, "l2": 2 * 0.2},
        ((Z - NUMBERS) ** 2).mean() + s * SIZES + 0.2 * SQUARES, 1),
    "Nielsen's book, cross-entropy": (
        "labels", {"kind": "sigmoid_cross_entropy", "outputs": "sum"}, {"l2": s / N},
        BERNOULLI.sum() / N + s / (2 * N) * SQUARES, 1),
    "Nielsen's book, quadratic": (
        "labels", {"kind": "sigmoid_mse", "outputs": "sum", "half": True}, {"l2": s / N},
        ((ONE_HOT - A) ** 2).sum() / (2 * N) + s / (2 * N) * SQUARES, 1),
    "CS231n, notes": ("labels", {"kind": "hinge"}, {"l2": 2 * s}, MARGINS.mean() + s * SQUARES, 1),
    "CS231n, case study": (
        "labels", {"kind": "softmax_cross_entropy"}, {"l2": s}, LOG_LOSS.mean() + s / 2 * SQUARES, 1),
    "liblinear, `-s 0 -B 1`": (
        "two classes", {"kind": "sigmoid_cross_entropy"}, {"l2": 1 / (N * s), "biases": True},
        s * np.log1p(np.exp(-SIGNS * Z))[:, 0].sum() + (SQUARES + np.sum(B**2)) / 2, N * s),
    "liblinear, `-s 2 -B 1`": (
        "two classes", {"kind": "squared_hinge"}, {"l2": 1 / (N * s), "biases": True},
        s * (np.maximum(0, 1 - SIGNS * Z) ** 2)[:, 0].sum() + (SQUARES + np.sum(B**2)) / 2, N * s),
    "liblinear, `-s 3 -B 1`": (
        "two classes", {"kind": "binary_hinge"}, {"l2": 1 / (N * s), "biases": True},
        s * np.maximum(0, 1 - SIGNS * Z)[:, 0].sum() + (SQUARES + np.sum(B**2)) / 2, N * s),
    "liblinear, `-s 4`": (
        "labels", {"kind": "crammer_singer"}, {"l2": 1 / (N * s)},
        s * np.max(Z + 1 - ONE_HOT - (Z * ONE_HOT).sum(axis=1, keepdims=True), axis=1).sum() + SQUARES / 2, N * s),
    "liblinear, `-s 6`": (
        "two classes", {"kind": "sigmoid_cross_entropy"}, {"l1": 1 / (N * s)},
        s * np.log1p(np.exp(-SIGNS * Z))[:, 0].sum() + SIZES, N * s),
    "the lectures, least squares": (
        "numbers", {"kind": "mse", "outputs": "sum"}, {}, np.linalg.norm(Z - NUMBERS) ** 2 / N, 1),
    "the lectures, hinge": ("labels", {"kind": "hinge"}, {"l2": 2 * s}, MARGINS.mean() + s * np.linalg.norm(W) ** 2, 1),
}  # fmt: skip


def encoded(loss, targets):
    """Return scores and targets as the loss takes them."""
    if targets == "two classes":
        return Z[:, :1], loss.encode(ONE_HOT[:, 0].astype(np.int64), 1, Z.dtype)
    if targets == "one number":
        return Z[:, :1], NUMBERS[:, :1]
    y = DATA[targets]
    return Z, loss.encode(y, C, Z.dtype)


def rows():
    costs = PAGE.replace(r"\|", "¦").partition("What differs:")[0]
    return [line.split("|")[1].strip() for line in costs.splitlines() if line.startswith("| ")][2:]


def test_every_row_of_the_page_is_checked():
    found = rows()
    assert len(found) == len(ROWS)
    assert all(row.startswith(start) for row, start in zip(found, ROWS, strict=True))


@pytest.mark.parametrize("start", ROWS)
def test_the_cost_is_that_of_the_source(start):
    targets, options, penalty, theirs, factor = ROWS[start]
    loss = LOSSES[options["kind"]](**options)
    z, t = encoded(loss, targets)
    paid = np.append(W, B) if penalty.get("biases") else W.ravel()
    ours = loss.cost(z, t).mean() + Penalty(**penalty).value(paid)
    assert theirs == pytest.approx(factor * ours, rel=1e-12)


@pytest.mark.parametrize("start", ROWS)
def test_the_page_names_the_loss_that_is_checked(start):
    _, options, penalty, _, _ = ROWS[start]
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {start}"))
    given = ", ".join(f"{key}: {str(value).lower() if value is True else value}" for key, value in options.items())
    if not start.startswith("Keras"):
        assert f"loss: {{{given}}}" in line or f"loss: {options['kind']}`" in line
    assert set(re.findall(r"(l[12]|biases): ", line)) == set(penalty)
