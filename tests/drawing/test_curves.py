"""Learning curves: what is drawn, that it is always the same, and that nothing makes it stumble."""

import io
import math
import os
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.curves import Curves
from nntrain.drawing.plot_process import PlotProcess
from nntrain.drawing.sheet import Heading
from nntrain.drawing.style import INK, LARGE, styled
from nntrain.runs.curve_files import CurveFiles
from nntrain.runs.run_title import score_names


def records(
    epochs: int, *, validation: bool = True, score: str = "accuracy", warm: bool = False, lowest: int = 20
) -> list[dict[str, Any]]:
    """Return a plausible history whose validation cost is lowest at epoch ``lowest``."""
    result = []
    for epoch in range(1, epochs + 1):
        cost = 2.0 * math.exp(-epoch / 8) + 0.01
        record: dict[str, Any] = {"epoch": epoch, "lr": 0.1 * epoch if warm else 0.1, "train": {"cost": cost}}
        record["train"][score] = 1 - cost / 3
        if validation:
            held_out = 0.3 + (epoch - lowest) ** 2 / 400
            record["validation"] = {"cost": held_out, score: 1 - held_out / 3}
        result.append(record)
    return result


HEADING = Heading("run", ("mlp 2–3", "seed 0"))


def drawn(
    history: list[dict[str, Any]], kept: int | None = None, scores: tuple[str, ...] = ("accuracy",), alarm: str = ""
) -> Figure:
    with styled():
        return Curves(history, Heading("run", HEADING.details, alarm), kept, scores).draw()


def titles(figure: Figure, where: str = "left") -> list[str]:
    return [axes.get_title(loc=where) for axes in figure.axes if axes.get_visible()]


def said(figure: Figure, panel: int) -> list[str]:
    return [text.get_text() for text in figure.axes[panel].texts]


# --- what is drawn -------------------------------------------------------------------------------------------------


def test_there_is_a_panel_for_every_recorded_metric() -> None:
    assert titles(drawn(records(5))) == ["Cost", "Accuracy"]
    assert titles(drawn(records(5, score="rmse"))) == ["Cost", "RMSE"]
    assert titles(drawn(records(5, warm=True))) == ["Cost", "Accuracy", "Learning rate"]
    assert titles(drawn([{"epoch": 1, "train": {"cost": 1.0}}])) == ["Cost"]
    history = records(5)
    for record in history:
        record["train"] |= {"macro_f1": 0.5, "top_3": 0.9}
        record["validation"]["log_loss"] = 0.1
    found = titles(drawn(history))
    assert found == ["Cost", "Accuracy", "Macro f1", "Top 3", "Log loss"]


def test_both_curves_are_there_with_their_numbers() -> None:
    history = records(30)
    training, validation = drawn(history).axes[0].get_lines()[:2]
    assert list(training.get_ydata()) == [record["train"]["cost"] for record in history]
    assert list(validation.get_ydata()) == [record["validation"]["cost"] for record in history]
    assert list(training.get_xdata()) == list(range(1, 31))


def test_lines_are_labelled_at_their_ends_with_their_last_value() -> None:
    figure = drawn(records(30))
    assert said(figure, 0) == ["training\n0.05704", "validation\n0.55"]
    assert said(figure, 1) == ["training\n0.981", "validation\n0.817"]
    assert all(axes.get_legend() is None for axes in figure.axes)


def test_one_curve_is_a_solid_line_and_two_differ_in_everything() -> None:
    alone = drawn(records(5, validation=False)).axes[0].get_lines()[0]
    assert alone.get_linestyle() == "-"
    training, validation = drawn(records(5)).axes[0].get_lines()[:2]
    assert training.get_linestyle() == "--"
    assert validation.get_linestyle() == "-"
    assert training.get_linewidth() < validation.get_linewidth()
    assert training.get_color() != validation.get_color()


def test_the_kept_epoch_is_ringed_with_its_value_in_every_panel() -> None:
    assert titles(drawn(records(30), 20), "right") == ["kept: epoch 20, 0.3", "kept: epoch 20, 0.900"]
    assert titles(drawn(records(30, validation=False), 30), "right")[0] == "kept: epoch 30, 0.05704"
    rings = [line for line in drawn(records(30), 20).axes[0].get_lines() if line.get_markersize() > 7]
    assert [(list(ring.get_xdata()), list(ring.get_ydata())) for ring in rings] == [([20], [0.3])]


def test_without_a_kept_epoch_the_lowest_validation_cost_is_ringed() -> None:
    assert titles(drawn(records(30)), "right") == ["lowest: epoch 20, 0.3", "lowest: epoch 20, 0.900"]
    assert titles(drawn(records(30, validation=False)), "right") == ["", ""]
    assert titles(drawn(records(5), 99), "right") == ["", ""]


