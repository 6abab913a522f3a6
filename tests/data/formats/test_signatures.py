"""What a file is by its first bytes: the format is named, with what to do."""

import gzip
import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntrain.data.formats.signatures import SIGNATURES
from nntrain.data.sources import READERS, SOURCES, reader_of
from nntrain.data.sources.csv import Csv
from nntrain.errors import DataError

Write = Callable[..., Path]


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "a,b\n1,2\n")
    return file.getvalue()


FOREIGN = [
    (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook; save the sheet as CSV"),
    (zipped("mimetype"), "an OpenDocument sheet; save it as CSV"),
    (zipped("model/data.pkl"), "a PyTorch file; save its arrays as npy"),
    (zipped("table.csv"), "a zip archive; unpack it and name the file inside"),
    (b"\x89HDF\r\n\x1a\n\0\0", "an HDF5 file; save its arrays as npy"),
    (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture; store pictures as arrays in npy"),
    (pickle.dumps([1.0, 2.0]), "a pickle, which is never loaded; save its arrays as npy, or its table as CSV"),
    (
        b"% remark\n\n@RELATION iris\n@attribute a numeric\n@data\n1\n",
        "an ARFF file; leave out its lines that begin with @ and save the rest as CSV",
    ),
    (b'[\n {"a": 1, "b": 2}\n]\n', "a JSON document; write one object a line (JSON lines)"),
    (b"SQLite format 3\0\x10\0", "an SQLite database; save its table as CSV"),
    (b"<!DOCTYPE html>\n<html>", "a page of HTML; perhaps the download failed; get the file itself"),
    (
        b"version https://git-lfs.github.com/spec/v1\n",
        "a pointer of Git LFS, not the data; get the data with git lfs pull",
    ),
]


@pytest.mark.parametrize(("content", "message"), FOREIGN, ids=[message.partition(";")[0] for _, message in FOREIGN])
@pytest.mark.parametrize("packed", [False, True])
def test_a_format_that_is_not_read_is_named(text: Write, content: bytes, message: str, packed: bool) -> None:
    path = text(gzip.compress(content) if packed else content, "x.csv")
    with pytest.raises(DataError) as caught:
        Csv(path=path).load(0)
    assert str(caught.value) == f"{path}: is {message}"


@pytest.mark.parametrize(
    "content", [b"a,b\n1,2\n", b"", b"[x],y\n1,2\n", b"PK,b\n1,2\n", "\ufeffa,b\n1,2\n".encode("utf-16")]
)
def test_text_is_none_of_them(content: bytes) -> None:
    assert not [signature.what for signature in SIGNATURES if signature.matches(content)]


def test_one_map_tells_what_reads_a_file(text: Write) -> None:
    assert set(READERS) <= set(SOURCES)
    array = io.BytesIO()
    np.save(array, np.eye(3))
    arrays = io.BytesIO()
    np.savez(arrays, X=np.eye(3))
    contents = {
        "npy": array.getvalue(),
        "npz": arrays.getvalue(),
        "parquet": b"PAR1",
        "idx": bytes([0, 0, 8, 1, 0, 0, 0, 0]),
    }
    for kind, content in contents.items():
        assert reader_of(text(content, "any.csv")).kind == kind
    for name, kind in {
        "a.csv": "csv",
        "a.dat": "csv",
        "a.bin": "cifar",
        "a.parquet": "parquet",
        "a.bin.gz": "cifar",
    }.items():
        assert reader_of(text(b"1,2\n", name)).kind == kind


def test_a_file_of_another_kind_names_the_kind(text: Write) -> None:
    path = text(b"PAR1" + bytes(20), "x.csv")
    with pytest.raises(DataError) as caught:
        Csv(path=path).load(0)
    assert str(caught.value) == f"{path}: is a parquet file; set data.source.kind: parquet"
    path = text(gzip.compress(b"PAR1" + bytes(20)), "x.parquet.gz")
    with pytest.raises(DataError) as caught:
        reader_of(path)
    assert str(caught.value) == f"{path}: is a parquet file packed by gzip; unpack it"
