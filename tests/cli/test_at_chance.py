"""What fit says at its end of a model that is no better than a constant."""

import pytest


def test_the_end_of_fit_says_when_a_model_is_no_better(nntrain, here):
    (here / "c.yaml").write_text(
        "data: {source: digits, validation: 0.2, scale: unit}\nmodel: {kind: softmax, init: zeros}\nmetrics: macro_f1\n"
        "optimizer: {lr: 1e-30}\ntrain: {epochs: 0}\n",
        encoding="utf-8",
    )
    done = nntrain("fit", "c.yaml", "--run-dir", "r", "--no-plots", "--json")
    found = done.json["baselines"]
    assert found["answer"] == "always saying '1'"
    assert found["validation"]["accuracy"] == pytest.approx(0.1, abs=0.01)
    assert found["model"]["part"] == "validation"
    assert "note: validation: accuracy 0.1003 is no better than always saying '1' (0.1003)" in done.err
    better = nntrain(
        "fit", "c.yaml", "--set", "optimizer.lr=0.1", "--set", "train.epochs=1", "--run-dir", "s", "--no-plots"
    )
    assert "no better than always" not in better.err


@pytest.mark.parametrize(
    "text",
    [
        "data: {source: {kind: linear, n: 60, targets: 2}, target_scale: standard}\nmodel: linear\nmetrics: r2\n",
        "data: {source: moons, test: 0.2}\nmodel: {kind: mlp, hidden: 4}\nloss: sigmoid_cross_entropy\n",
        "data: {source: iris, validation: 0.2, scale: standard}\nmodel: {kind: autoencoder, hidden: 2}\nmetrics: mae\n",
    ],
)
def test_every_task_has_one(nntrain, here, text):
    (here / "c.yaml").write_text(f"{text}optimizer: {{lr: 0.05}}\ntrain: {{epochs: 20}}\n", encoding="utf-8")
    done = nntrain("fit", "c.yaml", "--run-dir", "r", "--no-plots", "--json")
    found = done.json["baselines"]
    (least,) = found[found["model"]["part"]].values()
    assert (found["model"]["value"] > least) == (found["model"]["metric"] == "accuracy")


def test_the_nearest_neighbours_are_those_of_a_count_by_hand(nntrain, here):
    """Six clusters on a line, each of one class: neighbours get all of them, a linear model does not."""
    rows = "\n".join(f"{x / 10},{c}" for k in range(60) for x, c in zip(range(k, 1200, 200), "aababb", strict=True))
    (here / "d.csv").write_text(f"x,c\n{rows}", encoding="utf-8")
    data = "data: {source: {kind: csv, path: d.csv, target: c}, test: 60, scale: standard}\n"
    (here / "c.yaml").write_text(f"{data}model: softmax\noptimizer: {{lr: 1}}\n", encoding="utf-8")
    done = nntrain("fit", "c.yaml", "--run-dir", "r", "--no-plots", "--json")
    found = done.json["baselines"]["neighbours"]
    model = done.json["test"]["accuracy"]
    assert found == {"k": 5, "rows": 300, "parts": {"test": {"accuracy": 1.0, "model": model, "n": 60, "worse": 1}}}
    assert 0.5 < model < 0.8
    line = f"note: test: accuracy {model:.4g} on 60 rows is worse than that of the 5 nearest of 300 training rows (1)\n"
    assert line in done.err
    assert line in nntrain("eval", "r").err
    assert line not in nntrain("eval", "r", "--split", "train").err


def test_a_layer_that_died_is_told(nntrain, here):
    (here / "c.yaml").write_text(
        "data: {source: moons, validation: 0.2}\nmodel: {kind: mlp, hidden: 4, init: {kind: zeros, bias: -1}}\n"
        "train: {epochs: 2}\n",
        encoding="utf-8",
    )
    told = "layer 1: all its units are dead, no gradient passes them; nntrain diagnose RUN says what mends it"
    for command in (("fit", "c.yaml", "--run-dir", "r", "--no-plots", "-q"), ("eval", "r", "--split", "validation")):
        assert f"note: {told}\n" in nntrain(*command).err
