"""A diagnosis: the verdict on a run in words, the evidence behind it, and the command that mends the run.

Knows nothing of terminals.
"""

import math
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nntrain.diagnosis.curvature import Curvature, gradient_of, mean_squares, stable_rate
from nntrain.diagnosis.diagnosed_run import DiagnosedRun, refuse_unfit
from nntrain.diagnosis.examination import Examination
from nntrain.diagnosis.reason import reason_of
from nntrain.diagnosis.remedy import remedy
from nntrain.diagnosis.replays import Replays
from nntrain.diagnosis.verdict import Finding, Kind, findings
from nntrain.runs.assembly import assemble
from nntrain.runs.curve_shape import shape
from nntrain.spec import reload

SECONDS = 120.0
SERIOUS: Sequence[Kind] = (
    *("diverged", "leak_suspected", "bad_start", "dead_units", "saturated", "rate_too_high", "rate_too_low"),
    *("overfit", "not_learning", "plateau"),
)


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The findings on a run, the worst first; ``seconds`` is how long it took to make them."""

    path: Path
    run: DiagnosedRun
    examined: Examination
    findings: Sequence[Finding]
    seconds: float

    @property
    def verdict(self) -> Kind:
        """The verdict."""
        return self.findings[0].verdict

    @property
    def is_serious(self) -> bool:
        """Whether a result of this run should not be used as it is."""
        return self.verdict in SERIOUS

    @cached_property
    def reason(self) -> str:
        """The verdict in a sentence, with its figures."""
        return reason_of(self.verdict, self.examined)

    @property
    def others(self) -> Sequence[Kind]:
        """What was found besides, the worst first."""
        return [finding.verdict for finding in self.findings[1:] if finding.verdict != "right"]

    @cached_property
    def overrides(self) -> Sequence[str]:
        """The settings that mend the run; of a doubtful verdict, those of the finding that is in doubt."""
        doubtful = self.verdict == "not_sure" and len(self.findings) > 1
        return remedy(self.findings[1 if doubtful else 0].verdict, self.examined)

    @property
    def command(self) -> str | None:
        """The command that mends the run, or that would settle a doubt; None where there is nothing to do."""
        if not self.examined.replays.long_enough and self.verdict == "not_sure":
            replays = self.examined.replays
            seconds = math.ceil(1.5 * replays.seconds * replays.planned / replays.epochs / 4)
            return f"nntrain diagnose {shlex.quote(str(self.path))} --seconds {max(seconds, 2 * int(replays.seconds))}"
        if not self.overrides:
            return None
        spec = shlex.quote(str(self.path / "config.yaml"))
        settings = " ".join(f"--set {shlex.quote(item)}" for item in self.overrides)
        if self.verdict == "not_sure":
            return f"nntrain sweep {spec} --seeds 3 --over {self._sweep_of_rates()}"
        return f"nntrain fit {spec} {settings}"

    def _sweep_of_rates(self) -> str:
        rate = self.run.rate
        rates = ", ".join(f"{factor * rate:.3g}" for factor in (0.1, 0.3, 1, 3, 10))
        return shlex.quote(f"optimizer.lr=[{rates}]")

    @cached_property
    def curvature(self) -> Mapping[str, Curvature]:
        """The curvature of the cost at the ``start`` and at the ``end``, where the optimizer's limit is known."""
        run = self.run
        spec = reload(run.trainee.loaded.resolved, ["train.dtype=float64"]).spec
        network = assemble(spec, run.trainee.data).network
        gradient = gradient_of(network, run.rows.astype(float), run.targets.astype(float), spec.penalty)
        found = {}
        for name, state in (("start", run.trainee.start()), ("end", run.end())):
            theta, squares = state.params.theta.astype(float), mean_squares(run.job.optimizer, state)
            found[name] = stable_rate(run.job.optimizer, gradient, theta, squares)
        return {name: curvature for name, curvature in found.items() if curvature is not None}

    @property
    def evidence(self) -> Iterator[tuple[str, str]]:
        """Yield what was seen, as (kind of evidence, a sentence)."""
        run, units = self.run, self.examined.units
        seen = shape(run.first_cost, run.train_costs, run.floor)
        if len(run.train_costs):
            course = f"{run.first_cost:.4g} before the first step, then {_course(run.train_costs)}"
            yield "cost", f"{course}; it rises in {seen.rises} of {seen.steps} epochs"
        yield "constants", f"the best scores without the inputs cost {run.constants:.4g}"
        for number, layer in enumerate(units.layers, start=1):
            share, what = (layer.dead, "units dead") if layer.dead else (layer.saturated, "values saturated")
            if share > 0.1:
                yield "units", f"layer {number}, {layer.kind}: {share:.0%} of its {what}"
        for name, found in self.curvature.items():
            if found.eigenvalue > 0:
                times = run.rate / found.stable_rate
                limit = f"so steps are stable below {found.stable_rate:.4g}; the rate is {times:.2g} times that"
                yield "curvature", f"largest eigenvalue {found.eigenvalue:.4g} at the {name}, {limit}"

    def as_dict(self) -> dict[str, Any]:
        """Return the diagnosis for JSON."""
        replays, rate = self.examined.replays, self.run.rate
        return {
            "run": str(self.path),
            "verdict": self.verdict,
            "reason": self.reason,
            "serious": self.is_serious,
            "others": list(self.others),
            "experiments": [{"finding": one.verdict, "tried": one.experiment} for one in self.findings],
            "evidence": [{"kind": kind, "says": text} for kind, text in self.evidence],
            "replay": {
                "epochs": replays.epochs,
                "of": replays.planned,
                "costs": [{"lr": factor * rate, "cost": cost} for factor, cost in sorted(replays.rates.items())],
            },
            "overrides": list(self.overrides),
            "command": self.command,
            "seconds": self.seconds,
        }


def diagnose(path: Path, *, share: float = 1.0, seconds: float = SECONDS) -> Diagnosis:
    """Examine a run directory, which is only read.

    Replays train ``share`` of the run's epochs, fewer where ``seconds`` do not suffice. Raises CheckpointError,
    DataError and SpecError where its training cannot be repeated.
    """
    began = time.perf_counter()
    run = DiagnosedRun(path)
    refuse_unfit(run)
    examined = Examination(run, Replays(run, share, seconds))
    found = list(findings(examined))
    return Diagnosis(path, run, examined, found, time.perf_counter() - began)


def _course(costs: Any) -> str:
    """Return a few of the costs by epoch, from the first to the last."""
    places = sorted({0, len(costs) // 3, 2 * len(costs) // 3, len(costs) - 1})
    return ", ".join(f"{costs[place]:.4g}" for place in places)
