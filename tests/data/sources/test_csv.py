"""Tables: what is found out by itself, what is refused, and where the fault is said to be."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.data.dataset import Raw
from nntrain.data.formats.layout import Told
from nntrain.data.formats.sniffer import sniff
from nntrain.data.sources.csv import Csv
from nntrain.data.tables.columns import side_by_side
from nntrain.data.tables.text_table import read_columns
from nntrain.errors import DataError

pytestmark = pytest.mark.usefixtures("reader")
Write = Callable[..., Path]


def load(path: Path, **settings: object) -> Raw:
    return Csv(path=path, **settings).load(0)


def fault(path: Path, **settings: object) -> str:
    """Return the message of the DataError without the folder."""
    with pytest.raises(DataError) as caught:
        load(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{path.parent}/", "")


def attempt(path: Path) -> Raw | str:
    """Return what was loaded, or why it was not."""
    try:
        return load(path)
    except DataError as error:
        return str(error)


IS_HEADER = "is this line a header? data.source.header: true or false decides"
PLAIN = "1,2,a\n3,4,b\n5.5,-6e-1,a\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\n\n"),
        "\n" + PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace(",", "  "),
        PLAIN.replace(",", ", "),
        '"1"' + PLAIN[1:],
        "x,y,class\n" + PLAIN,
        "\ufeffx,y,class\r\n" + PLAIN.replace("\n", "\r\n"),
        '"x, or ""x""","y;z",class\n' + PLAIN,
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_dialect_gives_the_same_numbers(text: Write, content: str, packed: bool) -> None:
    raw = load(text(gzip.compress(content.encode()) if packed else content, "data.csv" + ".gz" * packed))
    np.testing.assert_array_equal(raw.train.X, [[1, 2], [3, 4], [5.5, -0.6]])
    assert raw.train.X.flags.c_contiguous
    assert raw.train.y.tolist() == [0, 1, 0]
    assert raw.train.y.dtype == np.int64
    assert (raw.task, raw.class_names) == ("classification", ("a", "b"))


COMMAS = PLAIN.replace(",", ";").replace("5.5", "5,5").replace("-6e-1", "-,6")


@pytest.mark.parametrize(
    "content",
    [
        COMMAS,
        "x;y;class\n" + COMMAS,
        COMMAS.replace("\n", "\r\n"),
        COMMAS.replace(";", "\t"),
        COMMAS.replace(";", "|"),
        COMMAS.replace("1;2", "1,0;2,0"),
        COMMAS.replace("1;2", "1,0;2,0").replace(";", "  "),
        COMMAS.replace("5,5", '"5,5"'),
    ],
)
def test_decimal_commas_are_found_out(text: Write, content: str) -> None:
    raw = load(text(content))
    np.testing.assert_array_equal(raw.train.X, [[1, 2], [3, 4], [5.5, -0.6]])
    assert raw.class_names == ("a", "b")


@pytest.mark.parametrize(
    ("content", "classes"),
    [
        ("1.5;2;Paris, Texas\n3;4;Rome\n", ("Paris, Texas", "Rome")),  # no number has a comma
        ("x;y;city\n1,5;2;Paris, Texas\n3;4;Rome\n", ("Paris, Texas", "Rome")),  # and here texts keep theirs
        ("3,2 rooms\n5,1 room\n", ("1 room", "2 rooms")),  # here commas part the values
        ("1,2,x;y\n3,4,z\n", ("x;y", "z")),
    ],
)
def test_commas_that_are_no_decimal_ones(text: Write, content: str, classes: tuple[str, ...]) -> None:
    raw = load(text(content))
    assert raw.class_names == classes
    assert all(np.isfinite(raw.train.X).ravel())


def test_a_decimal_comma_by_order_and_by_mistake(text: Write) -> None:
    path = text('x,y\n"1,5",0\n"2,5",1\n')
    np.testing.assert_array_equal(load(path, decimal=",").train.X, [[1.5], [2.5]])
    path = text("x;y\n" + "1;0\n0;1\n" * 20_000 + "2,5;1\n")  # too late to be found out
    assert fault(path) == (
        "data.csv:40002:1 (x): '2,5' is not a number; if that is a decimal comma, set data.source.decimal: ','"
    )
    assert load(path, decimal=",").train.X.max() == 2.5


