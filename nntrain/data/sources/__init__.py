"""Data sources: the registry with every entry in it; one family a file. Knows nothing of the parts drawn from them."""

from nntrain.data.sources import cifar, csv, idx, json_lines, npy, npz, packaged, parquet, svmlight, synthetic
from nntrain.data.sources.base import READERS, SOURCES, Reader, Source, check_kind, reader_of

FAMILIES = (
    csv,
    parquet,
    json_lines,
    svmlight,
    npy,
    npz,
    idx,
    cifar,
    packaged,
    synthetic,
)  # importing a family registers its entries

__all__ = ["READERS", "SOURCES", "Reader", "Source", "check_kind", "reader_of"]
