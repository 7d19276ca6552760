"""Every code that can be raised has a text in both languages, and every text a code."""

import re
import string
from pathlib import Path

import pytest

import shared.personal
from shared.personal.messages import MESSAGES

PARAMS = {
    "identifier.too_long": {"longest"},
    "identifier.length": {"expected", "length"},
    "identifier.document_length": {"shortest", "longest", "length"},
    "identifier.type_mismatch": {"expected", "expected_zh", "expected_en"},
    "uscc.length": {"length"},
    "name.length": {"longest"},
    "code.unknown": {"list"},
}


def test_every_problem_code_of_personal_data_has_a_message_and_no_other_has() -> None:
    folder = Path(shared.personal.__path__[0])
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in folder.glob("*.py")
        if path.name != "messages.py"
    )
    raised = set(re.findall(r'"((?:identifier|uscc|phone|name|code)\.[a-z0-9_]+)"', source))
    assert raised == set(MESSAGES)


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_messages_of_personal_data_name_only_what_the_problem_carries(code: str) -> None:
    for text in MESSAGES[code]:
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= PARAMS.get(code, set())
        assert text.format(**dict.fromkeys(PARAMS.get(code, set()), "7"))
