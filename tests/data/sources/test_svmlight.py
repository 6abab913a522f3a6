"""Files of svmlight: what is not written is 0, indices are names, what is none is refused with the line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.data.sources import reader_of
from nntrain.data.sources.csv import Csv
from nntrain.data.sources.svmlight import Svmlight
from nntrain.errors import DataError

Write = Callable[..., Path]
ROWS = "# by hand\n+1 1:0.5 3:2 # first\n-1 2:1e1\n+1 qid:4 1:-1 2:3 3:.25\n-1\n"


def fault(source: Svmlight) -> str:
    with pytest.raises(DataError) as caught:
        source.load(0)
    return str(caught.value).replace(f"{source.path.parent}/", "")


@pytest.mark.parametrize("name", ["x.svm", "x.txt"])
def test_rows_are_read_whole(text: Write, name: str) -> None:
    path = text(ROWS, name)
    assert reader_of(path).kind == "svmlight"
    raw = Svmlight(path=path).load(0)
    assert raw.train.X.tolist() == [[0.5, 0, 2], [0, 10, 0], [-1, 3, 0.25], [0, 0, 0]]
    assert (raw.task, raw.class_names, raw.train.y.tolist()) == ("classification", ("-1", "1"), [1, 0, 1, 0])
    assert (raw.feature_names, raw.target_names) == (("1", "2", "3"), ("label",))


def test_indices_may_begin_at_0_and_columns_be_told(text: Write) -> None:
    raw = Svmlight(path=text("0.5 0:1 2:3\n1.5 1:2\n", "x.svm"), features=4).load(0)
    assert raw.train.X.tolist() == [[1, 0, 3, 0], [0, 2, 0, 0]]
    assert (raw.task, raw.train.y.tolist()) == ("regression", [[0.5], [1.5]])


def test_a_test_file_has_the_columns_of_training(text: Write) -> None:
    raw = Svmlight(path=text(ROWS, "x.svm"), test=text("-1 2:7\n", "t.svm")).load(0)
    assert raw.test is not None
    assert (raw.test.X.tolist(), raw.test.y.tolist()) == ([[0, 7, 0]], [0])
    wide = text("-1 2:7 4:1\n", "t.svm")
    message = fault(Svmlight(path=text(ROWS, "x.svm"), test=wide))
    assert message == "t.svm: index 4 is not among the 3 columns from 1 on"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1 1:2\n1 2\n", "x.svm:2: index:value is expected, got '2'"),
        ("1 1:2\n1 2:x\n", "x.svm:2: the value at 2 is not a finite number, got 'x'"),
        (
            "1 1:2\n1,3 2:1\n",
            "x.svm:2: the label is not a finite number, got '1,3'; several labels in a row are not read",
        ),
        ("# nothing\n", "x.svm: is empty"),
        ("1 4000000000:1\n2 1:1\n", "x.svm: 2 rows of 4,000,000,000 columns are too many to hold as a whole table"),
    ],
)
def test_faults_are_placed(text: Write, content: str, message: str) -> None:
    assert fault(Svmlight(path=text(content, "x.svm"))) == message


def test_times_between_blanks_are_no_such_file(text: Write) -> None:
    path = text("1 12:30\n2 12:45\n3 13:00\n", "x.csv")
    assert reader_of(path).kind == "csv"
    assert Csv(path=path, target=0).load(0).texts == (("12:30", "12:45", "13:00"),)
