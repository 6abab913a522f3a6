"""``nntrain diagnose`` as a user meets it: the lecture's runs, what it prints, and what it refuses."""

import shlex
import shutil
from pathlib import Path

import pytest

from nntrain.diagnosis import diagnose

ROOT = Path(__file__).parents[2]

DEAD = """\
name: dead
data: {source: digits, validation: 0.25, scale: unit}
model: {kind: mlp, hidden: [32], activation: relu}
optimizer: {kind: sgd, lr: 30}
train: {epochs: 5}
"""


def fit(nntrain, spec, run, *more):
    return nntrain("fit", spec, "--run-dir", run, "-q", "--no-plots", *more)


def cost_of(nntrain, run):
    return nntrain("eval", run, "--split", "train", "--json").json["cost"]


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ("rate-too-large", "diverged"),
        ("rate-too-small", "rate_too_low"),
        ("saturation", "bad_start"),
        (None, "dead_units"),
    ],
)
def test_a_fault_of_the_lectures_is_named_and_mended_by_the_command_as_printed(config, verdict, nntrain, here):
    if config is None:
        (here / "dead.yaml").write_text(DEAD, encoding="utf-8")
        spec = "dead.yaml"
    else:
        spec = ROOT / "configs" / f"{config}.yaml"
    fit(nntrain, spec, "bad")
    found = nntrain("diagnose", "bad", "--json").json
    assert found["verdict"] == verdict, found["reason"]
    program, command, file, *settings = shlex.split(found["command"])
    assert (program, command) == ("nntrain", "fit")
    assert fit(nntrain, file, "mended", *settings).status == 0
    assert found["verdict"] == "diverged" or cost_of(nntrain, "mended") < 0.5 * cost_of(nntrain, "bad")
    for seed in (11, 12):
        assert fit(nntrain, file, f"mended-{seed}", *settings, "--set", f"seed={seed}").status == 0
        diverged = fit(nntrain, file, f"before-{seed}", "--set", f"seed={seed}").status == 4
        assert diverged or cost_of(nntrain, f"mended-{seed}") < cost_of(nntrain, f"before-{seed}")


def test_the_right_rate_is_right(nntrain, here):
    fit(nntrain, ROOT / "configs" / "rate-right.yaml", "run")
    result = nntrain("diagnose", "run")
    lines = result.out.splitlines()
    assert (result.status, result.err) == (0, "")
    heading = "linear 3–1, init zeros, sgd, rate 0.3, full batch, seed 0, training RMSE 0.09744 (n = 200)"
    assert lines[0] == f" run  rate-right: {heading}"
    assert lines[2] == " RIGHT: at 0.3 the cost ends at 0.009495; other rates end at 0.009495 at best"
    assert "so steps are stable below 0.8496; the rate is 0.35 times that" in result.out
    assert "mend it" not in result.out


def test_nothing_is_written(nntrain, here):
    fit(nntrain, "tiny.yaml", "run")
    before = {path: path.read_bytes() for path in sorted(here.rglob("*")) if path.is_file()}
    assert nntrain("diagnose", "run").status == 0
    assert {path: path.read_bytes() for path in sorted(here.rglob("*")) if path.is_file()} == before


def test_several_runs_make_a_table_and_strict_says_which_are_faulty(nntrain, here):
    fit(nntrain, ROOT / "configs" / "rate-right.yaml", "good")
    fit(nntrain, ROOT / "configs" / "rate-too-large.yaml", "bad")
    result = nntrain("diagnose", "good", "bad", "--strict")
    assert result.status == 11
    assert result.err == "error: bad: has a serious fault, as said above\n"
    assert [line.split()[:2] for line in result.out.splitlines() if line.startswith((" good", " bad"))] == [
        ["good", "right"],
        ["bad", "diverged"],
    ]
    assert nntrain("diagnose", "good", "--strict").status == 0


def test_a_short_replay_is_no_verdict(nntrain, here):
    fit(nntrain, "tiny.yaml", "run", "--set", "train.epochs=60")
    found = diagnose(Path("run"), share=0.05)
    assert found.verdict == "not_sure"
    assert found.reason == "only 3 of 60 epochs could be trained again for each rate in the time"
    assert found.command == "nntrain diagnose run --seconds 900"


def test_data_that_have_changed_are_refused(nntrain, here):
    rows = "\n".join(f"{k},{k * k % 7},{'ab'[k % 2]}" for k in range(40))
    (here / "t.csv").write_text(f"x,z,y\n{rows}\n", encoding="utf-8")
    (here / "s.yaml").write_text(
        "data: {source: {kind: csv, path: t.csv, target: y}, validation: 0.2}\nmodel: softmax\n", encoding="utf-8"
    )
    fit(nntrain, "s.yaml", "run")
    (here / "t.csv").write_text(f"x,z,y\n{rows}\n9,9,a\n", encoding="utf-8")
    result = nntrain("diagnose", "run")
    assert result.status == 3
    assert result.err == (
        "error: run: the data have changed since this run began, so its training cannot be repeated\n"
    )


def test_an_autoencoder_is_refused(nntrain, here):
    fit(nntrain, "tiny.yaml", "run", "--set", "model={kind: autoencoder, hidden: [2]}")
    result = nntrain("diagnose", "run")
    assert (result.status, result.out) == (2, "")
    assert "autoencoder" in result.err


def test_a_run_without_its_record_is_refused(nntrain, here):
    fit(nntrain, "tiny.yaml", "run")
    shutil.rmtree(here / "run" / "checkpoints")
    assert nntrain("diagnose", "run").status in (0, 5)
    (here / "run" / "run.json").write_text("{}", encoding="utf-8")
    assert nntrain("diagnose", "run").status == 5
