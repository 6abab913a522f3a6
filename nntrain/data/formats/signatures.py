"""What a file is by its first bytes: formats that are not read, each with its name and what to do about it.

Knows nothing of the formats that are read, which recognise their own files.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nntrain.data.formats.files import GZIP_MAGIC, file_size, report_read_errors
from nntrain.errors import DataError

HEAD = 4096  # bytes that tell what a file is
ZIP = b"PK\x03\x04"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
CONVERT = "save its table as CSV"
UNPACK = "unpack it and name the file inside"


@dataclass(frozen=True, slots=True)
class Signature:
    """A format that is not read: ``what`` a file of it is, and what to ``do``."""

    what: str
    do: str
    matches: Callable[[bytes], bool]


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file, unpacked where it is gzip; b"" where its gzip data are damaged."""
    file_size(path)
    with report_read_errors(path), path.open("rb") as file:
        head = file.read(HEAD)
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD)
    except zlib.error:
        return b""


def refuse_foreign(path: Path, head: bytes) -> None:
    """Raise the DataError for a file in a format that is not read, one line that names it and says what to do."""
    found = next((signature for signature in SIGNATURES if signature.matches(head)), None)
    if found is not None:
        raise DataError(f"{path}: is {found.what}; {found.do}")


def member_of(head: bytes) -> bytes:
    """Return the name of the first member of a zip archive that begins with these bytes, b"" where they are none."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")] if head.startswith(ZIP) else b""


def is_text(head: bytes) -> bool:
    """Return whether the first bytes may be those of a text; UTF-16 is one."""
    return head.startswith(UTF16) or b"\0" not in head


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _begins_with_word(*words: bytes) -> Callable[[bytes], bool]:
    return lambda head: _first_line(head).lower().startswith(words)


def _first_line(head: bytes) -> bytes:
    """Return the first line that is neither blank nor a remark behind ``%``."""
    lines = (line.strip() for line in head.removeprefix(b"\xef\xbb\xbf").splitlines())
    return next((line for line in lines if line and not line.startswith(b"%")), b"")


def _is_workbook(head: bytes) -> bool:
    return member_of(head).startswith((b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/"))


def _is_pickle(head: bytes) -> bool:
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def _is_json(head: bytes) -> bool:
    return _first_line(head).startswith(b"[") and b'"' in head and b":" in head and b"{" in head


SIGNATURES = (
    Signature("an Excel workbook", "save the sheet as CSV", _is_workbook),
    Signature("an old Excel workbook", "save the sheet as CSV", _begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    Signature("an OpenDocument sheet", "save it as CSV", lambda head: member_of(head) == b"mimetype"),
    Signature("a PyTorch file", "save its arrays as npy", lambda head: member_of(head).endswith(b"data.pkl")),
    Signature("a zip archive", UNPACK, _begins(ZIP, b"PK\x05\x06")),
    Signature("a tar archive", UNPACK, lambda head: head[257:262] == b"ustar"),
    Signature("a 7z archive", UNPACK, _begins(b"7z\xbc\xaf\x27\x1c")),
    Signature("a RAR archive", UNPACK, _begins(b"Rar!\x1a")),
    Signature("a file packed by bzip2", "unpack it, or pack it with gzip", _begins(b"BZh")),
    Signature("a file packed by xz", "unpack it, or pack it with gzip", _begins(b"\xfd7zXZ")),
    Signature("a file packed by zstd", "unpack it, or pack it with gzip", _begins(b"\x28\xb5\x2f\xfd")),
    Signature("an HDF5 file", "save its arrays as npy", _begins(b"\x89HDF\r\n\x1a\n")),
    Signature("a NetCDF file", "save its arrays as npy", _begins(b"CDF\x01", b"CDF\x02")),
    Signature("a MATLAB file", "save its arrays as npy", _begins(b"MATLAB ")),
    Signature("a pickle, which is never loaded", "save its arrays as npy, or its table as CSV", _is_pickle),
    Signature("a Feather or Arrow file", "save its table as parquet", _begins(b"ARROW1", b"FEA1")),
    Signature("an ORC file", "save its table as parquet", _begins(b"ORC")),
    Signature("an Avro file", "save its table as parquet", _begins(b"Obj\x01")),
    Signature("an SQLite database", CONVERT, _begins(b"SQLite format 3\0")),
    Signature("an R data file", CONVERT, _begins(b"RDX2\n", b"RDX3\n", b"X\n\0\0\0")),
    Signature("a Stata file", CONVERT, _begins(b"<stata_dta>")),
    Signature("an SPSS file", CONVERT, _begins(b"$FL2", b"$FL3")),
    Signature("a SAS file", CONVERT, _begins(b"HEADER RECORD*******LIBRARY")),
    Signature("a PNG picture", "store pictures as arrays in npy", _begins(b"\x89PNG")),
    Signature("a JPEG picture", "store pictures as arrays in npy", _begins(b"\xff\xd8\xff")),
    Signature("a GIF picture", "store pictures as arrays in npy", _begins(b"GIF87a", b"GIF89a")),
    Signature("a PDF document", CONVERT, _begins(b"%PDF")),
    Signature(
        "a page of HTML", "perhaps the download failed; get the file itself", _begins_with_word(b"<!doctype", b"<html")
    ),
    Signature("an XML document", CONVERT, _begins_with_word(b"<?xml")),
    Signature(
        "a pointer of Git LFS, not the data", "get the data with git lfs pull", _begins(b"version https://git-lfs")
    ),
    Signature(
        "an ARFF file",
        "leave out its lines that begin with @ and save the rest as CSV",
        _begins_with_word(b"@relation"),
    ),
    Signature("a JSON document", "write one object a line (JSON lines)", _is_json),
)
