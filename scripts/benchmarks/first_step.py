"""Run ``nntrain fit`` up to its first step and print how long that took; a process of its own, started as a script.

    python scripts/benchmarks/first_step.py CONFIG RUNS STARTED

STARTED is the clock (``time.time()``) when the process was started. Imports nothing that ``nntrain fit`` does not.
"""

import json
import sys
import time
from importlib import import_module
from typing import Any


class FirstStep(BaseException):
    """The first step is about to run."""


def main(config: str, runs: str, started: str) -> None:
    """Print the seconds from the start of the process to the first step, reading the data apart, as JSON."""
    data = import_module("nntrain.data.prepare")
    interpreter, player = import_module("nntrain.train.interpreter"), import_module("nntrain.train.player")
    prepare, reading = data.prepare, 0.0

    def timed(*args: Any, **named: Any) -> Any:
        nonlocal reading
        began = time.perf_counter()
        result = prepare(*args, **named)
        reading = time.perf_counter() - began
        return result

    def stop(*_: Any, **__: Any) -> None:
        raise FirstStep

    data.prepare = timed  # type: ignore[attr-defined]  # before anybody imports it
    interpreter.Interpreter.take = player.Player.take = stop
    sys.argv = ["nntrain", "fit", config, "--runs", runs, "-q"]
    try:
        import_module("nntrain.cli").main()
    except FirstStep:
        total = time.time() - float(started)
        print(json.dumps({"start to first step, reading apart, s": total - reading, "reading the data, s": reading}))


if __name__ == "__main__":
    main(*sys.argv[1:])
