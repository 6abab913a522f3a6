"""From a data file to a trained model without writing a line: init --data, data describe, fit, predict."""

import json
import re
import subprocess

import numpy as np
import pytest

from nntrain.spec import load

FLOWERS = "".join(
    f"{1000 + k},{'MF'[k % 2]},{k % 7 + k % 2 * 9 + 0.5},{'' if k == 3 else k % 5},{1 + k % 2 * 1000}.5\n"
    for k in range(60)
)
HEADED = "colour,width,height,price\n" + "".join(
    f"{('red', 'blue')[k % 2]},{k % 7},{k % 5}.5,{100_000 + 9_000 * (k % 7) + 50_000 * (k % 2)}\n" for k in range(70)
)
GUESSED = """\
# Guessed from flowers.data; each comment gives the reason for a guess. Correct what is wrong, then run:
#   nntrain data describe flowers.yaml
#   nntrain fit flowers.yaml
name: flowers
seed: 0

data:
  source:
    kind: csv             # a table of text
    path: flowers.data
    delimiter: ','        # commas separate the values
    header: false         # the first line holds values, not names
    target: 1             # a column of text right after the id: F 30, M 30
    ignore: [0]           # 60 different whole numbers in 60 rows: an id
    task: classification  # F 30, M 30
    missing: mean         # 1 in column 3; filled with the mean, or the most frequent text, of the training rows
  test: 0.2               # this share of the rows is kept for the final score
  validation: null        # 60 rows are few, so all others are trained on; 0.2 would show overfitting
  scale: standard         # each column gets mean 0 and standard deviation 1, measured on the training rows

model:
  kind: mlp
  hidden: [128]           # units of each hidden layer
  activation: relu
  init: glorot_uniform    # small initial weights give smoother predictions

penalty:
  l2: 0.003               # large, since a network soon overfits few rows

optimizer:
  kind: adam              # hardly depends on the scale of the cost
  lr: 0.002
schedule: cosine          # the learning rate falls to 0 at the last epoch

train:
  epochs: 375             # 1,500 steps in all
  batch_size: 12
"""


@pytest.fixture
def flowers(here):
    (here / "flowers.data").write_text(FLOWERS, encoding="utf-8")
    return here


@pytest.fixture
def houses(here):
    (here / "houses.csv").write_text(HEADED, encoding="utf-8")
    return here


def test_init_writes_a_spec_that_says_why(nntrain, flowers):
    result = nntrain("init", "--data", "flowers.data")
    assert (result.status, result.err) == (0, "")
    assert result.out.splitlines() == [
        " data      60 rows, 5 columns, 1 of them text",
        " target    column 1, a column of text right after the id: F 30, M 30",
        " task      classification: F 30, M 30",
        " left out  column 0: 60 different whole numbers in 60 rows: an id",
        " missing   1 in column 3; filled with the mean, or the most frequent text, of the training rows",
        "flowers.yaml: written; next: nntrain fit flowers.yaml",
    ]
    assert (flowers / "flowers.yaml").read_text(encoding="utf-8") == GUESSED


def test_what_init_writes_trains_and_predicts(nntrain, flowers):
    assert nntrain("init", "--data", "flowers.data").status == 0
    assert nntrain("fit", "flowers.yaml", "--run-dir", "run", "-q", "--no-plots").status == 0
    figures = nntrain("eval", "run", "--json").json
    assert figures["accuracy"] == 1
    (flowers / "new.csv").write_text("3.5,2,1.5\n12.5,,1001.5\n", encoding="utf-8")
    assert nntrain("predict", "run", "new.csv").out == "prediction\nM\nF\n"


def test_numbers_to_predict_are_scaled_and_come_back_in_their_units(nntrain, houses):
    result = nntrain("init", "--data", "houses.csv")
    assert result.out == HOUSES + "houses.yaml: written; next: nntrain fit houses.yaml\n"
    spec = load("houses.yaml").spec.data
    assert (spec.source.target, spec.source.task, spec.target_scale) == ("price", "regression", "standard")
    assert nntrain("fit", "houses.yaml", "--run-dir", "run", "-q", "--no-plots").status == 0
    figures = nntrain("eval", "run", "--json", "-o", "scored").json
    assert figures["r2"] > 0.99
    assert figures["cost"] < 1  # in deviations
    (houses / "new.csv").write_text("height,colour,width\n0.5,red,0\n0.5,blue,6\n", encoding="utf-8")
    head, *prices = nntrain("predict", "run", "new.csv").out.split()
    assert head == "price"
    assert [float(price) for price in prices] == pytest.approx([100_000, 204_000], rel=0.03)
    deviation = np.std([100_000 + 9_000 * (k % 7) + 50_000 * (k % 2) for k in range(70)])
    assert figures["rmse"] == pytest.approx(deviation * np.sqrt(1 - figures["r2"]), rel=0.2)


