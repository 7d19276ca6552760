"""A CSV file in any coding offices use: settles how to read it, then streams its records."""

import codecs
import csv
import hashlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO

from shared.tables import problems
from shared.tables.problems import TableError

SEPARATORS = (",", "\t", ";", "，")
"""The last is the full-width comma, from files edited by hand."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of .xlsx (a ZIP archive) and .xls (an OLE file)."""
LONGEST_RECORD = 1 << 22
"""Characters; more are no row of an office, and a file without line breaks fills no memory."""

Record = tuple[int, tuple[str, ...]]
"""The number of its first line, from 1, and its cells."""


@dataclass(frozen=True)
class CsvFile:
    """A file that can be read as text. One reading at a time: every one seeks in the stream.

    Args:
        stream: seekable, and whole as long as the file is read; whoever opened it closes it.
        name: what messages call the file.
        sha256: hexadecimal digest of its bytes; makes a repeated import recognisable.
        encoding: name of the codec that reads it wholly.
        lines: line breaks, an estimate of its rows for a progress display.
    """

    stream: IO[bytes]
    name: str
    sha256: str
    encoding: str
    lines: int

    def records(self, separator: str) -> Iterator[Record]:
        """Yield every record, blank ones included.

        Raises:
            TableError: quoting breaks, a record is too long, or the file changed meanwhile.
        """
        self.stream.seek(0)
        lines = _Lines(self.stream, self.encoding, newline="")
        reader = csv.reader(lines, delimiter=separator)
        begins = 1
        try:
            for cells in reader:
                yield begins, tuple(cells)
                begins = reader.line_num + 1
                lines.characters = 0
        except csv.Error as error:
            raise TableError(problems.QUOTING, line=begins, reason=error) from error
        except UnicodeDecodeError as error:
            raise TableError(problems.CHANGED, file=self.name) from error


class _Lines(TextIOWrapper):
    """The lines of a stream; counts the characters of a record, which may have many lines."""

    characters = 0

    def __next__(self) -> str:  # type: ignore[override] # typeshed has bytes for every stream
        line = self.readline(LONGEST_RECORD + 1)
        if not line:
            raise StopIteration
        self.characters += len(line)
        if self.characters > LONGEST_RECORD:
            raise csv.Error(f"record larger than {LONGEST_RECORD} characters")
        return line

    def close(self) -> None:
        """Leave the stream open: it is its owner's."""


def inspect(stream: IO[bytes], name: str) -> CsvFile:
    """Settle how to read a file.

    UTF-8 is tried on the whole file, since the first bytes of a GB18030 file may be ASCII only;
    GB18030 (which contains GBK and GB2312, the default of Chinese spreadsheets) is the fallback.

    Raises:
        TableError: the file is empty, no text, or a workbook.
        OSError: it cannot be read.
    """
    stream.seek(0)
    start = stream.read(4)
    if not start:
        raise TableError(problems.EMPTY, file=name)
    if start.startswith(WORKBOOKS):
        raise TableError(problems.WORKBOOK, file=name)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    digest, lines = hashlib.sha256(), 0
    for chunk in _chunks(stream):
        if b"\0" in chunk and not wide:
            raise TableError(problems.NUL, file=name)
        digest.update(chunk)
        lines += chunk.count(b"\n")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            deque(codecs.iterdecode(_chunks(stream), encoding), maxlen=0)
            return CsvFile(stream, name, digest.hexdigest(), encoding, lines)
    raise TableError(problems.ENCODING, file=name)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    return iter(lambda: stream.read(1 << 20), b"")
