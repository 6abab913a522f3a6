"""P1 without strace: killed before each of its calls, in Python, a run goes on and ends as if nothing had been."""

import signal

import pytest

SLOW = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("every", [pytest.param(50, id="some"), pytest.param(2, id="all", marks=SLOW)])
def test_p1_killed_before_any_call_in_python_a_run_ends_the_same(every, lab, figure):
    tried = 0
    for number in range(1, 10_000, every):
        status = lab.fit("broken", strike=(number, "SIGKILL"))
        if status == 0:
            break
        assert status == -signal.SIGKILL
        tried += 1
        lab.assert_ends_whole("broken")
    assert tried * every > 180
    figure("killed before every second call in Python", f"{tried} points, {tried} came back the same")


@pytest.mark.parametrize("every", [pytest.param(7, id="some"), pytest.param(1, id="all", marks=SLOW)])
def test_p1_a_naive_writer_killed_like_that_does_fail(every, lab, figure):
    assert lab.fit("whole", naive=True) == 0
    lab.whole = lab.files("whole")
    tried = lost = 0
    for number in range(1, 10_000, every):
        if lab.fit("broken", naive=True, strike=(number, "SIGKILL")) == 0:
            break
        tried += 1
        lost += lab.fit("broken", naive=True) != 0 or lab.differences("broken") != []
        if (lab.folder / "broken").exists():
            lab.remove("broken")
    assert lost
    figure("the naive control, killed before each call", f"{tried} points, {lost} lost")
