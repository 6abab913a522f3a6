"""A file means the same in every command: the same columns, types, roles and warnings from describe to predict.

Every file of `tests/cases` is walked through all commands, and so are made tables.
"""

import csv
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.locate import locate
from nntrain.spec import load

CASES = Path(__file__).parents[1] / "cases"


@dataclass(frozen=True)
class Meaning:
    """How a file is to be understood: by a guess, or by the ``spec`` that is named, with ``settings`` laid over it.

    ``columns`` are its features, texts marked by a star. ``classes`` are counted over all parts; of a single target
    that holds numbers ``span`` is its range. ``notes`` say how it was read, whichever command reads it; ``left_out``
    are columns that the guessed spec ignores. ``inputs`` is the file to predict from, if it is another.
    """

    file: str
    rows: int
    columns: str
    target: str
    classes: Mapping[str, int] = field(default_factory=dict)
    span: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: str = ""
    spec: str = ""
    settings: tuple[str, ...] = ()
    inputs: str = ""


def first_line(reason):
    return f"{reason}, so it is taken for names; data.source.header: false takes it for a row of values"


def without(column, example, number, sign):
    read = f"numbers such as '{example}' are read as {number}, without {sign}"
    return f"column '{column}': {read}; data.source.signs: false keeps the texts"


def is_a_kind(column, rows):
    key = f"data.source.na: {{{column}: []}}"
    return f"column '{column}': missing in {rows} rows, written NA in each; if NA is a kind, set {key}"


def even(rows, *names):
    return dict.fromkeys(names, rows)


ONE_HOT = (
    "y: each row has exactly one 1, so the 3 columns are taken for one class each (0, 1, 2); "
    "data.source.task: multilabel takes them for labels of their own"
)
INDEX = "column '__index_level_0__' is left out: it is the index that pandas kept"
PERCENT = without("int_rate", "7.20%", "7.2", "%")
MONEY = (without("reply_rate", "94%", "94", "%"), without("price", "$819.26", "819.26", "$"))
GROUPED = (
    "column 'staff': numbers such as '1,471' are read as 1471; "
    "data.source.decimal: ',' takes the mark for a decimal one"
)
COUNTS = first_line("the first line counts")
NAMES = first_line("no value of the first line comes again")
WESTERN = "is not UTF-8, so it is read as cp1252, the text of Windows; data.source.encoding decides"
NO_VALUE = "5 rows without any value passed over, the first in line 74"
MEASURED = ", ".join(f"m{k}" for k in range(1, 13))
PIXELS = ", ".join(f"pixel{k}" for k in range(1, 17))
SIGNS = even(10, *map(str, (*range(9), *range(10, 25))))

