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
    r"\b(?:beside|tells?|told|begun|offen[cd]\w*|bears?|vouch\w*|speaks?|spoke|racers?|at\s+hand"
    r"|home\s+unit|slip\s+of\s+the\s+pen|stands?\s+for|lets?\s+pass|(?:speak|stand)s? against|stood against)\b",
    re.I,
)
"""Rather: next to; reports, shows; started; commit failed; has; proves; violates; means."""


def prose(source: str, *, names: bool = False) -> Iterator[str]:
    """Yield the docstrings and the comments of a module; with ``names`` also its functions' names."""
    for node in ast.walk(ast.parse(source)):
        if names and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name.replace("_", " ")
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def riddles(source: str, *, names: bool = False) -> list[str]:
    """Return the words of a module's prose that a reader has to guess."""
    return [found[0] for text in prose(source, names=names) for found in RIDDLES.finditer(text)]


@pytest.mark.parametrize("folder", ["shared/src", "services", "deploy", "tests", "benchmarks"])
def test_the_english_of_the_sources_has_no_riddles(folder: str) -> None:
    names = folder in {"tests", "benchmarks"}
    found = {
        str(path.relative_to(ROOT)): words
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (words := riddles(path.read_text(encoding="utf-8"), names=names))
    }
    assert found == {}


def test_the_check_of_english_reads_docstrings_comments_and_names_only() -> None:
    assert riddles('def f():\n    """Let pass who is told."""\n') == ["Let pass", "told"]
    assert riddles("x = 1  # what stands against it\n") == ["stands against"]
    assert riddles("def test_a_key_is_at_hand(): ...\n", names=True) == ["at hand"]
    assert riddles("def tell(): ...\n") == []
    assert riddles('beside = "told"\n') == []
