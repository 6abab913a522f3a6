"""``nntrain data describe``: what a data set is like, before a model sees it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.arguments import Json, Overrides
from nntrain.cli.given_path import is_spec, what_is

if TYPE_CHECKING:
    from rich.table import Table

    from nntrain.autospec.look import Look
    from nntrain.data.describe.column_facts import ColumnFacts
    from nntrain.data.describe.survey import Survey

MOST_COLUMNS, MOST_CLASSES = 20, 20  # rows of a table; of more, the ends are shown
MOST_TEXTS = 4  # of a column


def data_describe(
    source: Annotated[Path, typer.Argument(metavar="FILE|CONFIG", help="A data file or folder, or a spec.")],
    overrides: Overrides = None,
    every: Annotated[bool, typer.Option("--all", help="Show every column and class, however many there are.")] = False,
    as_json: Json = False,
) -> None:
    """Describe data: parts, classes, columns, gaps, repetitions.

    A file without a spec is taken as nntrain init --data would take it.
    """
    from nntrain.autospec.look import look_at_file, look_at_spec
    from nntrain.cli.output.terminal import notes, out_json
    from nntrain.errors import SpecError

    if is_spec(source):
        look = look_at_spec(source, overrides or ())
    elif what_is(source) in ("run", "runs", "checkpoint"):
        raise SpecError(f"{source}: holds no data; name a data file or a spec, such as the config.yaml of a run")
    elif overrides:
        raise SpecError(f"--set {overrides[0]}: is for specs, got the data file '{source}'")
    else:
        look = look_at_file(source)
    notes(look.notes)
    if as_json:
        out_json(_as_dict(look))
    else:
        _print(look, every)


def _as_dict(look: "Look") -> dict[str, Any]:
    from dataclasses import asdict

    guessed: dict[str, str] = {}
    for label, text in look.guessed:
        guessed[label] = f"{guessed[label]}; {text}" if label in guessed else text
    return asdict(look.survey) | {
        "guessed": guessed,
        "warnings": [asdict(advice) for advice in look.advice],
    }


def _print(look: "Look", every: bool) -> None:
    from nntrain.cli.output.terminal import YELLOW, apply_style, facts, out, plain, show

    if look.guessed:
        facts((label, plain(text)) for label, text in look.guessed)
    found = look.survey
    columns = () if found.image_shape and not every else (*_numbers(found, every), *_texts(found, every))
    show(_parts(found, every), *columns)
    facts([("features", _features(found)), ("baseline", _baseline(found)), ("fingerprint", found.fingerprint[:16])])
    if look.advice:
        out()
    for advice in look.advice:
        label = "note:" if advice.harmless else "warning:"
        out(f"{apply_style(label, YELLOW)} {plain(advice.what)}")
        out(f"{' ' * len(label)} {plain(advice.do)}")


def _baseline(found: "Survey") -> str:
    """Return what the best constant gets in each part."""
    from nntrain.cli.output.terminal import plain

    if found.baseline is None:
        return "none, as there is no target: the model gives back its inputs"
    scores = ", ".join(f"{name} {_short(score)}" for name, score in found.baseline.scores.items())
    return f"{found.baseline.figure} of {plain(found.baseline.answer)}: {scores}"


def _parts(found: "Survey", every: bool) -> "Table":
    """Return the rows of each class in each part; without classes only the rows of each part."""
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.terminal import plain, table

    share = [">share"] if found.counts else []
    rows = table("class" if found.counts else "part", *(f">{name}" for name in found.rows), *share)
    total = sum(found.rows.values())
    classes = list(enumerate(found.class_names)) if found.counts else []
    first, left, last = _fold(classes, MOST_CLASSES, every)
    for index, name in first:
        rows.add_row(plain(name), *_class_counts(found, [index], total))
    if left:
        rows.add_row(f"… {len(left)} more", *_class_counts(found, [index for index, _ in left], total))
    for index, name in last:
        rows.add_row(plain(name), *_class_counts(found, [index], total))
    rows.add_row("rows", *(count(number) for number in found.rows.values()))
    return rows


def _class_counts(found: "Survey", classes: Sequence[int], total: int) -> Sequence[str]:
    """Return the rows of some classes in each part, and their share of all."""
    from nntrain.cli.output.figures import count

    sums = [sum(counts[index] for index in classes) for counts in found.counts.values()]
    return [*map(count, sums), f"{sum(sums) / total:.1%}"]


def _numbers(found: "Survey", every: bool) -> Iterator["Table"]:
    """Yield the table of columns that hold numbers, the targets of regression at its end."""
    from nntrain.cli.output.terminal import plain, table

    numbers = [column for column in found.columns if not column.is_text]
    if not numbers and not found.targets:
        return
    gaps = any(column.missing for column in numbers)
    rows = table("column", ">values", ">from", ">to", ">mean", ">deviation", *([">missing"] if gaps else []))
    first, left, last = _fold(numbers, MOST_COLUMNS, every)
    for column in first:
        rows.add_row(plain(_label(column)), *_number_cells(column, gaps))
    if left:
        low, high = min(column.low or 0 for column in left), max(column.high or 0 for column in left)
        rows.add_row(f"… {len(left)} more", "", _short(low), _short(high))
    for column in last:
        rows.add_row(plain(_label(column)), *_number_cells(column, gaps))
    for column in found.targets:
        rows.add_row(f"{plain(column.name)} (target)", *_number_cells(column, gaps))
    yield rows


def _texts(found: "Survey", every: bool) -> Iterator["Table"]:
    """Yield the table of columns that hold texts."""
    from nntrain.cli.output.figures import count
    from nntrain.cli.output.terminal import plain, table

    texts = [column for column in found.columns if column.is_text]
    if not texts:
        return
    gaps = any(column.missing for column in texts)
    rows = table("column", ">texts", "most frequent", *([">missing"] if gaps else []))
    for column in texts if every else texts[:MOST_COLUMNS]:
        common = ", ".join(f"{text} {count(number)}" for text, number in column.common[:MOST_TEXTS])
        more = ", …" if column.distinct > MOST_TEXTS else ""
        rows.add_row(plain(_label(column)), count(column.distinct), plain(common) + more, *_gaps(column, gaps))
    yield rows


def _number_cells(column: "ColumnFacts", gaps: bool) -> Sequence[str]:
    from nntrain.cli.output.figures import count

    figures = (column.low, column.high, column.mean, column.deviation)
    distinct = f"over {count(column.distinct)}" if column.more else count(column.distinct)
    return [distinct, *map(_short, figures), *_gaps(column, gaps)]


def _gaps(column: "ColumnFacts", shown: bool) -> Sequence[str]:
    from nntrain.cli.output.figures import count

    return [count(column.missing) if column.missing else ""] if shown else []


def _short(value: float | None) -> str:
    """Return a number in about four digits, nine places at most."""
    if value is None:
        return ""
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.4g}" if 1e-3 <= abs(value) < 1e4 or not value else f"{value:.2g}"


def _label(column: "ColumnFacts") -> str:
    return column.name or str(column.position)


def _fold(items: Sequence[Any], most: int, every: bool) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """Return the first items, those left out, and the last."""
    if every or len(items) <= most:
        return items, (), ()
    half = most // 2
    return items[:half], items[half:-half], items[-half:]


def _features(found: "Survey") -> str:
    """Return how many columns of which kind, ``6 numbers, 8 texts``; of images their shape and range."""
    columns = found.columns
    if found.image_shape:
        low, high = min(column.low or 0 for column in columns), max(column.high or 0 for column in columns)
        shape = " × ".join(map(str, found.image_shape))
        return f"{shape} pixels from {_short(low)} to {_short(high)}, {len(found.constant)} of them never change"
    texts = sum(column.is_text for column in columns)
    kinds = ((len(columns) - texts, "number"), (texts, "text"))
    return ", ".join(f"{number:,} {what}{'s' * (number != 1)}" for number, what in kinds if number)