READ = {
    "columns-without-any-value": [
        Meaning("air.csv", 72, "CO, S1, T", "AH", span=(0.7089, 0.7916), notes=(NO_VALUE,), left_out="Date, Time"),
    ],
    "eval-after-the-file-changed": [
        Meaning("patients.csv", 60, MEASURED, "state", even(30, "sick", "well")),
        Meaning("sorted.csv", 60, MEASURED, "state", even(30, "sick", "well")),
        Meaning("grown.csv", 100, MEASURED, "state", even(50, "sick", "well")),
    ],
    "eval-finds-columns-by-name": [
        Meaning("trees.csv", 150, "length, width, height", "kind", even(50, "ash", "beech", "cedar")),
        Meaning("one-more-column.csv", 150, "plot, length, width, height", "kind", even(50, "ash", "beech", "cedar")),
        Meaning("other-order.csv", 150, "height, kind*, length", "width", span=(-3.27, 2.4)),
    ],
    "evaluation-names-its-rows": [
        Meaning("leaves.csv", 60, "a, b", "side", even(30, "left", "right"), left_out="leaf")
    ],
    "first-line-sep": [
        Meaning("export.csv", 40, "a, b", "kind", even(20, "p", "q")),
        Meaning("export-quoted.csv", 40, "a, b", "kind", even(20, "p", "q")),
    ],
    "header-of-numbers": [
        Meaning("text-classes.csv", 60, "0, 1, 2, 3", "target", even(20, "high", "low", "mid"), notes=(COUNTS,)),
        Meaning("number-classes.csv", 60, "0, 1, 2, 3", "target", even(20, "0", "1", "2")),
        Meaning("numbers-only.csv", 60, "0, 1, 2, 3", "4", even(20, "0", "1", "2"), notes=(COUNTS,)),
        Meaning("years.csv", 60, "country*, 2017, 2018, 2019", "2020", span=(20.1, 75.4), notes=(COUNTS,)),
    ],
    "header-over-texts": [
        Meaning("fungi.csv", 90, "cap*, surface*, odor*, habitat*", "class", even(45, "e", "p"), notes=(NAMES,)),
    ],
    "labels-are-decided": [
        Meaning("topics.csv", 80, "a, b, c, news, sport", "art", {"0": 34, "1": 46}),
        Meaning(
            "topics.csv", 80, "a, b, c", "news, sport, art", {"news": 48, "sport": 42, "art": 46}, spec="spec.yaml"
        ),
    ],
    "money-and-percent": [
        Meaning("rooms.csv", 80, "beds, reply_rate", "price", span=(729.30, 1458.63), notes=MONEY),
        Meaning("loans.csv", 80, "months, int_rate", "default", even(40, "no", "yes"), notes=(PERCENT,)),
    ],
    "more-than-twenty-classes": [
        Meaning("signs.csv", 240, PIXELS, "label", SIGNS),
        Meaning(
            "signs.csv", 240, PIXELS, "label", SIGNS, spec="spec.yaml", settings=("data.source.task=classification",)
        ),
    ],
    "na-is-a-kind": [
        Meaning(
            "garages.csv",
            90,
            "area, garage*",
            "price_class",
            {"cheap": 23, "dear": 67},
            notes=(is_a_kind("garage", 23),),
        ),
        Meaning(
            *("garages.csv", 90, "area, garage*", "price_class", {"cheap": 23, "dear": 67}),
            spec="spec.yaml",
            settings=("data.source.na={garage: []}",),
        ),
        Meaning("countries.csv", 60, "rain", "country", even(30, "BW", "ZA"), notes=(is_a_kind("country", 30),)),
        Meaning(
            *("countries.csv", 90, "rain", "country", even(30, "BW", "NA", "ZA")),
            spec="spec.yaml",
            settings=("data.source.path=countries.csv", "data.source.target=country", "data.source.na=[]"),
        ),
    ],
    "not-a-text-file": [
        Meaning("unicode-text.txt", 40, "a, b", "kind", even(20, "p", "q")),
        Meaning("umlaut.csv", 40, "a, b", "größe", even(20, "p", "q"), notes=(WESTERN,)),
    ],
    "one-hot-labels": [
        Meaning("float32.npz", 90, "0, 1, 2, 3", "", even(30, "0", "1", "2"), notes=(ONE_HOT,)),
        Meaning("int64.npz", 90, "0, 1, 2, 3", "", even(30, "0", "1", "2"), notes=(ONE_HOT,)),
        Meaning("indices.npz", 90, "0, 1, 2, 3", "", even(30, "0", "1", "2")),
    ],
    "parquet-keeps-an-index": [
        Meaning("labelled.parquet", 80, "a, b, c", "label", even(40, "no", "yes"), notes=(INDEX,)),
        Meaning("labelled.parquet", 80, "a, b, c", "label", even(40, "no", "yes"), notes=(INDEX,), spec="spec.yaml"),
        Meaning("other-name.parquet", 80, "a, b, c", "state", even(40, "no", "yes"), notes=(INDEX,)),
    ],
    "parquet-with-dates": [
        Meaning("visits.parquet", 60, "a, b", "kind", even(30, "p", "q"), left_out="day, at, remark"),
        Meaning("visits.csv", 60, "a, b", "kind", even(30, "p", "q"), left_out="day, at, remark"),
    ],
    "patience-without-validation": [
        Meaning("points.csv", 80, "x0, x1, x2, x3, x4, x5", "side", even(40, "left", "right")),
    ],
    "predict-from-what-it-learned-from": [
        Meaning("train.parquet", 72, "a, b", "kind", even(36, "p", "q")),
        Meaning(
            *("bars", 60, ", ".join(map(str, range(36))), "", even(20, "0", "1", "2")),
            inputs="bars/t10k-images-idx3-ubyte",
        ),
    ],
    "quote-after-a-blank": [
        Meaning("people.csv", 60, "Sex*, Age", "Height (cm)", span=(151.5, 183.6), left_out="Name"),
        Meaning("towns.csv", 60, "town*, size", "kind", even(30, "inland", "port, sea")),
    ],
    "quoted-text-between-blanks": [
        Meaning("places.txt", 60, "0, 1", "2", even(30, "New Harbour", "Old Town")),
        Meaning("models.txt", 60, "0, 1, 2", "3", even(20, "grey owl 2", "lark", "north star")),
    ],
    "thousands-in-columns": [
        Meaning("shops.tsv", 60, "staff", "sales", span=(4656, 105147), notes=(GROUPED,)),
        Meaning("shops-semicolon.csv", 60, "staff", "sales", span=(4656, 105147), notes=(GROUPED,)),
        Meaning("shops-plain.csv", 60, "staff", "sales", span=(4656, 105147)),
    ],
    "two-targets-of-different-size": [
        Meaning("flats.csv", 200, "a, b, c, rating", "price", span=(172545, 457135)),
        Meaning("flats.csv", 200, "a, b, c", "rating, price", spec="spec.yaml"),
    ],
}
REFUSED = {
    "not-a-text-file/book.xlsx": "is an Excel workbook; save the sheet as CSV",
    "not-a-text-file/table.csv.zip": "is a zip archive; unpack it and name the file inside",
}
BY_THE_MODEL = "has exactly one 1"  # what a model has learned as classes is classes
OF_ROWS = "rows left out, with a missing value each"  # which predict does not do