def test_a_target_by_name_or_position(nntrain, houses):
    for target, found in (("colour", "colour"), ("1", "width"), ("-1", "price")):
        assert nntrain("init", "--data", "houses.csv", "--target", target, "-o", f"{found}.yaml").status == 0
        assert load(f"{found}.yaml").spec.data.source.target in (found, -1)
    result = nntrain("init", "--data", "houses.csv", "--target", "prise", "-o", "x.yaml")
    assert result.status == 3
    assert result.err == (
        "error: houses.csv:1: no column 'prise'; did you mean 'price'? (one of colour, height, price, width)\n"
    )


def test_a_second_file_tests(nntrain, houses):
    lines = HEADED.splitlines()
    (houses / "later.csv").write_text("\n".join([lines[0], *lines[50:]]) + "\n", encoding="utf-8")
    assert nntrain("init", "--data", "houses.csv", "--test-data", "later.csv").status == 0
    data = load("houses.yaml").spec.data
    assert (data.source.test.name, data.test) == ("later.csv", None)
    assert nntrain("check", "houses.yaml").status == 0


def test_paths_count_from_the_spec(nntrain, houses):
    (houses / "specs").mkdir()
    assert nntrain("init", "--data", "houses.csv", "-o", "specs/houses.yaml").status == 0
    assert "    path: ../houses.csv\n" in (houses / "specs/houses.yaml").read_text(encoding="utf-8")
    assert nntrain("check", "specs/houses.yaml").status == 0


def test_columns_without_a_name_of_their_own_go_by_position(nntrain, here):
    """As pandas writes tables: the first column counts the rows and has no name."""
    rows = "".join(f"{k},{k % 7}.5,{k % 5},{'MF'[k % 2]}\n" for k in range(60))
    (here / "index.csv").write_text(f",x,x,y\n{rows}")
    (here / "twice.csv").write_text(f"id,x,y,y\n{rows}")
    for name, ignored, target in (("index", (), "y"), ("twice", ("id",), 2)):
        assert nntrain("init", "--data", f"{name}.csv").status == 0
        source = load(here / f"{name}.yaml").spec.data.source
        assert (source.ignore, source.target) == (ignored, target)
        assert nntrain("fit", f"{name}.yaml", "-q", "--no-plots", "--set", "train.epochs=1").status == 0


def test_decimal_commas_from_the_table_to_the_prediction(nntrain, process, here):
    rows = "".join(f"{k % 7},5;{k % 5},25;{'MF'[k % 2]}\n" for k in range(60))
    (here / "euro.csv").write_text(f"x;y;class\n{rows}")
    assert nntrain("init", "--data", "euro.csv").status == 0
    assert (
        "decimal: ','          # numbers are written with a decimal comma, such as 1,5\n"
        in (here / "euro.yaml").read_text()
    )
    fitted = ("--run-dir", "run", "-q", "--no-plots", "--set", "train.epochs=1")
    assert nntrain("fit", "euro.yaml", *fitted).status == 0
    answers = []
    for text in ("3,5;1,25\n", "3.5,1.25\n"):
        child = process("predict", "run", "-", "--proba", stdin=subprocess.PIPE)
        answers.append(child.communicate(text, timeout=60)[0])
    assert answers[0] == answers[1] != ""


def test_a_spec_can_go_to_stdout(nntrain, houses):
    result = nntrain("init", "--data", "houses.csv", "-o", "-")
    assert result.out.startswith("# Guessed from houses.csv; each comment gives the reason for a guess.")
    assert sorted(path.name for path in houses.iterdir()) == ["houses.csv", "tiny.yaml"]


