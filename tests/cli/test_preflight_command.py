"""``nntrain preflight``: its table, its JSON and its exit codes."""

import json
from pathlib import Path

CONFIGS = Path(__file__).parents[2] / "configs"


def test_the_table_ends_with_what_to_try(nntrain, here):
    result = nntrain("preflight", CONFIGS / "rate-too-large.yaml", "--seconds", "60")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == " spec  rate-too-large: linear 3–1, init zeros, sgd, rate 1.5, full batch, seed 0"
    assert " FAIL  rate        diverges within 50 steps at 1.5; " in result.out
    assert lines[-1].startswith(f" try  nntrain preflight {CONFIGS}/rate-too-large.yaml --set optimizer.lr=")
    assert list(here.iterdir()) == [here / "tiny.yaml"]


def test_strict_and_json(nntrain):
    path = CONFIGS / "rate-too-large.yaml"
    result = nntrain("preflight", path, "--seconds", "60", "--strict", "--json")
    assert result.status == 11
    assert json.loads(result.err) == {"error": [f"{path}: does not pass: rate, as said above"], "exit_code": 11}
    assert result.json["failed"] is True
    assert [check["name"] for check in result.json["checks"] if check["status"] == "fail"] == ["rate"]
    assert None in [one["cost"] for one in result.json["rates"]]  # it diverged
    fine = nntrain("preflight", CONFIGS / "rate-right.yaml", "--seconds", "60", "--strict")
    assert fine.status == 0


def test_a_wrong_spec_is_refused_as_by_fit(nntrain, here):
    (here / "c.yaml").write_text("data: {source: moons}\nmodel: mpl\n", encoding="utf-8")
    result = nntrain("preflight", "c.yaml")
    assert result.status == 2
    assert result.err.startswith("c.yaml:2:8: model: unknown model 'mpl'; did you mean 'mlp'?")
