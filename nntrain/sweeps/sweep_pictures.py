"""What is drawn of a sweep: its score against each key, the curves of its runs, and all keys beside each other.

Gathers plain values from the plan and the run directories; ``drawing`` draws them.
"""

import math
import re
from collections.abc import Mapping, Sequence

from nntrain.artifacts.rundir import RunDir
from nntrain.drawing.captions import number
from nntrain.drawing.overlay import Line, Overlay, Panel
from nntrain.drawing.parallel_axes import ParallelAxes
from nntrain.drawing.sheet import Heading
from nntrain.drawing.style import Draw
from nntrain.drawing.swept_key import SweptKey, SweptValue
from nntrain.drawing.swept_pair import SweptPair
from nntrain.runs.run_title import SAID, score_names
from nntrain.sweeps.bracket import bracket
from nntrain.sweeps.folder import Outcome, SweepFolder
from nntrain.sweeps.points import Plan
from nntrain.sweeps.setting_values import spell, value_at
from nntrain.sweeps.standings import Standing, rises
from nntrain.train import history

MOST_KEYS = 8
UNFIT, LETTERS = re.compile(r"[^A-Za-z0-9._-]"), 48  # what a file's name does not have, and how long it is
MOST_CURVES = 200  # runs; of more settings the best ones are drawn
LABELLED, BEST = 12, 5  # lines with a label: at most, and where they are ordered by score
LONGEST = 24  # letters of a label
MOST_LINES = 1000  # settings through parallel axes
FAR = 30.0  # between the largest and the least of a list of values, from which on its axis is logarithmic

Pictures = Mapping[str, Draw]


def pictures_of(
    plan: Plan, outcomes: Mapping[str, Outcome], found: Sequence[Standing], folder: SweepFolder
) -> Pictures:
    """Return the function that draws each picture, by the name of its file; none while no setting has a score."""
    if not found or not found[0].score.n:
        return {}
    figures: dict[str, Draw] = {}
    for key in plan.keys[:MOST_KEYS]:
        figures[f"score-{UNFIT.sub('-', key)[:LETTERS]}.png"] = _score(plan, outcomes, found, key).draw
    scored = [one for one in found if one.score.n and one.paused is None]
    pair = _pair(plan, found) if len(plan.keys) == 2 else None
    if pair is not None:
        figures["map.png"] = pair.draw
    if len(plan.keys) > 1 and len(scored) > 1:
        figures["parallel.png"] = _parallel(plan, scored[:MOST_LINES]).draw
    figures["curves.png"] = _curves(plan, outcomes, found, folder).draw
    return figures


def _heading(plan: Plan, found: Sequence[Standing], extra: str = "") -> Heading:
    settings, units = len(plan.settings), plan.units
    details = [f"{settings:,} setting{'s' * (settings > 1)} × {units:,} {plan.unit_noun}{'s' * (units > 1)}"]
    best = ", ".join(f"{_short(key)}={_text(value_at(found[0].setting, key))}" for key in plan.keys)
    details.append(
        f"best {plan.rank.replace('.', ' ')} {number(found[0].score.mean)}" + (f" at {best}" if best else "")
    )
    name = str(found[0].setting.points[0].resolved.get("name", "sweep"))
    return Heading(name, [*details, *([extra] if extra else [])])


def _score(plan: Plan, outcomes: Mapping[str, Outcome], found: Sequence[Standing], key: str) -> SweptKey:
    values: dict[object, tuple[list[list[float]], int]] = {}
    for one in found:
        if one.paused is not None:
            continue
        value = _place(value_at(one.setting, key))
        scores, diverged = values.get(value, ([], 0))
        own = (outcomes[point.id].figures.get(plan.rank) for point in one.setting.points)
        scores.append([float(score) for score in own if score is not None and math.isfinite(score)])
        values[value] = (scores, diverged + one.diverged)
    ordered = sorted(values, key=lambda value: (isinstance(value, str), value))
    named = any(isinstance(value, str) for value in values)
    shown = [SweptValue(str(value) if named else value, *values[value]) for value in ordered]  # type: ignore[arg-type]
    around = bracket(plan, found)
    return SweptKey(
        key,
        _title(plan.rank),
        shown,
        _heading(plan, found),
        log=not named and _is_log(plan, key, ordered),
        share=_is_score(plan.rank),
        rises=rises(plan),
        right=around.right if around is not None else None,
    )


def _pair(plan: Plan, found: Sequence[Standing]) -> SweptPair | None:
    """Return the picture of two keys; None where one of them does not vary."""
    keys, scores = (plan.keys[0], plan.keys[1]), dict[tuple[float | str, float | str], float | None]()
    for one in sorted(found, key=lambda one: one.number):
        if one.paused is None and (one.score.n or one.diverged):
            x, y = (_place(value_at(one.setting, key)) for key in keys)
            scores[x, y] = one.score.mean if one.score.n else None
    columns = [[pair[axis] for pair in scores] for axis in (0, 1)]
    if any(len(set(column)) < 2 for column in columns):
        return None
    whole = [[str(v) for v in column] if any(isinstance(v, str) for v in column) else column for column in columns]
    log = [_is_log(plan, key, column) for key, column in zip(keys, whole, strict=True)]
    shown = dict(zip(zip(*whole, strict=True), scores.values(), strict=True))
    look = {"share": _is_score(plan.rank), "rises": rises(plan)}
    return SweptPair(keys, _title(plan.rank), shown, _heading(plan, found), (log[0], log[1]), **look)