def test_header_names_features_and_target(text: Write) -> None:
    raw = load(text("id,len,kind,width\n7,1,a,2\n8,3,b,4\n"), target="kind", ignore=("id",))
    assert raw.feature_names == ("len", "width")
    assert raw.target_names == ("kind",)
    np.testing.assert_array_equal(raw.train.X, [[1, 2], [3, 4]])


@pytest.mark.parametrize(("target", "y"), [(0, [0, 1]), (2, [0, 1]), (-1, [0, 1]), (-3, [0, 1])])
def test_target_by_position(text: Write, target: int, y: list[int]) -> None:
    raw = load(text("1,2,5\n3,4,6\n"), target=target)
    assert raw.train.y.tolist() == y
    assert raw.train.X.shape == (2, 2)


def test_ignored_columns_may_hold_anything(text: Write) -> None:
    raw = load(text("n/a,1,x\n,2,y\n\N{SNOWMAN},3,x\n"), ignore=(0,))
    np.testing.assert_array_equal(raw.train.X, [[1], [2], [3]])


def test_names_are_ordered_as_numbers_when_they_are(text: Write) -> None:
    raw = load(text("0,10\n0,2\n0,-1\n0,2.0\n0,1e1\n0,+2\n"))
    assert raw.class_names == ("-1", "2", "10")
    assert raw.train.y.tolist() == [2, 1, 0, 1, 2, 1]


def test_large_labels_keep_every_digit(text: Write) -> None:
    raw = load(text(f"0,{2**53}\n0,{2**53 + 1}\n0,0\n"))
    assert raw.class_names == ("0", str(2**53), str(2**53 + 1))


def test_text_classes_are_ordered_as_text(text: Write) -> None:
    assert load(text("0,b\n0,C#\n0,10\n0,ä b\n")).class_names == ("10", "C#", "b", "ä b")


@pytest.mark.parametrize(
    ("column", "task"),
    [
        (["0", "1"] * 20, "classification"),
        ([str(i % 20) for i in range(40)], "classification"),
        ([str(i % 21) for i in range(42)], "regression"),
        (["0.5", "1"] * 20, "regression"),
        (["a", "b"] * 20, "classification"),
    ],
)
def test_task_is_found_out(text: Write, column: list[str], task: str) -> None:
    raw = load(text("".join(f"0,{value}\n" for value in column)))
    assert raw.task == task
    if task == "regression":
        np.testing.assert_array_equal(raw.train.y, np.array(column, float)[:, None])
        assert raw.class_names == ()


def test_task_can_be_told(text: Write) -> None:
    path = text("0,1\n0,2\n0,1\n")
    assert load(path, task="regression").train.y.tolist() == [[1], [2], [1]]
    path = text("".join(f"0,{i % 50}\n" for i in range(100)))
    assert len(load(path, task="classification").class_names) == 50