def test_a_file_that_is_there_is_left_alone(nntrain, houses):
    (houses / "houses.yaml").write_text("mine", encoding="utf-8")
    result = nntrain("init", "--data", "houses.csv")
    assert (result.status, result.out) == (2, "")
    assert result.err == "error: houses.yaml: exists already; name another file with -o\n"
    assert (houses / "houses.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--data", "zzz"), 3, "zzz: no such file or directory"),
        (("mlp", "--data", "houses.csv"), 2, "init: takes a template or --data, not both, got 'mlp' and 'houses.csv'"),
        (("mlp", "--target", "x"), 2, "--target: needs --data, got 'x'"),
        (("--test-data", "x"), 2, "--test-data: needs --data, got 'x'"),
        (
            ("--data", "empty"),
            3,
            "empty: holds no train-images-idx3-ubyte or data_batch_1.bin; give the path of a file in it",
        ),
        (("--data", "a.npz", "--target", "y"), 2, "--target: applies only to tables, got 'y' with an npz archive"),
        (
            ("--data", "a.npz", "--test-data", "b"),
            2,
            "--test-data: applies only to tables, got 'b' with an npz archive",
        ),
        (("--data", "b.npz"), 3, "b.npz: no array 'X'; (one of A)"),
    ],
)
def test_what_cannot_be_guessed_is_one_line(nntrain, houses, arguments, status, message):
    (houses / "empty").mkdir()
    np.savez(houses / "a.npz", X=np.zeros((4, 2)), y=np.arange(4) % 2)
    np.savez(houses / "b.npz", A=np.zeros((4, 2)))
    result = nntrain("init", *arguments)
    assert (result.status, result.err) == (status, f"error: {message}\n")
    assert not list(houses.glob("[!t]*.yaml"))


def test_arrays_under_other_names(nntrain, here):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (30, 4, 4)).astype(np.uint8), np.arange(30) % 3
    np.savez(here / "pictures.npz", x_train=X, y_train=y, x_test=X[:6], y_test=y[:6])
    assert nntrain("init", "--data", "pictures.npz").status == 0
    data = load("pictures.yaml").spec.data
    assert (data.source.X, data.source.y, data.source.X_test, data.scale) == ("x_train", "y_train", "x_test", "unit")
    assert nntrain("check", "pictures.yaml").status == 0


def test_npy_files_are_found_with_the_targets_beside_them(nntrain, here):
    rng = np.random.default_rng(0)
    for part, rows in (("train", 40), ("test", 10)):
        np.save(here / f"X_{part}.npy", rng.normal(size=(rows, 3)))
    result = nntrain("init", "--data", "X_train.npy")
    expected = "X_train.npy: there is no file of targets beside it, such as y.npy beside X.npy; write a spec by hand"
    assert (result.status, result.err) == (3, f"error: {expected}\n")
    for part, rows in (("train", 40), ("test", 10)):
        np.save(here / f"y_{part}.npy", np.arange(rows) % 2)
    result = nntrain("init", "--data", "X_train.npy", "-o", "arrays.yaml")
    assert result.out.splitlines()[:2] == [
        " data  40 rows of 3, 10 more for testing",
        " task  classification into 2 classes",
    ]
    source = load("arrays.yaml").spec.data.source
    assert [path.name for path in (source.y, source.X_test, source.y_test)] == [
        "y_train.npy",
        "X_test.npy",
        "y_test.npy",
    ]
    assert nntrain("check", "arrays.yaml").status == 0


@pytest.mark.parametrize("folder", [False, True])
def test_pictures_are_found_by_the_names_of_their_files(nntrain, here, folder):
    records = np.random.default_rng(0).integers(0, 256, (40, 3073)).astype(np.uint8)
    records[:, 0] = np.arange(40) % 10
    (here / "set").mkdir()
    (here / "set/data_batch_1.bin").write_bytes(records.tobytes())
    assert nntrain("init", "--data", "set" if folder else "set/data_batch_1.bin", "-o", "spec.yaml").status == 0
    data = load("spec.yaml").spec.data
    assert (data.source.kind, data.scale) == ("cifar", "unit")
    described = nntrain("data", "describe", "set").out
    assert described.startswith(" data  40 pictures of 3×32×32\n task  classification into 10 classes\n")
    assert " features     3 × 32 × 32 pixels from 0 to 255, 0 of them never change\n" in described


