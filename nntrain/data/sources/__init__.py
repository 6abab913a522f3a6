"""Data sources: the registry with every entry in it; one family a file. Knows nothing of the parts drawn from them.

A family is imported when one of its kinds is asked for.
"""

from nntrain.data.sources.base import READERS, SOURCES, Reader, Source, check_kind, reader_of

SOURCES.find_in(
    __name__, "cifar", "csv", "idx", "json_lines", "npy", "npz", "packaged", "parquet", "svmlight", "synthetic"
)

__all__ = ["READERS", "SOURCES", "Reader", "Source", "check_kind", "reader_of"]
