"""``nntrain descend``: gradient descent on a formula, with its path and what kind of point it ends at."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.arguments import Json

if TYPE_CHECKING:
    from nntrain.cli.output.descent_view import Ending
    from nntrain.cli.output.picture_file import Target
    from nntrain.descent.course import Course, Limits
    from nntrain.descent.objective import Objective
    from nntrain.drawing.sheet import Heading
    from nntrain.ops.optimizers import Optimizer


def descend(
    formula: Annotated[str, typer.Argument(metavar="FORMULA", help='What is to become small: "x**2/2 + 5*y**2".')],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Where it starts: x=-4.5 w=[1,2].")
    ] = None,
    rate: Annotated[
        str, typer.Option("--rate", metavar="RATES", help="The learning rate; several: 0.01,0.1,1.")
    ] = "0.1",
    optimizer: Annotated[
        str, typer.Option("--optimizer", metavar="KINDS", help="sgd or another; several: sgd,adam.")
    ] = "sgd",
    momentum: Annotated[float, typer.Option("--momentum", min=0.0, metavar="μ", help="Of sgd.")] = 0.0,
    tol: Annotated[float, typer.Option("--tol", min=0.0, metavar="ε", help="Stop when a step is ‖Δx‖ ≤ ε.")] = 1e-8,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, max=1_000_000, metavar="N", help="Stop then.")] = 1000,
    noise: Annotated[
        float, typer.Option("--noise", min=0.0, metavar="σ", help="Add normal noise to each gradient.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the noise.")] = 0,
    over: Annotated[
        list[str] | None, typer.Option("--over", metavar="NAME", help="Only this variable moves. Repeatable.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Draw it: .png, .svg, .pdf, or a film: .gif.")
    ] = None,
    use: Annotated[
        str, typer.Option("--for", metavar="USE", help="Sizes of text and lines for screen, slide or paper.")
    ] = "screen",
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the file if it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Descend on a formula, and tell where it ends.

    The path is shown, why it stopped, and which rates are stable. The kind of the point, minimum, saddle or maximum, is
    told by the eigenvalues of the Hessian. A formula that begins with a minus comes after --.
    """
    from nntrain.cli.commands.graph import raise_at
    from nntrain.cli.output.descent_view import descent_record
    from nntrain.cli.output.picture_file import target_of
    from nntrain.cli.output.terminal import out_json
    from nntrain.descent.course import Limits
    from nntrain.descent.course import descend as go_down
    from nntrain.descent.objective import Objective
    from nntrain.errors import SpecError
    from nntrain.graph import FormulaError, parse, parse_values

    file = None if output is None else target_of(output, use, force=force, instead=str, moving=True)
    makers = _optimizers(optimizer, rate, momentum)
    limits = Limits(tol, max_steps, noise, seed)
    try:
        objective = Objective.of(parse(formula), parse_values(values or []), over or ())
        if file is not None and len(objective.start) != 2:
            raise SpecError(f"{file.path}: a picture is of two numbers that move, here are {len(objective.start)}")
        courses = [go_down(objective.value_and_gradient, objective.start, made, limits) for _, made in makers]
    except FormulaError as error:
        raise_at(error, formula)
    endings = [_judge(objective, course, made) for course, (_, made) in zip(courses, makers, strict=True)]
    labels = [label for label, _ in makers]
    if as_json:
        four = zip(labels, courses, endings, strict=True)
        out_json({"formula": formula, "descents": [descent_record(a, b, objective.names, c) for a, b, c in four]})
    else:
        _show(formula, objective, labels, courses, endings, limits)
    if file is not None:
        _draw(file, formula, objective, labels, courses, endings)


def _optimizers(kinds: str, rates: str, momentum: float) -> "list[tuple[str, Optimizer]]":
    """Return each optimizer with what tells it from the others. SpecError for what is none."""
    from dataclasses import fields

    from nntrain.core.entry_text import rate as short
    from nntrain.core.entry_text import spell_settings
    from nntrain.errors import SpecError, did_you_mean
    from nntrain.ops.optimizers import OPTIMIZERS

    if not momentum < 1:
        raise SpecError(f"--momentum: must be below 1, got {momentum:g}")
    found: list[tuple[str, Optimizer]] = []
    names = [name.strip() for name in kinds.split(",")]
    for name in names:
        if name not in OPTIMIZERS:
            raise SpecError(f"--optimizer: no such optimizer, got '{name}'{did_you_mean(name, OPTIMIZERS)}")
        entry = OPTIMIZERS[name]
        takes = {field.name for field in fields(entry)}  # type: ignore[arg-type]  # entries are dataclasses
        if momentum and "momentum" not in takes:
            raise SpecError(f"--momentum: {name} has none")
        for text in rates.split(","):
            settings = {"lr": _rate(text)} | ({"momentum": momentum} if momentum else {})
            made = entry(**settings)
            more = spell_settings(made, "lr")
            found.append((", ".join([name, f"rate {short(settings['lr'])}", *more]), made))
    return found


