"""Curves of runs on common axes: which lines there are, and the file that the command writes."""

import math

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.comparison.groups import groups_of, singles
from nntrain.comparison.overlay_of_runs import overlay_of
from nntrain.comparison.run_record import read_run
from nntrain.drawing.style import render


def test_each_run_has_a_line_and_one_that_diverged_its_cross(fit):
    runs = [fit("slow", "optimizer.lr=0.01"), fit("fast"), fit("wild", "optimizer.lr=1e30", status=4)]
    found = overlay_of(singles([read_run(path) for path in runs]))
    cost, score = found.panels
    assert (cost.title, cost.score, score.title, score.score) == ("Validation cost", False, "Validation accuracy", True)
    assert [(line.label, line.series, line.diverged) for line in cost.lines] == [
        ("lr=0.01", 0, False),
        ("lr=0.1", 1, False),
        ("lr=1.0e+30", 2, True),
    ]
    records = RunDir(runs[0]).read_metrics()
    assert list(cost.lines[0].values) == [record["validation"]["cost"] for record in records]
    assert all(math.isfinite(value) for value in cost.lines[2].values)
    assert (found.heading.name, list(found.heading.details)) == ("tiny", ["3 runs", "by optimizer.lr"])
    assert render(found.draw) == render(found.draw)


def test_seeds_are_thin_and_their_mean_is_thick(fit):
    runs = [fit(f"{rate}-{seed}", f"optimizer.lr={rate}", f"seed={seed}") for rate in (0.2, 0.1) for seed in (0, 1)]
    found = overlay_of(groups_of([read_run(path) for path in runs]))
    lines = found.panels[0].lines
    assert [(line.label, line.series, line.faint) for line in lines] == [
        ("", 1, True),
        ("", 1, True),
        ("lr=0.2", 1, False),
        ("", 0, True),
        ("", 0, True),
        ("lr=0.1", 0, False),
    ]
    assert lines[2].values[3] == pytest.approx((lines[0].values[3] + lines[1].values[3]) / 2)


def test_the_command_writes_the_picture(fit, nntrain, here):
    runs = [fit("one"), fit("two", "optimizer.lr=0.2")]
    status, out, _ = nntrain("compare", *runs, "-o", "curves.png")
    assert (status, out.splitlines()[0]) == (0, "curves.png: written")
    assert (here / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert nntrain("compare", *runs, "-o", "curves.png") == (
        2,
        "",
        "error: curves.png: exists already; name another file with -o, or replace it with --force\n",
    )
    status, out, _ = nntrain("compare", *runs, "-o", "curves.svg", "--json")
    assert (status, out[0]) == (0, "{")
    assert b"<svg" in (here / "curves.svg").read_bytes()


def test_a_run_without_any_epoch_has_no_line(fit, nntrain, here):
    runs = [fit("one"), fit("none", "train.epochs=0")]
    assert nntrain("compare", *runs, "-o", "curves.png")[0] == 0
