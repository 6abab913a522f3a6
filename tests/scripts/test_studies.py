"""Published results: every spec says what was published, the quick ones are obtained, and the table says the truth."""

import json

import pytest
import studies as script
from documents import studies

from nntrain.errors import DataError
from nntrain.spec import load

ALL = {study.name: study for study in studies.studies()}
QUICK = [*(name for name in ALL if name.startswith("nist-")), "cs231n-softmax"]
WITH_DATA = ["abalone-0", "wdbc", "sklearn-mlp-50"]


@pytest.mark.parametrize("name", ALL)
def test_every_study_is_a_sound_spec_that_names_its_source(name):
    study = ALL[name]
    spec = load(study.path).spec
    assert spec.name == name
    assert (spec.data.folds or 1) == study.folds
    assert 0 < study.tolerance < 0.1
    assert any(character.isdigit() or character == "I" for character in study.source)
    assert bool(study.coefficients) == (study.figure == studies.COEFFICIENTS)


def obtain(name):
    study = ALL[name]
    try:
        values = script.train(study)["values"]
    except DataError as error:
        pytest.skip(f"real data: {error}")
    assert len(values) == study.folds * study.seeds
    return study, values


@pytest.mark.parametrize("name", QUICK)
def test_quick_studies_agree(name):
    study, values = obtain(name)
    assert study.agrees(values), study.verdict(values)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_DATA)
def test_studies_with_real_data_agree(name, real_data):
    study, values = obtain(name)
    assert study.agrees(values), study.verdict(values)


def test_the_coefficients_of_another_line_are_far_off():
    study, values = obtain("nist-noint2")
    assert values[0] < 1e-12
    other = studies.Study("other", study.figure, 0.0, 1e-12, "", coefficients=(0.75,))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(studies.Study, "path", study.path)
        assert script.train(other)["values"][0] == pytest.approx(1 - 0.727272727272727 / 0.75, rel=1e-9)


def test_the_table_says_what_was_run_and_what_does_not_agree(tmp_path, monkeypatch):
    wdbc = ALL["wdbc"]
    path = tmp_path / "obtained.json"
    monkeypatch.setattr(studies, "OBTAINED", path)
    assert {row[3] for row in studies.rows()} == {"not run"}
    path.write_text(json.dumps({"wdbc": {"values": [0.90, 0.92], "seconds": 1234.4}}), encoding="utf-8")
    (row,) = (row for row in studies.rows() if row[3] != "not run")
    assert row == (
        "[wdbc](../configs/studies/wdbc.yaml)",
        wdbc.source,
        "validation.accuracy 0.975",
        "0.9100 ± 0.0141, 2 runs",
        "does not agree: 0.065 below, 0.01 allowed",
        "1,234 s",
    )


def test_a_first_line_that_promises_nothing_is_refused(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("# nntrain fit configs/studies/odd.yaml → good; someone\nname: odd\n", encoding="utf-8")
    with pytest.raises(ValueError, match="its first line is not that of a study"):
        studies.read(path)
