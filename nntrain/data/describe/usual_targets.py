"""Which columns are likely to be what a table is about: those with the usual names of a target, or a text at the end.

Knows nothing of what a model does with them.
"""

from collections.abc import Sequence

from nntrain.data.describe.identifiers import plain_name
from nntrain.data.tables.labels import MAX_AUTO

# Usual names of the column to predict, the clearest first. Compared without case, blanks and underscores.
LABELS = ("target", "label", "labels", "class", "y", "outcome", "diagnosis", "species", "category")
AMOUNTS = ("medv", "medianhousevalue", "medhouseval", "saleprice", "price", "amount")
TARGETS = (*LABELS, "income", "survived", "quality", *AMOUNTS, "rings", "output", "response")


def find_labels(names: Sequence[str], texts: Sequence[Sequence[str]]) -> Sequence[int]:
    """Return the columns that label the rows, judging by their names; where none does, a last column of few texts.

    ``names`` is () where columns have none, ``texts`` where all of them hold numbers.
    """
    found = [k for k, name in enumerate(names) if plain_name(name) in LABELS]
    if not found and texts and 1 < len(texts[-1]) <= MAX_AUTO:
        return [len(texts) - 1]
    return found