def test_names_from_data_cannot_write_into_the_spec(nntrain, here):
    evil = '"a\nmodel: softmax","\x1b[31mb","class"\n' + "".join(f"{k % 9},{k % 5},{k % 2}\n" for k in range(40))
    (here / "x\ny.csv").write_text(evil, encoding="utf-8")
    result = nntrain("init", "--data", "x\ny.csv", "-o", "spec.yaml")
    assert (result.status, "\x1b" in result.out) == (0, False)
    assert load("spec.yaml").spec.model.kind == "mlp"
    assert "\x1b" not in (here / "spec.yaml").read_text(encoding="utf-8")


# --- predict ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def trained(nntrain, houses):
    """Return the folder with a run that tells classes with odd names, one of them a lone sign."""
    rows = "".join(f"{k % 2 * 9},{k % 5},{('+', '<=50K.')[k % 2]},{('red', 'blue')[k % 2]}\n" for k in range(40))
    (houses / "signs.csv").write_text("width,height,sign,colour\n" + rows, encoding="utf-8")
    assert nntrain("init", "--data", "signs.csv", "--target", "sign").status == 0
    assert nntrain("fit", "signs.yaml", "--run-dir", "signs", "-q", "--no-plots").status == 0
    return houses


def test_predict_takes_a_pipe_and_gives_one(process, trained):
    child = process("predict", "signs", "-", "-o", "-", stdin=subprocess.PIPE)
    out, err = child.communicate("sign,colour,height,width\n?,red,2,0\n?,blue,2,9\n", timeout=60)
    assert (child.returncode, out) == (0, "prediction\n+\n<=50K.\n")
    assert err == "note: <stdin>: passed over, since the model predicts it: 'sign'\n"


def test_probabilities_come_with_the_classes(process, trained):
    child = process("predict", "signs", "-", "--proba", stdin=subprocess.PIPE)
    out, _ = child.communicate("0,1,red\n9,1,blue\n", timeout=60)
    head, *rows = [line.split(",") for line in out.splitlines()]
    assert head == ["prediction", "p(+)", "p(<=50K.)"]
    assert [row[0] for row in rows] == ["+", "<=50K."]
    assert all(float(row[1]) + float(row[2]) == pytest.approx(1) for row in rows)


def test_faults_in_a_pipe_have_their_place(process, trained):
    for content, message in (
        ("0,1,red\n0,x,red\n", "<stdin>:2:2: 'x' is not a number"),
        ("width,colour\n0,red\n", "<stdin>:1: columns are missing: 'height'"),
        ("", "<stdin>: is empty"),
    ):
        child = process("predict", "signs", "-", stdin=subprocess.PIPE)
        out, err = child.communicate(content, timeout=60)
        assert (child.returncode, out) == (3, "")
        assert err.removeprefix("error: ") == f"{message}\n"


def test_many_predictions_are_one_table(nntrain, trained):
    (trained / "many.csv").write_text("0,1,red\n" * 9_000, encoding="utf-8")
    assert nntrain("predict", "signs", "many.csv").out == "prediction\n" + "+\n" * 9_000
    result = nntrain("predict", "signs", "many.csv", "-o", "answers.csv")
    assert (result.status, result.out, result.err) == (0, "", "answers.csv: 9,000 predictions\n")
    assert (trained / "answers.csv").read_text(encoding="utf-8") == "prediction\n" + "+\n" * 9_000


# --- describe --------------------------------------------------------------------------------------------------------

HOUSES = """\
 data    70 rows, 4 columns, 1 of them text
 target  price, guessed from its name
 task    regression: an amount, judging by its name
"""


def test_describe_a_file(nntrain, flowers):
    result = nntrain("data", "describe", "flowers.data")
    assert (result.status, result.err) == (0, "")
    assert " class   train   test   share\n" in result.out
    assert " M          24      6   50.0%\n" in result.out
    assert re.search(r"\n 3 +5 +0 +4 +[\d.]+ +[\d.]+ +1\n", result.out)
    assert " features     3 numbers\n" in result.out
    assert " baseline     accuracy of always saying 'F': train 0.5, test 0.5\n" in result.out


