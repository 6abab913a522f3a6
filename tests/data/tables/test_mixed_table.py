"""Numbers beside texts, read by whole-array arithmetic: what the careful reader reads, value by value, it reads too."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nntrain.data.formats import numbers
from nntrain.data.tables import text_table
from nntrain.data.tables.text_table import TextTable
from nntrain.errors import DataError

NUMBER = st.one_of(
    st.integers(-(10**18), 10**18).map(str),
    st.floats(-1e9, 1e9).map(repr),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(
        ["0", "-0", "007", "+5", "1e3", "1E-7", ".5", "5.", "1e400", "1_000", "0x1F", "12-3", "--1", "1.2.3"]
    ),
)
GAP = st.sampled_from(["", "?", "NA", "nan", "-", ".", "none", "-9999"])
TEXT = st.one_of(
    st.sampled_from(["oak", "ash", "Oak", " oak", "oak ", "ä", "日本", "a" * 8, "a" * 9, "a" * 17, "b" * 8 + "a" * 8]),
    st.text("ab é\u200b'", max_size=20),
    st.sampled_from(['"x,y"', '"a ""b"""', '"two\nlines"', '"', 'a"b', '""']),
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Return the text of a table with some columns of numbers and some of texts, and a few slips."""
    usual, mark = draw(st.sampled_from([("nnt", ","), ("tn", ";"), ("ntnt", "\t"), ("tt", "|")]))
    decimal = draw(st.sampled_from([".", ".", ","])) if mark != "," else "."
    slips = draw(st.booleans())

    def value(kind: str) -> str:
        if slips and draw(st.integers(0, 15)) == 0:
            return draw(GAP | TEXT | NUMBER)
        field = draw(st.sampled_from(["1.5", "-2", "30.25"]) | NUMBER) if kind == "n" else draw(TEXT)
        return field.replace(".", decimal) if kind == "n" else field.replace("x,y", f"x{mark}y")

    rows = draw(st.integers(2, 25))
    lines = [mark.join(map(value, usual)) for _ in range(rows)]
    if slips:
        for extra in draw(st.lists(st.sampled_from(["", "  ", mark * (len(usual) - 1), mark, "x"]), max_size=2)):
            lines.insert(draw(st.integers(0, rows)), extra)
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    names = mark.join(f"name{k}" for k in range(len(usual)))
    return end.join([names, *lines]) + draw(st.sampled_from([end, ""]))


def outcome(path: Path) -> Sequence[object]:
    """Return everything that a table comes to: columns and notes, or the message."""
    try:
        table = TextTable.open(path)
        columns = table.columns()
    except DataError as error:
        return [str(error)]
    found = [
        (c.name, c.position, c.kind, c.values.dtype, c.values.tobytes(), c.texts, c.missing, sorted(c.written))
        for c in columns
    ]
    return [*found, *table.notes]


@settings(max_examples=100)
@given(content=files(), block=st.sampled_from([1 << 18, 40, 7]))
@example("a,b\n1,x\n2,y\n3,\n,z\n", 7)
@example("a,b\n-0,x\n1e400,y\n", 1 << 18)
@example("a,b\n1,x\n,\n2,y\n", 1 << 18)
@example('a,b\n1,"x\ny"\n2,z\n', 8)
@example('a,b\n1,x\n2,"y\n3,z\n', 1 << 18)
def test_the_quick_reader_reads_what_the_careful_one_reads(
    tmp_path_factory: pytest.TempPathFactory, content: str, block: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "mixed.csv"
    path.write_bytes(content.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "BLOCK", block)
        quick = outcome(path)
        for reader in ("read_mixed", "read_numbers"):
            patch.setattr(text_table, reader, lambda *_: None)
        assert quick == outcome(path)


def test_most_tables_are_read_quickly(text: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "_read", lambda *_: pytest.fail("read value by value"))
    path = text("a,b,c\n" + "".join(f"{k},{k / 7!r},{'xyz'[k % 3]}\n" for k in range(50)) + "NA,,?\n1,2,\n")
    number, other, texts = TextTable.open(path).columns()
    assert other.values[:50].tolist() == [k / 7 for k in range(50)]
    assert (number.missing, other.missing, texts.missing, texts.texts) == (1, 1, 2, ("x", "y", "z"))


@pytest.mark.parametrize("opened", [1, 2, 30])
@pytest.mark.parametrize("rows", [40, 2000])  # in what is sniffed, and far behind it
def test_a_quote_that_is_never_closed_is_named_by_its_line(text: Callable[..., Path], opened: int, rows: int) -> None:
    lines = [f'{k},"two\nlines",{k % 7}' if k == 5 else f"{k},x{k % 2},{k % 7}" for k in range(rows)]
    at = rows - opened
    lines[at] = lines[at].replace("x", '"x')
    path = text("\n".join(["a,b,c", *lines, ""]))
    line = at + 2 + (at > 5)
    with pytest.raises(
        DataError, match=rf"^.*data\.csv:{line}: a quote opens here that is never closed; close it, or t"
    ):
        TextTable.open(path).columns()


def test_names_that_stand_twice_are_told(text: Callable[..., Path]) -> None:
    table = TextTable.open(text("a,b,a,,b\n1,2,3,4,x\n5,6,7,8,y\n"))
    told = "several columns are named 'a', 'b'; name such a column by its position"
    assert [note.partition(": ")[2] for note in table.notes] == [told]
    assert not TextTable.open(text("a,A,c\n1,2,x\n5,6,y\n")).notes
