"""Learning curves: what is drawn, that it is always the same, and that nothing makes it stumble."""

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
from nntrain.drawing import curves as plots
from nntrain.drawing.plot_process import PlotProcess
from nntrain.runs.curve_files import CurveFiles


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


def drawn(history: list[dict[str, Any]], best: int | None = None) -> Figure:
    return plots._draw(history, "run", best)


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def labels(figure: Figure, panel: int) -> list[str]:
    legend = figure.axes[panel].get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


# --- what is drawn -------------------------------------------------------------------------------------------------


def test_panels_follow_the_records() -> None:
    assert titles(drawn(records(5))) == ["Cost", "Accuracy"]
    assert titles(drawn(records(5, score="rmse"))) == ["Cost", "RMSE"]
    assert titles(drawn(records(5, warm=True))) == ["Cost", "Accuracy", "Learning rate"]
    assert titles(drawn([{"epoch": 1, "train": {"cost": 1.0}}])) == ["Cost"]


def test_both_curves_are_there_with_their_numbers() -> None:
    history = records(30)
    lines = {line.get_label(): line for line in drawn(history).axes[0].get_lines()}
    assert list(lines["training"].get_ydata()) == [record["train"]["cost"] for record in history]
    assert list(lines["validation"].get_ydata()) == [record["validation"]["cost"] for record in history]
    assert list(lines["training"].get_xdata()) == list(range(1, 31))


def test_the_best_epoch_is_marked_with_its_value_in_every_panel() -> None:
    figure = drawn(records(30), 20)
    assert labels(figure, 0) == ["training", "validation", "best epoch 20: 0.3"]
    assert labels(figure, 1) == ["best epoch 20: 0.9"]


def test_the_lowest_validation_cost_is_the_best_unless_told() -> None:
    assert plots._lowest(records(30)) == 20
    assert plots._lowest(records(30, validation=False)) is None
    assert plots.render(records(30), title="x") == plots.render(records(30), title="x", best_epoch=20)
    assert plots.render(records(30), title="x") != plots.render(records(30), title="x", best_epoch=10)


def test_without_validation_the_best_is_marked_on_the_training_curve() -> None:
    figure = drawn(records(30, validation=False), 30)
    assert labels(figure, 0) == ["training", f"best epoch 30: {2 * math.exp(-30 / 8) + 0.01:.4g}"]


def test_a_best_epoch_that_is_not_there_is_no_failure() -> None:
    assert labels(drawn(records(5), 99), 0) == ["training", "validation"]


def test_title_and_note_say_what_is_shown() -> None:
    figure = drawn(records(5))
    assert figure.get_suptitle() == "run"
    assert "over each epoch's own batches" in figure.get_supxlabel()
    assert "validation" in figure.get_supxlabel()
    assert "validation" not in drawn(records(5, validation=False)).get_supxlabel()


@pytest.mark.parametrize(
    ("values", "scale"),
    [([2.0, 0.01], "log"), ([2.0, 1.0], "linear"), ([2.0, 0.0], "linear"), ([2.0, -1e-9], "linear"), ([], "linear")],
)
def test_cost_is_logarithmic_only_where_it_spans_decades(values: list[float], scale: str) -> None:
    history = [{"epoch": i, "train": {"cost": value, "accuracy": value}} for i, value in enumerate(values, 1)]
    figure = drawn(history)
    assert figure.axes[0].get_yscale() == scale
    assert all(axes.get_yscale() == "linear" for axes in figure.axes[1:])


def test_short_curves_have_markers_and_long_ones_only_at_lonely_points() -> None:
    assert drawn(records(plots.MARKED)).axes[0].get_lines()[0].get_markevery() is None
    long = records(10_000)
    assert drawn(long).axes[0].get_lines()[0].get_marker() in ("", "None")
    for index in (100, 102):
        long[index]["train"]["cost"] = None
    assert drawn(long).axes[0].get_lines()[0].get_markevery() == [101]


def test_figures_measured_every_other_epoch_are_joined_and_lost_ones_leave_a_gap() -> None:
    history = records(6)
    for index in (0, 2, 4):
        del history[index]["validation"]
    history[3]["train"]["cost"] = float("nan")
    train, validation = drawn(history).axes[0].get_lines()[:2]
    assert list(validation.get_xdata()) == [2, 4, 6]
    assert [math.isnan(value) for value in train.get_ydata()] == [False, False, False, True, False, False]


def test_colours_are_told_apart_with_every_kind_of_colour_vision() -> None:
    looks = list(plots.STYLES.values())
    assert [look["color"] for look in looks] == ["#0072B2", "#D55E00"]
    for key in ("color", "linestyle", "marker", "linewidth"):
        assert len({str(look[key]) for look in looks}) == len(looks), key