def test_heading_and_note_say_what_is_shown() -> None:
    texts = [text.get_text() for text in drawn(records(5)).texts]
    assert texts[:2] == ["run", "mlp 2–3  ·  seed 0"]
    assert texts[2].replace("\n", " ") == (
        "Training: mean over the batches of each epoch, while the weights move. Validation: after each epoch."
    )
    assert "Validation" not in drawn(records(5, validation=False)).texts[-1].get_text()


def test_a_diverged_run_ends_in_a_cross_with_the_reason_in_the_heading() -> None:
    figure = drawn(records(5), alarm="epoch 6: the cost is nan")
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "X"]
    assert [list(cross.get_xdata()) for cross in crosses] == [[5], [5]]
    assert {cross.get_color() for cross in crosses} == {LARGE}
    assert "✕ epoch 6: the cost is nan" in [text.get_text() for text in figure.texts]


def test_a_cost_that_falls_far_is_logarithmic_and_scores_never_are() -> None:
    history = [{"epoch": i, "train": {"cost": cost, "accuracy": cost}} for i, cost in enumerate([0.9, 0.02, 0.01], 1)]
    assert [axes.get_yscale() for axes in drawn(history).axes] == ["log", "linear"]


@pytest.mark.parametrize(
    ("rates", "scale", "end"),
    [
        ([0.1, 0.075, 0.05, 0.025, 1e-9], "linear", "→ 0"),  # cosine
        ([0.1, 0.1, 0.01, 0.001, 0.0001], "log", "0.0001"),
        ([0.1, 0.05, 0.02], "linear", "0.02"),
        ([0.1, 0.01, 0.0], "linear", "→ 0"),
    ],
)
def test_a_learning_rate_is_linear_unless_it_spans_decades(rates: list[float], scale: str, end: str) -> None:
    panel = drawn([{"epoch": i, "lr": rate, "train": {"cost": 1.0}} for i, rate in enumerate(rates, 1)]).axes[1]
    assert panel.get_yscale() == scale
    assert [text.get_text() for text in panel.texts] == [end]
    assert panel.get_lines()[0].get_color() == INK


def test_a_flat_score_has_the_axis_from_0_to_1_only_if_it_is_one() -> None:
    history = [{"epoch": i, "train": {"cost": 1.0, "accuracy": 0.5}} for i in (1, 2, 3)]
    assert drawn(history).axes[1].get_ylim() == pytest.approx((-0.02, 1.02))
    assert drawn(history, scores=()).axes[1].get_ylim() == pytest.approx((0.4375, 0.5625))


def test_points_that_no_line_reaches_have_markers() -> None:
    long = records(10_000)
    assert drawn(long).axes[0].get_lines()[0].get_marker() in ("", "None")
    for index in (100, 102):
        long[index]["train"]["cost"] = None
    assert drawn(long).axes[0].get_lines()[0].get_markevery() == [101]
    assert drawn(records(1)).axes[0].get_lines()[0].get_markevery() == [0]


def test_figures_measured_every_other_epoch_are_joined_and_lost_ones_leave_a_gap() -> None:
    history = records(6)
    for index in (0, 2, 4):
        del history[index]["validation"]
    history[3]["train"]["cost"] = float("nan")
    train, validation = drawn(history).axes[0].get_lines()[:2]
    assert list(validation.get_xdata()) == [2, 4, 6]
    assert [math.isnan(value) for value in train.get_ydata()] == [False, False, False, True, False, False]


def test_dollar_signs_and_strange_letters_in_a_name_are_themselves() -> None:
    heading = Heading("$x^{ $", ("<b>名前\x00", "a" * 400), "\x1b[31m")
    picture = Curves(records(2), heading).render(["png", "svg", "pdf"])["svg"].decode()
    assert "$x^{ $" in picture
    assert "&lt;b&gt;名前" in picture
    ElementTree.fromstring(picture)


def test_a_long_heading_stays_on_the_picture() -> None:
    with styled():
        figure = Curves(records(2), Heading("n" * 300, ("word " * 80, "d" * 300), "why " * 90)).draw()
        figure.savefig(io.BytesIO())
        ends = [text.get_window_extent().x1 for text in figure.texts]
    assert max(ends) <= figure.bbox.x1


# --- every history -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 2, 10_000])
@pytest.mark.parametrize("validation", [True, False])
def test_any_length_can_be_drawn(epochs: int, validation: bool) -> None:
    pictures = Curves(records(epochs, validation=validation), HEADING).render()
    assert list(pictures) == ["png", "svg"]
    assert len(pictures["svg"]) < 2_000_000


def test_no_records_at_all_can_be_drawn() -> None:
    assert said(drawn([]), 0) == ["no finite values"]


