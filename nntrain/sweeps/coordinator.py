"""Training the points of a search round by round: what is done stays, what was stopped goes on, what fails is told.

Whether a point is finished is read from its run directory, never remembered; so the same sweep started again after
anything goes on where the directories stand. Knows nothing of how a point is trained, or of scores.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeAlias

from nntrain.errors import DivergenceError, InterruptedRun, LockedError, OutputError
from nntrain.sweeps.executor import Executor
from nntrain.sweeps.expansion import confirm
from nntrain.sweeps.folder import Outcome, SweepFolder
from nntrain.sweeps.order import Ended, Order
from nntrain.sweeps.points import Plan, Point, Setting
from nntrain.sweeps.search import Search, WholePlan
from nntrain.train.records import Interrupted

TICK = 0.1  # seconds between two looks for an interruption
RETRY = 0.25  # seconds until a point that another process holds is looked at again
ATTEMPTS = 3  # in a row that were killed before they saved anything new


@dataclass(frozen=True, slots=True)
class Finished:
    """A point that is done, has diverged, or pauses for good or until the next round."""

    point: Point
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Failed:
    """A point whose process ended with ``status`` (negative: the signal), and the last line it said."""

    point: Point
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Held:
    """A point that another process trains just now: it is waited for."""

    point: Point


Event: TypeAlias = Finished | Failed | Held


@dataclass(slots=True)
class Coordinator:
    """Trains the points of a search that are not finished yet; ``outcomes`` has what is known of each, by id.

    ``plan`` has all settings that are known by now; ``finished`` counts how often a point came to the end of a round.
    """

    search: Search
    folder: SweepFolder
    executor: Executor
    argv: Sequence[str] = ()
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    under_way: dict[str, Point] = field(default_factory=dict)
    plan: Plan = field(init=False)
    finished: int = 0
    _until: int | None = None
    _queue: deque[Point] = field(default_factory=deque)
    _later: list[tuple[float, Point]] = field(default_factory=list)
    _attempts: dict[str, tuple[int, str]] = field(default_factory=dict)  # how many, from which checkpoint
    _held: set[str] = field(default_factory=set)
    _stopping: str | bool = False  # or by what
    _fatal: str = ""

    def __post_init__(self) -> None:
        self.plan = self.search.plan
        self.outcomes = {point.id: self.folder.outcome(point.id) for point in self.plan.points}

    @property
    def to_do(self) -> list[Point]:
        """The points that have not come to their end, in the order of the plan."""
        return [point for point in self.plan.points if not self.outcomes[point.id].is_final]

    def confirmation(self, setting: Setting, seeds: int) -> "Coordinator":
        """Return the coordinator of one setting, in the same folder, with so many seeds that this plan does not have.

        Raises what ``confirm`` raises.
        """
        return Coordinator(WholePlan(confirm(self.plan, setting, seeds)), self.folder, self.executor, self.argv)

    def events(self, interrupted: Interrupted = bool) -> Iterator[Event]:
        """Train, and yield what becomes of each point, in the order in which they end.

        Raises InterruptedRun after everything has been saved, OutputError when the disk takes no more. No round begins
        after one in which a point failed.
        """
        for one in self.search.rounds(self.folder):
            self.plan, self._until = one.plan, one.until
            known = {point.id: self.folder.outcome(point.id, one.until) for point in one.points}
            self.outcomes |= known
            self._queue.extend(point for point in one.points if not known[point.id].is_final)
            self.finished += len(known) - len(self._queue)
            yield from self._round(interrupted)
            if any(self.outcomes[point].status == "failed" for point in known):
                return

    def _round(self, interrupted: Interrupted) -> Iterator[Event]:
        """Train what is in the queue."""
        while self._queue or self._later or self.under_way:
            reason = interrupted()
            if reason and not self._stopping:
                self._stop(reason)
            self._fill()
            for one in self.executor.ended(TICK):
                event = self._settle(one)
                if event is not None:
                    yield event
        if self._fatal:
            raise OutputError(self._fatal)
        if self._stopping:
            left, why = len(self.to_do), f" after {self._stopping}" if isinstance(self._stopping, str) else ""
            raise InterruptedRun(
                f"{self.folder.path}: {left} of {len(self.outcomes)} runs left{why}; the same command goes on"
            )

    def _stop(self, reason: str | bool) -> None:
        self._stopping = reason
        self._queue.clear()
        self._later.clear()
        self.executor.stop()

    def _fill(self) -> None:
        """Start points while there is room."""
        now = monotonic()
        self._queue.extend(point for due, point in self._later if due <= now)
        self._later = [(due, point) for due, point in self._later if due > now]
        while self._queue and len(self.under_way) < self.executor.capacity:
            point = self._queue.popleft()
            self.under_way[point.id] = point
            run, messages = str(self.folder.run(point.id)), str(self.folder.messages(point.id))
            order = Order(point.id, run, messages, point.resolved, self.plan.text, self.argv, self._until)
            try:
                with self.folder.writing():
                    self.executor.start(order)
            except OutputError as error:
                self.under_way.pop(point.id)
                self._fail(str(error))

    def _fail(self, why: str) -> None:
        """Let what is under way save and end, since the disk takes no more."""
        self._fatal = self._fatal or why
        if not self._stopping:
            self._stop(True)

    def _settle(self, ended: Ended) -> Event | None:
        """Take note of an end: the directory says whether the point is finished, else the status what to do."""
        point, status = self.under_way.pop(ended.point), ended.status
        outcome = self.folder.outcome(point.id, self._until)
        if outcome.is_final:
            self.outcomes[point.id] = outcome
            self.finished += 1
            if status in (0, DivergenceError.exit_code) or outcome.status == "paused":
                self.folder.drop_messages(point.id)
            return Finished(point, outcome)
        if self._stopping and (status < 0 or status == InterruptedRun.exit_code):
            return None
        if status == LockedError.exit_code:
            return self._wait(point)
        if status == OutputError.exit_code:
            self._fail(self.folder.last_message(point.id))
            return None
        if (status < 0 or status == InterruptedRun.exit_code) and self._may_try_again(point):
            self._queue.appendleft(point)
            return None
        self.outcomes[point.id] = Outcome("failed", {})
        return Failed(point, status, self.folder.last_message(point.id))

    def _wait(self, point: Point) -> Event | None:
        if self._stopping:
            return None
        self._later.append((monotonic() + RETRY, point))
        if point.id in self._held:
            return None
        self._held.add(point.id)
        return Held(point)

    def _may_try_again(self, point: Point) -> bool:
        """Tell whether a point that was killed has saved something new, or has not been tried too often without."""
        progress = self.folder.progress(point.id)
        count, before = self._attempts.get(point.id, (0, progress))
        count = 1 if progress != before else count + 1
        self._attempts[point.id] = (count, progress)
        return count < ATTEMPTS
