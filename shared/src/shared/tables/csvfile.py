"""A CSV file in any coding offices use: settles how to read it, then streams its records."""

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import IO, NamedTuple

from shared.tables import problems
from shared.tables.problems import TableError

SEPARATORS = (",", "\t", ";", "，")
"""The last is the full-width comma, from files edited by hand."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""First bytes of .xlsx (a ZIP archive) and .xls (an OLE file)."""
SHOWN_ENCODING = {"utf-8-sig": "UTF-8", "gb18030": "GB 18030", "utf-16": "UTF-16"}
LONGEST_RECORD = 1 << 22
"""Characters; more are no row of an office, and a file without line breaks fills no memory."""

_LONG = re.compile("[\u0800-\ufffc\U00010000-\U0010ffff]")

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
        guessed: whether nothing but that proves the encoding. Two bytes of nearly any text are a
            character of GB 18030 or UTF-16, so what is read has to be judged.
        lines: line breaks, an estimate of its rows for a progress display.
    """

    stream: IO[bytes]
    name: str
    sha256: str
    encoding: str
    lines: int
    guessed: bool = False

    @property
    def shown_encoding(self) -> str:
        """The encoding as messages call it."""
        return SHOWN_ENCODING.get(self.encoding, self.encoding.upper())

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
    GB18030 (which contains GBK and GB2312, the default of Chinese spreadsheets) is the fallback, but
    not for UTF-8 that is damaged.

    Raises:
        TableError: the file is empty, no text, damaged, or a workbook.
        OSError: it cannot be read.
    """
    stream.seek(0)
    start = stream.read(4)
    if not start:
        raise TableError(problems.EMPTY, file=name)
    if start.startswith(WORKBOOKS):
        raise TableError(problems.WORKBOOK, file=name)
    bytes_ = _count(stream)
    encoding = _encoding(stream, name, bytes_, start)
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    guessed = encoding != "utf-8-sig" and not marked
    return CsvFile(stream, name, bytes_.sha256, encoding, bytes_.lines, guessed)


class _Bytes(NamedTuple):
    """What the bytes of a file show, read as no text yet."""

    sha256: str
    lines: int
    even_nuls: int
    odd_nuls: int


def _count(stream: IO[bytes]) -> _Bytes:
    digest, lines, even, odd = hashlib.sha256(), 0, 0, 0
    for chunk in _chunks(stream):  # each of an even length, but for the last
        digest.update(chunk)
        lines += chunk.count(b"\n")
        even += chunk[::2].count(0)
        odd += chunk[1::2].count(0)
    return _Bytes(digest.hexdigest(), lines, even, odd)


def _encoding(stream: IO[bytes], name: str, bytes_: _Bytes, start: bytes) -> str:
    """Return the codec that reads a file wholly.

    Raises:
        TableError: none does, or only one that would hide a damage.
    """
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _whole(stream, name, "utf-16")
    if bytes_.even_nuls or bytes_.odd_nuls:
        # Without a mark: the other byte of every separator, digit and line break.
        if bytes_.even_nuls + bytes_.odd_nuls <= bytes_.lines or all(bytes_[2:]):
            raise TableError(problems.NUL, file=name)
        return _whole(stream, name, "utf-16-be" if bytes_.even_nuls else "utf-16-le")
    if (line := _first_fault(stream, "utf-8-sig")) is None:
        return "utf-8-sig"
    if _is_damaged_utf8(stream):
        raise TableError(problems.DAMAGED, file=name, encoding="UTF-8", line=line)
    return _whole(stream, name, "gb18030")


def _whole(stream: IO[bytes], name: str, encoding: str) -> str:
    """Return an encoding that reads a file wholly.

    Raises:
        TableError: it does not.
    """
    if (line := _first_fault(stream, encoding)) is not None:
        message = problems.ENCODING if encoding == "gb18030" else problems.DAMAGED
        raise TableError(message, file=name, encoding=encoding.upper(), line=line)
    return encoding


def _first_fault(stream: IO[bytes], encoding: str) -> int | None:
    """Return the number of the first line that an encoding does not read, if there is one."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for chunk in _chunks(stream):
            line += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].decode(encoding, "ignore").count("\n")
    return None


def _is_damaged_utf8(stream: IO[bytes]) -> bool:
    """Return whether a file is UTF-8 with some faults, and not of another encoding.

    Two bytes of GB18030 are a character of UTF-8 rarely, and then one of two bytes nearly always;
    only those of three and four count as proof.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    right = faults = 0
    for chunk in _chunks(stream):
        text = decoder.decode(chunk)
        faults += text.count("\ufffd")
        right += len(text) - len(_LONG.sub("", text))
    return right > faults


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    stream.seek(0)
    return iter(lambda: stream.read(1 << 20), b"")
