"""Headers, dialects and numbers as people write them: the truth is read, or read with a note that names the key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.formats.layout import Told
from nntrain.data.formats.sniffer import sniff
from nntrain.data.tables.columns import Column
from nntrain.data.tables.text_table import TextTable
from nntrain.errors import DataError

Write = Callable[..., Path]
FLOATS = "0.5,1.5,-2.5,0.25,1\n1.5,0.1,3.5,1.25,0\n-1.5,2.5,0.5,0.75,2\n2.5,3.5,1.5,2.25,1\n0.1,0.2,0.3,0.4,0\n"
EITHER = "set data.source.thousands: ',' if that comma groups thousands, data.source.decimal: ',' if it is decimal"
MARK = "data.source.header: false takes it for a row of values"


def read(path: Path, **told: Any) -> tuple[tuple[str, ...], tuple[Column, ...], list[str]]:
    """Return names, columns, and notes without the file they begin with."""
    table = TextTable.open(path, Told(**told))
    columns = table.columns()
    return table.names, columns, [note.removeprefix(f"{path}: ") for note in table.notes]


def values(column: Column) -> list[Any]:
    if column.is_text:
        return [column.texts[code] if code >= 0 else None for code in column.values.tolist()]
    return [None if np.isnan(value) else value for value in column.values.tolist()]


def fault(path: Path, **told: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **told)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}:")


# --- headers ---------------------------------------------------------------------------------------------------------


def test_numbers_that_count_are_names(text: Write) -> None:
    names, columns, notes = read(text("0,1,2,3,target\n" + FLOATS))
    assert names == ("0", "1", "2", "3", "target")
    assert (values(columns[4]), notes) == ([1, 0, 2, 1, 0], [])
    names, columns, notes = read(text("0,1,2,3,4\n" + FLOATS))
    assert (names, len(columns[0])) == (("0", "1", "2", "3", "4"), 5)
    assert notes == [f"the first line counts, so it is taken for names; {MARK}"]
    assert read(text("0,1,2,3,4\n" + FLOATS), header=False)[0] == ()


def test_years_are_names(text: Write) -> None:
    rows = "".join(f"{'north' if k % 2 else 'south'},{20 + k}.5,{30 + k}.25\n" for k in range(8))
    names, columns, notes = read(text("country,2017,2019\n" + rows))
    assert (names, values(columns[2])[:2]) == (("country", "2017", "2019"), [30.25, 31.25])
    assert notes == [f"the first line counts, so it is taken for names; {MARK}"]


def test_a_header_above_texts(text: Write) -> None:
    rows = "p,f,g\ne,k,f\np,f,y\ne,k,g\ne,f,g\np,k,f\n"
    names, columns, notes = read(text("class,cap,odor\n" + rows))
    assert (names, values(columns[0])) == (("class", "cap", "odor"), ["p", "e", "p", "e", "e", "p"])
    assert notes == [f"no value of the first line comes again, so it is taken for names; {MARK}"]
    assert read(text(rows))[0] == (), "a first row like the others is one of them"


@pytest.mark.parametrize("first", ["?,NA", ",", "-,nan"])
def test_a_first_row_of_gaps_hides_no_header(text: Write, first: str) -> None:
    names, columns, _ = read(text(f"a,b\n{first}\n1,2\n3,4\n"))
    assert names == ("a", "b")
    assert values(columns[1]) == ([2, 4] if first == "," else [None, 2, 4])


def test_a_row_of_units(text: Write) -> None:
    rows = "".join(f"{k},{k / 4},{'ab'[k % 2]}\n" for k in range(8))
    names, columns, notes = read(text("time,temp,kind\ns,°C,\n" + rows))
    assert (names, values(columns[0])[:2]) == (("time", "temp", "kind"), [0, 1])
    assert notes == ["the line below the names holds units (s, °C) and is left out"]


def test_a_line_that_contradicts_itself_is_refused(text: Write) -> None:
    message = "1:2: 'x' is not a number; is this line a header? data.source.header: true or false decides"
    assert fault(text("5,x,0\n3,4,1\n5,6,0\n")) == message


def test_names_in_a_remark(text: Write) -> None:
    names, columns, notes = read(text("# made by hand\n#a b c\n1 2 3\n4 5 6\n"))
    assert (names, values(columns[0])) == (("a", "b", "c"), [1, 4])
    assert notes == ["the names of the columns are taken from the remark above them"]
    assert read(text("# by hand, today\na,b\n1,2\n3,4\n"))[0] == ("a", "b")


def test_names_without_one_for_the_names_of_rows(text: Write) -> None:
    rows = "".join(f'"r{k}" {k / 2} {k * k}\n' for k in range(6))
    path = text('"x" "y"\n' + rows)
    names, columns, notes = read(path)
    assert (names, values(columns[2])) == (("", "x", "y"), [0, 1, 4, 9, 16, 25])
    assert notes == ["the first line has one name less than columns: the first column names the rows"]
    assert dict(sniff(path).left_out) == {0: "it has no name and numbers the rows"}


def test_names_that_cannot_be_seen_whole(text: Write) -> None:
    names, _, notes = read(text("a\u200b,b\n1,2\n3,4\n"))
    assert (names, notes) == (("a", "b"), ["names hold characters that are not seen, which are left out"])


# --- dialects --------------------------------------------------------------------------------------------------------

AS_IT_IS = ["p", "q", "p"]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\na;b;kind\n1;2;p\n3;4;q\n5;6;p\n",
        '"sep=;"\na;b;kind\n1;2;p\n3;4;q\n5;6;p\n',
        "# a remark\n#\n\na,b,kind\n1,2,p\n3,4,q\n5,6,p\n",
        "a, b, kind\n1, 2, p\n3, 4, q\n5, 6, p\n",
        'a, b, "kind"\n1, 2, "p"\n3, 4, "q"\n5, 6, "p"\n',
        "a b \t kind\n1\t 2   p\n3 4\tq\n5  6 p  \n",
        '"a" "b" "kind"\n1 2 "p"\n3 4 "q"\n5 6 "p"\n',
        "a;b;kind;;\n1;2;p;;\n3;4;q;;\n5;6;p;;\n",
        "a;b;kind\n1;2;p;\n3;4;q;\n5;6;p;\n",
        "a,b,kind\r\n1,2,p\r3,4,q\n\r\n5,6,p",
        "\n  \na,b,kind\n1,2,p\n\t\n3,4,q\n5,6,p\n \n",
    ],
)
def test_one_table_in_many_dialects(text: Write, content: str) -> None:
    names, columns, notes = read(text(content))
    assert names == ("a", "b", "kind")
    assert [values(column) for column in columns] == [[1, 3, 5], [2, 4, 6], AS_IT_IS]
    assert notes == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(text: Write, encoding: str) -> None:
    path = text("a\tgröße\n1,5\trot\n2\tgrün\n".encode(encoding))
    names, columns, notes = read(path)
    assert (names, values(columns[0]), values(columns[1])) == (("a", "größe"), [1.5, 2], ["rot", "grün"])
    western = ["is not UTF-8, so it is read as cp1252, the text of Windows; data.source.encoding decides"]
    assert notes == (western if encoding == "cp1252" else [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,ü\n".encode() + b"2,\xfc\n", "3: byte 3 is not UTF-8, got 0xfc"),  # UTF-8 with a damaged byte
        (b"a,b\n1,x\n2,\x81\n", "3: byte 3 is not UTF-8, got 0x81"),  # no letter in cp1252
        (b"a,b\n1,x\n2,\x00\n", "3: byte 3 is zero, which no text holds; is this a table?"),
    ],
)
def test_a_damaged_byte_keeps_its_place(text: Write, content: bytes, message: str) -> None:
    assert fault(text(content)) == message


def test_an_encoding_can_be_told(text: Write) -> None:
    path = text("a,город\n1,да\n2,нет\n".encode("cp1251"))
    assert read(path, encoding="cp1251")[0] == ("a", "город")
    assert fault(path) == "1: byte 3 is not UTF-8, got 0xe3"


def test_long_texts(text: Write) -> None:
    _, columns, _ = read(text(f"a,note,kind\n1,{'z' * 200_000},p\n2,y,q\n3,x,p\n"))
    assert [len(word) for word in values(columns[1])] == [200_000, 1, 1]


def test_titles_above_a_table(text: Write) -> None:
    names, columns, notes = read(text("Report of March\n\na,b,kind\n1,2,p\n3,4,q\n5,6,p\n"))
    assert (names, values(columns[0])) == (("a", "b", "kind"), [1, 3, 5])
    assert notes == ["the first 2 lines above the table are left out"]


def test_rows_without_any_value(text: Write) -> None:
    names, columns, notes = read(text("a;b;;\n1;2;;\n;;;\n3;4;;\n;;;\n"))
    assert (names, values(columns[1])) == (("a", "b"), [2, 4])
    assert notes == ["2 rows without any value passed over, the first in line 3"]


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "expected", "note"),
    [
        (["1,471", "2,556", "921"], [1471, 2556, 921], "'1,471' are read as 1471; data.source.decimal: ',' takes"),
        (["1,471,000", "2,556"], [1471000, 2556], "'1,471,000' are read as 1471000, their thousands grouped"),
        (["1,471.25", "2,556"], [1471.25, 2556], "'1,471.25' are read as 1471.25, their thousands grouped"),
        (["1.471,25", "2.556"], [1471.25, 2556], "'1.471,25' are read as 1471.25, their thousands grouped"),
        (["1 471", "2 556,5", "9"], [1471, 2556.5, 9], "'1 471' are read as 1471, their thousands grouped"),
        (["1'471", "12"], [1471, 12], '"1\'471" are read as 1471, their thousands grouped'),
        (["1,5", "2,25"], [1.5, 2.25], ""),
        (["0,125", "0,250"], [0.125, 0.25], ""),
        (["2,250", "3,125"], [2250, 3125], "'2,250' are read as 2250; data.source.decimal: ',' takes"),
        (["1.471", "2.556", "3.125", "921"], [1.471, 2.556, 3.125, 921], "'1.471' are read as 1.471; data.source.th"),
        (["$1,033.20", "$729.30"], [1033.2, 729.3], "'$1,033.20' are read as 1033.2, without $; data.source.signs"),
        (["11.18%", "7%"], [11.18, 7], "'11.18%' are read as 11.18, without %; data.source.signs: false keeps"),
        (["12 €", "1.250,50 €"], [12, 1250.5], "'12 €' are read as 12, without €; data.source.signs: false keeps"),
        (["(1,250.50)", "3.5"], [-1250.5, 3.5], "'(1,250.50)' are read as -1250.5, without their brackets, as neg"),
        (["-$5", "$7"], [-5, 7], "'-$5' are read as -5, without $; data.source.signs: false keeps the texts"),
    ],
)
def test_numbers_as_people_write_them(text: Write, column: list[str], expected: list[float], note: str) -> None:
    _, columns, notes = read(text("n\tkind\n" + "".join(f"{value}\tx\n" for value in column)))
    assert values(columns[0]) == expected
    assert bool(notes) == bool(note)
    assert not note or notes[0].startswith(f"column 'n': numbers such as {note}")


def test_the_columns_beside_it_decide(text: Write) -> None:
    _, columns, notes = read(text("a;b\n2,250;1,5\n3,125;2\n"))
    assert (values(columns[0]), notes[0].partition(";")[0]) == (
        [2.25, 3.125],
        "column 'a': numbers such as '2,250' are read as 2.25",
    )
    _, columns, _ = read(text("a;b\n2,250;1.5\n3,125;2\n"))
    assert values(columns[0]) == [2250, 3125]
    _, columns, _ = read(text("a;b\n1.471;1,5\n2.556;2\n3.125;7\n921;4\n"))
    assert values(columns[0]) == [1471, 2556, 3125, 921]


def test_keys_decide(text: Write) -> None:
    path = text("a;b\n2,250;x\n921;y\n")
    assert values(read(path, decimal=",")[1][0]) == [2.25, 921]
    assert read(path, decimal=",")[2] == []
    assert (values(read(path, thousands=",")[1][0]), read(path, thousands=",")[2]) == ([2250, 921], [])
    assert values(read(text("a,b\n7%,x\n8%,y\n"), signs=False)[1][0]) == ["7%", "8%"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("\u22125", "; its minus sign is the character U+2212, write a hyphen (U+002D)"),
        ("5\u200b", "; it holds a character that is not seen, U+200B; take it out"),
        ("1,471", f"; {EITHER}"),
        ("1 471", "; if its thousands are grouped, set data.source.thousands: ' '"),
        ("$5", "; it is written with the sign $, the other values of its column are not all"),
        ("--", "; if it stands for a missing value, set data.source.na: ['--']"),
        ("#VALUE!", "; if it stands for a missing value, set data.source.na: ['#VALUE!']"),
    ],
)
def test_slips_say_what_is_odd_about_them(text: Write, value: str, message: str) -> None:
    path = text("n\tkind\n" + "5\tx\n6\ty\n" * 13_000 + f"{value}\tx\n")  # too late to be found out
    shown = repr(value)
    assert fault(path) == f"26002:1 (n): {shown} is not a number{message}"


def test_two_signs_are_no_style(text: Write) -> None:
    _, columns, notes = read(text("n,kind\n$5,x\n€6,y\n$7,x\n"))
    assert columns[0].kind == "text"
    assert notes == [f"no value of the first line comes again, so it is taken for names; {MARK}"]


# --- what is missing -------------------------------------------------------------------------------------------------


def test_which_texts_are_missing_can_be_told(text: Write) -> None:
    path = text("n,place\n-9999,NA\n1.5,x\n-9999.0,\n2,NA\n")
    _, columns, _ = read(path, na=("-9999",))
    assert [values(column) for column in columns] == [[None, 1.5, None, 2], ["NA", "x", None, "NA"]]
    _, columns, _ = read(path, na={"place": ()})
    assert [values(column) for column in columns] == [[-9999, 1.5, -9999, 2], ["NA", "x", None, "NA"]]
    message = " data.source.na: no column 'plce'; did you mean 'place'? (one of n, place)"
    assert fault(path, na={"plce": ()}) == message


def test_the_quick_way_knows_what_is_missing_too(text: Write) -> None:
    path = text("a,b\n" + "".join(f"{k},{k / 8}\n" for k in range(100)) + "-9999,--\n")
    _, columns, _ = read(path, na=("-9999", "--"))
    assert [column.missing for column in columns] == [1, 1]
    assert (
        fault(path, na=("-9999",))
        == "102:2 (b): '--' is not a number; if it stands for a missing value, set data.source.na: ['--']"
    )


@pytest.mark.parametrize("gap", [".", "#N/A", "n.a."])
def test_spreadsheets_and_statistics_have_their_own_words_for_what_is_missing(text: Write, gap: str) -> None:
    path = text("a,kind\n" + "".join(f"{k / 8},{'xy'[k % 2]}\n" for k in range(20)) + f"{gap},x\n")
    _, columns, _ = read(path)
    assert [column.missing for column in columns] == [1, 0]


def test_numbers_that_count_beside_a_word_are_names(text: Write) -> None:
    rows = "".join(f"{k / 8},{k % 4},{'xy'[k % 2]}\n" for k in range(40))
    names, _, _ = read(text("0,1,target\n" + rows))
    assert names == ("0", "1", "target")
    names, _, _ = read(text("0,1,x\n" + rows))
    assert names == ()