def _rate(text: str) -> float:
    from nntrain.errors import SpecError

    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SpecError(f"--rate: must be a number above 0, or several with commas between, got '{text.strip()}'")
    return value


def _judge(objective: "Objective", course: "Course", optimizer: "Optimizer") -> "Ending | str":
    """Return what kind of point a descent ended at; of one that diverged, what its start was."""
    from nntrain.cli.output.descent_view import Ending
    from nntrain.descent.point import Point
    from nntrain.graph import FormulaError

    place, where = (0, "at the start") if course.diverged else (-1, "at the end")
    try:
        found = objective.hessian(course.points[place])
    except FormulaError as error:
        return f"{where}: the Hessian {error.message}"
    point = Point.of(found.values, course.gradients[place])
    momentum = float(getattr(optimizer, "momentum", 0.0)) * (not getattr(optimizer, "nesterov", False))
    of_rate = "2(1 + μ)/λmax" if momentum else "2/λmax"
    if optimizer.slots and not momentum:
        of_rate = "2/λmax, for plain descent,"
    return Ending(where, point, point.largest_rate(momentum), of_rate, found.error)


def _show(
    formula: str,
    objective: "Objective",
    labels: Sequence[str],
    courses: "Sequence[Course]",
    endings: "Sequence[Ending | str]",
    limits: "Limits",
) -> None:
    from nntrain.cli.output.descent_view import ending_lines, point_text, show_courses, show_path
    from nntrain.cli.output.terminal import facts, out, plain

    noise = f", noise {limits.noise:g}, seed {limits.seed}" if limits.noise else ""
    alone = len(courses) == 1
    out(f"f = {plain(formula)}: {labels[0] if alone else f'{len(courses)} descents'}{noise}")
    if alone:
        show_path(courses[0], objective.names)
        end = f"{point_text(courses[0].points[-1], objective.names)}, f = {courses[0].values[-1] + 0.0:.6g}"
        facts([("stopped", courses[0].stopped), ("end", end), *ending_lines(endings[0])])
        return
    show_courses(labels, courses)
    best = _best(courses)
    end = f"{point_text(courses[best].points[-1], objective.names)}, f = {courses[best].values[-1]:.6g}"
    facts([("lowest", f"{labels[best]}: {end}"), *ending_lines(endings[best])])


def _best(courses: "Sequence[Course]") -> int:
    """Return the place of the descent that ends lowest, of those that did not diverge if there are any."""
    return min(range(len(courses)), key=lambda k: (courses[k].diverged, float(courses[k].values[-1])))


def _draw(
    file: "Target",
    formula: str,
    objective: "Objective",
    labels: Sequence[str],
    courses: "Sequence[Course]",
    endings: "Sequence[Ending | str]",
) -> None:
    from nntrain.cli.output.picture_file import write_film, write_picture
    from nntrain.pictures.formula_pictures import film_descents, gather_descents

    best = _best(courses)
    ending = endings[best]
    end = None
    if not isinstance(ending, str) and ending.point.stationary and not courses[best].diverged:
        end = (courses[best].points[-1], ending.point.kind)
    shown = list(labels) if len(labels) > 1 else [""]
    heading = _heading(formula, labels, courses, ending)
    if file.moves:
        write_film(file, film_descents(objective, courses, shown, heading, end))
    else:
        write_picture(file, gather_descents(objective, courses, shown, heading, end))


def _heading(formula: str, labels: Sequence[str], courses: "Sequence[Course]", ending: "Ending | str") -> "Heading":
    from nntrain.drawing.captions import number
    from nntrain.drawing.sheet import Heading

    details = [labels[0]] if len(labels) == 1 else []
    start = ", ".join(number(float(value), 3) for value in courses[0].points[0])
    details.append(f"{max(course.steps for course in courses):,} steps from ({start})")
    if not isinstance(ending, str) and ending.rate is not None:
        details.append(f"stable below {ending.of_rate} = {number(ending.rate, 3)}")
    return Heading(formula, details)
