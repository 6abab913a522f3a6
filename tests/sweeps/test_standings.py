"""Which setting is best, by hand; and the files made of it."""

import csv
import io
import math
from dataclasses import replace

import pytest

from nntrain.spec import load
from nntrain.sweeps.folder import Outcome
from nntrain.sweeps.result_files import result_files
from nntrain.sweeps.standings import expected_best, standings, tied


def outcomes(plan, scores, figure="validation.accuracy"):
    """Give each setting of a plan its scores, a seed each; None diverged, ... is still to do."""

    def one(score):
        if score is None:
            return Outcome("diverged", {}, 2)
        if score is ...:
            return Outcome("to do", {})
        return Outcome("done", {figure: score, "test.accuracy": score / 2}, 4, 3, 1.5)

    given = (score for setting in scores for score in setting)
    return {point.id: one(score) for point, score in zip(plan.points, given, strict=True)}


@pytest.fixture
def three(plan):
    return plan("optimizer.lr=[0.1, 0.2, 0.3]", seeds=2)


def test_the_best_has_the_best_mean_over_its_seeds(three):
    found = standings(three, outcomes(three, [(0.5, 0.7), (0.9, 0.8), (0.75, 0.75)]))
    assert [one.number for one in found] == [2, 3, 1]
    best, second, _ = found
    assert (best.score.n, best.score.mean, best.worst) == (2, pytest.approx(0.85), 0.8)
    assert best.difference.n == 0
    assert second.difference.mean == pytest.approx(-0.1)  # −0.15 and −0.05
    assert second.difference.half == pytest.approx(12.7062 * 0.05, rel=1e-4)  # s = 0.1/√2, over √2
    assert second.test.mean == pytest.approx(0.375)
    assert tied(second)


def test_less_is_better_for_a_cost(plan):
    found = plan("optimizer.lr=[0.1, 0.2]", seeds=2, rank="validation.cost")
    best, other = standings(found, outcomes(found, [(3.0, 1.0), (1.5, 1.6)], "validation.cost"))
    assert (best.number, best.worst, other.worst) == (2, 1.6, 3.0)


def test_who_lacks_a_seed_is_behind_all_who_have_theirs(three):
    found = standings(three, outcomes(three, [(0.99, None), (0.1, 0.1), (None, None)]))
    assert [one.number for one in found] == [2, 1, 3]
    assert [one.diverged for one in found] == [0, 1, 2]
    assert [one.missing for one in found] == [0, 0, 0]
    assert [one.is_whole for one in found] == [True, False, False]
    assert math.isnan(found[2].worst)
    assert not tied(found[1])


def test_equal_settings_stay_in_the_order_of_the_plan(three):
    assert [one.number for one in standings(three, outcomes(three, [(0.5, 0.5)] * 3))] == [1, 2, 3]


def test_the_files_hold_the_figures(three, here):
    known = outcomes(three, [(0.5, 0.7), (0.9, 0.8), (None, ...)])
    files = result_files(three, known, standings(three, known))
    settings = list(csv.DictReader(io.StringIO(files["settings.csv"])))
    assert list(settings[0]) == [
        *("place", "setting", "optimizer.lr", "figure", "n", "mean", "sd", "low", "high", "worst", "diverged", "runs"),
        *("difference", "difference_low", "difference_high", "test.accuracy.mean"),
    ]
    assert [row["optimizer.lr"] for row in settings] == ["0.2", "0.1", "0.3"]
    best, _, lost = settings
    assert float(best["mean"]) == pytest.approx(0.85)
    assert float(best["sd"]) == pytest.approx(0.1 / math.sqrt(2))
    assert float(best["high"]) - float(best["low"]) == pytest.approx(2 * 12.7062 * 0.05, rel=1e-4)
    assert (best["difference"], lost["mean"], lost["diverged"], lost["runs"]) == ("", "", "1", "2")
    runs = list(csv.DictReader(io.StringIO(files["runs.csv"])))
    assert [row["status"] for row in runs] == ["done", "done", "done", "done", "diverged", "to do"]
    assert [row["run"] for row in runs] == [point.id for point in three.points]
    assert (runs[4]["epochs"], runs[4]["validation.accuracy"], runs[0]["kept_epoch"]) == ("2", "", "3")
    assert files["best.yaml"].startswith("# the best of 3 settings by validation.accuracy: 0.85, mean over 2 seeds\n")
    (here / "best.yaml").write_text(files["best.yaml"], encoding="utf-8")
    assert load("best.yaml").resolved == three.settings[1].points[0].resolved


