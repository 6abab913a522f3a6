"""What in a data set deserves a second look, and the keys of a spec that answer it. Knows nothing of files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.describe.identifiers import id_reason
from nntrain.data.describe.survey import Survey
from nntrain.data.text import quoted
from nntrain.data.transforms.scaler import Scale
from nntrain.data.transforms.target_scaler import TargetScale

UNEVEN = 1000  # ratio of two columns' deviations from which a common scale is needed
RARE = 20  # times as many rows in the largest class as in the smallest
FEW = 5  # training rows of a class
NAMED = 4  # columns or classes named in a line
MANY_GAPS = 0.4


@dataclass(frozen=True, slots=True)
class Advice:
    """What was seen, and what to do about it; ``harmless`` things are told to those who look at the data alone."""

    what: str
    do: str
    harmless: bool = False


class Scales(NamedTuple):
    """How a spec scales inputs and targets."""

    inputs: Scale = "none"
    targets: TargetScale = "none"


def advise(survey: Survey, scales: Scales) -> Sequence[Advice]:
    """Return all advice, the gravest first."""
    return [advice for rule in RULES for advice in rule(survey, scales)]


def _leaks(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for name, count in survey.repeated.leaked.items():
        if count:
            share = count / survey.rows[name]
            yield Advice(
                f"{_many(count, 'row')} of {name} ({share:.1%}) {_are(count)} in training too, with the same features",
                f"the {name} score flatters by them; take repeated rows out of the file",
            )


def _conflicts(survey: Survey, scales: Scales) -> Iterator[Advice]:
    count = survey.repeated.conflicting
    if count and survey.task == "classification":
        yield Advice(
            f"{_many(count, 'row')} have the features of another row, but not its class",
            "no model gets all of these right; look for mistakes, or for a column that is missing",
        )


def _classes(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.task != "classification":
        return
    for name, counts in survey.counts.items():
        least = FEW if name == "train" else 1
        few = [
            f"{_name(label)} {count}" for label, count in zip(survey.class_names, counts, strict=True) if count < least
        ]
        if few:
            what = "hardly any row" if name == "train" else "no row"
            yield Advice(
                f"{name} has {what} of {join_words(few)}",
                f"its figures of that class mean little; give {name} more rows",
            )
    counts = survey.counts["train"]
    if max(counts) > RARE * max(1, min(counts)):
        yield Advice(
            f"classes are uneven: {max(counts):,} rows of one, {min(counts):,} of another in training",
            f"compare with {max(counts) / sum(counts):.4f}, the share of the largest; weigh with loss.class_weights",
        )


def _scales(survey: Survey, scales: Scales) -> Iterator[Advice]:
    columns = [column for column in survey.columns if column.deviation]
    if len(columns) < 2 or survey.image_shape or scales.inputs in ("standard", "minmax"):
        return
    wide, narrow = (pick(columns, key=lambda column: column.deviation or 0) for pick in (max, min))
    ratio = (wide.deviation or 0) / (narrow.deviation or 1)
    if ratio >= UNEVEN:
        yield Advice(
            f"{column_name(wide)} varies {ratio:,.0f} times as much as {column_name(narrow)}",
            "set data.scale: standard, or columns of small values hardly influence the model",
        )


def _target_scales(survey: Survey, scales: Scales) -> Iterator[Advice]:
    columns = [column for column in survey.targets if column.deviation]
    if len(columns) < 2 or scales.targets == "standard":
        return
    wide, narrow = (pick(columns, key=lambda column: column.deviation or 0) for pick in (max, min))
    ratio = (wide.deviation or 0) / (narrow.deviation or 1)
    if ratio >= UNEVEN:
        yield Advice(
            f"the target {column_name(wide)} varies {ratio:,.0f} times as much as {column_name(narrow)}",
            "set data.target_scale: standard, or the cost is that of the large one alone",
        )


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
        yield Advice(f"{join_words(map(column_name, ids))}: {reason}", f"set data.source.ignore: {_keys(ids)}")


def _idle(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if survey.image_shape:  # the margin of a picture is what it is
        return
    constant = [survey.columns[k] for k in survey.constant]
    if constant:
        what = f"{join_words(map(column_name, constant))}: one value only"
        do = f"harmless; data.source.ignore: {_keys(constant)} leaves {_them(constant)} out"
        yield Advice(what, do, harmless=True)
    copies = [survey.columns[copy] for _, copy in survey.duplicates]
    if copies:
        pairs = [
            f"{column_name(survey.columns[copy])} = {column_name(survey.columns[k])}" for k, copy in survey.duplicates
        ]
        do = f"data.source.ignore: {_keys(copies)} leaves {_them(copies)} out"
        yield Advice(f"{join_words(pairs)} in every row", do, harmless=True)


def _number_like(survey: Survey, scales: Scales) -> Iterator[Advice]:
    for column in survey.columns:
        if column.number_like:
            yield Advice(
                f"{column_name(column)}: texts such as {quoted(column.number_like)} are numbers with a unit or sign",
                "leave the bare numbers in the file, or each text is a kind of its own",
            )


def _gaps(survey: Survey, scales: Scales) -> Iterator[Advice]:
    empty = [column for column in survey.columns if column.missing > MANY_GAPS * column.rows]
    if empty:
        shares = [f"{column_name(column)} {column.missing / column.rows:.0%}" for column in empty]
        yield Advice(f"mostly missing: {join_words(shares)}", f"set data.source.ignore: {_keys(empty)}")


def _parts(survey: Survey, scales: Scales) -> Iterator[Advice]:
    if "test" not in survey.rows:
        do = "set data.test: 0.2 for a score on rows that training never saw"
        yield Advice("there is no test part", do, harmless=True)


RULES: Sequence[Callable[[Survey, Scales], Iterator[Advice]]] = (
    _leaks,
    _ids,
    _scales,
    _target_scales,
    _number_like,
    _gaps,
    _parts,
    _classes,
    _conflicts,
    _idle,
)


def column_name(column: ColumnFacts) -> str:
    """Return the name of a column, or its position."""
    return _name(column.name) if column.name else f"column {column.position}"


def _name(text: str) -> str:
    return quoted(text)[1:-1]


def _keys(columns: Sequence[ColumnFacts]) -> str:
    """Return columns as a spec names them."""
    keys = [quoted(column.name)[1:-1] if column.name else str(column.position) for column in columns]
    return f"[{', '.join(keys)}]" if len(keys) <= 2 * NAMED else f"[{', '.join(keys[:NAMED])}, …]"


def join_words(names: Iterable[str]) -> str:
    """Return a few names, and how many more there are."""
    found = list(names)
    more = len(found) - NAMED
    return ", ".join(found[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _them(columns: Sequence[ColumnFacts]) -> str:
    return "it" if len(columns) == 1 else "them"
