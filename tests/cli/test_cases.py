"""What people do with files of their own, each with the figures that are right, over small files of `tests/cases`."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nntrain.spec import load

CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture
def case(here):
    """Return a function that copies the files of a case to the current directory."""

    def copy(name):
        shutil.copytree(CASES / name, here, dirs_exist_ok=True)

    return copy


@pytest.fixture
def fit(nntrain):
    """Return a function that trains a spec of this directory, and returns what was told and the figures."""

    def train(run, *settings, spec="spec.yaml"):
        overrides = [part for setting in settings for part in ("--set", setting)]
        result = nntrain("fit", spec, "--run-dir", run, "-q", "--no-plots", "--json", *overrides)
        assert result.status == 0, result.err
        return result

    return train


def figures(result):
    """Return cost and accuracy in four digits."""
    assert result.status == 0, result.err
    return round(result.json["cost"], 4), round(result.json["accuracy"], 4)


def table(text):
    return list(csv.reader(io.StringIO(text)))


def scored(nntrain, run, *arguments):
    """Return predictions.csv of an evaluation."""
    assert nntrain("eval", run, "-o", "scored", *arguments).status == 0
    return table(Path("scored/predictions.csv").read_text(encoding="utf-8"))


# --- columns by name -------------------------------------------------------------------------------------------------


def test_eval_finds_columns_by_their_names(nntrain, case, fit, here):
    case("eval-finds-columns-by-name")
    fit("run")
    renamed = (here / "other-order.csv").read_text().replace("length", '" Length"')
    (here / "renamed.csv").write_text(renamed)
    for name, notes in (
        ("trees.csv", ""),
        ("other-order.csv", ""),
        ("one-more-column.csv", "note: one-more-column.csv: not used: 'plot'\n"),
        ("renamed.csv", "note: renamed.csv:1: 'Length' is taken for 'length'\n"),
    ):
        result = nntrain("eval", "run", "--json", "--set", f"data.source.path={name}")
        assert (figures(result), result.err) == ((0.4212, 0.8667), notes)
    predicted = [nntrain("predict", "run", name).out for name in ("trees.csv", "other-order.csv", "renamed.csv")]
    assert predicted[0] == predicted[1] == predicted[2]


def test_eval_refuses_a_file_without_a_column_of_the_model(nntrain, case, fit, here):
    case("eval-finds-columns-by-name")
    fit("run", "data.source.target=-1")
    short = (here / "trees.csv").read_text().replace("length", "extent")
    (here / "short.csv").write_text(short)
    message = "short.csv:1: columns are missing: 'length'; not known to the model: 'extent'\n"
    result = nntrain("eval", "run", "--set", "data.source.path=short.csv")
    assert (result.status, result.out, result.err) == (3, "", f"error: {message}")
    result = nntrain("predict", "run", "short.csv")
    assert (result.status, result.out, result.err) == (3, "", f"error: {message}")


def test_eval_scores_another_target_by_order_alone(nntrain, case, fit, here):
    case("eval-finds-columns-by-name")
    fit("run")
    renamed = (here / "trees.csv").read_text().replace("kind", "species")
    (here / "species.csv").write_text(renamed)
    path = ("--set", "data.source.path=species.csv")
    refused = nntrain("eval", "run", *path)
    assert "columns are missing: 'kind'; not known to the model: 'species'" in refused.err
    assert figures(nntrain("eval", "run", "--json", *path, "--set", "data.source.target=species")) == (0.4212, 0.8667)


# --- rows that were trained on ---------------------------------------------------------------------------------------

CHANGED = "note: data: these are not the data of the run (their fingerprints differ), and so is the test part; "
ADVICE = (
    "these figures say nothing of new rows: give a file of such rows as data.source.test, or divide by a split or key "
    "column\n"
)


def test_eval_counts_the_rows_that_were_trained_on(nntrain, case, fit, here):
    case("eval-after-the-file-changed")
    fit("run")
    result = nntrain("eval", "run", "--json")
    assert (figures(result)[1], result.err) == (0.5556, "")
    result = nntrain("eval", "run", "--json", "--set", "data.test=0.5")
    parts = "note: data: data.validation and data.test are not those of the run, so the test part is another; "
    assert result.err == f"{parts}12 of its 30 rows were trained on; {ADVICE}"
    result = nntrain("eval", "run", "--json", "--set", "data.seed=1")
    assert result.err.startswith("note: data: data.seed is not that of the run, so the test part is another; ")
    assert nntrain("eval", "run", "--json", "--set", "data.seed=0").err == ""  # the seed of the run
    for name, seen in (("sorted.csv", "14 of its 18 rows"), ("grown.csv", "6 of its 30 rows")):
        shutil.copy(name, "patients.csv")
        assert nntrain("eval", "run", "--json").err == f"{CHANGED}{seen} were trained on; {ADVICE}"
    result = nntrain("eval", "run", "--split", "train", "--json")
    assert (result.json["split"], result.json["n"]) == ("patients.csv", 100)
    assert "so every row of patients.csv is scored; 42 of its 100 rows were trained on" in result.err


def test_parts_that_stay_need_no_warning(nntrain, case, fit, here):
    case("eval-after-the-file-changed")
    header, *rows = (here / "grown.csv").read_text().splitlines()
    (here / "new.csv").write_text("\n".join([header, *rows[60:]]) + "\n")
    fit("tested", "data.test=null", "data.source.test=new.csv")
    keyed = [f"id,{header}", *(f"{k},{row}" for k, row in enumerate(rows))]
    (here / "keyed.csv").write_text("\n".join(keyed[:61]) + "\n")
    fit("keyed", "data.source.path=keyed.csv", "data.source.key=id")
    shutil.copy("sorted.csv", "patients.csv")
    (here / "keyed.csv").write_text("\n".join([keyed[0], *reversed(keyed[1:])]) + "\n")
    for run in ("tested", "keyed"):
        told = nntrain("eval", run, "--json").err.splitlines()
        assert [line for line in told if "is no better than" not in line] == []  # the labels are nearly noise


def test_a_checkpoint_without_digests_says_so(nntrain, case, fit, here):
    from nntrain.artifacts import checkpoint

    case("eval-after-the-file-changed")
    fit("run", "train.epochs=1")
    (path,) = (here / "run/checkpoints").glob("*.safetensors")
    kept = checkpoint.load(path)
    for name in ("rows.digests", "rows.share"):
        del kept.tensors[name]
    checkpoint.save(here / "old.safetensors", kept)
    assert nntrain("eval", "old.safetensors", "--json").err == ""
    shutil.copy("sorted.csv", "patients.csv")
    why = "how many of its rows were trained on cannot be counted, since the checkpoint keeps no digests of the rows"
    assert nntrain("eval", "old.safetensors", "--json").err == f"{CHANGED}{why} that it was trained on\n"


# --- rows and targets ------------------------------------------------------------------------------------------------


def test_evaluation_names_the_rows_of_the_source(nntrain, case, fit, here):
    case("evaluation-names-its-rows")
    fit("run")
    header, *rows = scored(nntrain, "run")
    tested = [2, 4, 5, 15, 22, 25, 32, 37, 41, 48, 50, 54]
    source = table((here / "leaves.csv").read_text())[1:]
    assert header == ["row", "actual", "predicted", "p(left)", "p(right)"]
    assert [int(row[0]) for row in rows] == tested
    assert all(source[int(row[0])][3] == row[1] for row in rows)
    numbers = ("data.source.target=a", "data.source.ignore=[leaf, side]", "model=linear")
    fit("reg", *numbers)
    header, *rows = scored(nntrain, "reg")
    assert header == ["row", "actual", "predicted"]
    assert all(float(source[int(row[0])][1]) == float(row[1]) for row in rows)
    gaps = (here / "leaves.csv").read_text().replace("L01,0.23", "L01,")
    (here / "leaves.csv").write_text(gaps)
    fit("gaps", "data.source.missing=drop")
    assert all(source[int(row[0])][3] == row[1] for row in scored(nntrain, "gaps")[1:])


def test_labels_are_decided(nntrain, case, fit):
    case("labels-are-decided")
    fit("run")
    result = nntrain("predict", "run", "topics.csv")
    assert result.out.splitlines()[:2] == ["news,sport,art", "0,1,1"]
    assert result.err == "note: topics.csv: passed over, since the model predicts them: 'news', 'sport', 'art'\n"
    header, first, *_ = table(nntrain("predict", "run", "topics.csv", "--proba").out)
    assert header == ["news", "sport", "art", "p(news)", "p(sport)", "p(art)"]
    assert first[:3] == ["0", "1", "1"]
    assert np.array(first[3:], float) == pytest.approx([0.0394, 0.8937, 0.9994], abs=1e-4)
    found = nntrain("eval", "run", "--json").json
    header, *rows = scored(nntrain, "run")
    assert header == [
        "row",
        *(f"{what}({n})" for what in ("actual", "predicted", "p") for n in ("news", "sport", "art")),
    ]
    actual, decided = np.array([row[1:4] for row in rows], int), np.array([row[4:7] for row in rows], int)
    assert found["exact_match"] == (actual == decided).all(axis=1).mean()
    assert found["accuracy"] == pytest.approx((actual == decided).mean())
    for k, label in enumerate(found["labels"]):
        right = (actual[:, k] & decided[:, k]).sum()
        assert label["precision"] == right / decided[:, k].sum()
        assert label["recall"] == right / actual[:, k].sum()
    summary = json.loads(Path("run/summary.json").read_text())
    assert summary["test"]["labels"] == found["labels"]


def test_one_hot_targets_are_classes_of_whatever_type(nntrain, case, fit):
    case("one-hot-labels")
    (indices,) = (fit("indices", "data.source.path=indices.npz").json["test"],)
    assert (round(indices["cost"], 4), round(indices["accuracy"], 4)) == (0.7179, 0.6111)
    for name in ("float32", "int64"):
        result = fit(name, f"data.source.path={name}.npz")
        assert result.json["test"] == indices
        assert "each row has exactly one 1, so the 3 columns are taken for one class each (0, 1, 2)" in result.err
        told = fit(f"{name}-told", f"data.source.path={name}.npz", "data.source.task=classification")
        assert (told.json["test"], told.err) == (indices, "")


def test_several_columns_of_a_table_with_one_1_are_classes(nntrain, case, fit, here):
    rows = [f"{k % 7},{k % 5},{','.join('1' if k % 3 == c else '0' for c in range(3))}" for k in range(60)]
    (here / "hot.csv").write_text("\n".join(["x,z,ash,elm,fir", *rows]) + "\n")
    (here / "spec.yaml").write_text(
        "{data: {source: {kind: csv, path: hot.csv, target: [ash, elm, fir]}}, model: softmax, train: {epochs: 2}}"
    )
    fit("run")
    assert set(nntrain("predict", "run", "hot.csv").out.split()) <= {"prediction", "ash", "elm", "fir"}


def test_targets_of_different_size_are_scaled_and_scored_each(nntrain, case, fit):
    case("two-targets-of-different-size")
    summary = fit("run").json
    found = nntrain("eval", "run", "--json").json
    rating, price = found["targets"]
    assert (rating["name"], price["name"]) == ("rating", "price")
    assert rating["r2"] > 0.85
    assert price["r2"] > 0.98
    assert summary["test"]["targets"] == found["targets"]
    header, *rows = scored(nntrain, "run")
    assert header == ["row", "actual(rating)", "actual(price)", "predicted(rating)", "predicted(price)"]
    values = np.array(rows, float)
    errors = np.square(values[:, 3:] - values[:, 1:3]).mean(axis=0)
    assert [rating["rmse"], price["rmse"]] == pytest.approx(np.sqrt(errors), rel=1e-4)
    assert rating["r2"] == pytest.approx(1 - errors[0] / values[:, 1].var(), rel=1e-4)


def test_a_run_whose_targets_share_a_unit_is_scored_but_not_gone_on_with(nntrain, case, fit, here):
    """As earlier versions scaled several targets."""
    from nntrain.artifacts import checkpoint

    case("two-targets-of-different-size")
    fit("run", "train.epochs=2")
    for path in (here / "run/checkpoints").glob("*.safetensors"):
        kept = checkpoint.load(path)
        kept.tensors["target.unit"] = np.array([5000.0])
        checkpoint.save(path, kept)
    found = nntrain("eval", "run", "--json").json
    assert [score["name"] for score in found["targets"]] == ["rating", "price"]
    result = nntrain("resume", "run", "--epochs", "3", "-q", "--no-plots")
    why = "an earlier version scaled the targets of this run by one unit for all of them"
    assert (result.status, result.err) == (3, f"error: run: {why}; train anew in another directory\n")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_classes_come_back_as_they_are_spelled(nntrain, fit, here, suffix):
    rows = [f"{k % 10 + 20 * (k % 3)},{('007', '07', '7')[k % 3]}" for k in range(60)]
    (here / "agents.csv").write_text("\n".join(["x,agent", *rows]) + "\n")
    if suffix == "parquet":
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        split = [row.split(",") for row in rows]
        columns = {"x": [float(x) for x, _ in split], "agent": [agent for _, agent in split]}
        parquet.write_table(pyarrow.table(columns), here / "agents.parquet")
    (here / "spec.yaml").write_text(
        f"{{data: {{source: {{kind: {suffix}, path: agents.{suffix}}}, scale: standard}}, model: {{kind: mlp}}, "
        "optimizer: {kind: adam, lr: 0.05}, train: {epochs: 60}}"
    )
    assert fit("run").json["train"]["accuracy"] == 1
    assert nntrain("predict", "run", f"agents.{suffix}").out.split()[1:] == ["007", "07", "7"] * 20


@pytest.mark.parametrize(
    ("spec", "inputs", "n"), [("parquet", "train.parquet", 72), ("idx", "t10k-images-idx3-ubyte", 12)]
)
def test_predict_reads_what_fit_reads(nntrain, case, fit, spec, inputs, n):
    pytest.importorskip("pyarrow")
    case("predict-from-what-it-learned-from")
    fit("run", spec=f"{spec}.yaml")
    path = inputs if spec == "parquet" else f"bars/{inputs}"
    header, *answers = nntrain("predict", "run", path).out.split()
    assert (header, len(answers)) == ("prediction", n)
    if spec == "idx":
        assert answers == ["0", "1", "2"] * 4
    for line in scored(nntrain, "run", "--split", "train")[1:] if spec == "parquet" else ():
        assert answers[int(line[0])] == line[2]


# --- headers, numbers and gaps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["text-classes", "number-classes", "numbers-only"])
def test_numbers_for_names_are_no_row_of_data(nntrain, case, name):
    case("header-of-numbers")
    result = nntrain("check", "spec.yaml", "--set", f"data.source.path={name}.csv")
    assert result.out == "ok: numbered: softmax 4–3 · 15 parameters, float32; 48 training rows, 180 steps\n"


def test_a_column_whose_name_is_a_number_can_be_named(nntrain, case):
    case("header-of-numbers")
    sets = ("data.source.path=years.csv", "data.source.header=true", "model=linear")
    overrides = [part for setting in sets for part in ("--set", setting)]
    named = nntrain("check", "spec.yaml", *overrides, "--set", "data.source.target=2020")
    assert named.out == "ok: numbered: linear 5–1 · 6 parameters, float32; 48 training rows, 180 steps\n"
    assert nntrain("init", "--data", "years.csv", "--target", "2020", "-o", "guess.yaml").status == 0
    assert load(Path("guess.yaml")).spec.data.source.target == "2020"
    missing = nntrain("check", "spec.yaml", *overrides, "--set", "data.source.target=2021")
    what = "no column 2021, there are 5 (0 to 4); did you mean '2020'? (one of 2017, 2018, 2019, 2020, country)"
    assert (missing.status, missing.err) == (3, f"error: years.csv: {what}\n")


def test_names_above_texts_are_no_row_of_data(nntrain, case, fit):
    case("header-over-texts")
    named = nntrain("check", "spec.yaml", "--set", "data.source.target=class")
    assert named.out == "ok: fungi: softmax 19–2 · 40 parameters, float32; 72 training rows, 150 steps\n"
    fit("run")
    found = nntrain("eval", "run", "--split", "train", "--json").json
    assert [(row["name"], row["support"]) for row in found["classes"]] == [("e", 36), ("p", 36)]


def test_money_and_percent_are_numbers(nntrain, case):
    case("money-and-percent")
    loans = nntrain("data", "describe", "loans.csv", "--json").json["columns"][1]
    assert (loans["name"], loans["low"], loans["high"]) == ("int_rate", 4.22, 14.59)
    assert nntrain("check", "spec.yaml").out.startswith("ok: loans: softmax 2–2 ")
    settings = ("--set", "data.source.path=rooms.csv", "--set", "data.source.target=price", "--set", "model=linear")
    assert nntrain("check", "spec.yaml", *settings).out.startswith("ok: loans: linear 2–1 ")


def test_grouped_thousands_are_whole_numbers(nntrain, case, fit):
    case("thousands-in-columns")
    for name in ("shops.tsv", "shops-semicolon.csv", "shops-plain.csv"):
        (staff,) = nntrain("data", "describe", name, "--json").json["columns"]
        assert (staff["low"], staff["high"], round(staff["mean"])) == (111, 2556, 1073)
        run = f"of-{name}"
        assert round(fit(run, f"data.source.path={name}").json["test"]["r2"], 4) == 0.9999
        for other in ("shops.tsv", "shops-semicolon.csv", "shops-plain.csv"):
            first = nntrain("predict", run, other).out.split()[1]
            assert round(float(first), 2) == 60846.47


def test_na_may_be_a_kind(nntrain, case, fit, here):
    case("na-is-a-kind")
    assert round(fit("filled").json["test"]["accuracy"], 4) == 0.7222
    told = fit("told", "data.source.na={garage: []}").json["test"]
    none = (here / "garages.csv").read_text().replace("NA", "none")
    (here / "none.csv").write_text(none)
    assert told["accuracy"] == fit("none", "data.source.path=none.csv").json["test"]["accuracy"] == 1
    countries = ("--set", "data.source.path=countries.csv", "--set", "data.source.target=country")
    refused = nntrain("check", "spec.yaml", *countries, "--set", "data.source.missing=error")
    advice = "a target cannot be filled in; set data.source.missing to drop, or data.source.na to [] if 'NA' is a class"
    assert refused.err == f"error: countries.csv:2:2 (country): missing value, got 'NA'; {advice}\n"


def test_dates_are_refused_all_at_once_and_left_out_by_init(nntrain, case, here):
    pytest.importorskip("pyarrow")
    case("parquet-with-dates")
    (here / "spec.yaml").write_text("{data: {source: {kind: parquet, path: visits.parquet}}, model: softmax}")
    what = "columns 'day' (dates), 'at' (times), 'remark' (no value in any row) hold no numbers or texts"
    refused = nntrain("check", "spec.yaml")
    assert refused.err == f"error: visits.parquet: {what}; set data.source.ignore: [day, at, remark]\n"
    for name in ("visits.parquet", "visits.csv"):
        guess = nntrain("init", "--data", name, "-o", "-").out
        assert "ignore: [day, at, remark]  # dates; times; no value in any row\n" in guess


# --- figures that are watched ----------------------------------------------------------------------------------------


def test_patience_names_the_figure_that_it_watches(nntrain, case, fit):
    case("patience-without-validation")
    cannot = "which cannot show when the network starts to learn by heart"
    note = f"there is no validation part, so patience watches train.cost, {cannot}"
    told = f"note: train.stop.monitor: {note}; set data.validation to a fraction or a count of rows\n"
    assert nntrain("check", "spec.yaml").err == told
    shown = nntrain("fit", "spec.yaml", "--run-dir", "shown", "--no-plots", "--set", "optimizer.lr=0.1")
    assert "patience 5 on train.cost, the best train.cost is kept" in shown.out + shown.err
    assert fit("run", "optimizer.lr=0.1").json["stopped"] == "no better train.cost for 5 epochs, best in epoch 24"
    refused = nntrain("check", "spec.yaml", "--set", "train.stop.monitor=validation.accuracy")
    do = "set data.validation to a fraction or a count of rows, or name train.accuracy"
    what = f"train.stop.monitor: there is no validation part, got 'validation.accuracy'; {do}"
    assert (refused.status, refused.err) == (2, f"error: --set {what}\n")


# --- guesses and warnings, the same in every command -----------------------------------------------------------------


def test_whole_numbers_under_a_name_of_classes_are_classes(nntrain, case, fit):
    case("more-than-twenty-classes")
    described = nntrain("data", "describe", "signs.csv").out
    why = "24 different whole numbers, classes judging by its name; set task: regression if they are amounts"
    assert f"classification: {why}\n" in described
    assert nntrain("init", "--data", "signs.csv", "-o", "guess.yaml").status == 0
    assert "task: classification" in Path("guess.yaml").read_text()
    assert nntrain("check", "guess.yaml").status == 0
    taken = "24 different whole numbers are taken for amounts, and softmax_cross_entropy is for classes"
    told = "data.source.task: classification takes them for classes"
    for command in (("check", "spec.yaml"), ("fit", "spec.yaml", "--run-dir", "none", "-q")):
        result = nntrain(*command)
        assert (result.status, result.out) == (2, "")
        assert result.err == f"spec.yaml:2:16: data.source.task: {taken}; {told}\n"
    assert fit("run", "data.source.task=classification").json["test"]["accuracy"] == 1


def test_columns_without_any_value_are_not_looked_at_for_the_target(nntrain, case):
    case("columns-without-any-value")
    described = nntrain("data", "describe", "air.csv").out
    assert "AH, the last column\n" in described
    assert "regression" in described


def test_check_and_fit_tell_what_describe_tells(nntrain, fit, here):
    rows = [f"{k},{k % 7},{k % 5},{'ab'[k % 2]}" for k in range(40)] + ["40,9,9,c"]
    (here / "few.csv").write_text("\n".join(["UserId,x,z,kind", *rows]) + "\n")
    (here / "spec.yaml").write_text("{data: {source: {kind: csv, path: few.csv}}, model: softmax, train: {epochs: 1}}")
    warnings = nntrain("data", "describe", "spec.yaml", "--json").json["warnings"]
    told = [f"note: data: {item['what']}; {item['do']}" for item in warnings if not item["harmless"]]
    assert "note: data: train has too few rows of some classes: c 1; its scores for them mean little; " in "\n".join(
        told
    )
    assert "UserId: counts the rows, as an id does" in "\n".join(told)
    for result in (nntrain("check", "spec.yaml"), fit("run")):
        assert [line for line in result.err.splitlines() if "is no better than always" not in line] == told


def test_targets_of_different_size_are_warned_of(nntrain, case):
    case("two-targets-of-different-size")
    told = "the target price varies 62,563 times as much as rating"
    assert told in nntrain("check", "spec.yaml", "--set", "data.target_scale=none").err
    assert told in nntrain("data", "describe", "spec.yaml", "--set", "data.target_scale=none").out
    assert told not in nntrain("check", "spec.yaml").err


def ordered(name):
    """Return a table whose first column numbers the rows in another order."""
    order = np.random.default_rng(0).permutation(60)
    rows = [f"{index},{k / 7:.3f},{k % 5},{'ab'[k % 2]}" for k, index in enumerate(order)]
    return "\n".join([f"{name},x,z,kind", *rows]) + "\n"


@pytest.mark.parametrize("name", ["PassengerId", "row_id"])
def test_ids_are_left_out_with_the_reason(nntrain, here, name):
    (here / "t.csv").write_text(ordered(name))
    assert nntrain("init", "--data", "t.csv", "-o", "guess.yaml").status == 0
    text = (here / "guess.yaml").read_text()
    assert f"ignore: [{name}]" in text
    assert "an id, judging by its name" in text
    assert nntrain("check", "guess.yaml").err == ""
    warned = nntrain("check", "guess.yaml", "--set", "data.source.ignore=[]").err
    assert f"{name}: numbers the rows, as an id or index does; set data.source.ignore: [{name}]" in warned


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_indexes_are_no_features(nntrain, fit, here, name):
    (here / "t.csv").write_text(ordered(name))
    (here / "spec.yaml").write_text("{data: {source: {kind: csv, path: t.csv}}, model: softmax, train: {epochs: 1}}")
    fitted = fit("run")
    assert "is left out: it has no name and numbers the rows" in fitted.err
    assert "softmax 2–2" in nntrain("check", "spec.yaml").out
    assert len(nntrain("predict", "run", "t.csv").out.split()) == 61
    assert nntrain("init", "--data", "t.csv", "-o", "guess.yaml").status == 0
    assert "softmax 2–2" in nntrain("check", "guess.yaml", "--set", "model=softmax").out


@pytest.mark.parametrize("name", ["labelled", "other-name"])
def test_the_index_of_a_parquet_file_is_neither_feature_nor_target(nntrain, case, name):
    pytest.importorskip("pyarrow")
    case("parquet-keeps-an-index")
    path = f"data.source.path={name}.parquet"
    assert "softmax 3–2" in nntrain("check", "spec.yaml", "--set", path).out
    assert nntrain("init", "--data", f"{name}.parquet", "-o", "guess.yaml").status == 0
    assert "3–2" in nntrain("check", "guess.yaml", "--set", "model=softmax").out


def test_codes_with_leading_zeros_are_guessed_as_classes(nntrain, here):
    rows = [f"{k * 0.5},{('007', '07', '7')[k % 3]}" for k in range(60)]
    (here / "codes.csv").write_text("\n".join(["a,code", *rows]) + "\n")
    found = nntrain("data", "describe", "codes.csv", "--json").json
    assert (found["task"], found["class_names"]) == ("classification", ["007", "07", "7"])
    assert found["guessed"]["target"] == "code, the last column"


def test_amounts_are_no_ids(nntrain, here):
    rows = [f"{4_901_678 + 7919 * k:,}\t{k % 7}\t{'ab'[k % 2]}" for k in range(60)]
    (here / "towns.tsv").write_text("\n".join(["pop\tb\tkind", *rows]) + "\n")
    found = nntrain("data", "describe", "towns.tsv", "--json").json
    assert [column["name"] for column in found["columns"]] == ["pop", "b"]
