"""What the registry answers to the rows of a page, in terms of the roster: columns and lines of it."""

import hashlib
from dataclasses import dataclass, field
from http import HTTPStatus

from registry_cli.api import Json
from registry_cli.importing.report import Refusal
from registry_cli.importing.roster import GUARDIAN
from shared.tables.problems import Language, Message, Problem
from shared.tables.table import Table

SAME_PERSON = Message(
    "note.same_person",
    "（与本文件第 {line} 行证件号码相同）",
    " (the document number is that of line {line} of this file)",
)
GUARDIAN_COLUMNS = Message(
    "note.guardian",
    "（请填写名册中的这几列，没有的请添加：{titles}）",
    " (fill in these columns of the roster, and add those it lacks: {titles})",
)
COLUMN_OF = {"unit_id": "unit", "guardian": "guardian.name"}
"""The column to look at for a field that has another name, or several columns."""


@dataclass
class Answers:
    """Reads refusals; remembers the line that first had each document number."""

    roster: Table
    language: Language
    first_lines: dict[bytes, int] = field(default_factory=dict)

    def remember(self, number: str, line: int) -> None:
        """Note a document number that is sent."""
        self.first_lines.setdefault(_digest(number), line)

    def reasons_of(self, row: Json, answer: Json) -> list[Refusal]:
        """Return why a row that was sent is refused."""
        status = answer["status"]
        reasons = []
        for error in answer.get("errors") or [{}]:
            name, code = str(error.get("field") or ""), str(error.get("code") or status)
            note = ""
            if name == "guardian":
                titles = "、".join(self.title_of(column) for column in GUARDIAN)
                note = self._note(GUARDIAN_COLUMNS, titles=titles)
            elif status == HTTPStatus.CONFLICT:  # most duplicates are of one file
                first = self.first_lines.get(_digest(row.get("id_number", "")), row["row"])
                note = "" if first == row["row"] else self._note(SAME_PERSON, line=first)
            message = str(error.get("message") or code)
            reasons.append(Refusal(self.title_of(name), code, message + note))
        return reasons

    def title_of(self, name: str) -> str:
        """Return the title of the column to look at for a field of the API."""
        return self.roster.title_of(COLUMN_OF.get(name, name))

    def _note(self, message: Message, **params: object) -> str:
        return Problem(message, params).text(self.language)


def _digest(number: str) -> bytes:
    return hashlib.blake2b(number.encode(), digest_size=8).digest()
