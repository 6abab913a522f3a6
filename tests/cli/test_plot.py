"""``nntrain plot``: every source it draws from, the files it writes, and what it says of what it cannot draw."""

import json
import re
import shutil
from pathlib import Path

import pytest

TOO_LARGE = Path(__file__).parents[2] / "configs/rate-too-large.yaml"


def svg_texts(path):
    """Return the texts of a picture in order, without its ticks' signs."""
    return re.findall(r"<text [^>]*>(?:<tspan[^>]*>)?([^<]*)", path.read_text(encoding="utf-8"))


def test_the_picture_of_fit_is_that_of_plot(nntrain, here):
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q").status == 0
    result = nntrain("plot", "r", "curves")
    assert (result.status, result.out, result.err) == (0, "r-curves.png: written\n", "")
    assert (here / "r-curves.png").read_bytes() == (here / "r/curves.png").read_bytes()


def test_nothing_is_replaced_in_silence(nntrain, done, here):
    (here / "p.png").write_text("mine")
    again = nntrain("plot", done, "curves", "-o", "p.png")
    expected = "error: p.png: exists already; name another file with -o, or replace it with --force\n"
    assert (again.status, again.err) == (2, expected)
    assert (here / "p.png").read_text() == "mine"
    assert nntrain("plot", done, "curves", "-o", "p.png", "--force").status == 0
    assert (here / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("ending", "begin"), [("png", b"\x89PNG"), ("SVG", b"<?xml"), ("pdf", b"%PDF")])
def test_the_ending_says_the_format(ending, begin, nntrain, done, here):
    assert nntrain("plot", done, "curves", "-o", f"p.{ending}").status == 0
    assert (here / f"p.{ending}").read_bytes().startswith(begin)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["curvs"], "WHAT: no such picture, got 'curvs'; did you mean 'curves'? "),
        (["curves", "-o", "p.jpg"], "p.jpg: the ending says the format: .png, .svg or .pdf, got '.jpg'\n"),
        (["curves", "-o", "p"], "p: the ending says the format: .png, .svg or .pdf, got ''\n"),
        (["curves", "--for", "screem"], "--for: no such use, got 'screem'; did you mean 'screen'? "),
        (["curves", "--epoch", "5"], "--epoch: done has 4 recorded epochs, got 5\n"),
    ],
)
def test_wrong_calls_are_one_line(arguments, error, nntrain, done, here):
    result = nntrain("plot", "done", *arguments)
    assert result.status == 2
    assert result.err.startswith(f"error: {error}")
    assert result.err.count("\n") == 1


def test_the_pictures_are_listed_without_a_name(nntrain, done):
    assert re.search(r"^ curves +Cost, scores and learning rate over the epochs\.$", nntrain("plot", done).out, re.M)


def test_the_heading_says_what_tells_two_runs_apart(nntrain, done, here):
    assert nntrain("plot", done, "curves", "-o", "p.svg").status == 0
    accuracy = json.loads((done / "summary.json").read_text(encoding="utf-8"))["test"]["accuracy"]
    texts = svg_texts(here / "p.svg")
    assert "tiny" in texts
    details = next(text for text in texts if text.startswith("mlp"))
    assert details.startswith("mlp 3–4–3, tanh  ·  adam, rate 0.05, batches of 10  ·  seed 0")
    assert any(f"test accuracy {accuracy:.3f} (n = 12)".replace("1.000", "1") in text for text in texts)


def test_up_to_an_epoch_the_later_ones_are_left_out(nntrain, done, here):
    assert nntrain("plot", done, "curves", "--epoch", "2", "-o", "p.svg").status == 0
    assert any(text.endswith("after epoch 2") for text in svg_texts(here / "p.svg"))


def test_a_checkpoint_shows_its_run_up_to_itself(nntrain, done, here):
    checkpoint = sorted((done / "checkpoints").iterdir())[-1]
    assert nntrain("plot", checkpoint, "curves", "-o", "p.png").status == 0
    shutil.copy(checkpoint, here / "alone.safetensors")
    result = nntrain("plot", "alone.safetensors", "curves", "-o", "q.png")
    what = "alone.safetensors: its run directory is not around it; name the run directory"
    assert (result.status, result.err) == (5, f"error: {what}\n")


def test_a_spec_is_trained_in_memory(nntrain, done, here):
    result = nntrain("plot", "tiny.yaml", "curves", "-o", "p.svg")
    assert (result.status, result.err) == (0, "note: tiny.yaml: trained in memory; nothing of it is kept\n")
    assert nntrain("plot", "done", "curves", "-o", "q.svg").status == 0
    ends = [text for text in svg_texts(here / "q.svg") if re.fullmatch(r"[\d.]+", text)]
    assert [text for text in svg_texts(here / "p.svg") if re.fullmatch(r"[\d.]+", text)] == ends
    assert sorted(path.name for path in here.iterdir()) == ["done", "p.svg", "q.svg", "tiny.yaml"]


def test_a_diverged_run_is_drawn_with_its_reason(nntrain, here):
    assert nntrain("fit", TOO_LARGE, "--run-dir", "r", "-q").status == 4
    assert nntrain("plot", "r", "curves", "-o", "p.svg").status == 0
    texts = svg_texts(here / "p.svg")
    assert "✕ epoch 7, step 7: diverged, the epoch's cost grew to 1.351e+05" in texts
    assert any(text.endswith("6 of 50 epochs") for text in texts)


def test_without_any_epoch_there_is_the_reason_alone(nntrain, here):
    too_large = "optimizer={kind: sgd, lr: 1e30}"
    assert nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--set", too_large).status == 4
    result = nntrain("plot", "r", "curves")
    assert result.status == 5
    assert result.err.startswith("error: r: no epoch is recorded, so there are no curves; epoch 1, step ")


def test_a_run_that_was_killed_is_drawn_as_far_as_it_came(nntrain, done, here):
    (done / "summary.json").unlink()
    record = json.loads((done / "run.json").read_text(encoding="utf-8"))
    del record["sizes"]  # as in runs of earlier versions
    (done / "run.json").write_text(json.dumps(record | {"status": "running"}), encoding="utf-8")
    assert nntrain("plot", "done", "curves", "-o", "p.svg").status == 0
    texts = svg_texts(here / "p.svg")
    assert any("4 of 4 epochs, not finished" in text for text in texts)
    assert any(text.startswith("mlp 4, tanh  ·  adam") for text in texts)


def test_the_newest_run_is_drawn_by_its_name(nntrain, here):
    assert nntrain("fit", "tiny.yaml", "-q", "--no-plots").status == 0
    result = nntrain("plot", "latest", "confusion", "-o", "c.png")
    assert (result.status, (here / "c.png").read_bytes()[:4]) == (0, b"\x89PNG")
    assert nntrain("plot", "latest", "activations", "-o", "a.png").status == 0
