"""A test's name alone says what is tested and what is expected of it: a list shows nothing else."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

WORDS = 4

# What a test in any file may be about, in the singular: nouns of the product and of this house.
# A part of the system with tests in a file of its own is not here: that file's name is enough.
GLOSSARY = {
    "people": "member volunteer officer guardian person",
    "registers": "unit chapter county township registration enrolment timeline entry",
    "data": "identifier id_number unit_code phone_number key_ring search_index document",
    "access": "token grant role scope service issuer key",
    "requests": "request body version problem message metric query_parameter correlation_id",
    "writes": "idempotency rate_limit group_commit bulk_page",
    "events": "event relay worker outbox watermark dead_letter gap log broker mongod",
    "figures": "figure recount breakdown definition plan dashboard hub",
    "rosters": "roster import report",
    "system": "system registry supervisor preflight process server port probe",
    "house": "lock_file decision bug readme",
}
NOUNS = {noun for nouns in GLOSSARY.values() for noun in nouns.split()}
OF_NO_SUBJECT = {"shared", "domain", "rules"}


def is_about(name: str, noun: str) -> bool:
    """Return whether a name holds a noun, be there one or several."""
    return re.search(rf"_{noun}(e?s)?(_|$)", name) is not None


def is_after(name: str, word: str) -> bool:
    """Return whether a word of a name begins as one of its file does, without the ending."""
    beginning = word[: max(4, len(word) - 3)]
    return is_about(name, word) if len(word) < 4 else f"_{beginning}" in name


def fault(path: Path, name: str) -> str | None:
    """Return what a test's name lacks; the path begins below the folder of tests."""
    if name.count("_") < WORDS:
        return f"has fewer than {WORDS} words"
    folders, file = path.parts[1:-1], path.stem.removeprefix("test_")
    words = {word for part in (*folders, file) for word in part.split("_")} - OF_NO_SUBJECT
    if any(is_about(name, noun) for noun in NOUNS) or any(is_after(name, word) for word in words):
        return None
    return "names no subject"


@cache
def every_test() -> list[tuple[Path, str]]:
    """Return every test: its file and its name."""
    return [
        (path.relative_to(TESTS), node.name)
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def test_every_name_of_a_test_shows_its_subject_and_what_is_expected() -> None:
    faults = {f"{path}::{name}": fault(path, name) for path, name in every_test()}
    assert len(faults) > 500
    assert {name: lacks for name, lacks in faults.items() if lacks} == {}


def test_every_noun_that_names_may_hold_is_in_one() -> None:
    assert {
        noun for noun in NOUNS if not any(is_about(name, noun) for _, name in every_test())
    } == set()


@pytest.mark.parametrize(
    ("file", "name", "lacks"),
    [
        ("unit/member/test_domain.py", "test_ages", "words"),
        ("unit/embedded/test_supervisor.py", "test_the_supervisor_starts", "words"),
        ("unit/embedded/test_supervisor.py", "test_starts_in_order_and_restarts", "subject"),
        ("unit/shared/test_web.py", "test_what_is_wrong_is_refused", "subject"),
        ("unit/shared/test_timeline.py", "test_what_is_shared_is_united", "subject"),
        ("integration/test_recount.py", "test_nobody_counts_in_integration", "subject"),
    ],
)
def test_a_name_without_subject_or_expectation_is_found(file: str, name: str, lacks: str) -> None:
    assert lacks in (fault(Path(file), name) or "")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("unit/shared/test_web.py", "test_members_are_counted_once"),
        ("unit/shared/test_web.py", "test_a_dead_letter_is_kept"),
        ("unit/shared/people/test_masking.py", "test_a_name_is_masked"),
        ("architecture/test_skipping.py", "test_what_is_skipped_is_reported"),
        ("integration/aggregator/test_stream.py", "test_the_stream_shows_all"),
    ],
)
def test_a_name_with_subject_and_expectation_passes(file: str, name: str) -> None:
    assert fault(Path(file), name) is None
