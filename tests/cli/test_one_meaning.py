"""A file means the same in every command: the same columns, types, roles and warnings from init to predict."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.artifacts.locate import locate
from nntrain.spec import load


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
def test_every_command_understands_a_file_in_the_same_way(nntrain, here, made):
    header, rows = made()
    (here / "data.csv").write_text("\n".join([*header, *rows]) + "\n")
    quick = ("--set", "train.epochs=2")
    described = nntrain("data", "describe", "data.csv", "--json")
    assert (described.status, nntrain("init", "--data", "data.csv", "-o", "guess.yaml").status) == (0, 0)
    looked = nntrain("data", "describe", "guess.yaml", "--json")
    checked = nntrain("check", "guess.yaml", *quick)
    fitted = nntrain("fit", "guess.yaml", *quick, "--run-dir", "run", "-q", "--no-plots")
    assert (looked.status, checked.status, fitted.status) == (0, 0, 0), fitted.err
    # columns, types and roles
    assert {**described.json, "guessed": {}} == {**looked.json, "guessed": {}}
    survey, source = looked.json, load(Path("guess.yaml")).spec.data.source
    facts = locate(here / "run").checkpoint.meta["data"]
    assert facts["fingerprint"] == survey["fingerprint"]
    assert (facts["task"], facts["class_names"]) == (survey["task"], survey["class_names"])
    columns = [(column["name"], column["is_text"]) for column in survey["columns"]]
    trained = [(name, False) for name in facts["feature_names"]]
    if facts["encoder"] is not None:
        names, texts = facts["encoder"]["names"], facts["encoder"]["categories"]
        trained = [(name, bool(known)) for name, known in zip(names or [""] * len(texts), texts, strict=True)]
    assert trained == columns
    assert facts["target_names"] in ([source.target], [header[0].split(",")[-1]], [])
    # warnings
    grave = [f"note: data: {item['what']}; {item['do']}" for item in survey["warnings"] if not item["harmless"]]
    told = [line for line in looked.err.splitlines() if line.startswith("note:")]
    assert checked.err.splitlines() == fitted.err.splitlines() == [*told, *grave]
    assert nntrain("resume", "run", "--epochs", "3", "-q", "--no-plots").err.splitlines()[: len(told)] == told
    # what is scored and predicted
    evaluated = nntrain("eval", "run", "-o", "scored", "--json")
    assert evaluated.err.splitlines() == told
    assert evaluated.json == {**evaluated.json, "split": "test", "n": survey["rows"]["test"]}
    predicted = nntrain("predict", "run", "data.csv")
    assert predicted.status == 0, predicted.err
    answers = list(csv.reader(io.StringIO(predicted.out)))[1:]
    rows_scored = csv.DictReader(io.StringIO(Path("scored/predictions.csv").read_text()))
    for line in rows_scored:
        answer, decided = answers[int(line["row"])][0], line["predicted"]
        if facts["task"] == "regression":
            assert float(answer) == pytest.approx(float(decided), rel=1e-4)
        else:
            assert answer == decided


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
