"""Why a run's curve looks as it does: a verdict from experiments, its evidence, and what to do next.

Knows nothing of terminals.
"""

from nntrain.diagnosis.diagnosis import SECONDS, Diagnosis, diagnose

__all__ = ["SECONDS", "Diagnosis", "diagnose"]
