"""``nntrain list``: the kinds of every part that a spec can name, as the registries have them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Json

if TYPE_CHECKING:
    from nntrain.core.registry import Registry


def list_(
    parts: Annotated[str | None, typer.Argument(metavar="[PARTS]", help="models, activations, losses, …")] = None,
    as_json: Json = False,
) -> None:
    """List what a spec can name, with formulas.

    Of one kind of parts also the options, each with its default.
    """
    from nntrain.cli.output.terminal import out, out_json, show, table
    from nntrain.errors import SpecError, did_you_mean

    known = registries()
    if parts is not None and parts not in known:
        raise SpecError(f"list: unknown parts, got '{parts}'{did_you_mean(parts, known)}")
    chosen = [known[parts]] if parts is not None else list(known.values())
    if as_json:
        out_json({registry.name: _entries(registry) for registry in chosen})
        return
    for registry in chosen:
        rows = table(registry.name, "formula", "", *(["options"] if parts is not None else []))
        for entry in _entries(registry):
            options = [", ".join(_spell(name, entry["options"][name]) for name in entry["options"])]
            rows.add_row(entry["kind"], entry["formula"], entry["summary"], *(options if parts is not None else []))
        show(rows)
    if parts is None:
        out(f"nntrain list PARTS shows only these: {', '.join(known)}")


def registries() -> "dict[str, Registry[Any]]":
    """Return all registries by name."""
    from nntrain.data.sources import SOURCES
    from nntrain.ops.activations import ACTIVATIONS
    from nntrain.ops.initializers import INITIALIZERS
    from nntrain.ops.losses import LOSSES
    from nntrain.ops.metrics import METRICS
    from nntrain.ops.models import MODELS
    from nntrain.ops.optimizers import OPTIMIZERS
    from nntrain.ops.schedules import SCHEDULES

    parts = (MODELS, ACTIVATIONS, INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES, SOURCES)
    return {registry.name: registry for registry in parts}


def _entries(registry: "Registry[Any]") -> list[dict[str, Any]]:
    """Return each kind with its formula and summary, and its ``options``: the default of each, if it has one."""
    from nntrain.core.registry import summary_of

    return [
        {"kind": kind, "formula": entry.formula, "summary": summary_of(entry), "options": _options(entry)}
        for kind, entry in registry.items()
    ]


def _options(entry: Any) -> dict[str, dict[str, Any]]:
    from dataclasses import MISSING, fields

    from nntrain.spec.emit import plain_values

    found: dict[str, dict[str, Any]] = {}
    for field in fields(entry):
        if field.name == "kind" or not field.init:
            continue
        default = field.default if field.default_factory is MISSING else field.default_factory()
        found[field.name] = {"required": True} if default is MISSING else {"default": plain_values(default)}
    return found


def _spell(name: str, option: dict[str, Any]) -> str:
    from nntrain.spec.emit import inline

    return f"{name}: {inline(option['default'])}" if "default" in option else f"{name} (required)"
