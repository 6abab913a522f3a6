"""Using trained models: eval and predict, what they print and what they write."""

import csv
import io
import json
import re

import numpy as np
import pytest


def table(text):
    return list(csv.reader(io.StringIO(text)))


def test_eval_repeats_the_figures_of_the_run(nntrain, done):
    summary = json.loads((done / "summary.json").read_text(encoding="utf-8"))
    for split in ("train", "validation", "test"):
        found = nntrain("eval", done, "--split", split, "--json").json
        assert {name: found[name] for name in ("n", "cost", "accuracy")} == summary[split]
        assert (found["split"], found["epoch"]) == (split, 4)


def test_eval_in_numbers_of_each_class(nntrain, done, here):
    result = nntrain("eval", done, "-o", "scored/deep", "--json")
    assert (result.status, result.err) == (0, "")
    found = result.json
    folder = here / "scored/deep"
    assert json.loads((folder / "evaluation.json").read_text(encoding="utf-8")) == found
    counts = np.array(found["confusion"])
    assert counts.sum() == found["n"] == 12
    assert np.trace(counts) / 12 == pytest.approx(found["accuracy"])
    for k, score in enumerate(found["classes"]):
        assert score["support"] == counts[k].sum()
        assert score["recall"] == pytest.approx(counts[k, k] / counts[k].sum())
    confusion = table((folder / "confusion.csv").read_text(encoding="utf-8"))
    assert confusion[0] == ["actual \\ predicted", "0", "1", "2"]
    assert [[int(cell) for cell in row[1:]] for row in confusion[1:]] == counts.tolist()
    predictions = table((folder / "predictions.csv").read_text(encoding="utf-8"))
    assert predictions[0] == ["row", "actual", "predicted", "p(0)", "p(1)", "p(2)"]
    assert sum(row[1] == row[2] for row in predictions[1:]) == np.trace(counts)
    assert all(row[2] == str(np.argmax([float(cell) for cell in row[3:]])) for row in predictions[1:])


def test_eval_for_people(nntrain, done):
    result = nntrain("eval", done)
    assert (result.status, result.err) == (0, "")
    assert re.search(
        r"^          cost   accuracy   examples\n ─+\n test   \d\.\d{4}     \d\.\d{4}         12$", result.out, re.M
    )
    assert re.search(r"^ class   precision   recall       f1   examples$", result.out, re.M)
    checkpoint = f" checkpoint  {done}/checkpoints/step-000000000016.safetensors (epoch 4)\n"
    assert result.out.endswith(f"{checkpoint} confused    2 taken for 0 (1)\n")
    assert re.search(r"^ actual, taken for   0   1   2$", result.out, re.M)


def test_eval_measures_more_and_says_how_far_it_would_move(nntrain, done):
    plain = json.loads(nntrain("eval", done, "--json").out)
    first, again = (nntrain("eval", done, "--metrics", "all", "--ci", "--json").out for _ in range(2))
    assert first == again
    found = json.loads(first)
    assert {name: found[name] for name in plain} == plain
    names = [name for name in found if isinstance(found[name], float) and name != "cost"]
    assert {"mcc", "log_loss", "roc_auc", "top_5"} <= set(names) == set(found["intervals"])
    assert all(low <= high for low, high in found["intervals"].values())
    shown = nntrain("eval", done, "--metrics", "mcc", "--ci").out
    low, high = found["intervals"]["mcc"]
    assert re.search(rf"^ mcc +{found['mcc']:.4f} +{low:.4f} +{high:.4f}$", shown, re.M)


def test_eval_refuses_metrics_that_do_not_fit(nntrain, done):
    result = nntrain("eval", done, "--metrics", "rmse")
    message = "error: --metrics: rmse is for regression or reconstruction, the data are classification\n"
    assert (result.status, result.err) == (2, message)
    assert "no such metric, got 'mc'; did you mean 'mcc'?" in nntrain("eval", done, "--metrics", "mc").err


