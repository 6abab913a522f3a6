"""Pictures drawn in a separate process, which loads Matplotlib while the caller continues its work.

The process ends with its caller, even if that is killed. Without a second processor, or when the process fails or does
not answer in time, the picture is drawn in this one; it has the same bytes. Knows nothing of runs or files.
"""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nntrain.core.machine import processors

if TYPE_CHECKING:  # the caller has better things to do while Matplotlib is loaded than to import these
    from nntrain.drawing.curves import Curves
    from nntrain.drawing.style import Format

ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # more threads would not help
PATIENCE = 60.0  # seconds to wait for a picture, which takes one or two; then the caller draws it
FAREWELL = 2.0  # seconds for the process to remove the temporary folder that Matplotlib may have made


class PlotProcess:
    """Draws one picture, as ``Curves.render`` does. A context manager that leaves no process behind."""

    def __init__(self) -> None:
        self._process = _start() if processors() > 1 else None

    def __enter__(self) -> "PlotProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None

    def render(self, curves: "Curves") -> "dict[Format, bytes]":
        """Return the picture in each format, after waiting for the process if there is one."""
        return self._render_in_process(asdict(curves)) or curves.render()

    def _render_in_process(self, order: dict[str, Any]) -> "dict[Format, bytes] | None":
        """Return the pictures of the process; None when there is no process, or it failed."""
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            answer, _ = process.communicate(json.dumps(order), PATIENCE)
            return {kind: b64decode(picture) for kind, picture in json.loads(answer).items()}
        except (OSError, ValueError, AttributeError, TypeError, subprocess.TimeoutExpired):
            return None
        finally:
            _end(process)


def _start() -> "subprocess.Popen[str] | None":
    """Start the process in a group of its own, so that Ctrl-C reaches only the caller; None when that fails."""
    program = f"import sys; sys.path[:] = {sys.path!r}; from nntrain.drawing import plot_process; plot_process.main()"
    try:
        return subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | ALONE,
            process_group=0,
            text=True,
            encoding="utf-8",
        )
    except OSError:
        return None


def _end(process: "subprocess.Popen[str]") -> None:
    """End the process: in order if it can still tidy up, and else at once."""
    process.terminate()
    try:
        process.wait(FAREWELL)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def main() -> None:
    """Load Matplotlib, read an order from standard input, and write the pictures to standard output."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # in order, so that temporary folders go
    from matplotlib import font_manager, style
    from matplotlib.backends import backend_agg, backend_svg

    from nntrain.drawing.curves import Curves
    from nntrain.drawing.sheet import Heading

    del font_manager, style, backend_agg, backend_svg  # they were imported only to be loaded
    order = sys.stdin.read()
    if order:  # empty when the caller has ended
        facts = json.loads(order)
        heading = Heading(**facts.pop("heading")) if facts["heading"] else facts.pop("heading")
        pictures = Curves(**facts, heading=heading).render()
        json.dump({kind: b64encode(picture).decode() for kind, picture in pictures.items()}, sys.stdout)
