"""A process that dies, played within this one: from some call on, none that could reach the disk does anything.

Not a test. It makes thousands of deaths affordable; processes that are really killed are in ``server.py``.
"""

import os
from contextlib import contextmanager

CALLS = ("open", "write", "fsync", "pread", "ftruncate", "replace", "unlink", "mkdir", "scandir")


class Dead(BaseException):
    """No code may go on after this; what is tidied up all the same cannot reach the disk any more."""


@contextmanager
def dying(number):
    """Let everything inside die right before the ``number``-th of ``CALLS``; yield a list that tells whether it did."""
    real, left, died = {name: getattr(os, name) for name in CALLS}, [number], []

    def mortal(call):
        def wrapper(*arguments, **named):
            left[0] -= 1
            if left[0] <= 0:
                died.append(call.__name__)
                raise Dead
            return call(*arguments, **named)

        return wrapper

    try:
        for name, call in real.items():
            setattr(os, name, mortal(call))
        yield died
    except Dead:
        pass
    finally:
        for name, call in real.items():
            setattr(os, name, call)
