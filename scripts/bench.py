#!/usr/bin/env python3
"""Compare the training step of nntrain with its peers: one table of ratios, in Markdown and in JSON.

    python scripts/bench.py                                  everything that is installed, with 1 and with 2 threads
    python scripts/bench.py --workloads S128 A128 --threads 1 --peers nntrain torch --output bench
    python scripts/bench.py --quick                          a few steps of everything: proves that it runs

Every peer trains the same network from the same weights on the same batches in the same order, and its costs must
follow those of a float64 reference before it is timed. Each thread count has its own process, in which the peers take
turns. Inputs are synthetic, in the shape of MNIST; no data are needed.
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, measure, report
from benchmarks.peers import PEERS
from benchmarks.workloads import WORKLOADS

TITLES = {name: peer.title for name, peer in PEERS.items()}
REFERENCES = ("nntrain", "numpy")  # what the others are divided by: the first of these that is asked for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison in one process a thread count; print and write what they found."""
    options = parse(arguments)
    if options.worker:
        print(json.dumps(dataclasses.asdict(measure_here(options, options.threads[0]))))
        return 0
    sheets = [measure_apart(options, threads) for threads in options.threads]
    reference = next((name for name in REFERENCES if name in options.peers), options.peers[0])
    markdown = report.to_markdown(sheets, reference, TITLES)
    print(markdown)
    if options.output:
        Path(f"{options.output}.md").write_text(markdown, encoding="utf-8")
        Path(f"{options.output}.json").write_text(report.to_json(sheets, reference), encoding="utf-8")
    return 1 if any(_untrue(sheet) for sheet in sheets) else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--threads", nargs="+", type=count, default=[1, 2], metavar="N")
    parser.add_argument("--repeats", type=count, default=11, metavar="N", help="timed runs of each (default 11)")
    parser.add_argument("--pin", action="store_true", help="confine each process to as many cores as threads")
    parser.add_argument("--quick", action="store_true", help="a few steps and 2 repeats: a test, not a measurement")
    parser.add_argument("--output", metavar="PREFIX", help="also write PREFIX.md and PREFIX.json")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def count(text: str) -> int:
    """Read a whole number from 1 on from the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, got {text!r}")
    return int(text)


def measure_apart(options: argparse.Namespace, threads: int) -> report.Sheet:
    """Measure in a new process, whose libraries start with so many threads."""
    flags = [flag for flag in ("--pin", "--quick") if getattr(options, flag[2:])]
    command = [
        sys.executable,
        __file__,
        "--worker",
        *flags,
        "--threads",
        str(threads),
        "--repeats",
        str(options.repeats),
    ]
    command += ["--workloads", *options.workloads, "--peers", *options.peers]
    env = machine.variables(threads, os.environ)
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: the process with {threads} threads failed with exit status {done.returncode}")
    return report.Sheet.from_dict(json.loads(done.stdout))


def measure_here(options: argparse.Namespace, threads: int) -> report.Sheet:
    """Measure in this process."""
    if options.pin:
        machine.pin(threads)
    probe_steps, repeats = (8, 2) if options.quick else (40, options.repeats)
    sheet = report.Sheet(threads, options.pin, repeats, machine.describe(), machine.versions())
    reasons = {name: PEERS[name].available() for name in PEERS if name in options.peers}
    sheet.not_available = {name: reason for name, reason in reasons.items() if reason}
    peers = {name: PEERS[name] for name, reason in reasons.items() if not reason}
    for name in options.workloads:
        workload = WORKLOADS[name].quick() if options.quick else WORKLOADS[name]
        row = measure.compare(workload, peers, probe_steps=probe_steps, repeats=repeats, say=_say)
        sheet.rows.append(row)
    sheet.kernels = machine.kernels()
    return sheet


def _untrue(sheet: report.Sheet) -> bool:
    """Whether nntrain itself trained otherwise than the reference: a failure of the product, not of a peer."""
    return any("nntrain" in row.left_out for row in sheet.rows)


def _say(message: str) -> None:
    print(f"bench: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
