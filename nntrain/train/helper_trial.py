"""Whether helper threads make steps faster: both ways are tried, the faster one is kept, and tried again at times.

On a busy machine a thread may wait for a helper that the system has stopped. Which way is taken changes only the time
that a step takes. Knows nothing of steps.
"""

TURN = 0.03  # seconds that one way is tried for
KEPT = 20  # turns of the faster way before the other is tried again
GAIN = 0.97  # share of the time alone from which helpers are worth the processors that they take


class HelperTrial:
    """``are_worth_it`` tells which way the next group of steps goes."""

    def __init__(self) -> None:
        self.are_worth_it = False
        self._seconds: dict[bool, float] = {}  # of a step with helpers (True) and alone (False), in their last turns
        self._spent, self._steps, self._left = 0.0, 0, 0

    def record(self, seconds: float, steps: int) -> None:
        """Record a group of steps of so many seconds each; at the end of a turn, choose the way of the next one."""
        self._spent += seconds * steps
        self._steps += steps
        if self._spent < TURN:
            return
        self._seconds[self.are_worth_it] = self._spent / self._steps
        self._spent, self._steps = 0.0, 0
        if len(self._seconds) < 2 or self._left == 0:
            self.are_worth_it, self._left = not self.are_worth_it, KEPT
            return
        self.are_worth_it = self._seconds[True] < GAIN * self._seconds[False]
        self._left -= 1
