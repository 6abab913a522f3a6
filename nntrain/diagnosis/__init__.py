"""Why a run's curve looks as it does: a verdict from experiments, and what to do next."""
