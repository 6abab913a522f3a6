"""The registry of data sources with every entry in it: one family a file, one class an entry."""

from nntrain.data.sources import csv, idx, npz, packaged, synthetic
from nntrain.data.sources.base import SOURCES, Source

FAMILIES = (csv, idx, npz, packaged, synthetic)  # importing a family registers its entries

__all__ = ["SOURCES", "Source"]