def test_test_file_shares_columns_and_classes(text: Write) -> None:
    test = text("x,k\n9,b\n8,b\n", "test.csv")
    raw = load(text("x,k\n1,a\n2,b\n3,c\n"), test=test)
    assert raw.test is not None
    assert raw.test.X.tolist() == [[9], [8]]
    assert raw.test.y.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv: is empty"),
        ("\n \n", "data.csv: is empty"),
        ("x,y\n", "data.csv: has a header line but no rows"),
        ("1,2,0\n3,abc,1\n5,6,0\n", "data.csv:2:2: 'abc' is not a number"),
        ("a,b,c\n1,2,0\n3,abc,1\n5,6,0\n", "data.csv:3:2 (b): 'abc' is not a number"),
        ("1,2,0\n\n\n3,x\x1b[31m,1\n5,6,0\n", "data.csv:4:2: 'x\\x1b[31m' is not a number"),
        ("1,x,0\n3,4,1\n5,6,0\n", f"data.csv:1:2: 'x' is not a number; {IS_HEADER}"),
        ("1,2,0\n3,,1\n", "data.csv:2:2: missing value, got ''; set data.source.missing to mean or drop"),
        ("1,2,0\n3,?,1\n", "data.csv:2:2: missing value, got '?'; set data.source.missing to mean or drop"),
        ("1,2,0\n3,NaN,1\n", "data.csv:2:2: missing value, got 'NaN'; set data.source.missing to mean or drop"),
        ("1,2,0\n3,-inf,1\n", "data.csv:2:2: '-inf' is not a finite number"),
        ("1,2,0\n3,1e999,1\n", "data.csv:2:2: '1e999' is not a finite number"),
        ("1,2,0\n3,1_0,1\n5,6,0\n", "data.csv:2:2: '1_0' is not a number"),
        (
            "1,2,0\n3,4,\n",
            "data.csv:2:3: missing value, got ''; a target cannot be filled in; set data.source.missing to drop",
        ),
        (
            "1,2,a\n3,4,?\n",
            "data.csv:2:3: missing value, got '?'; a target cannot be filled in; set data.source.missing to drop",
        ),
        ("1,2,0\n3,4\n", "data.csv:2: row of 2 columns, 3 are expected"),
        ("1,2,0\n3,4,5,6\n", "data.csv:2: row of 4 columns, 3 are expected"),
        ("x,y\n1,2,3\n4,5,6\n", "data.csv:1: row of 2 columns, 3 are expected"),
        (
            "1\n2\n",
            "data.csv: no feature columns are left of 1; "
            "commas, semicolons, tabs, bars or blanks part the values of a table",
        ),
        (b"1,2,a\n3,4,\xff\n", "data.csv:2: byte 5 is not UTF-8, got 0xff"),
    ],
)
def test_faults_are_placed(text: Write, content: str | bytes, message: str) -> None:
    assert fault(text(content)) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "lable"}, "data.csv:1: no column 'lable'; did you mean 'label'? (one of id, id, label, x)"),
        ({"target": "id"}, "data.csv:1: 2 columns are named 'id'"),
        ({"target": 4}, "data.csv: no column 4, there are 4 (0 to 3); (one of id, id, label, x)"),
        ({"target": -5}, "data.csv: no column -5, there are 4 (0 to 3); (one of id, id, label, x)"),
        ({"target": "label", "ignore": (-1,)}, "data.csv: the target column cannot be ignored as well, got 'label'"),
        ({"header": False}, "data.csv:1:1: 'id' is not a number; is this line a header?"),
        ({"ignore": (0, 1, 2)}, "data.csv: no feature columns are left of 4"),
    ],
)
def test_wrong_columns(text: Write, settings: dict[str, object], message: str) -> None:
    assert fault(text("id,id,x,label\n1,2,3,0\n4,5,6,1\n"), **settings) == message


def test_names_need_a_header(text: Write) -> None:
    expected = "data.csv: has no header line, so no column 'label'; give its position (0 first)"
    assert fault(text("1,2\n3,4\n"), target="label") == expected


def test_many_columns_are_counted_not_listed(text: Write) -> None:
    names = [f"pixel{i}" for i in range(784)]
    path = text(",".join([*names, "label"]) + "\n" + ",".join(["0"] * 785) + "\n")
    assert fault(path, target="labl") == "data.csv:1: no column 'labl'; did you mean 'label'? (there are 785)"


def test_a_word_among_many_numbers_is_a_slip(text: Write) -> None:
    rows = [f"0,{i / 7}" for i in range(40)]
    rows[16] = "0,abc"
    assert fault(text("\n".join(rows))) == "data.csv:17:2: 'abc' is not a number"


def test_a_column_of_names_is_not_a_target(text: Write) -> None:
    path = text("".join(f"{i},name{i}\n" for i in range(60)))
    expected = "data.csv: the target column holds 60 different texts; set target to the right one"
    assert fault(path) == expected
    assert len(load(path, task="classification").class_names) == 60


def test_numbers_are_no_classes(text: Write) -> None:
    expected = "data.csv: a class label is a whole number or text, got 1.5; for numbers, task: regression"
    assert fault(text("0,1\n0,1.5\n"), task="classification") == expected


def test_text_is_no_regression_target(text: Write) -> None:
    message = fault(text("x,y\n0,1\n0,high\n"), task="regression")
    assert message == "data.csv:3:2 (y): 'high' is not a number"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x,k\n9,b\n8,z\n", "test.csv:3:2 (k): class 'z' never occurs in training; (one of a, b)"),
        ("x,j\n9,b\n", "test.csv:1: columns are missing: 'k'; not known to the model: 'j'"),
        ("k,x\n9,b\n", "test.csv:2:2 (x): 'b' is not a number"),
    ],
)
def test_test_file_that_does_not_fit(text: Write, content: str, message: str) -> None:
    test = text(content, "test.csv")
    assert fault(text("x,k\n1,a\n2,b\n"), test=test) == message