def test_predict_agrees_with_eval(nntrain, done, here):
    source = "data.source={kind: csv, path: points.csv}"
    rng = np.random.default_rng(1)
    X, labels = rng.normal(size=(9, 3)) * 5, rng.integers(0, 3, 9)
    lines = [",".join(f"{x:.17g}" for x in row) for row in X]
    (here / "inputs.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    labelled = [f"{line},{label}" for line, label in zip(lines, labels, strict=True)]
    (here / "points.csv").write_text("\n".join(labelled) + "\n", encoding="utf-8")
    settings = ("--set", source, "--set", "data.validation=null", "--set", "data.test=null")
    scored = nntrain("eval", done, "--split", "train", *settings, "-o", "scored")
    assert scored.status == 0
    expected = table((here / "scored/predictions.csv").read_text(encoding="utf-8"))[1:]
    plain = nntrain("predict", done, "inputs.csv")
    assert plain.out.splitlines() == ["prediction", *(row[2] for row in expected)]
    proba = table(nntrain("predict", done, "inputs.csv", "--proba").out)
    assert proba[0] == ["prediction", "p(0)", "p(1)", "p(2)"]
    assert proba[1:] == [row[2:] for row in expected]
    assert all(sum(map(float, row[1:])) == pytest.approx(1, abs=1e-6) for row in proba[1:])
    written = nntrain("predict", done, "inputs.csv", "--proba", "-o", "out.csv")
    assert (written.status, written.out, written.err) == (0, "", "out.csv: 9 predictions\n")
    assert table((here / "out.csv").read_text(encoding="utf-8")) == proba


def test_two_classes_and_one_output_have_two_probabilities(nntrain, here):
    settings = ("--set", "data.source=moons", "--set", "loss=sigmoid_cross_entropy")
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots", *settings).status == 0
    (here / "in.csv").write_text("0,1\n1,-0.5\n", encoding="utf-8")
    header, *rows = table(nntrain("predict", "r", "in.csv", "--proba").out)
    assert header == ["prediction", "p(0)", "p(1)"]
    assert [row[0] for row in rows] == [str(int(float(row[2]) > 0.5)) for row in rows]
    assert all(float(row[1]) + float(row[2]) == pytest.approx(1, abs=1e-6) for row in rows)


def test_a_model_without_probabilities_says_so(nntrain, here):
    settings = ("--set", "model=svm", "--set", "loss=hinge")
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots", *settings).status == 0
    (here / "in.csv").write_text("1,2,3\n", encoding="utf-8")
    result = nntrain("predict", "r", "in.csv", "--proba")
    message = "error: --proba: a model trained with hinge on classification gives no probabilities\n"
    assert (result.status, result.out, result.err) == (2, "", message)
    assert nntrain("predict", "r", "in.csv").status == 0


def test_regression_predicts_numbers_under_their_names(nntrain, here):
    (here / "line.csv").write_text("x,height\n" + "".join(f"{i},{2 * i}\n" for i in range(12)), encoding="utf-8")
    settings = ("data.source={kind: csv, path: line.csv, target: height, task: regression}", "model=linear")
    assert (
        nntrain(
            "fit",
            "tiny.yaml",
            "--run-dir",
            "r",
            "-q",
            "--no-plots",
            *(f"--set={item}" for item in (*settings, "train.batch_size=4", "data.test=null")),
        ).status
        == 0
    )
    (here / "in.csv").write_text("x\n3\n", encoding="utf-8")
    header, row = table(nntrain("predict", "r", "in.csv").out)
    assert header == ["height"]
    assert np.isfinite(float(row[0]))
    assert "rmse" in nntrain("eval", "r", "--split", "validation").out


def test_names_from_data_cannot_run_in_a_spreadsheet_or_drive_the_terminal(nntrain, here):
    rows = [f"{i},{i % 3},{('=1+1', chr(27) + '[31mred', '-1')[i % 3]}" for i in range(30)]
    (here / "evil.csv").write_text("a,b,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    settings = ("--set", "data.source={kind: csv, path: evil.csv}", "--set", "loss=null")
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots", *settings).status == 0
    shown = nntrain("eval", "r", "-o", "scored", "--guard-formulas")
    assert "\x1b" not in shown.out
    assert "\\x1b[31mred" in shown.out
    header = table((here / "scored/confusion.csv").read_text(encoding="utf-8"))[0]
    assert "'=1+1" in header
    assert "-1" in header
