"""``nntrain check``: every problem of a spec and of its data, without training."""

import sys

from nntrain.cli.arguments import Config, Overrides


def check(config: Config, overrides: Overrides = None) -> None:
    """Check a spec and its data: every problem, no training."""
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.header import model_line
    from nntrain.cli.output.terminal import notes, out, plain
    from nntrain.core.entry_text import spell
    from nntrain.runs import prepare_run
    from nntrain.spec import load

    loaded = load(config, overrides or ())
    ready = prepare_run(loaded, surveyed=sys.maxsize)
    notes(ready.notes)
    rows, steps = count(len(ready.data.train)), count(ready.job.total_steps)
    divided = f"; {plain(ready.data.division)}" if ready.data.division else ""
    divided += f"; {spell(loss)}" if getattr(loss := ready.assembly.loss, "class_weights", None) else ""
    out(f"ok: {loaded.spec.name}: {model_line(ready.assembly)}; {rows} training rows, {steps} steps{divided}")