def test_describe_a_spec_and_its_overrides(nntrain, flowers):
    assert nntrain("init", "--data", "flowers.data").status == 0
    as_file, as_spec = (nntrain("data", "describe", name, "--json").json for name in ("flowers.data", "flowers.yaml"))
    assert as_file.pop("guessed")["data"] == "60 rows, 5 columns, 1 of them text"
    assert as_spec.pop("guessed") == {}
    assert as_file == as_spec
    assert [column["position"] for column in as_spec["columns"]] == [2, 3, 4]
    halves = nntrain("data", "describe", "flowers.yaml", "--set", "data.test=0.5", "--json").json
    assert halves["rows"] == {"train": 30, "test": 30}
    refused = nntrain("data", "describe", "flowers.data", "--set", "data.test=0.5")
    assert refused.err == "error: --set data.test=0.5: is for specs, got the data file 'flowers.data'\n"


def test_describe_tells_what_reading_left_out(nntrain, flowers):
    (flowers / "spec.yaml").write_text(GUESSED.replace("missing: mean", "missing: drop"), encoding="utf-8")
    result = nntrain("data", "describe", "spec.yaml")
    assert result.err.replace(f"{flowers}/", "") == (
        "note: flowers.data: 1 of 60 rows left out, with a missing value each\n"
    )
    assert " rows       47     12\n" in result.out


def test_describe_folds_many_columns_and_classes(nntrain, here):
    rows = "".join(",".join([*(f"{(k * j) % 11}.5" for j in range(50)), f"c{k % 30}"]) + "\n" for k in range(300))
    (here / "wide.csv").write_text(rows, encoding="utf-8")
    folded, whole = nntrain("data", "describe", "wide.csv").out, nntrain("data", "describe", "wide.csv", "--all").out
    assert " … 30 more" in folded
    assert " … 10 more" in folded
    assert "\n … " not in whole
    assert len(whole.splitlines()) > len(folded.splitlines()) + 35


def test_describe_says_what_to_look_at(nntrain, here):
    rows = [f"{k % 4},{k % 3},7,{k % 2}" for k in range(80)]
    (here / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    out = nntrain("data", "describe", "table.csv").out
    assert "warning: 16 rows of test (100.0%) are in training too, with the same features\n" in out
    assert "note: column 2: the same value in every row\n      harmless; data.source.ignore: [2] leaves it out\n" in out


@pytest.mark.parametrize("source", ["digits", "iris", "xor"])
def test_every_source_can_be_described(nntrain, here, source):
    (here / "spec.yaml").write_text(
        f"data: {source}\nmodel: softmax\n".replace("data: ", "data: {source: ").replace("\nm", "}\nm")
    )
    result = nntrain("data", "describe", "spec.yaml")
    assert (result.status, result.err) == (0, "")
    assert len(json.dumps(nntrain("data", "describe", "spec.yaml", "--json").json)) > 100


def test_names_from_data_cannot_drive_the_terminal(nntrain, here):
    (here / "evil.csv").write_text("\x1b[31mx,\x1b[32mclass\n1,a\n2,\x1b[33mb\n" * 1 + "3,a\n" * 9, encoding="utf-8")
    out = nntrain("data", "describe", "evil.csv", "--all").out
    assert "\x1b" not in out
    assert "\\x1b[31mx" in out


def test_svmlight_that_names_fewer_indices_than_training(nntrain, here):
    for first in (0, 1):  # an index that a file never names is 0 there, counted from where training counted
        wide = [f"{k % 2} {first}:{k % 2} {first + 4}:{k % 5}" for k in range(40)]
        (here / "wide.svm").write_text("\n".join(wide) + "\n")
        (here / "narrow.svm").write_text("1 2:1 4:0\n0 2:0\n")
        (here / "full.svm").write_text(f"1 2:1 4:0 {first + 4}:0\n0 2:0 {first + 4}:0\n")
        (here / "wider.svm").write_text("1 2:1 9:1\n")
        (here / "spec.yaml").write_text(
            "{data: {source: {kind: svmlight, path: wide.svm}}, model: softmax, train: {epochs: 5}}"
        )
        assert nntrain("fit", "spec.yaml", "--run-dir", f"run{first}", "-q", "--no-plots").status == 0
        narrow, full = (nntrain("predict", f"run{first}", f"{name}.svm", "--proba") for name in ("narrow", "full"))
        assert (narrow.status, narrow.out) == (0, full.out)
        scored = nntrain("eval", f"run{first}", "--set", "data.source.path=narrow.svm", "--split", "train", "--json")
        assert scored.json["n"] == 2
        message = f"error: wider.svm: index 9 is not among the 5 columns from {first} on\n"
        assert nntrain("predict", f"run{first}", "wider.svm").err == message
