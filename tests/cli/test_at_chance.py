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
    assert "no better" not in better.err


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
