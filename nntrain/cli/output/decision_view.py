"""What was decided of a trained model, for people and as JSON. Knows nothing of how it is chosen."""

from pathlib import Path
from typing import TYPE_CHECKING

from nntrain.cli.output.figures import count, figure
from nntrain.cli.output.terminal import facts, out_json, plain

if TYPE_CHECKING:
    from nntrain.runs.later_choice import Outcome
    from nntrain.runs.trained import Trained


def show_outcome(outcome: "Outcome", model: "Trained", *, as_json: bool) -> None:
    """Write a decision, its figures before and after, and where it is kept."""
    decision, names = outcome.decision, model.assembly.facts.class_names
    if as_json:
        values = {"threshold": decision.probability, "temperature": decision.temperature, "rows": outcome.rows}
        figures = {name: {"before": before, "after": after} for name, (before, after) in outcome.figures.items()}
        out_json({**values, "figures": figures, "file": outcome.file})
        return
    lines = [("rows", f"{count(outcome.rows)} of the validation part; the test part is not looked at")]
    if decision.probability is not None:
        lines.append(
            ("threshold", f"{plain(names[1])} is chosen above a probability of {figure(decision.probability)}")
        )
    if decision.temperature != 1:
        lines.append(("temperature", figure(decision.temperature)))
    lines += [
        (name, f"{figure(before)} before, {figure(after)} now") for name, (before, after) in outcome.figures.items()
    ]
    facts([*lines, ("kept", f"{plain(str(outcome.file))}: eval and predict use it")])


def show_forgotten(what: str, file: Path, *, as_json: bool) -> None:
    """Write that a threshold or a temperature was taken back."""
    if as_json:
        out_json({"forgotten": what, "file": file})
    else:
        facts([("forgotten", f"the {what} in {plain(str(file))}")])
