"""The first pass over a file: its coding, digest and length, before any row is read."""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry_cli.rosterfile.problems import RosterFileError

CHUNK = 1 << 20
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of .xlsx (a ZIP archive) and .xls (an OLE file)."""
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file before its rows.

    Args:
        path: the file.
        sha256: hexadecimal digest of its bytes; makes a repeated import recognisable.
        encoding: name of the codec that reads it wholly.
        lines: line breaks, an estimate of its rows for a progress display.
    """

    path: Path
    sha256: str
    encoding: str
    lines: int


def inspect(path: Path) -> FileFacts:
    """Read a file once and settle how to read it.

    UTF-8 is tried on the whole file, since the first bytes of a GB18030 file may be ASCII only;
    GB18030 (which contains GBK and GB2312, the default of Chinese spreadsheets) is the fallback.

    Raises:
        RosterFileError: the file is missing, unreadable, empty, no text, or a workbook.
    """
    if not path.is_file():
        raise RosterFileError("file.missing", path=path)
    try:
        return _inspect(path)
    except OSError as error:
        raise RosterFileError("file.unreadable", path=path, reason=error.strerror) from error


def _inspect(path: Path) -> FileFacts:
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise RosterFileError("file.empty", path=path)
    if start.startswith(WORKBOOKS):
        raise RosterFileError("file.workbook", path=path)
    candidates = ("utf-16",) if start.startswith(UTF_16_MARKS) else ("utf-8-sig", "gb18030")
    digest = hashlib.sha256()
    lines = 0
    for chunk in _chunks(path):
        if b"\0" in chunk and candidates != ("utf-16",):
            raise RosterFileError("file.nul", path=path)
        digest.update(chunk)
        lines += chunk.count(b"\n")
    encoding = next((name for name in candidates if _decodes(path, name)), None)
    if encoding is None:
        raise RosterFileError("file.encoding", path=path)
    return FileFacts(path, digest.hexdigest(), encoding, lines)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
