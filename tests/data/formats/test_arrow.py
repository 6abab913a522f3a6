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


@pytest.mark.parametrize(("size", "imported"), [(LARGE - 4, "False\n"), (LARGE, "True\n")])
def test_it_is_imported_for_large_tables_alone(tmp_path: Path, size: int, imported: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text("1,2\n" * (size // 4))
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, check=True)
    assert done.stdout == imported


def test_it_leaves_no_plain_number_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.formats.numbers.LARGE", 0)
    monkeypatch.setattr("nntrain.data.formats.numbers.parse_lines", lambda *_: None)
    columns = parse(io.BytesIO(b"1,-2.5\r\n3e5,\n\nn/A, 7 \n"), ",", 2)
    np.testing.assert_array_equal(columns, [[1, 3e5, np.nan], [-2.5, np.nan, 7]])
    assert parse(io.BytesIO(b"1,2\n3,\v4\n"), ",", 2) is None
