"""P1 and P7 over random specs: the same twice, the same stopped and killed on the way, the same when lengthened."""

import json
import random

import pytest

from tests.promises import random_specs

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]
REFUSED = (2, 3)  # the parts do not fit one another, or not the data
DIVERGED = 4


@pytest.mark.parametrize("specs", [pytest.param(6, id="some"), pytest.param(250, id="all", marks=SLOW)])
def test_p1_any_spec_gives_the_same_bytes_twice_stopped_killed_and_lengthened(specs, lab, figure):
    chance, tried, refused, diverged, stops, lengthened = random.Random(11), 0, 0, 0, 0, 0
    random_specs.write_files(lab.folder)
    while tried < specs:
        spec = random_specs.draw(chance)
        lab.write_spec(json.dumps(spec))
        status = lab.fit("whole")
        assert status in (0, *REFUSED, DIVERGED), f"{spec}\n{lab.said()}"
        if status != 0:
            refused += status in REFUSED
            diverged += status == DIVERGED
            if (lab.folder / "whole").exists():
                lab.remove("whole")
            continue
        tried += 1
        lab.whole = lab.files("whole")
        assert lab.fit("broken") == 0
        assert lab.differences("broken") == [], spec
        lab.remove("broken")
        for name in ("SIGTERM", "SIGKILL"):
            stops += lab.fit("broken", strike=(chance.randint(20, 250), name)) != 0
        assert lab.fit("broken") == 0, f"{spec}\n{lab.said()}"
        assert lab.lasting("broken") == lab.lasting("whole"), spec
        lab.remove("broken")
        if "stop" not in spec["train"] and "max_steps" not in spec["train"]:
            assert lab.fit("broken", ["--set", "train.epochs=1"]) in (0, DIVERGED), lab.said()
            status = lab.fit("broken")
            assert status == 0, f"{spec}\n{lab.said()}"
            if "this will not be the same run" not in lab.said():  # a schedule that counts on the end has other rates
                assert lab.lasting("broken") == lab.lasting("whole"), spec
                lengthened += 1
            lab.remove("broken")
        lab.remove("whole")
    found = f"{tried} specs, {stops} stops and kills, {lengthened} lengthened: all ended the same"
    figure("random specs", f"{found}; {refused} refused, {diverged} diverged")
