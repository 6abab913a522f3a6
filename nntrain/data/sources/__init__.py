"""The registry of data sources with every entry in it: one family a file, one class an entry."""

from nntrain.data.sources import cifar, csv, idx, npy, npz, packaged, parquet, synthetic
from nntrain.data.sources.base import SOURCES, Source

FAMILIES = (csv, parquet, npy, npz, idx, cifar, packaged, synthetic)  # importing a family registers its entries

__all__ = ["SOURCES", "Source"]
