#!/usr/bin/env python3
"""Build the C extension that plays training steps, and put it beside its source: a checkout then trains with it.

    python scripts/build_player.py            needs a C compiler and setuptools
    python scripts/build_player.py FOLDER     put it there instead

A package that is installed with a compiler at hand has it already (see hatch_build.py, which calls ``build``).
"""

import hashlib
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "nntrain" / "core" / "_player.c"
# Products and sums are rounded one by one, as NumPy does it: nothing may be contracted. Square roots set no errno.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]


def build(source: Path, folder: Path, extra: list[str] | None = None) -> Path:
    """Compile the extension in a temporary folder and move it into ``folder``; return where it is."""
    import numpy
    from setuptools import Distribution, Extension

    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    flags = ["/O2"] if sys.platform == "win32" else FLAGS
    with TemporaryDirectory(prefix="nntrain-player-") as work:
        extension = Extension(
            "_player",
            [str(source)],
            include_dirs=[numpy.get_include()],
            define_macros=[("SOURCE_DIGEST", f'"{digest}"')],
            extra_compile_args=[*flags, *(extra or [])],
            extra_link_args=list(extra or []),
        )
        command = Distribution({"name": "player", "ext_modules": [extension]}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = work, work
        command.ensure_finalized()
        command.run()
        made = Path(command.get_outputs()[0])
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / made.name
        target.unlink(missing_ok=True)  # a process may have the old one open
        shutil.copy2(made, target)
    return target


if __name__ == "__main__":
    print(build(SOURCE, Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE.parent))
