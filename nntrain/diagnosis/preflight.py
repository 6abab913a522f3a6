"""What can be said of a spec before it is trained: its checks, and the settings that would mend what they find.

Takes a few seconds, and trains nothing that is kept. Knows nothing of terminals.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from nntrain.diagnosis.prospect import Prospect
from nntrain.diagnosis.prospect_checks import CHECKS, Check
from nntrain.spec import Loaded, reload


@dataclass(frozen=True, eq=False)
class Preflight:
    """The checks on one spec, in the order in which a training would meet what they find."""

    prospect: Prospect
    checks: Sequence[Check]
    seconds: float

    @property
    def failed(self) -> Sequence[Check]:
        """The checks that failed."""
        return [check for check in self.checks if check.status == "fail"]

    @cached_property
    def overrides(self) -> Sequence[str]:
        """The settings that would mend what was found and are not in force, each once, those of failed checks first."""
        ordered = sorted(self.checks, key=lambda check: check.status != "fail")
        wanted = dict.fromkeys(item for check in ordered for item in check.overrides)
        resolved = self.prospect.trainee.loaded.resolved
        return [item for item in wanted if reload(resolved, [item]).resolved != resolved]

    def as_dict(self) -> dict[str, Any]:
        """Return the checks for JSON; an infinite cost, of a training that diverged, becomes null."""
        return {
            "name": self.prospect.trainee.loaded.spec.name,
            "failed": bool(self.failed),
            "checks": [asdict(check) for check in self.checks],
            "rates": [{"lr": rate, "cost": cost} for rate, cost in sorted(self.prospect.trials.costs.items())],
            "overrides": list(self.overrides),
            "seconds": self.seconds,
        }


def preflight(loaded: Loaded, *, seconds: float) -> Preflight:
    """Look at a spec for about so many seconds. Raises DataError and SpecError as ``fit`` does."""
    began = time.perf_counter()
    prospect = Prospect(loaded, seconds)
    checks = [check for make in CHECKS for check in make(prospect)]
    return Preflight(prospect, checks, time.perf_counter() - began)
