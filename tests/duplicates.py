"""Finds code that two services share: ``python -m tests.duplicates`` prints each pair of blocks.

jscpd finds the blocks, also where names differ; this module counts their lines, without imports,
docstrings, comments and blank lines.
"""

import ast
import io
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[1]
WRITERS = ("services/member/src", "services/volunteer/src", "services/org-units/src")
MOST_LINES = 10
"""CONTRIBUTING.md: what two users need in more than ten lines belongs in shared."""
GAP_LINES = 2
"""Two copies may differ in so many lines in a row and are still one block."""
SMALLEST = (4, 20)
"""Lines and tokens of the smallest block that jscpd reports, well below what is too long here."""
IGNORED = (r'"""[\s\S]*?"""', r"(?m)^(from|import) [^(\n]*(\([^)]*\))?")
"""Docstrings and imports."""
NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


@dataclass(frozen=True)
class Block:
    """Lines of a file, the first and the last included."""

    file: Path
    first: int
    last: int

    @property
    def lines(self) -> int:
        """How many of them hold code."""
        return len(code_lines(self.file) & set(range(self.first, self.last + 1)))

    def __str__(self) -> str:
        inside = self.file.is_relative_to(ROOT)
        file = self.file.relative_to(ROOT) if inside else self.file
        return f"{file}:{self.first}-{self.last}"


@dataclass(frozen=True)
class Pair:
    """The same code in two folders, names apart."""

    one: Block
    other: Block

    @property
    def lines(self) -> int:
        """Lines of code, of the shorter block."""
        return min(self.one.lines, self.other.lines)

    def __str__(self) -> str:
        return f"{self.lines} lines: {self.one} and {self.other}"


@cache
def code_lines(file: Path) -> frozenset[int]:
    """Return the lines of a file that hold code other than imports and docstrings."""
    text = file.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt) and _is_import_or_docstring(node):
            found -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(found)


def _is_import_or_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def pairs(folders: Sequence[Path]) -> list[Pair]:
    """Return what two different folders share, the longest first.

    Raises:
        CalledProcessError: jscpd failed, or found no file.
    """
    found = [_pair(one, folders) for one in _clones(folders)]
    return sorted((pair for pair in found if pair), key=lambda pair: -pair.lines)


def _clones(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the blocks that jscpd finds twice, names apart, as its JSON report has them."""
    lines, tokens = SMALLEST
    with tempfile.TemporaryDirectory(prefix="registry-duplicates-") as report:
        command = [
            _jscpd(), "--format", "python", "--min-lines", str(lines), "--min-tokens", str(tokens),
            "--max-gap-lines", str(GAP_LINES), "--ignore-identifiers", "--fail-on-empty",
            *(part for pattern in IGNORED for part in ("--ignore-pattern", pattern)),
            "--absolute", "--reporters", "json,silent", "--output", report,
            *map(str, folders),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.PIPE)
        found: list[dict[str, Any]] = orjson.loads(
            (Path(report) / "jscpd-report.json").read_bytes()
        )["duplicates"]
    return found


def _jscpd() -> str:
    """Return the command, of the environment this runs in before any other."""
    scripts = str(Path(sys.executable).parent)
    return shutil.which("jscpd", path=scripts) or "jscpd"


def _pair(clone: dict[str, Any], folders: Sequence[Path]) -> Pair | None:
    """Return a clone of jscpd's report; None where both blocks are in one folder."""
    one, other = _block(clone["firstFile"]), _block(clone["secondFile"])
    if any(one.file.is_relative_to(it) and other.file.is_relative_to(it) for it in folders):
        return None
    return Pair(one, other)


def _block(found: dict[str, Any]) -> Block:
    """Return a block without the lines of which it holds only a part."""
    file, first, last = Path(found["name"]), found["startLoc"], found["endLoc"]
    text = file.read_text(encoding="utf-8").splitlines()
    cut = bool(text[first["line"] - 1][: first["column"]].strip())
    short = bool(text[last["line"] - 1][last["column"] :].strip())
    return Block(file, first["line"] + cut, last["line"] - short)


def main(arguments: Sequence[str]) -> int:
    """Print the pairs that are too long; return the exit status."""
    folders = [Path(name).resolve() for name in arguments] or [ROOT / name for name in WRITERS]
    found = [pair for pair in pairs(folders) if pair.lines > MOST_LINES]
    sys.stdout.writelines(f"{pair}\n" for pair in found)
    if found:
        sys.stdout.write(f"More than {MOST_LINES} lines belong in shared (CONTRIBUTING.md).\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
