"""``nntrain report``: what stands on the page, that it stands there as text, and what a browser makes of it."""

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.inline_svg import Inliner
from nntrain.drawing.page import Page, Section, Table, Text, render_page
from nntrain.spec import from_dict
from nntrain.spec.leaves import leaves

ROOT = Path(__file__).parents[2]
NAMES = ["<script>alert(1)</script>", '$x^2$ id="a" #1c2630 url(#b)', "\u202eright to left", "w" * 80]


@pytest.fixture
def jinja():
    pytest.importorskip("jinja2", reason="the extra report is not installed")


@pytest.fixture
def report(nntrain, jinja):
    """Return a function that makes the report of a run and returns its text, without markup."""

    def make(run, *options):
        result = nntrain("report", run, "-o", "page.html", "-f", "--seconds", "0", *options)
        assert (result.status, result.out) == (0, "page.html: written\n"), result.err
        return text_of(Path("page.html").read_text(encoding="utf-8"))

    return make


def text_of(page):
    """Return the texts of a page, one space between them."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def hostile(here):
    """Write data whose classes have the names of an attacker, and a spec for them."""
    rows = [f'{k % 4 + 0.1 * (k % 3)},{k % 7},"{NAMES[k % 4].replace(chr(34), chr(34) * 2)}"' for k in range(80)]
    (here / "hostile.csv").write_text("\n".join(['"<b>a</b>","b","kind"', *rows]), encoding="utf-8")
    spec = "name: hostile\ndata: {source: {kind: csv, path: hostile.csv, target: kind}, test: 0.5, validation: 0.1}\n"
    (here / "hostile.yaml").write_text(f"{spec}model: softmax\ntrain: {{epochs: 3}}\n", encoding="utf-8")


def test_the_page_has_the_figures_of_eval(nntrain, done, report):
    text = report(done)
    found = nntrain("eval", done, "--ci", "--json").json
    low, high = found["intervals"]["accuracy"]
    assert f"test accuracy {found['accuracy']:.3f} 95 % interval {low:.3f} to {high:g}, n = 12" in text
    least = json.loads((done / "summary.json").read_text())["baselines"]
    assert f"{least['answer']} {least['test']['accuracy']:.3f} test accuracy" in text
    first = found["classes"][0]
    assert f"{first['name']} {first['precision']:.3f} {first['recall']:.3f} {first['f1']:.3f} " in text
    for title in ("Curves", "Layers", "Confusion", "Calibration", "Worst examples", "What was run", "How to repeat it"):
        assert title in text
    assert "nntrain fit done/config.resolved.yaml nntrain verify done/config.resolved.yaml" in text.replace(
        str(done.parent) + "/", ""
    )


def test_what_was_run_is_told_from_the_defaults(done, report):
    text = report(done)
    given, _, others = text.partition("at their defaults")
    assert "model.hidden [4] model.activation [{kind: tanh}] optimizer.kind adam optimizer.lr 0.05" in given
    assert "loss.kind softmax_cross_entropy" in others
    assert "optimizer.beta1 0.9" in others


def test_the_verdict_is_that_of_diagnose(nntrain, here, jinja):
    assert nntrain("fit", ROOT / "configs/rate-too-small.yaml", "--run-dir", "slow", "-q", "--no-plots").status == 0
    assert nntrain("report", "slow", "-o", "page.html").status == 0
    found = nntrain("diagnose", "slow", "--json").json
    text = text_of((here / "page.html").read_text(encoding="utf-8"))
    assert "Verdict: rate too low" in text
    assert found["reason"][1:] in text
    assert f"This mends it: {found['command']}" in text


def test_a_run_that_diverged_begins_with_why(nntrain, here, report):
    assert nntrain("fit", ROOT / "configs/rate-too-large.yaml", "--run-dir", "far", "-q", "--no-plots").status == 4
    text = report("far")
    assert re.search(r"diverged rate-too-large .* Verdict: diverged Epoch 7, step 7: diverged, .* Result", text)
    assert "The run diverged, so there is no result." in text
    assert "✕ is where the run diverged." in text


def test_a_run_under_way_and_one_of_an_older_version(done, report):
    (done / "summary.json").unlink()
    record = json.loads((done / "run.json").read_text())
    older = {key: record[key] for key in ("name", "spec", "seed")}
    (done / "run.json").write_text(json.dumps(older | {"status": "running"}))
    text = report(done)
    assert "4 of 4 epochs, not finished" in text
    assert "The run is not finished: these are the figures of the best epoch so far." in text
    shutil.rmtree(done / "checkpoints")
    (done / "metrics.jsonl").write_text("")
    text = report(done)
    assert "No epoch was finished, so there are no curves." in text
    assert "no checkpoint was saved yet" in text


def test_a_run_whose_data_are_gone_still_has_a_page(nntrain, here, report):
    hostile(here)
    assert nntrain("fit", "hostile.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    (here / "hostile.csv").unlink()
    text = report("r")
    assert re.search(r"Result .*hostile.csv: .* validation", text)
    assert "Cost over 3 epochs: training from" in text


def test_a_regression_has_residuals_of_each_target(nntrain, here, report):
    rows = "\n".join(f"{k},{k % 5},{2 * k},{-k}" for k in range(40))
    (here / "two.csv").write_text(f"x,y,a,b\n{rows}", encoding="utf-8")
    data = "data: {source: {kind: csv, path: two.csv, target: [a, b]}, test: 0.25, scale: standard}"
    (here / "two.yaml").write_text(f"{data}\nmodel: linear\ntrain: {{batch_size: 5}}\n", encoding="utf-8")
    assert nntrain("fit", "two.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    text = report("r")
    found = nntrain("eval", "r", "--json").json
    assert re.search(r"By target .* target RMSE MAE median error R2 explained variance a ", text)
    assert f"test RMSE {found['rmse']:.4g}"[:14] in text
    assert "Errors of a: mean" in text
    assert "Errors of b: mean" in text
    assert "Confusion" not in text


def test_nothing_is_replaced_in_silence(nntrain, done, here, jinja):
    (here / "done-report.html").write_text("mine")
    again = nntrain("report", done)
    expected = "error: done-report.html: exists already; name another file with -o, or replace it with --force\n"
    assert (again.status, again.err) == (2, expected)
    assert (here / "done-report.html").read_text() == "mine"
    wrong = nntrain("report", done, "-o", "page.pdf")
    assert (wrong.status, wrong.err) == (2, "error: page.pdf: the ending says the format: .html, got '.pdf'\n")


def test_without_jinja_it_says_what_to_install_before_anything_is_trained(nntrain, here, monkeypatch):
    monkeypatch.setattr("nntrain.drawing.page.find_spec", lambda name: None)
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", "--report")
    assert (result.status, result.err) == (9, "error: a report needs Jinja2: pip install 'nntrain[report]'\n")
    assert not (here / "r").exists()


def test_fit_writes_the_report_and_a_longer_run_a_new_one(nntrain, here, jinja):
    quiet = ("-q", "--no-plots", "--report")
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", *quiet)
    assert (result.status, result.err) == (0, "note: r/report.html: all about this run\n")
    first = (here / "r/report.html").read_text(encoding="utf-8")
    assert nntrain("resume", "r", "--epochs", "5", "-q", "--no-plots").status == 0
    assert not (here / "r/report.html").exists()
    assert nntrain("resume", "r", *quiet).status == 0
    assert (here / "r/report.html").read_text(encoding="utf-8") != first


def test_a_report_that_fails_leaves_the_run_done(nntrain, here, jinja, monkeypatch):
    def fail(*arguments, **settings):
        raise RuntimeError("no font\nmore")

    monkeypatch.setattr("nntrain.report.run_page.make_report", fail)
    result = nntrain("fit", "tiny.yaml", "--run-dir", "r", "-q", "--no-plots", "--report")
    assert (result.status, result.err) == (
        0,
        "note: r: the report was not written: no font; nntrain report r writes one\n",
    )
    assert RunDir(here / "r").is_done()


def test_texts_stay_as_they_are(jinja):
    hostile_text = "<img src=x onerror=alert(1)> & \x00"
    table = Table(hostile_text, ["a", hostile_text], [[hostile_text, hostile_text]], summary=hostile_text)
    section = Section("one", hostile_text, [Text(hostile_text), table])
    page = render_page(Page(hostile_text, hostile_text, [hostile_text], [section], hostile_text, hostile_text))
    assert "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt; &amp; \ufffd") == 16


def test_a_picture_changes_its_marks_and_not_its_texts():
    def draw():
        from matplotlib.figure import Figure

        figure = Figure()
        figure.text(0.5, 0.5, f"{NAMES[0]} {NAMES[1]}", color="#1c2630")
        return figure

    element = Inliner().draw(draw, "a <title>").html
    assert html.unescape(element).count(f"{NAMES[0]} {NAMES[1]}") == 1
    assert "fill: var(--ink)" in element
    assert '<title id="p1-title">a &lt;title&gt;</title>' in element
    assert "#ffffff" not in element


def test_a_picture_too_large_for_svg_is_png(monkeypatch):
    from matplotlib.figure import Figure

    monkeypatch.setattr("nntrain.drawing.inline_svg.LARGEST", 10)
    element = Inliner().draw(Figure, 'says "it"')
    assert element.on_white
    assert element.html.startswith('<img alt="says &quot;it&quot;" style="min-width: 461px" width="614"')


def test_a_setting_is_a_default_only_where_it_is_one():
    plain = {"data": {"source": {"kind": "moons"}}, "model": {"kind": "mlp", "hidden": [3]}}
    found = {leaf.path: (leaf.value, leaf.is_default) for leaf in leaves(from_dict(plain))}
    assert found["data.source.kind"] == ("moons", False)
    assert found["model.kind"] == ("mlp", False)
    assert found["model.hidden"] == ("[3]", False)
    assert found["optimizer.kind"] == ("sgd", True)
    assert found["train.stop.patience"] == ("null", True)
    changed = plain | {"optimizer": {"kind": "adam", "lr": 0.001}, "train": {"stop": {"patience": 3}}}
    found = {leaf.path: leaf.is_default for leaf in leaves(from_dict(changed))}
    assert (found["optimizer.kind"], found["optimizer.lr"], found["train.stop.patience"]) == (False, True, False)
    assert found["train.epochs"]


# --- in a browser ----------------------------------------------------------------------------------------------------

CLIPPED = """() => {
  const found = [];
  for (const e of document.querySelectorAll('p,h1,h2,th,td,li,dt,dd,caption,figcaption,summary,footer')) {
    const box = e.getBoundingClientRect();
    if (!box.width || e.closest('details:not([open])') && e.tagName != 'SUMMARY') continue;
    const name = e.tagName + ': ' + e.textContent.trim().slice(0, 40);
    if (e.scrollWidth > e.clientWidth + 1) found.push('too narrow, ' + name);
    if (!e.closest('.scroll') && (box.left < 0 || box.right > innerWidth)) found.push('outside, ' + name);
  }
  for (const e of document.querySelectorAll('svg text')) {
    const box = e.getBoundingClientRect(), all = e.closest('svg').getBoundingClientRect();
    if (box.left < all.left - 2 || box.right > all.right + 2) found.push('cut off in a picture: ' + e.textContent);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  return found;
}"""


@pytest.fixture
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium")
    with sync_api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


def test_in_a_browser(nntrain, here, report, browser):
    hostile(here)
    assert nntrain("fit", "hostile.yaml", "--run-dir", "r", "-q", "--no-plots").status == 0
    report("r", "--seconds", "1")
    assert (here / "page.html").stat().st_size < 2_000_000
    said, asked = [], []
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((here / "page.html").as_uri())
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (400, 800, 1400):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(CLIPPED) == [], f"{width} px, {scheme}"
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [(here / "page.html").as_uri()]
    names = page.locator("#classes tbody th").all_inner_texts()
    assert names == sorted(NAMES)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    unnamed = "[...document.querySelectorAll('svg')].filter(e => !e.querySelector('title').textContent).length"
    assert page.evaluate(unnamed) == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids)) > 50
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    context.close()
