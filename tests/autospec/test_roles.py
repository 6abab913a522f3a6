"""What columns are taken for, and the reasons given: one small table for each way in which people write them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from nntrain.autospec.roles import Roles, guess_roles
from nntrain.data.describe.column_facts import ColumnFacts, facts_of, number_facts, text_facts
from nntrain.data.formats.sniffer import sniff
from nntrain.data.tables.text_table import read_columns

Write = Callable[..., Path]
ROWS = 40


@pytest.fixture
def guess(text: Write) -> Callable[..., Roles]:
    """Return a function that writes columns side by side as a table and guesses their roles."""

    def guessed(*columns: Sequence[object], names: Sequence[str] = (), target: int | None = None) -> Roles:
        rows = [",".join(map(str, row)) for row in zip(*columns, strict=True)]
        path = text("\n".join([*([",".join(names)] if names else []), *rows]) + "\n")
        layout = sniff(path)
        facts = [facts_of(column) for column in read_columns(path, layout)]
        return guess_roles(facts, target=target, named=layout.header)

    return guessed


RNG = np.random.default_rng(0)
LENGTHS = RNG.normal(size=ROWS).round(3).tolist()
WIDTHS = RNG.normal(size=ROWS).round(3).tolist()
AMOUNTS = (1000 * RNG.normal(size=ROWS)).round(2).tolist()
WHOLES = RNG.integers(0, 1000, ROWS).tolist()
FEW = [k % 3 for k in range(ROWS)]
KINDS = ["MBM"[k % 3] for k in range(ROWS)]
COUNT = list(range(1, ROWS + 1))
LONG = RNG.choice(10**6, ROWS, replace=False).__add__(10**5).tolist()
NAMES = [f"name{k}" for k in range(ROWS)]


@pytest.mark.parametrize(
    ("columns", "names", "target", "why"),
    [
        ((LENGTHS, WIDTHS, KINDS), (), 2, "the last column"),
        ((LENGTHS, WIDTHS, FEW), (), 2, "the last column"),
        ((LENGTHS, WIDTHS, AMOUNTS), (), 2, "the last column"),
        ((KINDS, LENGTHS, WHOLES), (), 2, "the last column"),
        ((LONG, KINDS, LENGTHS, WIDTHS), (), 1, "a column of text right after the id: M 27, B 13"),
        ((COUNT, KINDS, LENGTHS, FEW), (), 3, "the last column"),
        ((FEW, LENGTHS, [0] * ROWS), (), 0, "the first column, since the last has the same value in every row"),
        ((LENGTHS, FEW, NAMES), (), 1, "the last column that can be a target"),
        ((FEW, LENGTHS, WIDTHS), ("label", "a", "b"), 0, "guessed from its name"),
        ((LENGTHS, AMOUNTS, WIDTHS), ("a", "Median_House_Value", "b"), 1, "guessed from its name"),
        ((LENGTHS, AMOUNTS, KINDS), ("a", "MEDV", "b"), 1, "guessed from its name"),
        ((FEW, AMOUNTS, KINDS), ("quality", "x", "target"), 2, "guessed from its name"),
        ((LENGTHS, WIDTHS, KINDS), ("a", "b", "c"), 2, "the last column"),
    ],
)
def test_the_target_is_found(
    guess: Callable[..., Roles], columns: tuple[Sequence[object]], names: tuple[str, ...], target: int, why: str
) -> None:
    roles = guess(*columns, names=names)
    assert (roles.target, roles.target_why) == (target, why)


def test_a_target_that_is_given_is_kept(guess: Callable[..., Roles]) -> None:
    roles = guess(KINDS, LENGTHS, COUNT, target=0)
    assert (roles.target, roles.target_why, roles.task) == (0, "as given", "classification")


@pytest.mark.parametrize(
    ("column", "name", "why"),
    [
        (COUNT, "", f"{ROWS} different whole numbers in {ROWS} rows: an id"),
        (LONG, "", f"{ROWS} different whole numbers in {ROWS} rows: an id"),
        ([10**6, 10**6, *LONG[2:]], "", f"{ROWS - 1} different whole numbers in {ROWS} rows: an id"),
        (NAMES, "", f"{ROWS} different texts in {ROWS} rows: too many to be categories"),
        ([""] * ROWS, "", "no value in any row"),
        (WHOLES, "", None),
        (FEW, "", None),
        (KINDS, "", None),
        (LENGTHS, "", None),
        (RNG.permutation(ROWS).tolist(), "customer_id", "an id, judging by its name"),
        (RNG.permutation(ROWS).tolist(), "paid", None),
    ],
    ids=[
        "count",
        "long",
        "long, one twice",
        "names",
        "empty",
        "wholes",
        "few",
        "kinds",
        "lengths",
        "named",
        "not named",
    ],
)
def test_ids_names_and_empty_columns_are_left_out(
    guess: Callable[..., Roles], column: Sequence[object], name: str, why: str | None
) -> None:
    roles = guess(column, LENGTHS, KINDS, names=(name, "length", "kind") if name else ())
    assert dict(roles.ignored) == ({0: why} if why else {})


def test_a_count_of_rows_is_an_id_only_in_front(guess: Callable[..., Roles]) -> None:
    assert guess(LENGTHS, COUNT, KINDS).ignored == {}


@pytest.mark.parametrize(
    ("column", "task", "why"),
    [
        (KINDS, "classification", "M 27, B 13"),
        (FEW, "classification", "3 different whole numbers; set task: regression if they are amounts"),
        (WHOLES, "regression", f"{len(set(WHOLES))} different whole numbers"),
        (LENGTHS, "regression", f"{len(set(LENGTHS))} different numbers"),
        ([k % 2 / 2 for k in range(ROWS)], "regression", "2 different numbers"),
        ([f"k{k % 7}" for k in range(ROWS)], "classification", "k0 6, k1 6, k2 6, k3 6, … 7 in all"),
    ],
)
def test_the_task_follows_from_the_target(
    guess: Callable[..., Roles], column: Sequence[object], task: str, why: str
) -> None:
    roles = guess(LENGTHS, column)
    assert (roles.task, roles.task_why) == (task, why)


def test_facts_of_numbers() -> None:
    facts = number_facts("x", 3, np.array([1.0, np.nan, 4.0, 1.0]))
    assert facts == ColumnFacts("x", 3, False, 4, 1, 2, True, False, 1.0, 4.0, 2.0, np.sqrt(2.0))
    assert number_facts("", 0, np.arange(3, dtype=np.uint8)).rising
    assert not number_facts("", 0, np.array([0.5, 1.5])).whole
    assert number_facts("", 0, np.array([np.nan])) == ColumnFacts("", 0, False, 1, 1, 0)


@pytest.mark.parametrize("missing", [-1, np.nan])
def test_facts_of_texts(missing: float) -> None:
    facts = text_facts("x", 0, np.array([1, 0, 1, missing]), ("a", "b", "never"))
    assert (facts.rows, facts.missing, facts.distinct, facts.present) == (4, 1, 2, 3)
    assert facts.common == (("b", 2), ("a", 1))


@pytest.mark.parametrize(
    ("texts", "number_like"),
    [
        (("16%", "7 %", "3.5%"), "16%"),
        (("$1,200", "$3", "$ 4.50"), "$1,200"),
        (("12 €", "1.200,50 €"), "12 €"),
        (("367,699", "1,000,000"), "367,699"),
        (("1'200", "13'400"), "1'200"),
        (("3,5", "4,25"), "3,5"),
        (("2024-01-31", "2024-02-01"), ""),
        (("red", "16%"), ""),
        (("5kg", "6.5 kg"), "5kg"),
        (("7", "8%"), "8%"),
        (("3a", "42B7"), ""),
        ((), ""),
    ],
)
def test_numbers_with_a_unit_or_sign_are_recognised(texts: tuple[str, ...], number_like: str) -> None:
    assert text_facts("x", 0, np.arange(len(texts)), texts).number_like == number_like


def test_a_column_of_dressed_numbers_is_left_out_with_advice(guess: Callable[..., Roles]) -> None:
    prices = [f"{'$€'[k % 2]}{k}" for k in range(100, 100 + ROWS)]
    roles = guess(prices, LENGTHS, KINDS)
    why = f"{ROWS} different texts in {ROWS} rows, such as '$100': write plain numbers in the file to use them"
    assert roles.ignored == {0: why}
