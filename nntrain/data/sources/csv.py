"""Tables in text files as data.

Knows nothing of splits or scaling.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from nntrain.core.fields import Flag
from nntrain.data.formats.delimited import Delimiter, Encoding
from nntrain.data.formats.layout import Told
from nntrain.data.formats.styles import Decimal, Thousands
from nntrain.data.sources.base import SOURCES, Reader, enter
from nntrain.data.sources.tabular import TableSource
from nntrain.data.tables.columns import Table
from nntrain.data.tables.text_table import TextTable


@SOURCES.register
@dataclass(frozen=True, slots=True, kw_only=True)
class Csv(TableSource):
    """A table of numbers and texts in a csv or tsv file (.gz too); one column is the target, or several numbers are.

    ``target``, ``ignore``, ``text``, ``split`` and ``key`` name columns by header or position (0 first, -1 last). A
    spec without a target means the last column, or none where the model is an autoencoder: then all are inputs.
    Encoding, delimiter, header, decimal mark (1.5 or 1,5), grouped ``thousands``, and ``signs`` such as $ and %, which
    are left out, are found out unless given. Texts become one-hot features, and so do numbers in the columns ``text``.
    ``missing`` values (blank, ?, NA, NaN, or the texts of ``na``, for all columns or by name) are an error, or filled
    in with the mean of the training rows (the most frequent text), or their rows are dropped. ``task: auto`` takes
    text, or up to 20 different whole numbers, for classes and else for regression. ``test`` is a second file with the
    same columns. ``split`` is a column that says train, validation or test; rows with the same ``key`` stay in one
    part, which its hash decides.
    """

    kind: Literal["csv"] = "csv"
    delimiter: Delimiter | None = None
    header: Flag | None = None
    decimal: Decimal | None = None
    thousands: Thousands | None = None
    signs: Flag | None = None
    encoding: Encoding | None = None
    formula: ClassVar[str] = "y = the target column, X = the others"

    def open(self, path: Path, like: Table | None) -> Table:
        """Return the table; one to be like another has its columns, and a header line if the other has."""
        told = Told(self.delimiter, self.header, self.decimal, self.thousands, self.signs, self.encoding, self.words)
        return TextTable.open(path, told, like)


enter(Reader("csv", "a table of text", TextTable.open, packed=True))
