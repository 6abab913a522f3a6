"""When pyarrow parses tables of text, and that it then does."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nntrain.data.formats.numbers import LARGE, parse

pytest.importorskip("pyarrow", reason="pyarrow: pip install 'nntrain[arrow]'")
READ = """
import sys
from pathlib import Path
from nntrain.data.formats import numbers, sniffer

path = Path(sys.argv[1])
assert numbers.read_numbers(path, sniffer.sniff(path)) is not None
print("pyarrow" in sys.modules)
"""


@pytest.mark.parametrize(
    ("row", "size", "imported"),
    [("1.2345,2.345678\n", LARGE - 16, "False\n"), ("1.2345,2.345678\n", LARGE, "True\n"), ("1,2\n", LARGE, "False\n")],
)
def test_it_is_imported_for_large_tables_of_long_numbers_alone(
    tmp_path: Path, row: str, size: int, imported: str
) -> None:
    path = tmp_path / "data.csv"
    path.write_text(row * (size // len(row)))
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
    assert done.stdout == imported


def test_it_leaves_no_plain_number_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.numbers.LARGE", 0)
    monkeypatch.setattr("nntrain.data.formats.numbers.LONG", 0)
    monkeypatch.setattr("nntrain.data.formats.numbers.parse_lines", lambda *_: None)
    found = parse(io.BytesIO(b"1,-2.5\r\n3e5,\n\nn/A, 7 \n"), ",", 2)
    assert found is not None
    np.testing.assert_array_equal(found.columns, [[1, 3e5, np.nan], [-2.5, np.nan, 7]])
    assert [*found.missing] == [1, 1]
    assert parse(io.BytesIO(b"1,2\n3,\v4\n"), ",", 2) is None
