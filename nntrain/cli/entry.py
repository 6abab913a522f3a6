"""The way in and the way out: arguments to a command, and whatever happens there to an exit status.

Every failure of the user's or of the machine is one line on stderr; only a bug shows a traceback.
"""

import gc
import os
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from nntrain.cli.interrupts import Ended, ignore
from nntrain.cli.output.terminal import RED, ClosedPipe, apply_style, open_closed_streams, plain, seen_from_here
from nntrain.errors import InterruptedRun, OutputError, UserError

BUG = 1
USAGE = 2
MANY_OBJECTS = 50_000  # made between two searches for rubbish: a start makes many and drops few (a tenth faster)
INTERRUPTED = 130  # as shells report SIGINT
CLOSED_PIPE = 141  # as shells report SIGPIPE
PLACE = re.compile(r"\S[^:]*:\d+:\d+: ")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``nntrain`` with the given arguments (the process's own by default) and exit."""
    gc.set_threshold(MANY_OBJECTS)
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # no terminal is too old for our output
    status = run(sys.argv[1:] if arguments is None else arguments)
    ignore()  # all is done: a signal while the interpreter takes itself apart must not change the status
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return the exit status; all output has reached its stream, or the status says why not."""
    fail = partial(_fail, as_json="--json" in arguments)
    try:
        status = _command(arguments)
        _flush()
    except (BrokenPipeError, ClosedPipe):
        _abandon_stdout()
        return CLOSED_PIPE
    except InterruptedRun as error:
        return fail(str(error), error.exit_code, label="stopped:")
    except UserError as error:
        return fail(str(error), error.exit_code)
    except Ended as ended:
        return fail(f"{ended.name} ended this command, which leaves nothing behind", ended.status, label="stopped:")
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError as error:
        return fail(f"out of memory{f': {error}' if str(error) else ''}", OutputError.exit_code)
    except OSError as error:
        _abandon_stdout()
        return fail(_os_error(error), OutputError.exit_code)
    except Exception:  # noqa: BLE001  # the last resort: a bug
        traceback.print_exc()
        return fail("this is a bug in nntrain; please report it with the lines above and the command", BUG)
    return status


def _command(arguments: Sequence[str]) -> int:
    """Find and call the command; return its exit status."""
    from typer.main import get_command

    from nntrain.cli.app import make_app

    try:
        status = get_command(make_app(arguments[0] if arguments else "")).main(
            list(arguments), prog_name="nntrain", standalone_mode=False
        )
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # typer's own: a wrong option or a missing argument; where its class can be imported from depends on its version
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "nntrain"
        message = _explain_usage(error, arguments) or " ".join(error.format_message().split())
        return _fail(f"{message} (see '{path} --help')", USAGE, as_json="--json" in arguments)
    return status if isinstance(status, int) else 0


def _explain_usage(error: Any, arguments: Sequence[str]) -> str:
    """Return in one line that a command has no such option, and which one or which key of a spec may be meant."""
    option, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if option is None or context is None or not hasattr(error, "possibilities"):
        return ""
    from nntrain.cli.option_hint import option_hint

    known = [name for parameter in context.command.get_params(context) for name in parameter.opts if name[0] == "-"]
    if context.info_name == "eval":  # there --set changes the data alone
        known.remove("--set")
    hint = option_hint(option, arguments, known)
    return f"No such option: {option}" + (f"; {hint}" if hint else "")


def _fail(message: str, status: int, label: str = "error:", *, as_json: bool = False) -> int:
    """Say what is wrong, a line each, after the results that were ready before; as JSON in one object.

    A line that begins with file:line:column has no label in front, so that editors find the place; nor has one that
    begins with blanks, which belongs to the line above.
    """
    try:
        _flush()
    except OSError:
        _abandon_stdout()
    with suppress(OSError):  # nobody is listening; the status says it
        if as_json:
            import json

            lines = seen_from_here(message).split("\n")
            print(json.dumps({label.removesuffix(":"): lines, "exit_code": status}), file=sys.stderr)
            return status
        for line in seen_from_here(message).split("\n"):
            unlabelled = PLACE.match(line) or line.startswith("  ")
            print(plain(line) if unlabelled else f"{apply_style(label, RED)} {plain(line)}", file=sys.stderr)
    return status


def _flush() -> None:
    """Write out what is still buffered: a full disk or a closed pipe may show only now."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _abandon_stdout() -> None:
    """Let nothing more be written to stdout, not even when the interpreter ends."""
    with suppress(OSError, ValueError, AttributeError):  # no real stream: nothing will be written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _os_error(error: OSError) -> str:
    where = error.filename if error.filename is not None else "standard output"
    return f"{where}: {error.strerror or error}"
