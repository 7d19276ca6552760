"""Docstrings and comments use the field's words in plain sentences (CONTRIBUTING.md, Style)."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RIDDLES = re.compile(
    r"\b(?:beside|told|begun|offen[cd]\w*|lets? pass|(?:speak|stand)s? against|stood against)\b",
    re.I,
)
"""Rather: together with, next to; reported; started; commit failed; authorise, refuse; violates."""


def prose(source: str) -> Iterator[str]:
    """Yield the docstrings and the comments of a module."""
    for node in ast.walk(ast.parse(source)):
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def riddles(source: str) -> list[str]:
    """Return the words of a module's prose that a reader has to guess."""
    return [found[0] for text in prose(source) for found in RIDDLES.finditer(text)]


@pytest.mark.parametrize("folder", ["shared/src", "services", "deploy"])
def test_the_english_of_the_sources_has_no_riddles(folder: str) -> None:
    found = {
        str(path.relative_to(ROOT)): words
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (words := riddles(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_the_check_of_english_reads_docstrings_and_comments_only() -> None:
    assert riddles('def f():\n    """Let pass who is told."""\n') == ["Let pass", "told"]
    assert riddles("x = 1  # what stands against it\n") == ["stands against"]
    assert riddles('beside = "told"\n') == []
