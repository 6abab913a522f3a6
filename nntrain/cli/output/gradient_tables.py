"""The results of a gradient check as tables with their explanation, and as JSON."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from nntrain.cli.output.figures import count, plural
from nntrain.cli.output.terminal import facts, out, show, table, width

if TYPE_CHECKING:
    from nntrain.gradcheck import Finding, NetworkCheck, PartCheck, Subject, TensorCheck
    from nntrain.gradcheck.numeric import Options, Report

DOUBTFUL = 1e-4  # errors above the tolerance up to here may be rounding, or a small term
WIDEST = 100  # columns of running text
ONE_TABLE = 112  # columns that tensors and their worst entries take side by side


def show_network(subject: "Subject", found: "NetworkCheck", options: "Options") -> None:
    """Write the table of tensors, the meaning of its figures, and the findings."""
    size = count(subject.network.params.size)
    when = f"after {plural(subject.epoch, 'epoch')}" if subject.epoch else "at their initial values"
    out(f"{subject.name}: {size} parameters {when}, {plural(len(subject.X), 'example')}, float64")
    _tensor_table(found.tensors)
    _explain(_meaning(options, found))
    planted = [("planted", f"{getattr(subject.bug, 'kind', '')}: {subject.bug.formula}")] if subject.bug else []
    facts([*planted, *_findings(found.findings)])
    if found.agrees and found.decided:
        _conclude(check.report for check in found.tensors)


def _tensor_table(checks: "Sequence[TensorCheck]") -> None:
    """Write one line for each tensor; on a narrow terminal the worst entries have a table of their own."""
    seconds = [_second(check.report) for check in checks]
    columns = ["tensor", "shape", ">checked", ">kinks", ">median", ">error", *([">complex"] if any(seconds) else [])]
    worst = [">worst at", ">analytic", ">numeric"]
    is_wide = width() >= ONE_TABLE + 10 * any(seconds)
    rows, entries = table(*columns, *(worst if is_wide else []), ""), table("tensor", *worst)
    for check, second in zip(checks, seconds, strict=True):
        report = check.report
        figures = [
            count(report.n_entries),
            count(report.n_kinks),
            _short(report.median_error),
            _short(report.max_error),
        ]
        cells = [check.name, "×".join(map(str, check.shape)), *figures, *([second] if any(seconds) else [])]
        rows.add_row(*cells, *(_worst(check) if is_wide else []), verdict(report))
        entries.add_row(check.name, *_worst(check))
    show(*([rows] if is_wide else [rows, entries]))


def network_json(subject: "Subject", found: "NetworkCheck") -> dict[str, Any]:
    """Return the whole check for a program."""
    return {
        "agrees": found.agrees,
        "name": subject.name,
        "epoch": subject.epoch,
        "examples": len(subject.X),
        "planted": getattr(subject.bug, "kind", None),
        "tensors": [_tensor(check) for check in found.tensors],
        "findings": [{"where": item.where, "cause": item.cause, "bug": item.bug} for item in found.findings],
    }


def show_parts(found: "Sequence[PartCheck]") -> None:
    """Write one row a part, and one a model with a loss."""
    rows = table("part", "", ">checked", ">kinks", ">error", ">complex", "")
    for part in found:
        n_entries, kinks = (sum(getattr(report, name) for report in part.reports) for name in ("n_entries", "n_kinks"))
        error, second = _short(max(report.max_error for report in part.reports)), _second(*part.reports)
        cells = [count(n_entries), count(kinks), error, second + ("" if part.smooth else " *") if second else "none"]
        rows.add_row(part.group, part.name, *cells, verdict(*part.reports))
    show(rows)
    units = max(part.members for part in found)
    _explain(
        [
            *_bands(found[0].reports[0].tolerance),
            "complex: the same by the complex step Im f(θ + ih)/h, which subtracts nothing and is exact to rounding; "
            "* parts of it are not analytic at their kinks: taken on the piece that the real part chooses",
            f"a model with hidden layers is checked with all {units} activations",
        ]
    )
    for part in found:
        facts(_findings(part.findings[:1]))
    if all(part.agrees for part in found):
        _conclude(report for part in found for report in part.reports)


def parts_json(found: "Sequence[PartCheck]") -> dict[str, Any]:
    """Return all parts for a program."""
    return {
        "agrees": all(part.agrees for part in found),
        "parts": [
            {
                "group": part.group,
                "name": part.name,
                "agrees": part.agrees,
                "checked": sum(report.n_entries for report in part.reports),
                "kinks": sum(report.n_kinks for report in part.reports),
                "max_error": max(report.max_error for report in part.reports),
                "complex_error": max((report.second_error or 0.0 for report in part.reports), default=0.0),
                "findings": [{"where": item.where, "cause": item.cause, "bug": item.bug} for item in part.findings],
            }
            for part in found
        ],
    }


def verdict(*reports: "Report") -> str:
    """Return the verdict on one tensor or on all tensors of a part."""
    error, tolerance = max(report.max_error for report in reports), reports[0].tolerance
    if error > tolerance:
        return "WRONG" if error > DOUBTFUL else "doubtful"
    return "undecided" if all(report.n_undecided == report.n_entries for report in reports) else "ok"


def _meaning(options: "Options", found: "NetworkCheck") -> list[str]:
    along = [item for check in found.tensors for item in check.report.directions if item.numeric is not None]
    tensors = [check for check in found.tensors if check.report.directions]
    lines = _bands(options.tolerance)
    if options.method != "central":
        lines.append("complex: the error against Im f(θ + ih)/h, on the piece that the real part of each unit chooses")
        notes = {check.report.note: check.name for check in found.tensors if check.report.note}
        lines += [f"{name} has no complex step: {note}" for note, name in notes.items()]
    if tensors:
        errors = f"largest error {_short(max(item.error for item in along))}" if along else "kinks everywhere"
        number = plural(len(tensors[0].report.directions), "random direction")
        lines.append(f"of tensors that are not checked whole, also along {number} through all entries: {errors}")
    return lines


def _bands(tolerance: float) -> list[str]:
    return [
        "error: |a − n| / max(|a|, |n|, floor) of the analytic gradient a and the slope n by central differences; what "
        "is below the floor is lost in rounding",
        f"up to {_short(tolerance)} ok · up to {_short(DOUBTFUL)} doubtful: rounding, or a small term · above WRONG: "
        "the formula · at a kink a must lie between the slopes on both sides",
    ]


def _explain(lines: Iterable[str]) -> None:
    for line in lines:
        wrapped = textwrap.wrap(line, min(width(), WIDEST) - 3, break_long_words=False)
        out("\n".join(f"   {part}" if index else f" {part}" for index, part in enumerate(wrapped)))
    out()


def _findings(findings: "Sequence[Finding]") -> list[tuple[str, str]]:
    """Return the first finding in full, and where else something is wrong."""
    if not findings:
        return []
    first, *others = findings
    lines = [("first", first.where), ("cause", first.cause)]
    lines += [("bug", first.bug)] if first.bug else []
    return lines + ([("also", "; ".join(item.where for item in others))] if others else [])


def _conclude(reports: "Iterable[Report]") -> None:
    found = list(reports)
    entries = count(sum(report.n_entries for report in found))
    out(f"ok: {entries} entries agree, largest error {_short(max(report.max_error for report in found))}")


def _second(*reports: "Report") -> str:
    """Return the largest error against the complex step, nothing where there is none."""
    errors = [report.second_error for report in reports if report.second_error is not None]
    return _short(max(errors)) if errors else ""


def _worst(check: "TensorCheck") -> list[str]:
    """Return place, analytic and numeric value of the entry with the largest error."""
    worst = check.report.worst
    return [f"[{','.join(map(str, _place(check)))}]", f"{worst.analytic:.6g}", f"{worst.numeric:.6g}"]


def _place(check: "TensorCheck") -> list[int]:
    import numpy as np

    return [int(index) for index in np.unravel_index(check.report.worst.index, check.shape)]


def _tensor(check: "TensorCheck") -> dict[str, Any]:
    report, worst = check.report, check.report.worst
    return {
        "name": check.name,
        "shape": list(check.shape),
        "checked": report.n_entries,
        "kinks": report.n_kinks,
        "undecided": report.n_undecided,
        "max_error": report.max_error,
        "median_error": report.median_error,
        "complex_error": report.second_error,
        "worst": {"index": _place(check), "analytic": worst.analytic, "numeric": worst.numeric, "error": worst.error},
        "directions": [{"analytic": d.analytic, "numeric": d.numeric, "error": d.error} for d in report.directions],
        "verdict": verdict(report),
    }


def _short(error: float) -> str:
    return "0" if error == 0 else f"{error:.0e}"
