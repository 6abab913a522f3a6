"""A threshold and a temperature chosen on validation rows: scikit-learn's optima, all thresholds by hand, the files."""

import json
from dataclasses import replace

import numpy as np
import pytest

import nntrain
from nntrain.cli.entry import run as command
from nntrain.errors import CheckpointError, SpecError
from nntrain.ops.losses import LOSSES, SigmoidCrossEntropy, SoftmaxCrossEntropy
from nntrain.ops.losses.decided import Decided, lead_of
from nntrain.runs import evaluate, open_model
from nntrain.runs.temperature import find_temperature, likelihood_of
from nntrain.runs.threshold import aim_of, choose_threshold
from nntrain.train.evaluate import scores

I = np.arange(40)  # noqa: E741  # as in formulas
LEAD = np.round(3 * np.sin(I * 1.7) + 0.1 * I - 2, 1)
ACTUAL = np.cos(I * 1.7 - 1.2) + 0.03 * I > 0.9

SPEC = """\
name: two
data: {source: {kind: moons, n: 240, noise: 0.4}, validation: 0.4, test: 0.3}
model: {kind: mlp, hidden: [8]}
optimizer: {kind: adam, lr: 0.05}
train: {epochs: 25}
checkpoint: {best: last}
"""


def test_the_thresholds_of_scikit_learn_s_curves():
    """precision_recall_curve and roc_curve of scikit-learn 1.9.1: F1 13/15 and J 0.78667, both from lead 1.1 on."""
    before = LEAD[LEAD < 1.1].max()
    for aim, best in (("f1", 0.8666666666666667), ("youden", 0.7866666666666667)):
        found = choose_threshold(LEAD, ACTUAL, aim_of(aim), 0.0)
        assert found.after == pytest.approx(best, rel=1e-12)
        assert found.margin == pytest.approx((before + 1.1) / 2)


@pytest.mark.parametrize("aim", ["f1", "youden", "cost=1:5", "cost=3:1", "cost=1000:1", "cost=1:1000"])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_threshold_is_better(aim, seed):
    rng = np.random.default_rng(seed)
    actual = rng.random(30) < 0.3
    actual[:2] = [True, False]
    lead = np.round(rng.normal(size=30) + actual, 1)  # with ties

    def by_hand(margin):
        chosen = lead > margin
        tp, fp, fn = (chosen & actual).sum(), (chosen & ~actual).sum(), (~chosen & actual).sum()
        if aim == "f1":
            return 2 * tp / (2 * tp + fp + fn)
        if aim == "youden":
            return tp / actual.sum() - fp / (~actual).sum()
        alarm, miss = map(float, aim.partition("=")[2].split(":"))
        return -(alarm * fp + miss * fn) / 30

    found = choose_threshold(lead, actual, aim_of(aim), 0.0)
    best = max(by_hand(margin) for margin in [*lead, -10.0, *(lead + 0.01)])
    assert by_hand(found.margin) == pytest.approx(best, abs=1e-12)
    assert abs(found.after) == pytest.approx(abs(best), abs=1e-12)
    assert abs(found.before) == pytest.approx(abs(by_hand(0.0)), abs=1e-12)


def test_the_usual_threshold_stays_where_none_is_better():
    found = choose_threshold(np.array([-2.0, -1, 1, 2]), np.array([False, False, True, True]), aim_of("f1"), 0.0)
    assert (found.margin, found.before, found.after) == (0.0, 1.0, 1.0)


def test_the_temperature_of_scikit_learn():
    """Its temperature scaling gives 2.71117697, SciPy's minimize_scalar 2.71117699 and a log loss of 0.71564104."""
    z = np.column_stack([np.sin(I * 1.3) * 3, np.cos(I * 0.7) * 3, np.sin(I * 0.4 + 1) * 2])
    noise = np.column_stack([np.cos(I * 2.1), np.sin(I * 3.3), np.cos(I * 5.7)]) * 2.5
    y = (z + noise + 2.0 * (I % 3 == 0)[:, None] * np.eye(3)[I % 3 - 1]).argmax(1)
    z = 2 * z
    likelihood = likelihood_of(SoftmaxCrossEntropy(label_smoothing=0.1), 3)

    def cost(temperature):
        return likelihood.cost(z / temperature, np.eye(3)[y]).mean()

    assert find_temperature(cost) == pytest.approx(2.7111769917776094, rel=1e-6)
    assert cost(2.7111769917776094) == pytest.approx(0.7156410368527908, rel=1e-12)
    assert find_temperature(lambda temperature: temperature) is None


