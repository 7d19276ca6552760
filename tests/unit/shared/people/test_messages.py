"""Every code that can be raised has a text in both languages, and every text a code."""

import re
import string
from pathlib import Path

import pytest

import shared.people
from shared.people.messages import MESSAGES

OF_VALUES = {
    code: text
    for code, text in MESSAGES.items()
    if code.partition(".")[0] in ("identifier", "phone", "name", "code")
}
PARAMS = {
    "identifier.too_long": {"longest"},
    "identifier.length": {"expected", "length"},
    "identifier.document_length": {"shortest", "longest", "length"},
    "identifier.type_mismatch": {"expected", "expected_zh", "expected_en"},
    "name.length": {"longest"},
    "name.damaged": {"place"},
    "name.private_use": {"place"},
    "code.unknown": {"list"},
}


def test_every_problem_code_of_personal_data_has_a_message_and_no_other_has() -> None:
    folder = Path(shared.people.__path__[0])
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in folder.glob("*.py")
        if path.name != "messages.py"
    )
    raised = set(re.findall(r'"((?:identifier|phone|name|code)\.[a-z0-9_]+)"', source))
    assert raised == set(OF_VALUES)


@pytest.mark.parametrize("code", sorted(OF_VALUES))
def test_messages_of_personal_data_name_only_what_the_problem_carries(code: str) -> None:
    for text in MESSAGES[code]:
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert named <= PARAMS.get(code, set())
        assert text.format(**dict.fromkeys(PARAMS.get(code, set()), "7"))
