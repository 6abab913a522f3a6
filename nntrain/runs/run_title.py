"""The heading of a picture of a run: what tells two runs apart, and how well this one did.

All of it is read from the run's own files, so that a picture has the same heading whenever it is drawn. Knows nothing
of what is drawn below it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.artifacts.rundir import RunDir
from nntrain.core.entry_text import kind_of, rate, spell, spell_settings
from nntrain.drawing.captions import number, share
from nntrain.drawing.sheet import Heading
from nntrain.ops.metrics import METRICS
from nntrain.ops.models import Model
from nntrain.ops.penalties import Penalty
from nntrain.runs.stored_facts import read_spec
from nntrain.spec import Spec

PARTS = ("test", "validation", "train")
SAID = {"test": "test", "validation": "validation", "train": "training"}


def heading_of_run(directory: RunDir, epoch: int | None = None) -> Heading:
    """Return the heading of a run as it stands; with ``epoch`` of the run as it stood after that epoch.

    Raises ``CheckpointError`` for files that are damaged.
    """
    record, summary = directory.read_record() or {}, directory.read_summary()
    path = directory.path
    if not isinstance(record.get("spec"), Mapping):
        return Heading(path.resolve().name, (), "")
    spec = read_spec(record["spec"], path / "run.json")
    alarm = ""
    if summary is None and record.get("status") == "diverged" and epoch is None:
        alarm = str(record.get("stopped") or "diverged").partition(";")[0]
    standing = f"after epoch {epoch}" if epoch is not None else _standing(directory, spec, summary, alarm)
    return Heading(spec.name, [*describe_spec(spec, record.get("sizes") or ()), standing], alarm)


def describe_spec(spec: Spec, sizes: Sequence[int] = ()) -> list[str]:
    """Return what matters of a spec, a text each: model, optimizer with its schedule and batches, penalty, seed."""
    optimizer = [kind_of(spec.optimizer), f"rate {rate(spec.optimizer.lr)}", *spell_settings(spec.optimizer, "lr")]
    schedule = spell(spec.schedule)
    batch = spec.train.batch_size
    batches = "full batch" if isinstance(batch, str) else f"batches of {batch:,}"
    changing = [schedule] if schedule != "constant" else []
    training = ", ".join([*optimizer, *changing, batches, *penalty_texts(spec.penalty)])
    return [model_text(spec.model, sizes), training, f"seed {spec.seed}"]


def model_text(model: Model, sizes: Sequence[int] = ()) -> str:
    """Return a model as its kind, the sizes of its layers and its units: ``mlp 64–128–10, relu``.

    Without sizes those of the hidden layers are told, which the model names itself.
    """
    units = dict.fromkeys(spell(unit) for unit in getattr(model, "activation", ()))
    shape = f"{kind_of(model)} {'–'.join(map(str, sizes or getattr(model, 'hidden', ())))}".strip()
    return ", ".join([shape, *units, *spell_settings(model, "hidden", "activation")])


def penalty_texts(penalty: Penalty) -> list[str]:
    """Return what a penalty consists of, a text each; nothing where there is none."""
    rates = [f"{name} {rate(value)}" for name, value in (("l1", penalty.l1), ("l2", penalty.l2)) if value]
    others = (text.removesuffix(" True") for text in spell_settings(penalty, "l1", "l2"))
    return [*rates, *others] if penalty else []


def score_names() -> tuple[str, ...]:
    """Return the names of the figures of which 1 is best and more is better."""
    return tuple(kind for kind, metric in METRICS.items() if metric.higher_is_better)


def score_text(part: str, figures: Mapping[str, Any]) -> str:
    """Return the score of a part in words: ``test accuracy 0.986 (n = 359)``; its cost where there is no score."""
    names = [name for name, value in figures.items() if isinstance(value, float) and name != "cost"]
    name = names[0] if names else "cost"
    value = figures.get(name)
    if value is None:
        return ""
    said = share(value) if name in score_names() else number(value)
    title = name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ")
    return f"{SAID.get(part, part)} {title} {said} (n = {figures['n']:,})"


def _standing(directory: RunDir, spec: Spec, summary: Mapping[str, Any] | None, alarm: str) -> str:
    """Return how well a finished run did, or how far another one has come."""
    if summary is not None:
        part = next((part for part in PARTS if part in summary), None)
        return score_text(part, summary[part]) if part else ""
    done = len(directory.read_metrics())
    return f"{done:,} of {spec.train.epochs:,} epochs" + ("" if alarm else ", not finished")
