"""``nntrain verify``: a certificate that a spec repeats and resumes bit for bit, or that a checkpoint is whole."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nntrain.cli.arguments import Json, Overrides, SpecOrModel
from nntrain.cli.given_path import is_spec

if TYPE_CHECKING:
    from nntrain.verification.certificate import Finding, VerifiedFile

LABEL = 11  # columns of a label


def verify(
    source: SpecOrModel,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Prove that a spec repeats and resumes bit for bit.

    Trains as the spec says, a second time in another process, and a third time stopped and resumed at several steps
    with evaluations and a gradient check in between, and compares all bytes of weights and metrics: exit 5 with the
    first difference. A run is also compared with itself. A checkpoint is checked for damage alone. A long spec is
    verified sooner with --set train.epochs=2.
    """
    from nntrain.cli.interrupts import end_in_order
    from nntrain.errors import SpecError
    from nntrain.spec import load
    from nntrain.verification.certificate import verify_checkpoint, verify_run, verify_spec

    end_in_order()
    if overrides and not is_spec(source):
        raise SpecError(f"--set {overrides[0]}: works for a spec only; {source} is verified as it is")
    if is_spec(source):
        loaded = load(source, overrides or ())
        _certify(f"{loaded.spec.name}, seed {loaded.spec.seed}", verify_spec(loaded), as_json)
    elif source.is_dir():
        _certify(str(source), verify_run(source), as_json)
    else:
        _show(verify_checkpoint(source), as_json)


def _certify(title: str, findings: "Iterable[Finding]", as_json: bool) -> None:
    """Write each finding as soon as it is known, and a last line when all of them are good."""
    from nntrain.cli.output.terminal import DIM, apply_style, out, out_json, plain

    found: dict[str, Any] = {}
    if not as_json:
        out(plain(title))
    for finding in findings:
        found |= finding.facts
        if not as_json:
            out(f" {apply_style(f'{finding.what:<{LABEL}}', DIM, sys.stdout)}  {plain(finding.text)}")
            sys.stdout.flush()
    if as_json:
        out_json({"name": title, "verified": True, **found})
    else:
        out("ok: it is deterministic, and resumes bit for bit")


def _show(found: "VerifiedFile", as_json: bool) -> None:
    from nntrain.cli.output.figures import size
    from nntrain.cli.output.terminal import facts, out, out_json, plain, show, table

    meta = found.meta
    if as_json:
        tensors = {
            name: {"shape": array.shape, "dtype": str(array.dtype), "sha256": found.sha256[name]}
            for name, array in found.tensors.items()
        }
        out_json({"checkpoint": found.path, "verified": True, "bytes": found.size, "tensors": tensors, "meta": meta})
        return
    rows = table("tensor", "shape", "type", "sha256")
    for name, array in found.tensors.items():
        shape = "×".join(map(str, array.shape)) or "one number"
        rows.add_row(plain(name), shape, str(array.dtype), found.sha256[name][:16])
    out(f"{plain(str(found.path))}: {size(found.size)}")
    show(rows)
    facts(_facts(meta))
    out("ok: every byte is as it was written")


def _facts(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that a checkpoint holds of itself; those that it lacks are left out."""
    from nntrain.cli.output.terminal import plain

    spec, data, environment = (meta.get(key) or {} for key in ("spec", "data", "environment"))
    parent, best = meta.get("parent"), meta.get("best")
    lines = [
        ("run", f"{spec.get('name')}, seed {spec.get('seed')}; epoch {meta.get('epoch')}, step {meta.get('step')}"),
        (
            "data",
            f"{data.get('task')}, {data.get('n_rows')} training rows, fingerprint {str(data.get('fingerprint'))[:16]}",
        ),
    ]
    if best:
        lines.append(("best", f"epoch {best['epoch']}, {best['monitor']} {best['value']:.6g}"))
    if parent:
        lines.append(("begun from", f"{parent['path']}, sha256 {parent['sha256'][:16]}"))
    lines.append(("written by", f"nntrain {environment.get('nntrain')}, numpy {environment.get('numpy')}"))
    return [(label, plain(text)) for label, text in lines]
