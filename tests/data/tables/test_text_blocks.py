"""Rows of a text table some at a time: whole-array arithmetic as far as it reads, the same values as one by one."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.data.formats import numbers
from nntrain.data.tables.columns import Kinds
from nntrain.data.tables.text_table import BLOCK, TextTable
from nntrain.errors import DataError

PLAIN = [f"{k},{k / 7!r},-{k}e-3" for k in range(2 * BLOCK + 5)]
KINDS = Kinds(number=(0, 1, 2))


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "BLOCK", 1 << 14)


def table(tmp_path: Path, rows: list[str], header: str = "a,b,c") -> TextTable:
    path = tmp_path / "table.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return TextTable.open(path)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("last", [[], ["1,?,3"], [",,", "1,2,3"], ['"1",2,3'], ["", "4,5,6"], ["1,2,3,,"]])
def test_blocks_hold_what_float_reads(tmp_path: Path, last: list[str]) -> None:
    found = table(tmp_path, [*PLAIN, *last])
    blocks = list(found.blocks((0, 2), KINDS))
    assert [len(block[0]) for block in blocks[:-1]] == [BLOCK] * (len(blocks) - 1)
    rows = [row.replace('"', "").replace("?", "nan").split(",") for row in [*PLAIN, *last] if row.strip(",")]
    for k, position in enumerate((0, 2)):
        together = np.concatenate([block[k].values for block in blocks])
        np.testing.assert_array_equal(together, [float(row[position]) for row in rows])
        assert {block[k].position for block in blocks} == {position}
    assert len(found.notes) == (",," in last)


@pytest.mark.usefixtures("small_pieces")
def test_texts_beside_the_numbers_are_passed_over(tmp_path: Path) -> None:
    found = table(tmp_path, [f"{row},x y" for row in PLAIN], "a,b,c,d")
    together = np.concatenate([block[0].values for block in found.blocks((1,), Kinds(number=(1,)))])
    np.testing.assert_array_equal(together, [k / 7 for k in range(len(PLAIN))])


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,x,3", f"{len(PLAIN) + 2}:2 (b): 'x' is not a number"),
        ("1,2", f"{len(PLAIN) + 2}: row of 2 columns, 3 are expected"),
    ],
)
def test_a_late_fault_has_its_place(tmp_path: Path, row: str, message: str) -> None:
    found = table(tmp_path, [*PLAIN, row])
    with pytest.raises(DataError) as error:
        list(found.blocks((0, 1, 2), KINDS))
    assert str(error.value) == f"{found.path}:{message}"
