"""Every command but fit: what it prints, and what it writes."""

import csv
import io
import json
import re

import numpy as np
import pytest

from nntrain.cli.listing import registries
from nntrain.ops.losses.squared import Mse
from nntrain.spec import templates

THREE_FOUR_TWO = """\
name: notes
data: {source: {kind: blobs, features: 3, classes: 2, n: 40}}
model: {kind: mlp, hidden: [4], activation: sigmoid}
"""


def table(text):
    return list(csv.reader(io.StringIO(text)))


# --- show, check -----------------------------------------------------------------------------------------------------


def test_show_a_spec(nntrain, here):
    (here / "notes.yaml").write_text(THREE_FOUR_TWO, encoding="utf-8")
    result = nntrain("show", "notes.yaml")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:8] == [
        "notes: mlp 3–4–2, sigmoid · 26 parameters, float32",
        "",
        " layer       output   parameters   weights   biases   FLOPs",
        " ──────────────────────────────────────────────────────────",
        " input            3",
        " 0 dense          4   W 4×3, b 4        12        4      24",
        " 1 sigmoid        4",
        " 2 dense          2   W 2×4, b 2         8        2      16",
    ]
    assert lines[9:11] == [" total     20 + 6 = 26 parameters", " loss      softmax_cross_entropy"]
    assert re.fullmatch(
        r" training  [\d.]+ KiB: 3 vectors of parameters, 312 B, and buffers for batches of 32, [\d.]+ KiB", lines[11]
    )
    assert lines[12] == " work      40 FLOPs for one example forward, about three times that for a step"


def test_show_a_run_and_a_checkpoint_like_their_spec(nntrain, done):
    shown = nntrain("show", "tiny.yaml").out
    assert nntrain("show", done).out == shown
    assert nntrain("show", next((done / "checkpoints").iterdir())).out == shown


def test_check_says_ok_in_one_line(nntrain, here):
    result = nntrain("check", "tiny.yaml")
    expected = "ok: tiny: mlp 3–4–3, tanh · 31 parameters, float32; 33 training rows, 16 steps\n"
    assert (result.status, result.out, result.err) == (0, expected, "")
    assert sorted(path.name for path in here.iterdir()) == ["tiny.yaml"]


# --- eval, predict ---------------------------------------------------------------------------------------------------


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
    assert result.out.endswith(" checkpoint  " + str(done) + "/checkpoints/step-000000000016.safetensors (epoch 4)\n")


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
    shown = nntrain("eval", "r", "-o", "scored")
    assert "\x1b" not in shown.out
    assert "\\x1b[31mred" in shown.out
    header = table((here / "scored/confusion.csv").read_text(encoding="utf-8"))[0]
    assert "'=1+1" in header
    assert "-1" in header


# --- list, schema, init ----------------------------------------------------------------------------------------------


def test_list_has_every_entry_of_every_registry(nntrain):
    found = nntrain("list", "--json").json
    assert list(found) == list(registries())
    for name, registry in registries().items():
        assert [entry["kind"] for entry in found[name]] == list(registry)
        shown = nntrain("list", name).out
        assert all(re.search(rf"^ {kind} ", shown, re.M) for kind in registry)
        assert all(entry["formula"] and entry["summary"].endswith(".") for entry in found[name])
    whole = nntrain("list").out
    assert all(f" {kind} " in whole for registry in registries().values() for kind in registry)


def test_list_knows_no_other_kind(nntrain):
    result = nntrain("list", "activation")
    assert result.status == 2
    assert result.err == (
        "error: list: unknown kind 'activation'; did you mean 'activations'? (one of activations, initializers, "
        "losses, metrics, models, optimizers, schedules, sources)\n"
    )


def test_schema_is_json(nntrain):
    found = nntrain("schema").json
    assert found["$schema"].startswith("https://json-schema.org/")
    assert "optimizer" in found["properties"]


@pytest.mark.parametrize("name", [name for name in templates() if name != "csv"])
def test_every_template_is_a_sound_spec_in_a_file_of_its_name(name, nntrain, here):
    result = nntrain("init", name)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"{name}.yaml: written; next: nntrain fit {name}.yaml\n"
    assert f"nntrain fit {name}.yaml" in (here / f"{name}.yaml").read_text(encoding="utf-8")
    assert nntrain("check", f"{name}.yaml").status == 0