def test_a_few_confident_mistakes_have_a_temperature():
    """Of 100 rows with a lead of 30, one is wrong: σ(30/T) = 0.99 is the likeliest, and T = 30 / log 99."""
    z, y = np.full((100, 1), 30.0), np.arange(100) > 0
    loss = likelihood_of(LOSSES["sigmoid_mse"](), 1)
    found = find_temperature(lambda temperature: loss.cost(z / temperature, y[:, None].astype(float)).mean())
    assert found == pytest.approx(30 / np.log(99), rel=1e-6)


def test_decisions_by_one_score_and_by_two_agree():
    z = np.linspace(-3, 3, 13)[:, None]
    one, two = Decided(SigmoidCrossEntropy(), 0.7, 2.0), Decided(SoftmaxCrossEntropy(), 0.7, 2.0)
    pair = np.hstack([np.zeros_like(z), z])
    np.testing.assert_array_equal(one.choose(z), two.choose(pair))
    np.testing.assert_array_equal(one.choose(z), (z[:, 0] > 0.7).astype(int))
    np.testing.assert_allclose(one.link(z)[:, 0], two.link(pair)[:, 1], rtol=1e-12)
    np.testing.assert_allclose(one.link(z)[:, 0], 1 / (1 + np.exp(-z[:, 0] / 2)), rtol=1e-12)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.yaml").write_text(SPEC)
    assert command(["fit", "two.yaml", "--run-dir", "run", "--no-plots", "-q"]) == 0
    return tmp_path / "run"


