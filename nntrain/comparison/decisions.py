"""What finished runs decide on their test examples, where these are the same ones. Loads models and data."""

from collections.abc import Sequence
from typing import Any

from nntrain.comparison.paired_tests import Flips
from nntrain.comparison.run_record import RunRecord
from nntrain.runs import evaluate, open_model

SPLIT = ("data.source", "data.test", "data.validation")


def flips(first: RunRecord, others: Sequence[RunRecord]) -> list[Flips | None]:
    """Return how the decisions of each run differ from the first one's, None where the test examples are others."""
    if not any(_same_examples(first, other) for other in others):
        return [None for _ in others]
    truth, labels = _decisions(first)
    found: list[Flips | None] = []
    for other in others:
        if not _same_examples(first, other):
            found.append(None)
            continue
        own_truth, own = _decisions(other)
        found.append(Flips.of(truth, labels, own) if own_truth == truth else None)
    return found


def _same_examples(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether two finished classifiers were tested on the same rows: same data, divided in the same way."""
    tested = all("test.accuracy" in run.figures and run.data.get("task") == "classification" for run in (one, other))
    same_data = one.data.get("fingerprint") == other.data.get("fingerprint")
    return tested and same_data and _division(one) == _division(other)


def _division(run: RunRecord) -> dict[str, Any]:
    """Return all that says which rows of the data test a run."""
    seed = run.spec.get("data.seed")
    options = {key: value for key, value in run.spec.items() if key.startswith(SPLIT)}
    return options | {"data.seed": run.spec.get("seed") if seed is None else seed}


def _decisions(run: RunRecord) -> tuple[list[str], list[str]]:
    found = evaluate(open_model(run.path), "test")
    return [str(name) for name in found.truth], list(found.predictions.labels)
