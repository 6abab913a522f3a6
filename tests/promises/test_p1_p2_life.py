"""P1 and P2: fit, stop, kill, go on, prune and damage, in any order and as often as one likes."""

import shutil
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from nntrain.artifacts import checkpoint as storage
from nntrain.artifacts.checkpoints import step_of
from nntrain.artifacts.rundir import RunDir
from nntrain.errors import CheckpointError

RUN = "life"


class Life(RuleBasedStateMachine):
    """One run directory and what befalls it; in the end the run goes on and ends as the undisturbed one."""

    lab = None  # given before it is run
    accidents = 0

    def __init__(self):
        super().__init__()
        self.directory = RunDir(self.lab.folder / RUN)
        shutil.rmtree(self.directory.path, ignore_errors=True)
        self.newest = 0  # step of the newest checkpoint that was seen and not damaged since
        self.done = False

    @rule(call=st.integers(1, 250))
    def kill(self, call):
        self.begin((call, "SIGKILL"), -signal.SIGKILL)

    @rule(call=st.integers(1, 200))
    def stop(self, call):
        self.begin((call, "SIGTERM"), 75)

    def begin(self, strike, status):
        """Train until a signal strikes; it comes too early for the handlers to be there, or too late, as may be."""
        got = self.lab.fit(RUN, strike=strike)
        assert got in (0, status, -getattr(signal, strike[1])), self.lab.said()
        self.done |= got == 0  # a finished run stays finished, whatever befalls the command that only says so
        Life.accidents += got != 0

    @precondition(lambda self: not self.done and len(self.valid()) > 1)
    @rule(place=st.integers(0, 10**6))
    def damage(self, place):
        """Flip a byte of the newest checkpoint while there is another; not of the best, which cannot be had again."""
        newest, best = self.valid()[-1], self.best()
        if newest != best:
            path = self.directory.checkpoint_path(newest)
            data = bytearray(path.read_bytes())
            data[place % len(data)] ^= 0xFF
            path.write_bytes(data)
            self.newest = self.valid()[-1]
            Life.accidents += 1

    @precondition(lambda self: not self.done and self.valid())
    @rule(keep=st.integers(1, 3))
    def prune(self, keep):
        best = self.best()
        with self.directory.lock():
            self.directory.prune(keep, [] if best is None else [self.directory.checkpoint_path(best)])

    def valid(self):
        """Return the steps of the checkpoints that can be read."""
        return [step_of(path) for path in self.directory.checkpoints() if self.is_valid(path)]

    def is_valid(self, path):
        try:
            storage.load(path)
        except CheckpointError:
            return False
        return True

    def best(self):
        """Return the step of the best epoch so far, as the newest valid checkpoint knows it."""
        return (self.directory.latest().checkpoint.meta["best"] or {}).get("step")

    @invariant()
    def the_newest_valid_checkpoint_is_the_one_that_counts_and_is_never_lost(self):
        valid = self.valid()
        assert max(valid, default=0) >= self.newest
        if valid:
            found = self.directory.latest()
            assert step_of(found.path) == max(valid)
            assert len(found.notes) == sum(step_of(path) > max(valid) for path in self.directory.checkpoints())
            self.newest = max(valid)

    def teardown(self):
        if self.directory.path.exists():
            self.lab.assert_ends_whole(RUN, stopped=True)


@pytest.mark.parametrize(
    ("lives", "length"),
    [
        pytest.param(4, 6, id="some"),
        pytest.param(40, 10, id="all", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
)
def test_p1_p2_whatever_befalls_a_run_it_ends_the_same(lives, length, lab, figure):
    assert lab.whole
    Life.lab, Life.accidents = lab, 0
    rules = settings(
        max_examples=lives,
        stateful_step_count=length,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=rules)
    figure(
        "lives of kills, stops, damage and pruning", f"{Life.accidents} accidents in {lives} lives, all ended the same"
    )
