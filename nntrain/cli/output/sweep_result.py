"""What a sweep comes to, for people: the five best settings, what the choice is worth, where the files lie."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from nntrain.cli.output.figures import count, figure, setting
from nntrain.cli.output.fitted_table import show_columns
from nntrain.cli.output.sweep_progress import short_names, what_varies
from nntrain.cli.output.terminal import facts, out, plain

if TYPE_CHECKING:
    from nntrain.sweeps.folder import Outcome
    from nntrain.sweeps.points import Plan
    from nntrain.sweeps.standings import Standing

SHOWN = 5
FEW = 8  # settings, of which it is not said what fewer would have come to


def show_result(
    plan: "Plan",
    found: "Sequence[Standing]",
    outcomes: "Mapping[str, Outcome]",
    folder: Path,
    files: Iterable[str],
    fresh: "Standing | None" = None,
) -> None:
    """Write the best settings and what there is to say of them to stdout; ``fresh`` is the best with fresh seeds."""
    several = plan.units > 1
    names = short_names(plan.keys)
    score = plan.rank.replace(".", " ")
    header = ["", *(f">{plain(names[key])}" for key in plan.keys), f">{score}"]
    header += [">worst", ">to the best", ">diverged"] if several else [">to the best"]
    header += [">paused"] if plan.rungs else []
    rows = [_row(plan, one, place, several) for place, one in enumerate(found[:SHOWN])]
    out()
    show_columns(header, rows, bold=0 if found[0].score.n else None)
    if len(found) > SHOWN:
        out(f"   {_more(len(found) - SHOWN)} in settings.csv")
    out()
    facts([*_lines(plan, found, outcomes), *_confirmed(fresh), *_places(folder, list(files))])


def _row(plan: "Plan", one: "Standing", place: int, several: bool) -> list[str]:
    from nntrain.sweeps.setting_values import spell, value_at

    star = "★" if place == 0 and one.score.n else ""
    values = [setting(value := value_at(one.setting, key), spell(value)) for key in plan.keys]
    paused = [("–" if one.paused is None else f"epoch {one.paused}")] if plan.rungs else []
    if not several:
        score = figure(one.score.mean) if one.score.n else "diverged" if one.diverged else "–"
        return [star, *values, score, "–" if place == 0 else _signed(one.difference.mean), *paused]
    difference = "–" if place == 0 else _spread(_signed(one.difference.mean), one.difference.half)
    cells = [_spread(figure(one.score.mean), one.score.half), figure(one.worst), difference]
    return [star, *values, *cells, f"{one.diverged} of {one.runs}", *paused]


def _lines(plan: "Plan", found: "Sequence[Standing]", outcomes: "Mapping[str, Outcome]") -> list[tuple[str, str]]:
    lines = [("bracket", text) for text in _bracket(plan, found)] + [("edge", text) for text in _edges(plan, found)]
    best = found[0]
    tied = _tied(found)
    if plan.units > 1:
        lines.append((f"{plan.unit_noun}s", what_varies(plan)))
    if any(one.difference.n > 1 for one in found[1:]):
        same = f"{_more(tied)} tied with the best (0 is in the paired 95 % interval)"
        others = "each other that came to its end" if plan.rungs else "each other setting"
        lines.append((f"by {plan.unit_noun}", same if tied else f"better than {others} (paired 95 % intervals)"))
    statuses = [outcome.status for outcome in outcomes.values()]
    for status in ("paused", "diverged", "failed", "to do"):
        if status in statuses:
            lines.append((status, f"{count(statuses.count(status))} of {count(len(statuses))} runs"))
    if best.test.n:
        lines.append(("test", f"{figure(best.test.mean)} at the chosen setting; not used for the choice"))
    if best.score.n and len(found) > 1:
        lines.append(("chosen", f"the best of {count(len(found))} tried: its score is a little too good"))
        lines += [("fewer", text) for text in _fewer(plan, found)]
    return lines


def _fewer(plan: "Plan", found: "Sequence[Standing]") -> list[str]:
    """Return what fewer settings would have come to; nothing of a few, or where some were not trained to their ends."""
    from nntrain.sweeps.standings import expected_best

    known = {k: expected_best(found, k) for k in (len(found) // 8, len(found) // 4, len(found) // 2) if k}
    said = {count(k): figure(score) for k, score in known.items() if score is not None}
    if len(found) < FEW or plan.rungs or not said:
        return []
    return [f"expected best of {', '.join(said)}: {', '.join(said.values())} (Dodge 2019)"]


def _confirmed(fresh: "Standing | None") -> list[tuple[str, str]]:
    """Return what the best setting comes to with seeds by which nothing was chosen."""
    if fresh is None:
        return []
    score = _spread(figure(fresh.score.mean), fresh.score.half)
    folds = {point.fold for point in fresh.setting.points}
    runs = "fresh seeds" if len(folds) == 1 else "runs of fresh seeds"
    diverged = f", {fresh.diverged} diverged" if fresh.diverged else ""
    return [("confirmed", f"{score} with {fresh.score.n} of {fresh.runs} {runs}{diverged}")]


def _places(folder: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    tables = [name for name in names if not name.endswith(".png")]
    scores = [name for name in names if name.startswith("score-")]
    pictures = [name for name in names if name.endswith(".png") and name not in scores]
    lines = [("files", f"{plain(str(folder))}: {'  '.join(tables)}")]
    if pictures:
        shown = scores if len(scores) == 1 else [f"score-*.png ({len(scores)} keys)"] if scores else []
        lines.append(("pictures", "  ".join([*map(plain, shown), *pictures])))
    if "best.yaml" in names:
        lines.append(("next", f"nntrain fit {plain(str(folder / 'best.yaml'))}"))
    return lines


def _bracket(plan: "Plan", found: "Sequence[Standing]") -> list[str]:
    """Return the values of the one key of numbers that are too small, right and too large, by the seeds."""
    from nntrain.sweeps.bracket import bracket

    around = bracket(plan, found)
    if around is None:
        return []
    low, high = around.right
    parts = [f"too small ≤ {_short(around.small[-1])}"] if around.small else []
    parts.append(f"right {_short(low)}" + (f" … {_short(high)}" if high > low else ""))
    parts += [f"too large ≥ {_short(around.large[0])}"] if around.large else []
    return [" │ ".join(parts)]


def _edges(plan: "Plan", found: "Sequence[Standing]") -> list[str]:
    """Return a line for each key of numbers whose best value is the first or the last that was tried."""
    from nntrain.sweeps.bracket import numbers_of

    lines = []
    for key in plan.keys:
        values = numbers_of(plan, found, key)
        if values is None or len(set(values.values())) < 3 or not found[0].score.n:
            continue
        best = values[found[0].number]
        if best in (min(values.values()), max(values.values())):
            end, way = ("smallest", "smaller") if best == min(values.values()) else ("largest", "larger")
            lines.append(f"the best {plain(key)}, {_short(best)}, is the {end} tried: try {way} ones")
    return lines


def _tied(found: "Sequence[Standing]") -> int:
    return sum(_is_tied(one) for one in found[1:])


def _is_tied(one: "Standing") -> bool:
    from nntrain.sweeps.standings import tied

    return tied(one)


def _more(number: int) -> str:
    return f"{count(number)} more setting{'' if number == 1 else 's'}"


def _short(value: float) -> str:
    return f"{value:.4g}"


def _signed(value: float) -> str:
    return figure(value) if not isfinite(value) else f"{'−' if value < 0 else '+'}{figure(abs(value))}"


def _spread(text: str, half: float) -> str:
    return f"{text} ± {figure(half)}" if isfinite(half) else text
