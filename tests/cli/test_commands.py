"""Commands that only tell: show, check, list, schema and init."""

import json
import re

import pytest

from nntrain.cli.commands.list import registries
from nntrain.spec import templates

THREE_FOUR_TWO = """\
name: notes
data: {source: {kind: blobs, features: 3, classes: 2, n: 40}}
model: {kind: mlp, hidden: [4], activation: sigmoid}
"""


def test_show_a_spec(nntrain, here):
    (here / "notes.yaml").write_text(THREE_FOUR_TWO, encoding="utf-8")
    result = nntrain("show", "notes.yaml")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[:8] == [
        "notes: mlp 3–4–2, sigmoid · 26 parameters, float32",
        "",
        " layer       output   parameters   weights   biases   FLOPs",
        " ──────────────────────────────────────────────────────────",
        " input            3",
        " 0 dense          4   W 4×3, b 4        12        4      24",
        " 1 sigmoid        4",
        " 2 dense          2   W 2×4, b 2         8        2      16",
    ]
    assert lines[9:11] == [" total     20 + 6 = 26 parameters", " loss      softmax_cross_entropy"]
    assert re.fullmatch(
        r" training  [\d.]+ KiB: 3 vectors of parameters, 312 B, and buffers for batches of 32, [\d.]+ KiB", lines[11]
    )
    assert re.fullmatch(
        r" peak      [\d.]+ MiB for a whole run: program, data, training, scoring and drawing", lines[12]
    )
    assert lines[13] == " work      40 FLOPs for one example forward, about three times that for a step"


def test_show_in_json(nntrain, here):
    (here / "notes.yaml").write_text(THREE_FOUR_TWO, encoding="utf-8")
    shown = json.loads(nntrain("show", "notes.yaml", "--json").out)
    assert (shown["weights"], shown["others"], shown["total"]) == (20, 6, 26)
    assert shown["peak_bytes"] > shown["training_bytes"] > shown["parameter_bytes"] == 26 * 4


def test_show_a_run_and_a_checkpoint_like_their_spec(nntrain, done):
    shown = re.sub(r" peak .*\n", "", nntrain("show", "tiny.yaml").out)  # only with the data loaded can it be told
    assert nntrain("show", done).out == shown
    assert nntrain("show", next((done / "checkpoints").iterdir())).out == shown


def test_check_says_ok_in_one_line(nntrain, here):
    result = nntrain("check", "tiny.yaml")
    expected = "ok: tiny: mlp 3–4–3, tanh · 31 parameters, float32; 33 training rows, 16 steps\n"
    assert (result.status, result.out, result.err) == (0, expected, "")
    assert sorted(path.name for path in here.iterdir()) == ["tiny.yaml"]


def test_list_has_every_entry_of_every_registry(nntrain):
    found = nntrain("list", "--json").json
    assert list(found) == list(registries())
    for name, registry in registries().items():
        assert [entry["kind"] for entry in found[name]] == list(registry)
        shown = nntrain("list", name).out
        assert all(re.search(rf"^ {kind} ", shown, re.M) for kind in registry)
        assert all(entry["formula"] and entry["summary"].endswith(".") for entry in found[name])
    whole = nntrain("list").out
    assert all(f" {kind} " in whole for registry in registries().values() for kind in registry)


def test_list_knows_no_other_parts(nntrain):
    result = nntrain("list", "activation")
    assert result.status == 2
    assert result.err == (
        "error: list: unknown parts, got 'activation'; did you mean 'activations'? (one of activations, initializers, "
        "losses, metrics, models, optimizers, schedules, sources)\n"
    )


def test_schema_is_json(nntrain):
    found = nntrain("schema").json
    assert found["$schema"].startswith("https://json-schema.org/")
    assert "optimizer" in found["properties"]


@pytest.mark.parametrize("name", [name for name in templates() if name != "csv"])
def test_every_template_is_a_sound_spec_in_a_file_of_its_name(name, nntrain, here):
    result = nntrain("init", name)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"{name}.yaml: written; next: nntrain fit {name}.yaml\n"
    assert f"nntrain fit {name}.yaml" in (here / f"{name}.yaml").read_text(encoding="utf-8")
    assert nntrain("check", f"{name}.yaml").status == 0


def test_init_lists_writes_elsewhere_and_overwrites_nothing(nntrain, here):
    shown = nntrain("init").out
    assert all(re.search(rf"^ {name} +[A-Z]", shown, re.M) for name in templates())
    assert nntrain("init", "mlp", "-o", "-").out == templates()["mlp"]
    assert nntrain("init", "mlp", "-o", "mine.yaml").status == 0
    again = nntrain("init", "svm", "-o", "mine.yaml")
    assert (again.status, again.err) == (2, "error: mine.yaml: exists already; name another file with -o\n")
    assert "kind: mlp" in (here / "mine.yaml").read_text(encoding="utf-8")
    assert nntrain("init", "mpl").err.startswith("error: init: unknown template 'mpl'; did you mean 'mlp'?")


def test_a_spec_can_come_from_stdin(process, here):
    with (here / "tiny.yaml").open(encoding="utf-8") as spec:
        child = process("check", "-", stdin=spec)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    assert out.startswith("ok: tiny: ")


def test_python_that_drops_docstrings_changes_nothing_but_the_texts(process):
    for arguments in (["list", "activations"], ["check", "tiny.yaml"]):
        running = process(*arguments, environment={"PYTHONOPTIMIZE": "2"})
        out, err = running.communicate(timeout=60)
        assert (running.returncode, err) == (0, "")
        assert "maxout" in out or out.startswith("ok: tiny: ")


def test_lists_are_plain_text(nntrain):
    result = nntrain("list")
    assert result.status == 0
    assert "`" not in result.out