def understood(nntrain, spec, settings, inputs):
    """Walk a spec through describe, check, fit, resume, eval and predict; return how all of them understand it."""
    sets = [part for setting in settings for part in ("--set", setting)]
    quick = (*sets, "--set", "train.epochs=1", "--set", "optimizer.lr=0.001")
    looked = nntrain("data", "describe", spec, "--json", *sets)
    checked = nntrain("check", spec, *quick)
    fitted = nntrain("fit", spec, *quick, "--run-dir", "run", "-q", "--no-plots")
    assert (looked.status, checked.status, fitted.status) == (0, 0, 0), (looked.err, checked.err, fitted.err)
    # columns, types and roles
    survey, facts = looked.json, locate(Path("run")).checkpoint.meta["data"]
    for what in ("fingerprint", "task"):
        assert facts[what] == survey[what]
    assert facts["task"] != "classification" or facts["class_names"] == survey["class_names"]
    columns = [(column["name"], column["is_text"]) for column in survey["columns"]]
    trained = [(name, False) for name in facts["feature_names"] or [""] * len(columns)]
    if facts["encoder"] is not None:
        names, texts = facts["encoder"]["names"], facts["encoder"]["categories"]
        trained = [(name, bool(known)) for name, known in zip(names or [""] * len(texts), texts, strict=True)]
    assert trained == columns
    # notes and warnings
    told = [line for line in looked.err.splitlines() if line.startswith("note:")]
    grave = [f"note: data: {item['what']}; {item['do']}" for item in survey["warnings"] if not item["harmless"]]
    ours = [line for line in checked.err.splitlines() if not line.startswith("note: train.")]
    of_the_model = (
        "note: train.",
        *(f"note: {part}: " for part in ("train", "validation", "test")),
    )  # what fit alone says
    assert ours == [line for line in fitted.err.splitlines() if not line.startswith(of_the_model)] == [*told, *grave]
    resumed = nntrain("resume", "run", "--epochs", "2", "-q", "--no-plots")
    assert resumed.err.splitlines()[: len(told)] == told
    # what is scored and predicted
    evaluated = nntrain("eval", "run", "-o", "scored", "--json")
    scored = [line for line in evaluated.err.splitlines() if not line.startswith(of_the_model)]
    assert scored == [line for line in told if BY_THE_MODEL not in line]
    assert evaluated.json == {**evaluated.json, "split": "test", "n": survey["rows"]["test"]}
    predicted = nntrain("predict", "run", inputs)
    assert predicted.status == 0, predicted.err
    unseen = (BY_THE_MODEL, OF_ROWS, *(f"column '{name}': missing" for name in facts["target_names"]))
    assert {line for line in told if not any(part in line for part in unseen)} <= {*predicted.err.splitlines()}
    answers = list(csv.reader(io.StringIO(predicted.out)))[1:]
    for line in csv.DictReader(io.StringIO(Path("scored/predictions.csv").read_text())):
        decided = [value for name, value in line.items() if name.startswith("predicted")]
        answer = answers[int(line["row"])]
        if facts["task"] == "regression":
            assert list(map(float, answer)) == pytest.approx(list(map(float, decided)), rel=1e-4, abs=1e-6)
        else:
            assert answer == decided
    return survey, told, facts


