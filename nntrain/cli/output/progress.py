"""The progress of training: rows of figures, and on a terminal a bar below them.

Long runs show a row for some epochs only, so that a thousand epochs still fit on a screen.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from textwrap import wrap
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nntrain.cli.output.figures import figure
from nntrain.cli.output.terminal import DIM, apply_style, is_live, say, width
from nntrain.core.entry_text import rate

if TYPE_CHECKING:
    from nntrain.runs import Run
    from nntrain.train.records import EpochRecord
    from nntrain.train.state import State

ROWS, ROWS_LIVE = 30, 15  # rows of a whole run in a file, above a bar
SILENCE = 30.0  # seconds after which an epoch has its row in any case
TICK = 0.2  # seconds between two looks at the step
COLUMN = 11
NOTE = "train is measured over the epoch's own batches, validation after the epoch"
NOTE_ALONE = "train is measured over the epoch's own batches"


class Progress:
    """Rows and bar of one run on stderr, for use in a ``with``. Writes nothing where it is not wanted."""

    def __init__(self, run: "Run", *, wanted: bool) -> None:
        self.run, self.wanted = run, wanted
        self.live = wanted and is_live(sys.stderr)
        self.epochs = run.loaded.spec.train.epochs
        self.every = _round_up(self.epochs / (ROWS_LIVE if self.live else ROWS))
        self._waiting: EpochRecord | None = None  # a record without its row so far
        self._told = monotonic()
        self._parts: list[str] = []
        self._bar: _Bar | None = None

    def __enter__(self) -> "Progress":
        if self.live and self.run.state.stopped is None:
            self._bar = _Bar(self.run, self.epochs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._waiting is not None:
            self._row(self._waiting)
        if self._bar is not None:
            self._bar.close()

    def show(self, record: "EpochRecord") -> None:
        """Show a finished epoch, if its row is due."""
        if not self.wanted:
            return
        self._waiting = record
        due = record.epoch in (1, self.epochs) or record.epoch % self.every == 0
        if due or not self._parts or monotonic() - self._told >= SILENCE:
            self._row(record)
        if self._bar is not None:
            self._bar.update(record.train["cost"])

    def _row(self, record: "EpochRecord") -> None:
        if not self._parts:
            self._head(record)
        cells = [figure(value) for part in self._parts for value in _figures(record, part).values()]
        self._tell("".join(f"{cell:>{COLUMN}}" for cell in [f"{record.epoch}/{self.epochs}", *cells, rate(record.lr)]))
        self._waiting, self._told = None, monotonic()

    def _head(self, record: "EpochRecord") -> None:
        self._parts = ["train", "validation"] if record.validation else ["train"]
        names = {part: list(_figures(record, part)) for part in self._parts}
        groups = "".join(f"{part:>{COLUMN * len(names[part])}}" for part in self._parts)
        self._tell("")
        self._tell(" " * COLUMN + groups, DIM)
        columns = ["epoch", *(name for part in self._parts for name in names[part]), "lr"]
        self._tell("".join(f"{name:>{COLUMN}}" for name in columns), DIM)

    def _tell(self, line: str, style: str = "") -> None:
        line = line[: max(width() - 1, 20)].rstrip()
        text = apply_style(line, style) if style and line else line
        if self._bar is None:
            say(text)
        else:
            self._bar.write(text)

    def footnote(self) -> None:
        """Say what the figures were measured on."""
        if self._parts:
            say()
            for line in wrap(NOTE if len(self._parts) > 1 else NOTE_ALONE, max(30, width() - 3)):
                say(apply_style(f"  {line}", DIM))


class _Bar:
    """A tqdm bar over the steps of a run. A thread moves it, so that training knows nothing of it."""

    def __init__(self, run: "Run", epochs: int) -> None:
        from tqdm import tqdm

        self._run, self._epochs = run, epochs
        self._last: float | None = None
        self._bar: Any = tqdm(
            total=run.job.total_steps,
            initial=run.state.step,
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            desc=label_of(run.state, epochs, None),
            ascii="─━" if "utf" in (sys.stderr.encoding or "").lower() else True,
            bar_format="  {desc} {bar} {percentage:3.0f}%  {elapsed} < {remaining}",
        )
        self._done = Event()
        self._thread = Thread(target=self._tick, daemon=True)
        with suppress(RuntimeError):  # no thread can be had: the bar then moves with each epoch
            self._thread.start()

    def update(self, cost: float | None = None) -> None:
        """Show the epoch, and its cost so far; before its first step that of the last one, if ``cost`` tells it."""
        self._last = cost if cost is not None else self._last
        self._bar.set_description_str(label_of(self._run.state, self._epochs, self._last), refresh=False)

    def write(self, text: str) -> None:
        """Write a line above the bar."""
        with self._bar.get_lock():  # or the ticking thread may draw the bar in between
            self._bar.clear()
            say(text)

    def close(self) -> None:
        """Remove the bar."""
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bar.close()

    def _tick(self) -> None:
        while not self._done.wait(TICK):
            self._bar.n = self._run.state.step
            self.update()
            self._bar.refresh()


def label_of(state: "State", epochs: int, last: float | None) -> str:
    """Return the epoch under way, and the mean cost of its batches so far, before the first one the ``last`` cost.

    Training goes on meanwhile, so the cost may be one batch ahead of the rows.
    """
    total, rows = state.cost_sum, state.rows
    now = total / rows if rows else last
    cost = f", cost {figure(now)}" if now is not None else ""
    return f"epoch {min(state.epoch + 1, epochs)}/{epochs}{cost}"


def _figures(record: "EpochRecord", part: str) -> Mapping[str, float]:
    return (record.validation if part == "validation" else record.train) or {}


def _round_up(value: float) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, …"""
    scale = 1
    while True:
        for factor in (1, 2, 5):
            if factor * scale >= value:
                return factor * scale
        scale *= 10
