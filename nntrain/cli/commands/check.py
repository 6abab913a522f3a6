"""``nntrain check``: every problem of a spec and of its data, without training."""

import sys

from nntrain.cli.arguments import Config, Json, Overrides


def check(config: Config, overrides: Overrides = None, as_json: Json = False) -> None:
    """Check a spec and its data: every problem, no training."""
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.header import model_line
    from nntrain.cli.output.terminal import notes, out, out_json, plain
    from nntrain.core.entry_text import spell
    from nntrain.runs import prepare_run
    from nntrain.spec import load

    loaded = load(config, overrides or ())
    ready = prepare_run(loaded, surveyed=sys.maxsize)
    name, model, data, job = loaded.spec.name, model_line(ready.assembly), ready.data, ready.job
    loss = spell(ready.assembly.loss)
    if as_json:
        parts = {"train": data.train, "validation": data.validation, "test": data.test}
        rows = {part: len(found) for part, found in parts.items() if found is not None}
        facts = {"parameters": ready.assembly.network.params.size, "rows": rows, "steps": job.total_steps}
        out_json(
            {"name": name, "ok": True, "model": model, "loss": loss, **facts}
            | {"division": data.division, "notes": list(ready.notes)}
        )
        return
    notes(ready.notes)
    divided = f"; {plain(data.division)}" if data.division else ""
    divided += f"; {loss}" if getattr(ready.assembly.loss, "class_weights", None) else ""
    out(f"ok: {name}: {model}; {count(len(data.train))} training rows, {count(job.total_steps)} steps{divided}")
