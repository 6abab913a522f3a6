"""Advice on a data set: what may go wrong with it, and which keys of a spec help. Knows nothing of files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.describe.column_words import bare, column_name, count_of, join_words, keys_of
from nntrain.data.describe.dates import moments_of
from nntrain.data.describe.identifiers import LOSSY, id_reason
from nntrain.data.describe.lookalikes import tell_apart
from nntrain.data.describe.survey import Survey
from nntrain.data.text import quoted
from nntrain.data.transforms.scaler import Scale
from nntrain.data.transforms.target_scaler import TargetScale

UNEVEN = 1000  # ratio of two columns' standard deviations from which scaling is advised
RARE = 20  # ratio of the rows of the largest class to those of the smallest above which classes are uneven
FEW = 5  # training rows of a class below which there are too few of it
MANY_GAPS = 0.4  # share of missing values above which a column had better be ignored


@dataclass(frozen=True, slots=True)
class Advice:
    """What was found, and what to do about it. ``harmless`` advice is shown only by ``nntrain data describe``."""

    what: str
    do: str
    harmless: bool = False


class Scales(NamedTuple):
    """How a spec scales inputs and targets."""

    inputs: Scale = "none"
    targets: TargetScale = "none"


def advise(survey: Survey, scales: Scales) -> Sequence[Advice]:
    """Return all advice, the most serious first."""
    return [advice for rule in RULES for advice in rule(survey, scales)]


def _leaks(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for name, count in survey.repeated.leaked.items():
        if count:
            share = f"{count_of(count, 'row')} of {name} ({count / survey.rows[name]:.1%})"
            yield Advice(
                f"{share} {_are(count)} in training too, with the same features",
                f"this makes the {name} score too good; remove repeated rows from the file",
            )


def _conflicts(survey: Survey, scales: Scales) -> Iterator[Advice]:
    count = survey.repeated.conflicting
    if count and survey.task == "classification":
        yield Advice(
            f"{count_of(count, 'row')} have the same features as another row, but another class",
            "no model can get all of these right; look for mistakes in the file, or for a missing column",
        )


def _classes(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.task != "classification":
        return
    for name, counts in survey.counts.items():
        least = FEW if name == "train" else 1
        few = [
            f"{bare(label)} {count}" for label, count in zip(survey.class_names, counts, strict=True) if count < least
        ]
        if few:
            yield Advice(
                f"{name} has too few rows of some classes: {join_words(few)}",
                f"its scores for them mean little; give {name} more rows",
            )
    counts = survey.counts["train"]
    if max(counts) > RARE * max(1, min(counts)):
        yield Advice(
            f"the classes are uneven: in training the largest has {max(counts):,} rows, the smallest {min(counts):,}",
            f"compare accuracy with {max(counts) / sum(counts):.4f}, the share of the largest; "
            "try loss.class_weights: balanced",
        )


def _scales(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.image_shape or scales.inputs in ("standard", "minmax"):
        return
    for wide, narrow, ratio in _uneven(survey.columns):
        yield Advice(
            f"{column_name(wide)} varies {ratio:,.0f} times as much as {column_name(narrow)}",
            "set data.scale: standard; otherwise small-valued columns hardly influence the model",
        )


def _target_scales(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if scales.targets == "standard":
        return
    for wide, narrow, ratio in _uneven(survey.targets):
        yield Advice(
            f"the target {column_name(wide)} varies {ratio:,.0f} times as much as {column_name(narrow)}",
            "set data.target_scale: standard; otherwise the small target hardly influences the cost",
        )


def _uneven(columns: Iterable[ColumnFacts]) -> Iterator[tuple[ColumnFacts, ColumnFacts, float]]:
    """Yield the columns that vary most and least, and how many times as much, if that is too much for one scale."""
    varying = [(column.deviation, column) for column in columns if column.deviation]
    if len(varying) > 1:
        (most, wide), (least, narrow) = (pick(varying, key=lambda pair: pair[0]) for pick in (max, min))
        if most / least >= UNEVEN:
            yield wide, narrow, most / least


def _ids(survey: Survey, scales: Scales) -> Iterator[Advice]:
    named = any(column.name for column in survey.columns)
    reasons = {
        column: "counts the rows, as an id does"
        if column.rising and column.present > FEW
        else id_reason(column, named) and "numbers the rows, as an id or index does"
        for column in survey.columns
    }
    for reason in dict.fromkeys(filter(None, reasons.values())):
        ids = [column for column, why in reasons.items() if why == reason]
        yield Advice(f"{join_words(map(column_name, ids))}: {reason}", f"set data.source.ignore: {keys_of(ids)}")


def _labels(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.labels:
        names = [bare(name) for name in survey.labels]
        key = f"target: {names[0]}" if len(names) == 1 else f"ignore: [{', '.join(names)}]"
        yield Advice(
            f"{', '.join(names)}: taken as input like any other column, but may be what the rows are labelled with",
            f"set data.source.{key} to leave {'it' if len(names) == 1 else 'them'} out",
        )


def _lossy(survey: Survey, scales: Scales) -> Iterator[Advice]:
    columns = [column for column in survey.columns if column.whole and column.largest >= LOSSY]
    if columns:
        yield Advice(
            f"{join_words(map(column_name, columns))}: whole numbers from {LOSSY:,} on, whose last digits are lost",
            f"set data.source.ignore: {keys_of(columns)} for ids, data.source.text: {keys_of(columns)} for codes",
        )


def _lookalikes(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for column, one, other in survey.lookalikes:
        what = f"{bare(column)}: " if column else "the classes "
        what += f"{tell_apart(one, other)} differ only in case, blanks or characters that look alike"
        yield Advice(what, "write them alike in the file if they are the same")


def _moments(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for what in ("dates", "times"):
        columns = [column for column in survey.columns if moments_of(column) == what]
        if columns:
            yield Advice(
                f"{join_words(map(column_name, columns))}: {what}, each different one a category of its own",
                f"set data.source.ignore: {keys_of(columns)}, or write numbers such as the month or hour in the file",
            )


def _idle(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.image_shape:  # constant pixels are normal at the margin of a picture
        return
    constant = [survey.columns[k] for k in survey.constant]
    if constant:
        what = f"{join_words(map(column_name, constant))}: the same value in every row"
        do = f"harmless; data.source.ignore: {keys_of(constant)} leaves {_them(constant)} out"
        yield Advice(what, do, harmless=True)
    copies = [survey.columns[copy] for _, copy in survey.duplicates]
    if copies:
        pairs = [
            f"{column_name(survey.columns[copy])} = {column_name(survey.columns[k])}" for k, copy in survey.duplicates
        ]
        do = f"data.source.ignore: {keys_of(copies)} leaves {_them(copies)} out"
        yield Advice(f"{join_words(pairs)} in every row", do, harmless=True)


def _number_like(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for column in survey.columns:
        if column.number_like:
            yield Advice(
                f"{column_name(column)}: texts such as {quoted(column.number_like)} are numbers with a unit or sign",
                "write plain numbers in the file; otherwise each different text is a category of its own",
            )


def _gaps(survey: Survey, scales: Scales) -> Iterator[Advice]:
    empty = [column for column in survey.columns if column.missing > MANY_GAPS * column.rows]
    if empty:
        shares = [f"{column_name(column)} {column.missing / column.rows:.0%}" for column in empty]
        yield Advice(f"many values are missing: {join_words(shares)}", f"set data.source.ignore: {keys_of(empty)}")


def _parts(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if "test" not in survey.rows:
        do = "set data.test: 0.2 for a score on rows that are not trained on"
        yield Advice("there is no test part", do, harmless=True)


RULES: Sequence[Callable[[Survey, Scales], Iterator[Advice]]] = (
    _leaks,
    _labels,
    _ids,
    _lossy,
    _lookalikes,
    _moments,
    _scales,
    _target_scales,
    _number_like,
    _gaps,
    _parts,
    _classes,
    _conflicts,
    _idle,
)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _them(columns: Sequence[ColumnFacts]) -> str:
    return "it" if len(columns) == 1 else "them"
