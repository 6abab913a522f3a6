"""``nntrain gradcheck``: does the analytic gradient agree with the numerical one?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Json, Overrides

if TYPE_CHECKING:
    from nntrain.experiment.gradients import Combination, GradientCheck

FOUND = (">checked", ">at kinks", ">largest error", "")


def gradcheck(
    config: Annotated[Path | None, typer.Argument(metavar="[CONFIG]", help="A spec; without one, all parts.")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Compare the analytic gradient with the numerical one.

    In float64; exit 8 if they disagree. With a spec: each tensor of its network on a few rows of its data, at the
    start and after a few steps. Without: every model with every activation and every loss it can have, on random data.
    """
    from nntrain.errors import SpecError

    if config is None and overrides:
        raise SpecError("--set: there is no spec to change; name one")
    if config is None:
        _check_all(as_json)
    else:
        _check_spec(config, overrides or [], as_json)


def _check_spec(config: Path, overrides: list[str], as_json: bool) -> None:
    from nntrain.cli.numbers import count
    from nntrain.cli.terminal import out_json, show, table
    from nntrain.experiment import prepared
    from nntrain.experiment.gradients import IN_FLOAT64, check_spec
    from nntrain.spec import load

    ready = prepared(load(config, [*overrides, *IN_FLOAT64]))
    checks = check_spec(ready.assembly, ready.data)
    if as_json:
        out_json({"agrees": all(check.agrees for check in checks), "checks": [_plain(check) for check in checks]})
    else:
        rows = table("parameters", "shape", ">after steps", *FOUND)
        for check in checks:
            shape = "×".join(map(str, check.shape))
            rows.add_row(check.name, shape, count(check.steps), *_cells([check]))
        show(rows)
    _conclude([(f"{check.name} after {check.steps} steps", check) for check in checks], quiet=as_json)


def _check_all(as_json: bool) -> None:
    from nntrain.cli.terminal import out_json, show, table
    from nntrain.experiment.gradients import check_all

    found = list(check_all())
    if as_json:
        entries = [_entry(item) for item in found]
        out_json({"agrees": all(entry["agrees"] for entry in entries), "combinations": entries})
    else:
        rows = table("model", "loss", ">activations", *FOUND)
        for (model, loss), items in _grouped(found).items():
            units = str(len(items)) if items[0].activation else ""
            rows.add_row(model, loss, units, *_cells([check for item in items for check in item.checks]))
        show(rows)
    named = [(_name(item), check) for item in found for check in item.checks]
    _conclude(named, quiet=as_json)


def _grouped(found: "Sequence[Combination]") -> "dict[tuple[str, str], list[Combination]]":
    groups: dict[tuple[str, str], list[Combination]] = {}
    for item in found:
        groups.setdefault((item.model, item.loss), []).append(item)
    return groups


def _name(item: "Combination") -> str:
    return ", ".join(part for part in (item.model, item.activation, item.loss) if part)


def _cells(checks: "Sequence[GradientCheck]") -> list[str]:
    """Return entries checked, entries at kinks, the largest error and the verdict."""
    from nntrain.cli.numbers import count

    compared, kinks = (sum(getattr(check.report, name) for check in checks) for name in ("n_checked", "n_kinks"))
    worst = max(check.report.max_error for check in checks)
    verdict = "WRONG" if not all(check.agrees for check in checks) else "ok" if compared else "only kinks"
    return [count(compared), count(kinks), f"{worst:.1e}", verdict]


def _plain(check: "GradientCheck") -> dict[str, Any]:
    report = check.report
    return {
        "name": check.name,
        "steps": check.steps,
        "checked": report.n_checked,
        "kinks": report.n_kinks,
        "max_error": report.max_error,
        "agrees": check.agrees,
    }


def _entry(item: "Combination") -> dict[str, Any]:
    checks = [_plain(check) for check in item.checks]
    named = {"model": item.model, "activation": item.activation, "loss": item.loss}
    return {**named, "agrees": all(check["agrees"] for check in checks), "checks": checks}


def _conclude(checks: "Sequence[tuple[str, GradientCheck]]", *, quiet: bool) -> None:
    """Raise GradientError naming the worst check if one disagrees."""
    from nntrain.cli.terminal import out
    from nntrain.errors import GradientError

    wrong = [(name, check) for name, check in checks if not check.agrees]
    if wrong:
        name, worst = max(wrong, key=lambda pair: pair[1].report.max_error)
        raise GradientError(f"{len(wrong)} of {len(checks)} checks disagree, worst {name}: {worst.report}")
    if not any(check.decided for _, check in checks):
        raise GradientError("nothing could be compared: every entry is at a kink")
    if not quiet:
        entries = sum(check.report.n_checked for _, check in checks)
        worst_error = max(check.report.max_error for _, check in checks)
        out(f"ok: {entries:,} entries agree, largest relative error {worst_error:.1e}")
