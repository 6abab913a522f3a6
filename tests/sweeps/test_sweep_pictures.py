"""The pictures of a sweep: which there are, what is marked in them, and that the command draws them once."""

import math

import pytest

from nntrain.drawing.parallel_axes import axis_of
from nntrain.drawing.style import render
from nntrain.drawing.swept_pair import SweptPair
from nntrain.sweeps.bracket import bracket
from nntrain.sweeps.folder import Outcome, SweepFolder
from nntrain.sweeps.standings import standings
from nntrain.sweeps.sweep_pictures import pictures_of


def outcomes_of(plan, scores):
    """Return outcomes with these scores, setting by setting and seed by seed; None has diverged."""
    given = [score for own in scores for score in own]
    return {
        point.id: Outcome("diverged", {}) if score is None else Outcome("done", {plan.rank: score}, 4, 4)
        for point, score in zip(plan.points, given, strict=True)
    }


@pytest.fixture
def rates(plan):
    return plan("optimizer.lr=log(1e-3, 10, 5)", seeds=3)


SCORES = [(0.2, 0.3, 0.25), (0.90, 0.92, 0.94), (0.91, 0.93, 0.95), (0.1, 0.9, 0.3), (None, None, 0.1)]


def test_the_bracket_of_a_rate(rates):
    found = standings(rates, outcomes_of(rates, SCORES))
    around = bracket(rates, found)
    assert (list(around.small), around.right, list(around.large)) == ([0.001, 0.01], (0.1, 0.1), [1.0, 10.0])
    noisy = standings(rates, outcomes_of(rates, [*SCORES[:1], (0.9, 0.95, 0.92), (0.92, 0.93, 0.95), *SCORES[3:]]))
    around = bracket(rates, noisy)
    assert (list(around.small), around.right, list(around.large)) == ([0.001], (0.01, 0.1), [1.0, 10.0])


def test_what_is_drawn_of_one_key(rates, here):
    known = outcomes_of(rates, SCORES)
    pictures = pictures_of(rates, known, standings(rates, known), SweepFolder(here / "sweep"))
    assert list(pictures) == ["score-optimizer.lr.png", "curves.png"]
    score = pictures["score-optimizer.lr.png"].__self__
    assert (score.log, score.share, score.rises, score.score) == (True, True, True, "Validation accuracy")
    assert [(one.value, one.diverged) for one in score.values] == [(0.001, 0), (0.01, 0), (0.1, 0), (1.0, 0), (10.0, 2)]
    assert [list(map(list, one.settings)) for one in score.values][4] == [[0.1]]
    assert render(score.draw)["png"].startswith(b"\x89PNG")


def test_several_keys_stand_beside_each_other(plan, here):
    found = plan("optimizer.lr=[0.01, 0.1]", "model.hidden=[[2], [3, 2]]", "penalty.l2=linear(0, 1, 3)")
    known = outcomes_of(found, [(0.1 * index,) for index in range(12)])
    pictures = pictures_of(found, known, standings(found, known), SweepFolder(here / "sweep"))
    assert list(pictures) == [
        "score-optimizer.lr.png",
        "score-model.hidden.png",
        "score-penalty.l2.png",
        "parallel.png",
        "curves.png",
    ]
    beside = pictures["parallel.png"].__self__
    assert (list(beside.keys), beside.log[:3]) == (["lr", "hidden", "l2"], [False, False, False])
    assert len(beside.rows) == 12
    hidden = pictures["score-model.hidden.png"].__self__
    assert [one.value for one in hidden.values] == ["[2]", "[3, 2]"]
    assert [len(one.settings) for one in hidden.values] == [6, 6]
    for draw in pictures.values():
        assert render(draw)["png"].startswith(b"\x89PNG")


def test_two_keys_are_a_map(plan, here):
    found = plan("optimizer.lr=log(0.01, 1, 3)", "model.hidden=[[4], [2, 2]]", seeds=2)
    known = outcomes_of(found, [(0.1, 0.3), (0.4, 0.4), (0.5, 0.7), (0.9, None), (0.2, 0.2), (None, None)])
    pictures = pictures_of(found, known, standings(found, known), SweepFolder(here / "sweep"))
    assert "map.png" in pictures
    pair = pictures["map.png"].__self__
    assert pair.scores == {
        (0.01, "[4]"): pytest.approx(0.2),
        (0.01, "[2, 2]"): pytest.approx(0.4),
        (0.1, "[4]"): pytest.approx(0.6),
        (0.1, "[2, 2]"): pytest.approx(0.9),
        (1.0, "[4]"): pytest.approx(0.2),
        (1.0, "[2, 2]"): None,
    }
    assert (pair.log, pair.share, pair.rises, pair.is_grid) == ((True, False), True, True, True)
    axes = render(pair.draw) and pair.draw().axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["[2, 2]", "[4]"]  # the first is above
    assert [text.get_text() for text in axes.texts] == ["0.200", "0.400", "0.600", "0.900", "0.200"]
    assert [line.get_xydata().tolist() for line in axes.lines] == [[[2, 0]]]  # the cross


def test_settings_that_were_drawn_are_dots():
    scores = {(10.0**-i, float(i * i)): 1.0 / (i + 1) for i in range(6)} | {(3.0, 7.0): None}
    pair = SweptPair(("optimizer.lr", "penalty.l2"), "Validation cost", scores, None, (True, False), rises=False)
    assert not pair.is_grid
    axes = pair.draw().axes[0]
    assert len(axes.collections[0].get_offsets()) == 6
    ring, cross = (line.get_xydata().tolist() for line in axes.lines)
    assert (ring, cross) == ([[1e-5, 25]], [[3, 7]])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert render(pair.draw)["png"].startswith(b"\x89PNG")


def test_places_on_an_axis():
    places, marks = axis_of([1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3], log=True)
    assert places == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert [said for _, said in marks] == ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"]
    places, marks = axis_of(["relu", "tanh", "relu"], log=False)
    assert list(places) == [0.25, 0.75, 0.25]
    assert [said for _, said in marks] == ["relu", "tanh"]
    places, _ = axis_of([0.5, 0.5], log=False, spread=True)
    assert not any(math.isnan(place) for place in places)


def test_nothing_is_drawn_without_a_score(rates, here):
    known = {point.id: Outcome("to do", {}) for point in rates.points}
    assert pictures_of(rates, known, standings(rates, known), SweepFolder(here / "sweep")) == {}


def test_the_command_draws_what_is_new_or_missing(nntrain, here):
    command = (
        "sweep",
        "tiny.yaml",
        "--over",
        "optimizer.lr=[0.05, 0.2]",
        "--seeds",
        "2",
        "--set",
        "train.epochs=1",
        "-q",
    )
    status, out, err = nntrain(*command)
    assert (status, err) == (0, "")
    folder = here / "runs" / "tiny-sweep"
    assert ["pictures", "score-optimizer.lr.png", "curves.png"] in [line.split() for line in out.splitlines()]
    made = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.png")}
    assert made.keys() == {"score-optimizer.lr.png", "curves.png"}
    (folder / "curves.png").unlink()
    assert nntrain(*command)[1] == out
    assert (folder / "score-optimizer.lr.png").stat().st_mtime_ns == made["score-optimizer.lr.png"]
    assert (folder / "curves.png").exists()
    assert nntrain(*command, "--no-plots", "--out", "plain")[0] == 0
    assert not list((here / "plain").glob("*.png"))
