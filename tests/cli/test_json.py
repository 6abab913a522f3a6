"""What is said as JSON: results on stdout, errors on stderr."""

import json

import pytest

from nntrain.cli.entry import run

SPEC = """\
name: small
data: {source: iris, validation: 0.2, groups: null}
model: softmax
train: {epochs: 2, batch_size: 10}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SPEC)
    return "small.yaml"


def said(capsys, *arguments, status=0):
    assert run(arguments) == status
    captured = capsys.readouterr()
    return json.loads(captured.out if status == 0 else captured.err)


def test_check_tells_what_it_found(spec, capsys):
    found = said(capsys, "check", spec, "--json", "--set", "data.validation=null", "--set", "data.folds=5")
    assert found["rows"] == {"train": 120, "validation": 30}
    assert (found["ok"], found["name"], found["parameters"], found["steps"]) == (True, "small", 15, 24)
    assert (found["loss"], found["division"]) == ("softmax_cross_entropy", "fold 0 of 5 validates")


def test_check_and_show_say_how_rows_are_divided(spec, capsys):
    folded = ("--set", "data.validation=null", "--set", "data.folds=5")
    assert run(["check", spec, *folded]) == 0
    assert capsys.readouterr().out.endswith("; 120 training rows, 24 steps; fold 0 of 5 validates\n")
    assert run(["show", spec, *folded]) == 0
    assert " division  fold 0 of 5 validates" in capsys.readouterr().out


def test_errors_are_one_object_on_stderr(spec, capsys):
    found = said(capsys, "check", spec, "--set", "optimizer.lr=-1", "--set", "train.epochs=-1", "--json", status=2)
    assert found == {
        "error": [
            "--set optimizer.lr: must be greater than 0, got -1",
            "--set train.epochs: must be at least 0, got -1",
        ],
        "exit_code": 2,
    }
    assert said(capsys, "check", "none.yaml", "--json", status=2)["error"][0].startswith("none.yaml: ")


def test_a_wrong_option_is_an_object_too(spec, capsys):
    found = said(capsys, "check", spec, "--jsn", "--json", status=2)
    assert found["error"][0].startswith("No such option: --jsn")


def test_init_tells_what_it_wrote_and_guessed(spec, tmp_path, capsys):
    assert "mlp" in said(capsys, "init", "--json")["templates"]
    assert said(capsys, "init", "mlp", "--json") == {"file": "mlp.yaml", "template": "mlp"}
    (tmp_path / "d.csv").write_text("x,y\n" + "".join(f"{i * 7 % 11}.5,{'ab'[i % 2]}\n" for i in range(40)))
    found = said(capsys, "init", "--data", "d.csv", "--json")
    assert found["file"] == "d.yaml"
    assert found["guessed"]["target"].startswith("y, ")
    text = said(capsys, "init", "--data", "d.csv", "-o", "-", "--json")["text"]
    assert text == (tmp_path / "d.yaml").read_text().replace("d.yaml", "spec.yaml")
    found = said(capsys, "init", "mlp", "--json", status=2)
    assert found == {"error": ["mlp.yaml: exists already; name another file with -o"], "exit_code": 2}


def test_list_tells_options_and_defaults(capsys):
    (adam,) = (entry for entry in said(capsys, "list", "optimizers", "--json")["optimizers"] if entry["kind"] == "adam")
    assert adam["options"]["beta1"] == {"default": 0.9}
    (csv,) = (entry for entry in said(capsys, "list", "sources", "--json")["sources"] if entry["kind"] == "csv")
    assert csv["options"]["path"] == {"required": True}
    assert run(["list", "schedules"]) == 0
    assert "warmup: 0.0" in capsys.readouterr().out


def test_doctor_tells_its_findings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nntrain.cli.commands.doctor._speed", lambda: iter(()))
    found = said(capsys, "doctor", "--json")
    assert found["ok"]
    assert {"what", "value", "problem"} == set(found["findings"][0])
