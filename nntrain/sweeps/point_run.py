"""Training one point in this process, to its end or until it is to pause; what went wrong goes to standard error.

Every executor comes here in the end. Knows nothing of processes or signals.
"""

import os
import traceback
from pathlib import Path

from nntrain.errors import InterruptedRun, UserError
from nntrain.runs import Run, open_run
from nntrain.spec import reload
from nntrain.sweeps.order import BUG, Order
from nntrain.train.records import Interrupted


def train_point(order: Order, interrupted: Interrupted) -> int:
    """Train a point and return its exit status: 0 done, 75 paused or interrupted, else what the error says."""
    pauses: list[bool] = []
    try:
        loaded, run = reload(order.resolved, text=order.text), Path(order.run)
        with open_run(loaded, runs=run.parent, run_dir=run, argv=order.argv, draw=False) as taken:

            def halts() -> str | bool:
                if isinstance(taken, Run) and order.until is not None and taken.state.epoch >= order.until:
                    pauses.append(True)
                return bool(pauses) or interrupted()

            for _ in taken.events(interrupted if order.until is None else halts):
                pass
    except InterruptedRun as error:
        if not pauses:
            os.write(2, f"{error}\n".encode(errors="backslashreplace"))
        return error.exit_code
    except UserError as error:
        os.write(2, f"{error}\n".encode(errors="backslashreplace"))
        return error.exit_code
    except MemoryError as error:
        os.write(2, f"out of memory{f': {error}' if str(error) else ''}\n".encode())
        return BUG
    except Exception:  # noqa: BLE001  # a bug: it must not end other points
        os.write(2, traceback.format_exc().encode(errors="backslashreplace"))
        return BUG
    return 0
