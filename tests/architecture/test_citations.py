"""Every citation of a document names one that exists, and a section that it has."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.test_docs import ADRS, ROOT, text
from tests.architecture.test_sources import committed_files, text_of

_BREAK = re.compile(r"\s*\n[ \t]*(?:#+|//|\*)?[ \t]*")
"""A line's end within a sentence, with what begins the next line of a comment."""
_NUMBER = r"\d+(?:\.\d+)*"
_CITED = re.compile(
    rf"(?<![\w*/.{{}}-])(?P<path>[\w.][\w./-]*\.md)\b[`\])]*"
    rf"(?P<tail>,? ?(?:§|[Ss]ec\.|[Ss]ections?|[Cc]hapters?)? ?"
    rf"(?P<numbers>{_NUMBER}(?:(?:-|, | and ){_NUMBER})*))?"
)
_UNNAMED = re.compile(r"\b[Dd](?:esign|omain) (?:rules?|contract),? (?:section )?§?\d[\d.]*")
"""A section of a document that is mentioned but not named."""


@cache
def sections(document: Path) -> tuple[str, ...]:
    """Return the numbers of a document's headings, in order."""
    return tuple(re.findall(rf"^##+ ({_NUMBER}) \S", text(document), re.MULTILINE))


def _cited_sections(numbers: str) -> list[str]:
    """Return every section that is named, or lies in a range that is."""
    named: list[str] = []
    for part in re.split(r", | and ", numbers):
        first, _, last = part.partition("-")
        front, _, begin = first.rpartition(".")
        end = last.rpartition(".")[2] or begin
        named += [f"{front}.{n}".lstrip(".") for n in range(int(begin), int(end) + 1)] or [part]
    return named


def missing_citations(content: str, folder: Path = ROOT) -> list[str]:
    """Return the citations of Markdown files that name no file, no section, or are in no form.

    The form is ``docs/design.md section 5.2``, ``docs/domain.md sections 2.5-2.7``. A document may
    name its neighbours relative to ``folder``; code names all of them from the root.
    """
    plain = _BREAK.sub(" ", content)
    wrong = [found[0] for found in _UNNAMED.finditer(plain)]
    for found in _CITED.finditer(plain):
        document = next(filter(Path.is_file, (ROOT / found["path"], folder / found["path"])), None)
        if document is None:
            wrong.append(found["path"])
        elif found["tail"]:
            named = _cited_sections(found["numbers"])
            word = " section " if named == [found["numbers"]] else " sections "
            known = set(named) <= set(sections(document))
            if not known or found["tail"] != word + found["numbers"]:
                wrong.append(found[0])
    return wrong


@pytest.mark.parametrize(
    "wrong",
    [
        "design.md section 5.2", "design.md", "docs/nothing.md", "docs/adr/0011-no-such-page.md",
        "docs/design.md section 5.99", "docs/design.md\n# section 99", "docs/design.md section\n 99",
        "docs/domain.md sections 2.6-2.9", "docs/domain.md sections 2.7-2.5", "domain rules 4.1",
        "docs/domain.md sections 1.2 and 1.9", "docs/domain.md section 1.2 and 1.4",
        "docs/domain.md 4.1", "docs/domain.md sections 1.2", "docs/domain.md, section 5",
        "docs/adr/0011-kafka-python.md section 1", "docs/domain.md §5",
    ],
)  # fmt: skip
def test_a_wrong_citation_is_found(wrong: str) -> None:
    assert len(missing_citations(f"It holds ({wrong}), as above.")) == 1


@pytest.mark.parametrize(
    "right",
    [
        "docs/design.md section 5.2", "docs/design.md", "docs/design.md section 5",
        "docs/design.md sections 4 and 5.4", "docs/domain.md sections 2.5-2.7",
        "docs/domain.md sections 4.1, 4.2 and 4.5", "docs/domain.md\n    # section 4.1",
        "docs/adr/0011-kafka-python.md", "docs/*.md, services/*/README.md",
        "https://example.org/design.md",
    ],
)  # fmt: skip
def test_a_right_citation_passes(right: str) -> None:
    assert missing_citations(f"It holds ({right}).") == []
    near = right.replace("docs/de", "de").replace("docs/do", "do")  # as documents name neighbours
    assert missing_citations(f"[It]({near})", ROOT / "docs") == []


def test_every_citation_names_a_document_and_its_section() -> None:
    wrong = {}
    for path in committed_files():
        content = None if path == Path(__file__).resolve() else text_of(path)
        folder = path.parent if path.suffix == ".md" else ROOT
        if content and (found := missing_citations(content, folder)):
            wrong[str(path.relative_to(ROOT))] = found
    assert wrong == {}


@pytest.mark.parametrize("name", ["design", "domain"])
def test_sections_of_a_document_are_numbered_in_order_and_once(name: str) -> None:
    numbers = [tuple(map(int, one.split("."))) for one in sections(ROOT / f"docs/{name}.md")]
    assert len(numbers) > 10
    assert numbers == sorted(set(numbers))


def test_each_section_of_the_design_links_its_decisions() -> None:
    _, *parts = re.split(r"^## ", text(ROOT / "docs/design.md"), flags=re.MULTILINE)
    assert [part.partition("\n")[0] for part in parts if "](adr/" not in part] == []


def test_every_decision_is_linked_from_design_or_architecture() -> None:
    linked = text(ROOT / "docs/design.md") + text(ROOT / "docs/architecture.md")
    assert [page.name for page in ADRS if f"](adr/{page.name})" not in linked] == []
