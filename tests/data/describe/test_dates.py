"""Dates and times among texts, as people write them."""

import numpy as np
import pytest

from nntrain.data.describe.column_facts import text_facts
from nntrain.data.describe.dates import moments_of


@pytest.mark.parametrize(
    ("texts", "moments"),
    [
        (["2004-03-10", "2004-3-9"], "dates"),
        (["10/03/2004", "1/3/2004"], "dates"),
        (["10.03.2004"], "dates"),
        (["3/10/04"], "dates"),
        (["10-Mar-2004", "9 March 2004"], "dates"),
        (["March 10, 2004", "Mon, 10 Mar 2004"], "dates"),
        (["00.00.00", "18:30", "6:30 pm"], "times"),
        (["2004-03-10 18:30:05", "2004-03-10T18:30:05Z", "2004-03-10 18:30:05.123+02:00"], "times"),
        (["2004-03-10", "today"], ""),
        (["1.2.3", "1.10.2"], ""),  # versions
        (["10-03/2004"], ""),
        (["Monday", "March"], ""),
        (["3/4", "1/2"], ""),
    ],
)
def test_moments(texts: list[str], moments: str) -> None:
    assert moments_of(text_facts("when", 0, np.arange(len(texts)), texts)) == moments