NUMBER = st.none() | st.floats() | st.sampled_from([1e308, -1e308, 5e-324, 0.0, 1e-300, 1e300])
PART = st.fixed_dictionaries({}, optional={"cost": NUMBER, "accuracy": NUMBER})
RECORD = st.fixed_dictionaries({"lr": NUMBER}, optional={"train": PART, "validation": PART})


@settings(max_examples=25, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=6))
def test_no_number_makes_it_stumble_or_warn(history: list[dict[str, Any]]) -> None:
    numbered = [{"epoch": epoch, **record} for epoch, record in enumerate(history, start=1)]
    assert drawn(numbered, 1).axes


# --- the files -----------------------------------------------------------------------------------------------------


def test_png_is_as_large_as_promised_and_svg_is_well_formed() -> None:
    pictures = Curves(records(30), HEADING).render()
    assert pictures["png"].startswith(b"\x89PNG")
    assert struct.unpack(">II", pictures["png"][16:24]) == (1155, 551)
    root = ElementTree.fromstring(pictures["svg"])
    assert root.tag.endswith("}svg")


def test_files_carry_no_date_version_or_program() -> None:
    pictures = Curves(records(3), HEADING).render()
    assert b"Software" not in pictures["png"]
    for word in (b"dc:date", b"Matplotlib", b"matplotlib.org", b"tEXt"):
        assert word not in pictures["svg"], word
    assert b"tEXt" not in pictures["png"]


PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from nntrain.drawing.curves import Curves
from nntrain.drawing.sheet import Heading
assert not [name for name in sys.modules if name.startswith("matplotlib")], "imported before it is needed"
history = [{"epoch": e, "lr": 0.1 / e, "train": {"cost": 1 / e, "accuracy": 1 - 1 / e},
            "validation": {"cost": 1.1 / e, "accuracy": 0.9 - 0.5 / e}} for e in range(1, 31)]
pictures = Curves(history, Heading("x")).render()
assert "matplotlib.pyplot" not in sys.modules
print({kind: hashlib.sha256(data).hexdigest() for kind, data in pictures.items()})
"""


def test_bytes_do_not_depend_on_hash_seed_zone_locale_or_the_users_style(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\naxes.grid: False\nfont.size: 30\nsavefig.dpi: 30\n")
    settings_of = [
        {"PYTHONHASHSEED": "1", "TZ": "UTC"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "SOURCE_DATE_EPOCH": "1"},
        {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc")},
    ]
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", PROGRAM, root]
    answers = [subprocess.check_output(command, env={**os.environ, **extra}, text=True) for extra in settings_of]
    assert answers[0].startswith("{'png'")
    assert set(answers) == {answers[0]}


def test_drawing_is_quick() -> None:
    Curves(records(30), HEADING).render()  # fonts are looked up once
    times = []
    for _ in range(3):
        start = time.process_time()
        Curves(records(30), HEADING).render()
        times.append(time.process_time() - start)
    assert min(times) < 1.5  # 0.35 s on two cores; room for a busy machine


def test_drawing_leaves_the_global_settings_alone() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    Curves(records(2), HEADING).render()
    assert dict(matplotlib.rcParams) == before


def run_records(n: int) -> list[dict[str, Any]]:
    """Return records with the facts that those of a run have."""
    return [{**record, "step": record["epoch"], "seconds": 0.5} for record in records(n)]


def test_a_run_gets_its_csv_and_pictures_from_its_metrics(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        curves = CurveFiles(run, artist)
        assert curves.draw(None) == []
        for record in run_records(3):
            run.append_metrics(record)
        curves.write_table()
        assert curves.draw(None) == []
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert lines[0] == "epoch,lr,train.cost,train.accuracy,validation.cost,validation.accuracy,step,seconds"
    assert len(lines) == 4
    expected = Curves(run_records(3), Heading(tmp_path.name), None, score_names())
    assert (tmp_path / "curves.png").read_bytes() == expected.render()["png"]
    assert (tmp_path / "curves.svg").exists()


def test_curves_that_cannot_be_drawn_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlotProcess, "render", lambda self, *a, **k: int("nonsense\nand more"))
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        run.append_metrics(run_records(1)[0])
        notes = CurveFiles(run, artist).draw(None)
    reason = "invalid literal for int() with base 10: 'nonsense\\nand more'"
    assert notes == [f"{tmp_path}: the curves were not drawn: {reason}; nntrain resume {tmp_path} draws them"]


def test_missing_curves_are_drawn_where_the_run_was_to_have_them(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        curves = CurveFiles(run, artist)
        run.append_metrics(run_records(1)[0])
        for wanted in (None, False):
            run.write_json("run.json", {} if wanted is None else {"draw": wanted})
            assert curves.draw_missing(None) == []
            assert not (tmp_path / "curves.png").exists()
        run.write_json("run.json", {"draw": True})
        assert curves.draw_missing({"epoch": 1}) == []
    assert (tmp_path / "curves.png").exists()
