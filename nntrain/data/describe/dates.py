"""Which columns of text hold dates or times. Knows nothing of what else columns are for."""

import re
from typing import Literal

from nntrain.data.describe.column_facts import ColumnFacts

MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DAY = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}"
    rf"|\d{{1,2}}/\d{{1,2}}/\d{{2}}|\d{{1,2}}[-. ]*{MONTH}[-., ]*(?:\d{{4}}|\d{{2}})|{MONTH} ?\d{{1,2}},? \d{{4}})"
)
CLOCK = (
    r"(?:[01]?\d|2[0-4])[:.][0-5]\d(?:[:.][0-5]\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:z|utc|gmt|[+-]\d\d:?\d\d))?"
)
DATE = re.compile(DAY, re.IGNORECASE)
TIME = re.compile(rf"(?:{DAY}[t, ]+)?{CLOCK}", re.IGNORECASE)


def moments_of(column: ColumnFacts) -> Literal["", "dates", "times"]:
    """Return whether the texts of a column are dates, or times; judged by the most frequent of them."""
    if not column.is_text or not column.common:
        return ""
    if all(DATE.fullmatch(text) for text, _ in column.common):
        return "dates"
    return "times" if all(TIME.fullmatch(text) or DATE.fullmatch(text) for text, _ in column.common) else ""