def test_init_lists_writes_elsewhere_and_overwrites_nothing(nntrain, here):
    shown = nntrain("init").out
    assert all(re.search(rf"^ {name} +[A-Z]", shown, re.M) for name in templates())
    assert nntrain("init", "mlp", "-o", "-").out == templates()["mlp"]
    assert nntrain("init", "mlp", "-o", "mine.yaml").status == 0
    again = nntrain("init", "svm", "-o", "mine.yaml")
    assert (again.status, again.err) == (2, "error: mine.yaml: exists already; name another file with -o\n")
    assert "kind: mlp" in (here / "mine.yaml").read_text(encoding="utf-8")
    assert nntrain("init", "mpl").err.startswith("error: init: unknown template 'mpl'; did you mean 'mlp'?")


def test_a_spec_can_come_from_stdin(process, here):
    with (here / "tiny.yaml").open(encoding="utf-8") as spec:
        child = process("check", "-", stdin=spec)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    assert out.startswith("ok: tiny: ")


# --- gradcheck, doctor -----------------------------------------------------------------------------------------------


def test_gradcheck_of_a_spec(nntrain):
    result = nntrain("gradcheck", "tiny.yaml")
    assert (result.status, result.err) == (0, "")
    assert re.search(r"^ layers\.0\.W   4×3 +0 +12 +0 +\d\.\de-\d\d   ok$", result.out, re.M)
    assert result.out.count("layers.") == 8
    assert re.search(r"^ok: 62 entries agree, largest relative error \d\.\de-\d\d$", result.out, re.M)
    found = nntrain("gradcheck", "tiny.yaml", "--json").json
    assert found["agrees"]
    assert [check["steps"] for check in found["checks"]] == [0] * 4 + [5] * 4


@pytest.fixture
def planted(monkeypatch):
    """Let the squared error's gradient be wrong by 0.1 %."""
    right = Mse.bind

    def wrong(self, do, z, t, ws):
        read, bind_gradient = right(self, do, z, t, ws)

        def bind(do, *scale):
            bind_gradient(do, *scale)
            do(np.multiply, z, 1.001, out=z)

        return read, bind

    monkeypatch.setattr(Mse, "bind", wrong)


@pytest.mark.usefixtures("planted")
def test_gradcheck_finds_a_planted_error(nntrain):
    settings = ("--set", "data.source=linear", "--set", "loss=mse")
    result = nntrain("gradcheck", "tiny.yaml", *settings)
    assert result.status == 8
    assert " WRONG\n" in result.out
    worst = (
        r"error: 8 of 8 checks disagree, worst layers\.\d\.[Wb] after [05] steps: disagree: .* error (9\.99|1\.00)e-0"
    )
    assert re.match(worst, result.err)
    assert result.err.count("\n") == 1
    assert nntrain("gradcheck", "tiny.yaml", *settings, "--json").json["agrees"] is False


def test_gradcheck_of_everything(nntrain):
    result = nntrain("gradcheck")
    assert (result.status, result.err) == (0, "")
    rows = re.findall(r"^ (\w+) +(\w+) +(\d*) +([\d,]+) +\d+ +\S+   (\w+)$", result.out, re.M)
    assert {row[0] for row in rows} == set(registries()["models"])
    assert {row[1] for row in rows} == set(registries()["losses"])
    assert {int(row[2]) for row in rows if row[2]} == {len(registries()["activations"])}
    assert {row[4] for row in rows} == {"ok"}


def test_gradcheck_needs_a_spec_to_change(nntrain):
    result = nntrain("gradcheck", "--set", "seed=1")
    assert (result.status, result.err) == (2, "error: --set: there is no spec to change; name one\n")


def test_doctor_finds_this_machine_fit(nntrain, here):
    result = nntrain("doctor")
    assert (result.status, result.err) == (0, "")
    for what in ("nntrain", "python", "packages", "BLAS", "environment", "disk", "products, 1 thread"):
        assert re.search(rf"^ {what} .* ok$", result.out, re.M)
    assert re.search(r"\d+ GFLOP/s in float32", result.out)
    assert sorted(path.name for path in here.iterdir()) == ["tiny.yaml"]


def test_doctor_finds_a_disk_that_cannot_be_written(nntrain, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nntrain.artifacts.rundir.RunDir.save_checkpoint", full)
    result = nntrain("doctor")
    assert result.status == 7
    assert "error: disk: runs cannot be written here: [Errno 28] No space left on device\n" in result.err