def test_dollar_signs_in_a_title_are_dollar_signs() -> None:
    assert plots.render(records(2), title="$x^{ $", formats=["png"])


# --- every history -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 2, 10_000])
@pytest.mark.parametrize("validation", [True, False])
def test_any_length_can_be_drawn(epochs: int, validation: bool) -> None:
    pictures = plots.render(records(epochs, validation=validation), title="x")
    assert list(pictures) == ["png", "svg"]
    assert len(pictures["svg"]) < 2_000_000


def test_no_records_at_all_can_be_drawn() -> None:
    assert "no finite values" in [text.get_text() for text in drawn([]).axes[0].texts]


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
    pictures = plots.render(records(30), title="x")
    assert pictures["png"].startswith(b"\x89PNG")
    assert struct.unpack(">II", pictures["png"][16:24]) == (1120, 464)
    root = ElementTree.fromstring(pictures["svg"])
    assert root.tag.endswith("}svg")


def test_files_carry_no_date_version_or_program() -> None:
    pictures = plots.render(records(3), title="x")
    assert b"Software" not in pictures["png"]
    for word in (b"dc:date", b"Matplotlib", b"matplotlib.org", b"tEXt"):
        assert word not in pictures["svg"], word
    assert b"tEXt" not in pictures["png"]


PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from nntrain.drawing import curves as plots
assert not [name for name in sys.modules if name.startswith("matplotlib")], "imported before it is needed"
history = [{"epoch": e, "lr": 0.1 / e, "train": {"cost": 1 / e, "accuracy": 1 - 1 / e},
            "validation": {"cost": 1.1 / e, "accuracy": 0.9 - 0.5 / e}} for e in range(1, 31)]
pictures = plots.render(history, title="x")
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
    root = str(Path(plots.__file__).parents[2])
    command = [sys.executable, "-c", PROGRAM, root]
    answers = [subprocess.check_output(command, env={**os.environ, **extra}, text=True) for extra in settings_of]
    assert answers[0].startswith("{'png'")
    assert set(answers) == {answers[0]}


def test_drawing_is_quick() -> None:
    plots.render(records(30), title="x")  # fonts are looked up once
    times = []
    for _ in range(3):
        start = time.process_time()
        plots.render(records(30), title="x")
        times.append(time.process_time() - start)
    assert min(times) < 1.5  # 0.35 s on two cores; room for a busy machine


def test_drawing_leaves_the_global_settings_alone() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    plots.render(records(2), title="x")
    assert dict(matplotlib.rcParams) == before


def run_records(n: int) -> list[dict[str, Any]]:
    """Return records with the facts that those of a run have."""
    return [{**record, "step": record["epoch"], "seconds": 0.5} for record in records(n)]


def test_a_run_gets_its_csv_and_pictures_from_its_metrics(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        curves = CurveFiles(run, artist, "digits")
        assert curves.draw(None) == []
        for record in run_records(3):
            run.append_metrics(record)
        curves.write_table()
        assert curves.draw(None) == []
    lines = (tmp_path / "curves.csv").read_text().splitlines()
    assert lines[0] == "epoch,lr,train.cost,train.accuracy,validation.cost,validation.accuracy,step,seconds"
    assert len(lines) == 4
    assert (tmp_path / "curves.png").read_bytes() == plots.render(run_records(3), title="digits")["png"]
    assert (tmp_path / "curves.svg").exists()


def test_curves_that_cannot_be_drawn_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlotProcess, "render", lambda self, *a, **k: int("nonsense\nand more"))
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        run.append_metrics(run_records(1)[0])
        notes = CurveFiles(run, artist, "digits").draw(None)
    reason = "invalid literal for int() with base 10: 'nonsense\\nand more'"
    assert notes == [f"{tmp_path}: the curves were not drawn: {reason}; nntrain resume {tmp_path} draws them"]


def test_missing_curves_are_drawn_where_the_run_was_to_have_them(tmp_path: Path) -> None:
    with RunDir.at(tmp_path).lock() as run, PlotProcess() as artist:
        curves = CurveFiles(run, artist, "digits")
        run.append_metrics(run_records(1)[0])
        for wanted in (None, False):
            run.write_json("run.json", {} if wanted is None else {"draw": wanted})
            assert curves.draw_missing(None) == []
            assert not (tmp_path / "curves.png").exists()
        run.write_json("run.json", {"draw": True})
        assert curves.draw_missing({"epoch": 1}) == []
    assert (tmp_path / "curves.png").exists()
