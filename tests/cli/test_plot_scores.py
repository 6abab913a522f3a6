"""Pictures of how a model does: what they say is what eval says, and what cannot be drawn is refused in one line."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]

REGRESSION = """\
name: two
data:
  source: {kind: csv, path: two.csv, target: [a, b]}
  test: 0.25
model: linear
optimizer: {kind: sgd, lr: 0.1}
train: {epochs: 3, batch_size: 8}
"""


def texts_of(path):
    """Return the texts of a picture."""
    found = re.findall(r"<text [^>]*>(?:<tspan[^>]*>)?([^<]*)", path.read_text(encoding="utf-8"))
    return [text.replace("&lt;", "<").replace("&gt;", ">") for text in found]


@pytest.fixture
def evaluated(nntrain, done, here):
    """Return what eval says of the finished run: its figures, and its predictions."""
    figures = nntrain("eval", done, "-o", "scores", "--json").json
    with (here / "scores/predictions.csv").open(encoding="utf-8") as file:
        return figures, list(csv.DictReader(file))


def test_confusion_has_the_counts_of_eval(nntrain, done, here, evaluated):
    assert nntrain("plot", done, "confusion", "-o", "p.svg").status == 0
    texts = texts_of(here / "p.svg")
    counts = [text for text in texts if re.fullmatch(r"\d+", text)]
    wanted = [str(count) for row in evaluated[0]["confusion"] for count in row if count]
    classes = evaluated[0]["classes"]
    beside = [*(score["name"] for score in classes * 2), *("1" for score in classes if score["recall"] == 1)]
    assert sorted(counts) == sorted([*wanted, *beside])
    assert any("(n = 12)" in text for text in texts)


def test_errors_are_those_of_eval_worst_first(nntrain, here):
    bad = ["--set", "train.epochs=1", "--set", "optimizer.lr=0.001"]
    assert nntrain("fit", "tiny.yaml", "--run-dir", "done", "-q", "--no-plots", *bad).status == 0
    assert nntrain("eval", "done", "--split", "train", "-o", "scores").status == 0
    with (here / "scores/predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wrong = [row for row in rows if row["actual"] != row["predicted"]]
    worst = sorted(wrong, key=lambda row: float(row[f"p({row['actual']})"]))
    assert len(worst) > 2
    assert nntrain("plot", "done", "errors", "--split", "train", "--count", "2", "-o", "p.svg").status == 0
    texts = texts_of(here / "p.svg")
    head = texts.index("row")
    table = texts[head:]
    assert table[:6] == ["row", "said", "true", "x1", "x2", "x3"]
    first = table[6:]
    assert first[0] == f"{int(worst[0]['row']):,}"
    assert [first[1], first[3]] == [worst[0]["predicted"], worst[0]["actual"]]
    assert any(f"the 2 worst of {len(wrong)} errors" in text for text in texts)


def test_roc_of_one_class_against_the_rest(nntrain, done, here, evaluated):
    refused = nntrain("plot", done, "roc")
    assert refused.status == 2
    assert re.match(r"error: roc: .*done has 3 classes; name one with --positive \(one of .*\)\n", refused.err)
    name = evaluated[0]["classes"][0]["name"]
    assert nntrain("plot", done, "pr", "--positive", name, "-o", "p.svg").status == 0
    rows = evaluated[1]
    yes = [float(row[f"p({name})"]) for row in rows if row["actual"] == name]
    no = [float(row[f"p({name})"]) for row in rows if row["actual"] != name]
    pairs = np.mean([(a > b) + (a == b) / 2 for a in yes for b in no])
    assert f"AUC {pairs:.3f}".replace("1.000", "1") in texts_of(here / "p.svg")


def test_calibration_says_the_means(nntrain, done, here, evaluated):
    assert nntrain("plot", done, "calibration", "-o", "p.svg").status == 0
    sure = np.mean([float(row[f"p({row['predicted']})"]) for row in evaluated[1]])
    assert f"says {sure:.3f} on average," in texts_of(here / "p.svg")


def test_weights_of_a_table_have_its_names(nntrain, done, here):
    assert nntrain("plot", done, "weights", "-o", "p.svg").status == 0
    texts = texts_of(here / "p.svg")
    assert [text for text in texts if text.startswith("unit")] == ["unit 1", "unit 2", "unit 3", "unit 4"]
    assert {"x1", "x2", "x3"} <= set(texts)


def test_weights_of_pictures_are_templates(nntrain, here):
    spec = ROOT / "configs/digits-softmax.yaml"
    assert nntrain("fit", spec, "--run-dir", "r", "-q", "--no-plots", "--set", "train.epochs=1").status == 0
    assert nntrain("plot", "r", "weights", "-o", "p.svg").status == 0
    assert [text for text in texts_of(here / "p.svg") if text.isdigit()] == list("0123456789")
    assert (here / "p.svg").read_text(encoding="utf-8").count("<image") == 11  # and the scale
    assert nntrain("plot", "r", "errors", "--count", "3", "-o", "e.svg").status == 0
    assert sum(text.startswith("said ") for text in texts_of(here / "e.svg")) == 3
    wrong = nntrain("plot", "r", "weights", "--shape", "7x9", "-o", "q.svg")
    assert (wrong.status, wrong.err) == (2, "error: --shape: 7x9 are 63 numbers, a row has 64\n")


def test_residuals_of_one_target_of_two(nntrain, here):
    rng = np.random.default_rng(1)
    lines = [",".join(map(str, row)) for row in rng.normal(size=(40, 4)).round(3)]
    (here / "two.csv").write_text("\n".join(["u,v,a,b", *lines]), encoding="utf-8")
    (here / "two.yaml").write_text(REGRESSION, encoding="utf-8")
    assert nntrain("fit", "two.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    assert nntrain("plot", "r", "residuals", "--target", "b", "-o", "p.svg").status == 0
    texts = texts_of(here / "p.svg")
    assert "true b" in texts
    assert any("b, one of 2 targets" in text for text in texts)
    other = nntrain("plot", "r", "residuals", "--target", "c", "-o", "q.svg")
    assert other.err == "error: --target: no such target, got 'c'; (one of a, b)\n"
    assert nntrain("plot", "r", "errors", "-o", "e.svg").status == 0
    assert "the 10 largest errors of 10" in " ".join(texts_of(here / "e.svg"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["residuals"], "residuals: is for regression; done learned classification"),
        (["confusion", "--shape", "2x2"], "--shape: is for weights, errors; confusion has no use for it"),
        (
            ["curves", "--split", "test"],
            "--split: is for boundary, confusion, errors, calibration, roc, residuals, activations; curves has no",
        ),
        (["roc", "--positive", "9"], "--positive: no such class, got '9'; (one of 0, 1, 2)"),
        (["confusion", "--split", "tset"], "split: unknown name, got 'tset'; did you mean 'test'?"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, error, nntrain, done):
    result = nntrain("plot", "done", *arguments)
    assert result.status in (2, 3)
    assert result.err.startswith(f"error: {error}")
    assert result.err.count("\n") == 1


def test_an_epoch_that_is_not_on_disk_is_trained_again(nntrain, here):
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    kept = {path.name for path in (here / "r/checkpoints").iterdir()}
    records = [json.loads(line) for line in (here / "r/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        name = f"step-{record['step']:012d}.safetensors"
        (here / "r/checkpoints" / name).unlink(missing_ok=True)
    assert kept
    result = nntrain("plot", "r", "confusion", "--split", "validation", "--epoch", "2", "-o", "p.svg")
    assert (result.status, result.err) == (0, "")
    accuracy = records[1]["validation"]["accuracy"]
    said = f"validation accuracy {accuracy:.3f} (n = 15)".replace("1.000", "1")
    assert any(said in text for text in texts_of(here / "p.svg"))
    begun = nntrain("plot", "r", "weights", "--epoch", "0", "-o", "q.svg")
    assert (begun.status, begun.err) == (0, "")
    assert any("epoch 0" in text for text in texts_of(here / "q.svg"))
    none = nntrain("plot", "r", "confusion")
    what = "r: no checkpoint was saved yet; --epoch 0 shows the weights that it began with"
    assert (none.status, none.err) == (5, f"error: {what}\n")


def test_a_replay_that_differs_from_the_record_is_told(nntrain, here):
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    records = [json.loads(line) for line in (here / "r/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    true = records[0]["train"]["cost"]
    records[0]["train"]["cost"] = 0.5
    (here / "r/metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    (here / "r/checkpoints" / f"step-{records[0]['step']:012d}.safetensors").unlink(missing_ok=True)
    result = nntrain("plot", "r", "weights", "--epoch", "1", "-o", "p.png")
    what = f"trained again, epoch 1 has the training cost {true!r}, the run recorded 0.5"
    assert (result.status, result.err) == (0, f"note: r: {what}; the picture is that of the training in memory\n")