def test_nothing_is_best_before_anything_is_done(three):
    known = outcomes(three, [(..., ...), (None, ...), (None, None)])
    assert list(result_files(three, known, standings(three, known))) == ["runs.csv", "settings.csv"]


def test_settings_of_other_kinds_show_what_their_specs_say(plan):
    found = plan("optimizer=[{kind: adam, lr: 0.1}, sgd]", "model.hidden=[[2], [3, 2]]")
    files = result_files(found, known := outcomes(found, [(0.5,)] * 4), standings(found, known))
    rows = list(csv.DictReader(io.StringIO(files["runs.csv"])))
    assert [(row["optimizer"], row["model.hidden"]) for row in rows] == [
        ("{kind: adam, lr: 0.1}", "[2]"),
        ("{kind: adam, lr: 0.1}", "[3, 2]"),
        ("sgd", "[2]"),
        ("sgd", "[3, 2]"),
    ]


def test_folds_count_as_seeds_do(plan):
    folded = ["data.validation=null", "data.folds=3"]
    found = plan("optimizer.lr=[0.1, 0.2]", "data.fold=[0, 1, 2]", overrides=folded)
    assert (len(found.settings), found.units, found.keys) == (2, 3, ["optimizer.lr"])
    assert [point.resolved["data"]["fold"] for point in found.settings[0].points] == [0, 1, 2]
    known = outcomes(found, [(0.5, 0.6, 0.7), (0.6, 0.8, 0.7)])
    best, other = standings(found, known)
    assert (best.number, best.score.n, best.score.mean, best.score.sd) == (2, 3, pytest.approx(0.7), pytest.approx(0.1))
    assert other.difference.mean == pytest.approx(-0.1)  # −0.1, −0.2 and 0, fold by fold
    files = result_files(found, known, [best, other])
    row, _ = csv.DictReader(io.StringIO(files["settings.csv"]))
    assert (row["n"], row["runs"], float(row["mean"]), float(row["sd"])) == ("3", "3", *map(pytest.approx, (0.7, 0.1)))
    assert [row["fold"] for row in csv.DictReader(io.StringIO(files["runs.csv"]))] == ["0", "1", "2"] * 2
    assert files["best.yaml"].startswith("# the best of 2 settings by validation.accuracy: 0.7, mean over 3 folds\n")


def test_seeds_and_folds_make_a_run_each(plan):
    found = plan("data.fold=[0, 1, 2]", seeds=2, overrides=["data.validation=null", "data.folds=3"])
    assert [point.unit for point in found.points] == [(s, f) for s in range(2) for f in range(3)]
    assert (found.units, found.unit_noun, len({point.id for point in found.points})) == (6, "run", 6)


def test_what_fewer_settings_would_have_come_to(plan):
    found = plan("optimizer.lr=[0.01, 0.1, 0.2, 0.3]", seeds=1)

    def expected(scores, fewer, rank="validation.accuracy"):
        ranked = replace(found, rank=rank)
        return expected_best(standings(ranked, outcomes(ranked, [[score] for score in scores], rank)), fewer)

    assert expected([1.0, 4.0, 2.0, 3.0], 1) == pytest.approx(2.5)
    assert expected([1.0, 4.0, 2.0, 3.0], 2) == pytest.approx((3 * 4 + 2 * 3 + 1 * 2) / 6)  # of the six pairs
    assert expected([1.0, 4.0, 2.0, 3.0], 4) == 4.0
    assert expected([1.0, 4.0, 2.0, 3.0], 2, "validation.cost") == pytest.approx((3 * 1 + 2 * 2 + 1 * 3) / 6)
    assert expected([1.0, None, 2.0, 3.0], 1) is None  # it may be the one without a score
    assert expected([1.0, None, 2.0, 3.0], 2) == pytest.approx((3 * 3 + 2 * 2 + 1 * 1) / 6)
