"""What in a data set deserves a second look, and the keys of a spec that answer it. Knows nothing of files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from nntrain.data.describe.column_facts import ColumnFacts
from nntrain.data.describe.survey import Survey
from nntrain.data.text import quoted
from nntrain.data.transforms.scaler import Scale

UNEVEN = 1000  # ratio of two columns' deviations from which a common scale is needed
RARE = 20  # times as many rows in the largest class as in the smallest
FEW = 5  # training rows of a class
NAMED = 4  # columns or classes named in a line
MANY_GAPS = 0.4


@dataclass(frozen=True, slots=True)
class Advice:
    """What was seen, and what to do about it."""

    what: str
    do: str


def advise(survey: Survey, scale: Scale) -> Sequence[Advice]:
    """Return all advice, the gravest first."""
    return [advice for rule in RULES for advice in rule(survey, scale)]


def _leaks(survey: Survey, scale: Scale) -> Iterator[Advice]:
    for name, count in survey.repeated.leaked.items():
        if count:
            share = count / survey.rows[name]
            yield Advice(
                f"{_many(count, 'row')} of {name} ({share:.1%}) {_are(count)} in training too, with the same features",
                f"the {name} score flatters by them; take repeated rows out of the file",
            )


def _conflicts(survey: Survey, scale: Scale) -> Iterator[Advice]:
    count = survey.repeated.conflicting
    if count and survey.task == "classification":
        yield Advice(
            f"{_many(count, 'row')} have the features of another row, but not its class",
            "no model gets all of these right; look for mistakes, or for a column that is missing",
        )


def _classes(survey: Survey, scale: Scale) -> Iterator[Advice]:
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


def _scales(survey: Survey, scale: Scale) -> Iterator[Advice]:
    columns = [column for column in survey.columns if column.deviation]
    if len(columns) < 2 or survey.image_shape or scale in ("standard", "minmax"):
        return
    wide, narrow = (pick(columns, key=lambda column: column.deviation or 0) for pick in (max, min))
    ratio = (wide.deviation or 0) / (narrow.deviation or 1)
    if ratio >= UNEVEN:
        yield Advice(
            f"{column_name(wide)} varies {ratio:,.0f} times as much as {column_name(narrow)}",
            "set data.scale: standard, or the small ones are not heard",
        )


def _ids(survey: Survey, scale: Scale) -> Iterator[Advice]:
    ids = [column for column in survey.columns if column.rising and column.present > FEW]
    if ids:
        yield Advice(
            f"{join_words(map(column_name, ids))}: counts the rows, as an id does",
            f"set data.source.ignore: {_keys(ids)}",
        )


def _idle(survey: Survey, scale: Scale) -> Iterator[Advice]:
    if survey.image_shape:  # the margin of a picture is what it is
        return
    constant = [survey.columns[k] for k in survey.constant]
    if constant:
        what = f"{join_words(map(column_name, constant))}: one value only"
        yield Advice(what, f"harmless; data.source.ignore: {_keys(constant)} leaves {_them(constant)} out")
    copies = [survey.columns[copy] for _, copy in survey.duplicates]
    if copies:
        pairs = [
            f"{column_name(survey.columns[copy])} = {column_name(survey.columns[k])}" for k, copy in survey.duplicates
        ]
        yield Advice(
            f"{join_words(pairs)} in every row", f"data.source.ignore: {_keys(copies)} leaves {_them(copies)} out"
        )


def _number_like(survey: Survey, scale: Scale) -> Iterator[Advice]:
    for column in survey.columns:
        if column.number_like:
            yield Advice(
                f"{column_name(column)}: texts such as {quoted(column.number_like)} are numbers with something to them",
                "leave the bare numbers in the file, or each text is a kind of its own",
            )


def _gaps(survey: Survey, scale: Scale) -> Iterator[Advice]:
    empty = [column for column in survey.columns if column.missing > MANY_GAPS * column.rows]
    if empty:
        shares = [f"{column_name(column)} {column.missing / column.rows:.0%}" for column in empty]
        yield Advice(f"mostly missing: {join_words(shares)}", f"set data.source.ignore: {_keys(empty)}")


def _parts(survey: Survey, scale: Scale) -> Iterator[Advice]:
    if "test" not in survey.rows:
        yield Advice("there is no test part", "set data.test: 0.2 for a score on rows that training never saw")


RULES: Sequence[Callable[[Survey, Scale], Iterator[Advice]]] = (
    _leaks,
    _ids,
    _scales,
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
