"""Verdicts on runs whose fault is known, and the commands that mend them, run as they are printed."""

from pathlib import Path

import pytest
import yaml

from nntrain.diagnosis import diagnose

ZOO = yaml.safe_load((Path(__file__).parent / "zoo.yaml").read_text(encoding="utf-8"))
SHORT = (
    "digits-softmax@0.014",
    "iris-softmax-batch@0.0014",
    "moons-relu-batch@3",
    "linear-batch@0.034",
    "linear-one@0.0066",
    "xor-linear@0.1",
    "zero-start-tanh@0.03",
    "moons-short@0.01",
    "moons-by-heart@0.01",
)


def said(run, share=1.0):
    return diagnose(run, share=share)


@pytest.mark.parametrize("one", [one for one in ZOO if one["name"] in SHORT], ids=lambda one: one["name"])
def test_some_runs_have_a_verdict_that_fits_them(one, trained):
    assert said(trained(one["spec"])).verdict in one["accept"]


@pytest.mark.slow
@pytest.mark.parametrize(("share", "wanted"), [(1.0, 0.93), (0.25, 0.88)])
def test_verdicts_agree_with_the_labels_of_the_zoo(share, wanted, trained, record_property):
    found = [(one["name"], one["accept"], said(trained(one["spec"], one["name"]), share).verdict) for one in ZOO]
    agreeing = [kind in accept for _, accept, kind in found]
    main = [kind == accept[0] for _, accept, kind in found]
    record_property("agreement", f"{sum(agreeing)} of {len(agreeing)}, main label {sum(main)}")
    assert sum(agreeing) >= wanted * len(agreeing), [one for one, good in zip(found, agreeing, strict=True) if not good]
    for _, accept, kind in found:
        assert not (accept[0] == "diverged" and kind in ("right", "at_the_edge"))