def guessed(nntrain, file):
    """Return what describe makes of a file without a spec; init writes guess.yaml, which means the same."""
    described = nntrain("data", "describe", file, "--json")
    written = nntrain("init", "--data", file, "-o", "guess.yaml")
    assert (described.status, written.status) == (0, 0), written.err
    looked = nntrain("data", "describe", "guess.yaml", "--json")
    assert {**described.json, "guessed": {}} == {**looked.json, "guessed": {}}
    notes = [line for line in written.err.splitlines() if line.startswith("note:")]
    assert described.err.splitlines() == notes
    settled = [note for note in notes if note not in looked.err.splitlines()]  # by the keys that init wrote
    assert looked.err.splitlines() == [note for note in notes if note not in settled]
    assert all("data.source.header" in note or "data.source.delimiter" in note for note in settled)
    return notes


@pytest.mark.parametrize(
    ("case", "meaning"),
    [
        pytest.param(
            case, meaning, id=f"{case}-{meaning.file}{'-by-its-spec' * bool(meaning.spec)}{len(meaning.settings) or ''}"
        )
        for case, meanings in READ.items()
        for meaning in meanings
    ],
)
def test_every_command_reads_every_case_as_it_should(nntrain, here, case, meaning):
    if "parquet" in meaning.file:
        pytest.importorskip("pyarrow")
    shutil.copytree(CASES / case, here, dirs_exist_ok=True)
    ignored, notes = [], []
    if not meaning.spec:
        notes = guessed(nntrain, meaning.file)
        ignored = load(Path("guess.yaml")).spec.data.source
        ignored = [str(column) for column in getattr(ignored, "ignore", ())]
    settings = meaning.settings if meaning.spec else ()
    survey, told, facts = understood(nntrain, meaning.spec or "guess.yaml", settings, meaning.inputs or meaning.file)
    columns = [(c["name"] or str(c["position"])) + "*" * c["is_text"] for c in survey["columns"]]
    counts = [sum(part[k] for part in survey["counts"].values()) for k in range(len(survey["class_names"]))]
    assert sum(survey["rows"].values()) == meaning.rows
    assert ", ".join(columns) == meaning.columns
    assert dict(zip(survey["class_names"], counts, strict=True)) == meaning.classes
    assert ", ".join(facts["target_names"]) == (meaning.target if facts["target_names"] else "")
    if meaning.span:
        (target,) = survey["targets"]
        assert (target["low"], target["high"]) == pytest.approx(meaning.span)
    reading = [f"note: {meaning.file}: {text}" for text in meaning.notes]
    notes = told if meaning.spec else notes
    assert [line for line in notes if OF_ROWS not in line] == reading
    assert ", ".join(ignored) == meaning.left_out


@pytest.mark.parametrize("name", REFUSED)
def test_every_command_refuses_a_file_that_is_no_table(nntrain, here, name):
    shutil.copytree((CASES / name).parent, here, dirs_exist_ok=True)
    file, message = Path(name).name, f"error: {Path(name).name}: {REFUSED[name]}\n"
    (here / "spec.yaml").write_text(
        "{data: {source: {kind: csv, path: umlaut.csv}}, model: softmax, train: {epochs: 1}}"
    )
    assert nntrain("fit", "spec.yaml", "--run-dir", "run", "-q", "--no-plots").status == 0
    path = ("--set", f"data.source.path={file}")
    for command in (
        ("data", "describe", file),
        ("data", "describe", "spec.yaml", *path),
        ("init", "--data", file, "-o", "-"),
        ("check", "spec.yaml", *path),
        ("fit", "spec.yaml", *path, "--run-dir", "other", "-q"),
        ("eval", "run", *path),
        ("predict", "run", file),
    ):
        result = nntrain(*command)
        assert (result.status, result.out, result.err) == (3, "", message), command


def test_every_case_is_in_the_tables():
    files = {f"{path.parent.name}/{path.name}" for path in CASES.glob("*/*") if path.suffix != ".yaml"}
    assert files == {*REFUSED, *(f"{case}/{meaning.file}" for case, found in READ.items() for meaning in found)}


# --- made tables, as people have them --------------------------------------------------------------------------------


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n).round(2).tolist()