def test_columns_of_a_test_file_are_found_by_name(text: Write) -> None:
    test = text("k,other, X\nb,7,9\n", "test.csv")
    raw = load(text("x,k\n1,a\n2,b\n"), test=test)
    assert raw.test is not None
    assert (raw.test.array.tolist(), raw.test.y.tolist()) == ([[9]], [1])
    notes = [note.rpartition("/")[2] for note in raw.notes]
    assert notes == ["test.csv:1: 'X' is taken for 'x'", "test.csv: not used: 'other'"]


HOSTILE = "\x1b[31m\n\u202e"


def test_names_from_files_cannot_write_on_the_terminal(text: Write) -> None:
    path = text(f'"x{HOSTILE}","y{HOSTILE}"\n1,a\n2,"b{HOSTILE}"\n')
    slip = text(f'"x{HOSTILE}",y\n"{HOSTILE}",1\n1,2\n3,4\n', "slip.csv")
    test = text(f'"x{HOSTILE}","y{HOSTILE}"\n1,"c{HOSTILE}"\n', "test.csv")
    escaped = "\\x1b[31m\\n\\u202e"
    assert fault(path, target="z") == f"data.csv:1: no column 'z'; (one of x{escaped}, y{escaped})"
    message = f"test.csv:4:2 (y{escaped}): class 'c{escaped}' never occurs in training; "
    assert fault(path, test=test).startswith(message)
    assert fault(slip) == f"slip.csv:3:1 (x{escaped}): '{escaped}' is not a number"


def test_missing_files(tmp_path: Path, text: Write) -> None:
    text("1,2\n", "dta.csv")
    assert fault(tmp_path / "data.csv") == "data.csv: no such file or directory; did you mean 'dta.csv'?"
    assert fault(tmp_path / "zzz" / "q") == f"{'q'}: no such file or directory"
    with pytest.raises(DataError, match="is a directory, a file is needed"):
        load(tmp_path)
    with pytest.raises(DataError, match="is not a regular file"):
        load(Path("/dev/null"))
    with pytest.raises(DataError, match="is no file name"):
        load(Path("a\0b"))


def test_damaged_gzip(text: Write) -> None:
    packed = gzip.compress(PLAIN.encode() * 50)
    assert fault(text(packed[:-9], "data.csv.gz")).startswith("data.csv.gz: gzip data ends too early, after ")
    flipped = bytes([*packed[:-6], packed[-6] ^ 1, *packed[-5:]])
    assert fault(text(flipped, "data.csv.gz")) == "data.csv.gz: damaged gzip data: incorrect data check"


def test_gzip_members_and_padding(text: Write) -> None:
    half = gzip.compress(PLAIN.encode())
    assert len(load(text(half + half + b"\0" * 7, "data.csv.gz")).train) == 6


def test_gzip_bomb_is_refused(text: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.files.FREE_EXPANSION", 1 << 16)
    bomb = gzip.compress(b"0,0\n" * (1 << 20))
    assert "unpacks to more than the" in fault(text(bomb, "data.csv.gz"))


def test_header_can_be_told(text: Write) -> None:
    raw = load(text("2019,2020\n1,2\n3,4\n"), header=True)
    assert raw.feature_names == ("2019",)
    assert len(raw.train) == 2


def test_delimiter_can_be_told(text: Write) -> None:
    path = text("a,b|1|2\nc,d|3|4\n")
    assert load(path, ignore=(0,)).feature_names == ()
    raw = load(path, delimiter="|", target=0)
    assert raw.class_names == ("a,b", "c,d")
    assert sniff(text("1  2\t 3\n"), Told(delimiter=" ")).width == 3


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1, max_size=9
    ),
    delimiter=st.sampled_from(",;\t|"),
    header=st.booleans(),
)
def test_numbers_survive_the_round_trip(
    tmp_path: Path, values: list[list[float]], delimiter: str, header: bool
) -> None:
    lines = [delimiter.join(map(repr, row)) for row in values]
    path = tmp_path / "round.csv"
    path.write_text("\n".join([delimiter.join("abc")] * header + lines))
    layout = sniff(path)
    assert (layout.delimiter, layout.header) == (delimiter, header)
    np.testing.assert_array_equal(side_by_side(read_columns(path, layout), [()] * 3), values)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text(alphabet='01.,;\t "\n\r-eNaN?x\0', max_size=60))
def test_any_bytes_load_or_fail_in_one_line(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = attempt(path)
    if isinstance(outcome, str):
        assert outcome.startswith(str(path))
        assert "\n" not in outcome
    else:
        assert np.isfinite(outcome.train.X).all()