def _parallel(plan: Plan, found: Sequence[Standing]) -> ParallelAxes:
    keys = plan.keys[:MOST_KEYS]
    rows = [[_place(value_at(one.setting, key)) for key in keys] for one in found]
    columns = list(zip(*rows, strict=True))
    named = [any(isinstance(value, str) for value in column) for column in columns]
    whole = [[str(value) if text else value for value, text in zip(row, named, strict=True)] for row in rows]
    log = [not text and _is_log(plan, key, column) for key, column, text in zip(keys, columns, named, strict=True)]
    top = f"dark: the {min(5, len(found))} best"
    scores = [one.score.mean for one in found]
    log.append(not _is_score(plan.rank) and min(scores) > 0 and max(scores) >= FAR * min(scores))
    names, heading = [_short(key) for key in keys], _heading(plan, found, top)
    return ParallelAxes(names, whole, scores, log, _title(plan.rank), heading, rises(plan))


def _curves(plan: Plan, outcomes: Mapping[str, Outcome], found: Sequence[Standing], folder: SweepFolder) -> Overlay:
    """Return the curves of the figure that counts; ordered looks where one key of numbers varies."""
    shown = found[: max(1, MOST_CURVES // plan.units)]
    places, by_value = _places(plan, shown)
    step = -(-len(shown) // LABELLED)
    labelled = set(range(0, len(shown), step) if by_value else range(min(len(shown), LABELLED if step == 1 else BEST)))
    panels = []
    for figure in dict.fromkeys([f"{plan.rank.partition('.')[0]}.cost", plan.rank]):
        lines: list[Line] = []
        for one, place in zip(shown, places, strict=True):
            label = _label(plan, one) if place in labelled else ""
            lines += _lines(plan, one, outcomes, folder, (figure, label, place, len(shown)))
        panels.append(Panel(_title(figure), lines, _is_score(figure)))
    extra = f"the best {len(shown):,} settings" if len(shown) < len(found) else ""
    return Overlay(panels, _heading(plan, found, extra or ("" if by_value else "dark: the best")))


def _label(plan: Plan, one: Standing) -> str:
    """Return the values of a setting if they are short, else its number in settings.csv."""
    label = ", ".join(f"{_short(key)}={_text(value_at(one.setting, key))}" for key in plan.keys)
    return label if 0 < len(label) <= LONGEST else f"setting {one.number}"


def _lines(
    plan: Plan,
    one: Standing,
    outcomes: Mapping[str, Outcome],
    folder: SweepFolder,
    look: tuple[str, str, int, int],
) -> list[Line]:
    """Return a line for each seed of a setting; ``look``: figure, label, place, and the number of settings shown."""
    figure, label, place, settings = look
    lines = []
    for number_of_seed, point in enumerate(one.setting.points):
        diverged = outcomes[point.id].status == "diverged"
        pairs = [*zip(*history.series(RunDir(folder.run(point.id)).read_metrics(), figure), strict=True)]
        if diverged:  # what is no number has no place
            pairs = [pair for pair in pairs if math.isfinite(pair[1])]
        said, faint = "" if number_of_seed else label, settings * plan.units > LABELLED
        lines.append(Line(said, [x for x, _ in pairs], [y for _, y in pairs], place, diverged, faint))
    return lines


def _places(plan: Plan, shown: Sequence[Standing]) -> tuple[list[int], bool]:
    """Return the place of each setting among the looks, and whether it is by value: where one key of numbers varies.

    Else it is by score, the best first.
    """
    if len(plan.keys) == 1:
        values = [value_at(one.setting, plan.keys[0]) for one in shown]
        if all(isinstance(value, int | float) for value in values):
            return [sorted(values).index(value) for value in values], True
    return list(range(len(shown))), False


def _is_log(plan: Plan, key: str, values: Sequence[object]) -> bool:
    numbers = [value for value in values if isinstance(value, int | float)]
    if not numbers or min(numbers) <= 0:
        return False
    return key in plan.log or (len(numbers) > 2 and max(numbers) >= FAR * min(numbers))


def _is_score(figure: str) -> bool:
    return figure.rpartition(".")[2] in score_names()


def _title(figure: str) -> str:
    part, _, name = figure.partition(".")
    said = name.upper() if len(name) <= 4 and name != "cost" else name.replace("_", " ")
    return f"{SAID.get(part, part).capitalize()} {said}"


def _place(value: object) -> float | str:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else spell(value) or "null"


def _text(value: object) -> str:
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else spell(value)


def _short(key: str) -> str:
    return key.rpartition(".")[2]