def flowers():
    return ["width,height,kind"], [f"{a},{b},{'ab'[a > 0]}" for a, b in zip(numbers(40), numbers(40, 1), strict=True)]


def mushrooms():
    kinds = [("xbf"[k % 3], "swyn"[k % 4], "tf"[k % 2], "alp"[k % 3]) for k in range(60)]
    return ["class,cap shape,cap-color,bruises,odor"], [
        f"{'ep'[k % 3 == 0]},{','.join(kind)}" for k, kind in enumerate(kinds)
    ]


def cars():
    rows = [
        f"{20 + a:.1f},{4 + 2 * (k % 3)},{k % 9 or '?'},{b},car {k}"
        for k, (a, b) in enumerate(zip(numbers(50), numbers(50, 1), strict=True))
    ]
    return ["mpg,cylinders,horsepower,weight,car name"], rows


def air():
    rows = [
        f"{k % 28 + 1:02}/03/2004;{k % 24:02}.00.00;{1 + a:.1f};{1200 + k};{b:.1f};{0.7 + k / 999:.4f};;"
        for k, (a, b) in enumerate(zip(numbers(60), numbers(60, 1), strict=True))
    ]
    return ["Date;Time;CO;S1;T;AH;;"], [row.replace(".", ",") for row in rows]


def signs():
    return ["label,p1,p2"], [
        f"{k % 24},{a},{b}" for k, (a, b) in enumerate(zip(numbers(240), numbers(240, 1), strict=True))
    ]


def rare():
    header, rows = flowers()
    return header, [*rows, "0.5,0.25,c"]


def indexed():
    order = np.random.default_rng(0).permutation(40)
    return [",a,b,kind"], [
        f"{k},{a},{b},{'pq'[k % 2]}" for k, a, b in zip(order, numbers(40), numbers(40, 1), strict=True)
    ]


def agents():
    return ["a,b,agent"], [
        f"{a},{b},{('007', '07', '1')[k % 3]}" for k, (a, b) in enumerate(zip(numbers(45), numbers(45, 1), strict=True))
    ]


MADE = (flowers, mushrooms, cars, air, signs, rare, indexed, agents)


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_every_command_understands_a_made_table_in_the_same_way(nntrain, here, made):
    header, rows = made()
    (here / "data.csv").write_text("\n".join([*header, *rows]) + "\n")
    guessed(nntrain, "data.csv")
    _, _, facts = understood(nntrain, "guess.yaml", (), "data.csv")
    source = load(Path("guess.yaml")).spec.data.source
    assert facts["target_names"] in ([source.target], [header[0].split(",")[-1]], [])


@pytest.mark.parametrize("made", [flowers, mushrooms, cars, rare, agents], ids=lambda made: made.__name__)
def test_columns_in_another_order_mean_the_same(nntrain, here, made):
    header, rows = made()
    (here / "data.csv").write_text("\n".join([*header, *rows]) + "\n")
    assert nntrain("init", "--data", "data.csv", "-o", "guess.yaml").status == 0
    assert nntrain("fit", "guess.yaml", "--set", "train.epochs=2", "--run-dir", "run", "-q", "--no-plots").status == 0
    table = [line.split(",") for line in [*header, *rows]]
    turned = [",".join(reversed(row)) for row in table]
    (here / "turned.csv").write_text("\n".join([turned[0].upper(), *turned[1:]]) + "\n")
    (here / "more.csv").write_text("\n".join(f"{line},{k or 'extra'}" for k, line in enumerate(turned)) + "\n")
    kept = json.loads(nntrain("eval", "run", "--json").out)
    for name in ("turned", "more"):
        again = nntrain("eval", "run", "--json", "--set", f"data.source.path={name}.csv")
        assert json.loads(again.out) == kept
        assert nntrain("predict", "run", f"{name}.csv").out == nntrain("predict", "run", "data.csv").out


@pytest.mark.parametrize("made", [mushrooms, cars, air], ids=lambda made: made.__name__)
def test_files_as_people_have_them_train_with_no_edit(nntrain, here, made):
    header, rows = made()
    (here / "data.csv").write_text("\n".join([*header, *rows]) + "\n")
    assert nntrain("init", "--data", "data.csv", "-o", "guess.yaml").status == 0
    result = nntrain("fit", "guess.yaml", "--set", "train.epochs=2", "--run-dir", "run", "-q", "--no-plots")
    assert result.status == 0, result.err
