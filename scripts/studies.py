#!/usr/bin/env python3
"""Run published results and take down what nntrain obtains, for the table of docs/studies.md.

scripts/studies.py            run all studies, the quick ones first
scripts/studies.py NAME…      run only these
scripts/studies.py --list     name the studies and what is known of them

A study is a spec in configs/studies, whose first line says what was published. Data that come with nobody are looked
for in the folder NNTRAIN_TEST_DATA, or else in data beside the project's folders; a study without its data is left out,
by name. Afterwards the table is written, as scripts/readme.py does. Processor seconds are those of all runs of a study.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from documents.studies import COEFFICIENTS, OBTAINED, ROOT, Study, obtained, studies

import nntrain
from nntrain.errors import DataError
from nntrain.spec import load


def settings(study: Study, seed: int, fold: int) -> dict[str, Any]:
    """Return what changes from run to run, and where the data are."""
    found: dict[str, Any] = {"seed": seed}
    if study.folds > 1:
        found["data.fold"] = fold
    path, home = getattr(load(study.path).spec.data.source, "path", None), os.environ.get("NNTRAIN_TEST_DATA")
    if path is not None and home and path.is_relative_to(ROOT / "data"):
        found["data.source.path"] = str(Path(home) / path.relative_to(ROOT / "data"))
    return found


def figure(study: Study, run: nntrain.Run) -> float:
    """Return the figure of a run that the study is about."""
    if study.figure != COEFFICIENTS:
        return run.figures[study.figure]
    return off(study.coefficients, run.model())


def off(certified: tuple[float, ...], model: Any) -> float:
    """Return the largest relative difference of a linear model's coefficients from certified ones."""
    n = len(model.feature_names)
    constants, slopes = np.array(certified[:-n]), np.array(certified[-n:])
    steps = (1 + np.abs(constants).sum()) / np.abs(slopes)  # so long that the differences lose no digits
    at = np.asarray(model.predict(np.vstack([np.zeros(n), np.diag(steps)])), float).reshape(-1)
    found = np.append(at[: len(constants)], (at[1:] - at[0]) / steps)
    return float(np.abs(found / np.array(certified) - 1).max())


def train(study: Study) -> dict[str, Any]:
    """Train a study for each fold and seed; return its figures and the processor time."""
    began = time.process_time()
    values = []
    for seed in range(study.seeds):
        for fold in range(study.folds):
            with tempfile.TemporaryDirectory() as folder:
                run = nntrain.fit(study.path, settings(study, seed, fold), run_dir=Path(folder) / "run")
                values.append(figure(study, run))
    return {"values": values, "seconds": round(time.process_time() - began, 1)}


def main() -> int:
    """Run the studies that are asked for; return the exit status."""
    parser = argparse.ArgumentParser(description="Run published results and take down what nntrain obtains.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these studies")
    parser.add_argument("--list", action="store_true", help="run nothing; name the studies")
    asked = parser.parse_args()
    known = {study.name: study for study in studies()}
    if unknown := set(asked.names) - set(known):
        parser.error(f"no study {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    found = obtained()
    if asked.list:
        for name, study in known.items():
            print(f"{name:24}{study.verdict(found[name]['values']) if name in found else 'not run':40}{study.source}")
        return 0
    for name in asked.names or sorted(known, key=lambda name: found.get(name, {}).get("seconds", 1e9)):
        try:
            found[name] = train(known[name])
        except DataError as error:
            print(f"{name}: left out: {error}", file=sys.stderr)
            continue
        values = found[name]["values"]
        print(f"{name}: {known[name].obtained(values)}; {known[name].verdict(values)}", flush=True)
        text = json.dumps({**obtained(), name: found[name]}, indent=1, sort_keys=True)
        OBTAINED.write_text(text + "\n", encoding="utf-8")
    return subprocess.run([sys.executable, str(ROOT / "scripts" / "readme.py")], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
