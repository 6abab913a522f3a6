"""What is seen of a sweep while it goes on: the plan, then a line for each run that ends, or one line that moves.

On a terminal one live line counts; elsewhere each finished run has a line; with ``--json`` each event is an object.
"""

import sys
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from nntrain.cli.output import figures
from nntrain.cli.output.figures import count, duration, figure
from nntrain.cli.output.terminal import DIM, RED, apply_style, is_live, out_json, plain, say, width

if TYPE_CHECKING:
    from nntrain.sweeps.coordinator import Coordinator, Event
    from nntrain.sweeps.points import Plan, Point

BAR = 24  # columns
EVERY = 0.1  # seconds between two drawings of the live line
LEADER = 1.0  # seconds between two looks for the best setting so far
START = 0.06  # seconds that a run takes beside its training (measured)
LABEL = 9


class SweepProgress:
    """Shows the events of one sweep."""

    def __init__(self, coordinator: "Coordinator", *, as_json: bool, quiet: bool) -> None:
        self.coordinator, self.total = coordinator, coordinator.search.most
        self.jobs, self.unit = coordinator.executor.capacity, coordinator.executor.unit
        self.as_json, self.talks = as_json, not (as_json or quiet)
        self.live = self.talks and is_live(sys.stderr)
        self.failed: dict[str, int] = {}
        self._here, self._began, self._drawn = 0, monotonic(), 0.0
        self._names = short_names(self.plan.keys)
        self._best, self._look_at = "", 0.0

    @property
    def plan(self) -> "Plan":
        """The plan as far as it is known by now."""
        return self.coordinator.plan

    def begin(self) -> None:
        """Say what is planned."""
        statuses = [outcome.status for outcome in self.coordinator.outcomes.values()]
        numbers = {name: statuses.count(name) for name in ("done", "diverged", "to do")}
        runs, settings, units = len(statuses), len(self.plan.settings), self.plan.units
        if self.as_json:
            facts = {"settings": settings, "seeds": list(self.plan.seeds), "runs": runs, "rank": self.plan.rank}
            facts |= {"folds": list(self.plan.folds)} if self.plan.folds else {}
            out_json(
                {
                    "event": "plan",
                    **facts,
                    "merged": self.plan.merged,
                    "rungs": list(self.plan.rungs),
                    **numbers,
                    "folder": self.coordinator.folder.path,
                }
            )
        if not self.talks:
            return
        if settings * units < self.total and not self.plan.rungs:
            text = f"{_product(self.total // units, self.plan)}, {_plural(settings, 'setting')} at a time"
            self._fact("plan", f"{text}{self._on(self.total)}")
        else:
            parts = [f"{count(number)} {name}" for name, number in numbers.items() if number or name != "diverged"]
            text = f"{_product(settings, self.plan)}: {', '.join(parts)}"
            self._fact("plan", text + self._forecast(numbers["to do"]))
        if self.plan.rungs:
            epochs = " and ".join(map(str, self.plan.rungs))
            self._fact("halving", f"runs pause at epoch {epochs}; the best settings go on")
        if units > 1:
            self._fact(f"{self.plan.unit_noun}s", what_varies(self.plan))
        if self.plan.merged:
            self._fact("equal", f"{_plural(self.plan.merged, 'setting')} came out equal to others and count once")

    def show(self, event: "Event") -> None:
        """Show what has become of a run."""
        from nntrain.sweeps.coordinator import Failed, Held

        where = self.label(event.point)
        if isinstance(event, Held):
            if self.talks:
                self._above(f"{where}: another process trains it; waiting")
            return
        if isinstance(event, Failed):
            self.failed[event.point.id] = event.status
            ended = (
                f"exit {event.status}" if event.status >= 0 else f"killed by signal {-event.status}, again and again"
            )
            self._above(
                f"{apply_style('failed:', RED)} {where}: {ended}{f': {plain(event.message)}' * bool(event.message)}"
            )
            self._event("failed", event.point, {"exit": event.status, "message": event.message})
            return
        self._here += 1
        finished, outcome = self.coordinator.finished, event.outcome
        score = outcome.figures.get(self.plan.rank)
        self._event("run", event.point, {"status": outcome.status, "score": score, "finished": finished})
        if self.talks and not self.live:
            result = "diverged" if outcome.status == "diverged" else figure(score)
            paused = f" at epoch {outcome.epochs}" if outcome.status == "paused" else ""
            say(f"{finished}/{self.total} {where} {result}{paused}")
        elif self.live:
            self._draw(last=finished == self.total)

    def close(self) -> None:
        """Take the live line away."""
        if self.live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def label(self, point: "Point") -> str:
        """Return the values and the seed of a run: ``lr=0.1 seed=0``."""
        from nntrain.sweeps.setting_values import spell, value_at

        setting = self.plan.settings[point.setting]
        found = {self._names[key]: value_at(setting, key) for key in self.plan.keys}
        values = [f"{name}={plain(figures.setting(value, spell(value)))}" for name, value in found.items()]
        return " ".join([*values, point.unit_text])

    def _event(self, event: str, point: "Point", facts: Mapping[str, Any]) -> None:
        if self.as_json:
            values = self.plan.settings[point.setting].values
            own = {"run": self.coordinator.folder.run(point.id), "setting": point.setting + 1, "seed": point.seed}
            own |= {"fold": point.fold} if point.fold is not None else {}
            out_json({"event": event, **own, "values": values, **facts})
            sys.stdout.flush()

    def _forecast(self, left: int) -> str:
        """Say how long it will take, as far as the runs that are done tell, and on how many processes."""
        on = self._on(left)
        seconds = [one.seconds for one in self.coordinator.outcomes.values() if one.status == "done"]
        if not left:
            return ""
        if not seconds or self.plan.rungs:
            return on
        return f", about {duration((sum(seconds) / len(seconds) + START) * left / self.jobs)}{on.removeprefix(',')}"

    def _on(self, left: int) -> str:
        number = min(self.jobs, max(left, 1))
        return f", on {count(number)} {self.unit[number != 1]}"

    def _draw(self, *, last: bool = False) -> None:
        now = monotonic()
        if now - self._drawn < EVERY and not last:
            return
        self._drawn = now
        total, finished = self.total, self.coordinator.finished
        full = BAR * finished // total
        diverged = sum(one.status == "diverged" for one in self.coordinator.outcomes.values())
        parts = [f"{finished} of {total}", f"{diverged} diverged"]
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        left = (now - self._began) / self._here * (total - finished) if self._here else 0.0
        parts += [f"{duration(left)} left"] if left else []
        if now >= self._look_at:
            self._best = self._leader()
            took = (
                monotonic() - now
            )  # of a large sweep the whole plan is put in order: no more than a twentieth of the time
            self._look_at = monotonic() + max(LEADER, 20 * took)
        parts += [f"best {self._best}"] if self._best else []
        line = f" {'█' * full}{'░' * (BAR - full)}  {' · '.join(parts)}"
        sys.stderr.write(f"\r{line[: max(width() - 1, 20)]}\x1b[K")
        sys.stderr.flush()

    def _leader(self) -> str:
        """Return the best setting so far that is whole."""
        from nntrain.sweeps.standings import standings

        found = standings(self.plan, self.coordinator.outcomes)
        if not found or not found[0].is_whole:
            return ""
        return f"{figure(found[0].score.mean)} at {self.label(found[0].setting.points[0]).rpartition(' ')[0]}"

    def _above(self, text: str) -> None:
        self.close()
        say(text)

    def _fact(self, label: str, text: str) -> None:
        say(f" {apply_style(f'{label:<{LABEL}}', DIM)} {text}")


def what_varies(plan: "Plan") -> str:
    """Say what is different from seed to seed, or from fold to fold."""
    if plan.folds:
        return (
            "validate on a part of the data each; their intervals are a little narrow, since they share training rows"
        )
    if plan.drawn:
        return f"vary the weights, the batches and the {plan.drawn}"
    return "vary the weights and the batches, not the split"


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return the last part of each dotted key, where that is no other's; else the whole key."""
    last = [key.rpartition(".")[2] for key in keys]
    return {key: name if last.count(name) == 1 else key for key, name in zip(keys, last, strict=True)}


def _product(settings: int, plan: "Plan") -> str:
    numbers = [_plural(len(plan.seeds), "seed")] if len(plan.seeds) > 1 or not plan.folds else []
    numbers += [_plural(len(plan.folds), "fold")] if plan.folds else []
    return f"{_plural(settings, 'setting')} × {' × '.join(numbers)} = {_plural(settings * plan.units, 'run')}"


def _plural(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
