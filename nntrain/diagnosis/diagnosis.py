"""A diagnosis: the verdict on a run with its evidence, and the command that mends it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntrain.diagnosis.replays import Replays
from nntrain.diagnosis.subject import Subject
from nntrain.diagnosis.verdict import Examination, Finding, Kind


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The verdict, what else was found, and how to mend it."""

    run: Path
    kind: Kind
    findings: Sequence[Finding]
    examination: Any
    seconds: float


def diagnose(path: Path, *, share: float = 1.0, seconds: float = 120.0) -> Diagnosis:
    run = Subject(path)
    began = time.perf_counter()
    exam = Examination(run, Replays(run, share, seconds))
    found = list(exam.findings())
    return Diagnosis(path, found[0].kind, found, exam, time.perf_counter() - began)
