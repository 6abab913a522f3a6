"""Trains on one small file system after the other, each mounted for one run, and keeps what is left of it. Not a test.

Run in a mount namespace of its own: ``small_disks.py SIZE…``, in kB. Exit 99 where nothing can be mounted.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from nntrain.cli.entry import run

FIT = ["fit", "tiny.yaml", "--no-plots", "-q", "--run-dir", "disk/run"]


def train(size: str) -> int:
    """Train on a disk of this size in a process of its own; return its exit status."""
    child = os.fork()
    if child == 0:
        for number, name in ((1, os.devnull), (2, f"said-{size}")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o666), number)
        os._exit(run(FIT))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(sizes: list[str]) -> None:
    """Try all sizes and write down how each run ended."""
    found = {}
    for size in sizes:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", "disk"], check=False).returncode:
            raise SystemExit(99)
        found[size] = train(size)
        if Path("disk/run").exists():
            shutil.copytree("disk/run", f"left-{size}")
        subprocess.run(["umount", "disk"], check=True)
    Path("ended.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
