"""Checks before training: figures worked out by hand, and specs with one thing wrong each."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nntrain.diagnosis.preflight import preflight
from nntrain.diagnosis.prospect import Prospect
from nntrain.diagnosis.short_trials import FACTORS
from nntrain.spec import load

ROOT = Path(__file__).parents[2]


@pytest.fixture
def look(tmp_path):
    """Return a function from a spec's text, or the name of a shipped one, to its checks by name."""

    def make(text, *overrides):
        path = ROOT / f"configs/{text}.yaml"
        if ":" in text:
            path = tmp_path / "spec.yaml"
            path.write_text(text, encoding="utf-8")
        found = preflight(load(path, overrides), seconds=60.0)
        return {check.name: check for check in found.checks}, found

    return make


BLOBS = "data: {source: {kind: blobs, n: 90, classes: 3}}\n"


@pytest.mark.parametrize(
    ("model", "classes", "cost", "name"),
    [
        ("model: {kind: softmax, init: zeros}", 3, math.log(3), "ln 3"),
        ("model: {kind: svm, init: zeros}", 5, 4.0, "5 − 1"),
        ("model: {kind: linear, init: zeros}\nloss: sigmoid_cross_entropy", 2, math.log(2), "ln 2"),
        ("model: {kind: svm, init: zeros}", 2, 1.0, "2 − 1"),
    ],
)
def test_the_first_cost_of_scores_of_0_is_that_in_theory(model, classes, cost, name, look):
    checks, found = look(f"{BLOBS.replace('classes: 3', f'classes: {classes}')}{model}\ntrain: {{epochs: 1}}\n")
    assert found.prospect.first_cost == pytest.approx(cost, rel=1e-6)
    assert found.prospect.theory == (pytest.approx(cost), name)
    assert checks["first cost"].status == "pass"
    assert checks["first cost"].found == f"{cost:.4g} before the first step, in theory {cost:.4g}, {name}"


def test_of_numbers_it_is_their_variance_and_targets_far_from_0_are_told(look, text):
    rows = "\n".join(f"{k},{100 + k % 3}" for k in range(60))
    path = text(f"x,y\n{rows}", "far.csv")
    source = f"data: {{source: {{kind: csv, path: {path}, target: y, task: regression}}, scale: standard}}\n"
    checks, found = look(f"{source}model: {{kind: linear, init: zeros}}\n")
    y = np.arange(60) % 3 + 100
    half = found.prospect.first_cost / float(np.square(y).mean())  # of the factor of the loss
    assert found.prospect.theory[0] == pytest.approx(half * y.var(), rel=1e-3)
    assert checks["first cost"].status == "warn"
    assert checks["first cost"].overrides == ("data.target_scale=standard",)


def test_a_healthy_spec_passes_and_its_rate_is_among_the_best(look):
    checks, found = look("xor-relu")
    assert [check.name for check in found.checks if check.status != "pass"] == []
    assert checks["blind"].found.endswith("0.25 with all of them 0")  # the mean, ½, is wrong by ½ everywhere
    assert found.overrides == []
    assert len(found.prospect.trials.costs) >= len(FACTORS)


def test_rates_too_high_and_too_low(look):
    checks, found = look("rate-too-large")
    assert checks["rate"].status == "fail"
    assert checks["rate"].found.startswith("diverges within 50 steps at 1.5; ")
    assert checks["curvature"].status == "warn"
    (rate,) = checks["rate"].overrides
    assert look("rate-too-large", rate)[0]["rate"].status == "pass"
    low, _ = look("rate-too-small")
    assert low["rate"].status == "warn"
    assert look("rate-too-small", *low["rate"].overrides)[0]["rate"].status == "pass"
    assert low["curvature"].found.startswith("by the curvature at the start steps are stable below 0.85: ")
    assert found.failed


def test_zeros_in_a_hidden_layer_fail(look):
    checks, found = look(f"{BLOBS}model: {{kind: mlp, hidden: 4, init: zeros}}\ntrain: {{epochs: 2}}\n")
    assert {name for name, check in checks.items() if check.status == "fail"} == {"gradients", "units"}
    assert checks["gradients"].found == "a layer has no gradient at the start"
    assert found.overrides[0] == "model.init=auto"


def test_uneven_inputs_and_a_column_that_is_the_target(look, text):
    rng = np.random.default_rng(0)
    rows = "\n".join(
        f"{a:.3f},{5000 * b:.3f},{k % 2},{'ab'[k % 2]}" for k, (a, b) in enumerate(rng.normal(size=(90, 2)))
    )
    path = text(f"a,b,gives,y\n{rows}", "d.csv")
    spec = f"data: {{source: {{kind: csv, path: {path}, target: y}}, validation: 30}}\nmodel: softmax\n"
    checks, found = look(spec)
    assert (checks["inputs"].status, checks["inputs"].overrides) == ("warn", ("data.scale=standard",))
    assert checks["leak"].found.startswith("the column gives alone says 100% of the target, all the others ")
    assert checks["validation part"].found == "none of 30 rows is in training too"
    scaled, found = look(spec, "data.scale=standard")
    assert scaled["inputs"].status == "pass"
    assert "data.scale=standard" not in found.overrides


def test_rows_of_another_part_that_are_in_training_too(look, text):
    path = text("x,y\n" + "1,a\n2,b\n" * 30, "twice.csv")
    spec = f"data: {{source: {{kind: csv, path: {path}, target: y}}, validation: 10}}\nmodel: softmax\n"
    checks, _ = look(f"{spec}train: {{epochs: 1}}\n")
    assert checks["validation part"].status == "warn"
    assert checks["validation part"].found == "10 of 10 rows are in training too"


def test_nothing_of_the_trials_is_kept(look):
    _, found = look("rate-right")
    trainee = found.prospect.trainee
    trainee.start()
    first = trainee.assembly.network.params.theta.copy()
    again = Prospect(trainee.loaded, 1.0)
    again.trainee.start()
    assert first.tobytes() == again.trainee.assembly.network.params.theta.tobytes()
    json.dumps(found.as_dict()["checks"])