def test_eval_predict_and_python_use_the_threshold_and_say_so(run, capsys):
    capsys.readouterr()
    assert command(["tune-threshold", "run", "--for", "cost=1:9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    plain, tuned = open_model(run), open_model(run, decided=True)
    part = plain.part("validation").part
    lead = lead_of(scores(plain.assembly.network, part.X))
    margin = tuned.assembly.decision.margin
    wrong = [(lead > m).astype(int) - part.y for m in (margin, 0.0)]
    costs = [((w == 1).sum() + 9 * (w == -1).sum()) / len(part) for w in wrong]
    assert found["figures"]["cost=1:9"] == {"before": pytest.approx(costs[1]), "after": pytest.approx(costs[0])}
    assert costs[0] < costs[1]
    assert found["threshold"] == pytest.approx(1 / (1 + np.exp(-margin)))
    for kinds in ((), ("all",)):
        figures = evaluate(tuned, "validation", metrics=kinds).figures
        assert figures["accuracy"] == ((lead > margin) == part.y).mean()
        assert figures["cost"] == evaluate(plain, "validation").figures["cost"]
    assert np.sum(figures["confusion"], axis=0)[1] == (lead > margin).sum()
    assert command(["eval", "run"]) == 0
    note = (
        f"note: run/decision.json: '1' is chosen above {found['threshold']:.4g}, the best for cost=1:9 on 96 validation"
    )
    assert capsys.readouterr().err.startswith(note)
    model = nntrain.load("run")
    X = np.random.default_rng(0).normal(size=(50, 2))
    by_hand = np.where(model.predict_proba(X)[:, 1] > found["threshold"], "1", "0")
    np.testing.assert_array_equal(model.predict(X), by_hand)
    assert "cost=1:9" in model.notes[0]
    assert command(["export", "run", "--to", "csv", "-o", "two.csv"]) == 0
    note = "note: run/decision.json: its threshold and temperature are not used here\n"
    assert capsys.readouterr().err == note
    assert command(["tune-threshold", "run", "--forget"]) == 0
    assert not (run / "decision.json").exists()
    assert open_model(run, decided=True).assembly.decision.is_empty


def test_calibrated_probabilities_change_no_decision(run, capsys):
    assert command(["tune-threshold", "run"]) == 0
    before = nntrain.load("run")
    assert command(["calibrate", "run"]) == 0
    after = nntrain.load("run")
    X = np.random.default_rng(1).normal(size=(50, 2))
    np.testing.assert_array_equal(before.predict(X), after.predict(X))
    temperature = json.loads((run / "decision.json").read_text())["temperature"]
    p, q = before.predict_proba(X)[:, 1].astype(float), after.predict_proba(X)[:, 1].astype(float)
    p, q = (one[(p > 0.01) & (p < 0.99)] for one in (p, q))  # float32 has few digits beyond
    np.testing.assert_allclose(np.log(q / (1 - q)), np.log(p / (1 - p)) / temperature, rtol=1e-4, atol=1e-5)
    plain, calibrated = open_model(run), open_model(run, decided=True)
    losses = [evaluate(m, "validation", metrics=("log_loss",)).figures["log_loss"] for m in (plain, calibrated)]
    assert losses[1] < losses[0]
    assert command(["calibrate", "run", "--forget"]) == 0
    assert open_model(run, decided=True).assembly.decision.temperature == 1


def test_the_test_rows_decide_nothing(run):
    """The same validation rows and other test rows give the same threshold and temperature."""
    model = open_model(run, decided=True)
    asked = []
    part = model.part
    spied = replace(model)
    object.__setattr__(spied, "part", lambda split, by=None: asked.append(split) or part(split, by))
    from nntrain.runs.later_choice import calibrate, tune_threshold

    tune_threshold(spied, aim_of("f1"))
    calibrate(spied)
    assert asked == ["validation", "validation"]


def test_other_weights_do_not_use_it_and_damage_is_told(run, capsys):
    assert command(["tune-threshold", "run"]) == 0
    assert command(["resume", "run", "--set", "train.epochs=26", "--no-plots", "-q"]) == 0
    model = open_model(run, decided=True)
    assert model.assembly.decision.is_empty
    assert f"{run}/decision.json: was made for other weights, and is not used; tune or calibrate the model again" in (
        model.notes
    )
    (run / "decision.json").write_text("{}")
    with pytest.raises(CheckpointError) as caught:
        open_model(run, decided=True)
    assert str(caught.value) == (
        f"{run}/decision.json: damaged, 'margin'; remove it, or tune and calibrate the model again"
    )


def test_what_cannot_be_decided_is_refused(run, tmp_path):
    (tmp_path / "three.yaml").write_text(SPEC.replace("{kind: moons, n: 240, noise: 0.4}", "iris"))
    assert command(["fit", "three.yaml", "--run-dir", "three", "--no-plots", "-q", "--set", "train.epochs=2"]) == 0
    from nntrain.runs.later_choice import calibrate, tune_threshold

    with pytest.raises(SpecError) as caught:
        tune_threshold(open_model(tmp_path / "three"), aim_of("f1"))
    assert str(caught.value) == (
        "tune-threshold: is for models of two classes that give probabilities, this one has 3 classes"
    )
    (tmp_path / "svm.yaml").write_text(SPEC.replace("mlp, hidden: [8]", "svm"))
    assert command(["fit", "svm.yaml", "--run-dir", "svm", "--no-plots", "-q", "--set", "train.epochs=2"]) == 0
    with pytest.raises(SpecError) as caught:
        calibrate(open_model(tmp_path / "svm"))
    assert str(caught.value).startswith("calibrate: a model trained with ")
    for text, message in (
        ("f2", "--for: unknown aim, got 'f2'; (one of cost, f1, youden)"),
        ("f1=2", "--for: f1 takes no numbers, got 'f1=2'"),
        ("cost=1", "--for: what a false alarm and a miss cost, as in cost=1:5, got 'cost=1'"),
    ):
        with pytest.raises(SpecError) as caught:
            aim_of(text)
        assert str(caught.value) == message
