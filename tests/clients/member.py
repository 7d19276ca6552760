"""The client of the member service: applications, memberships, pages of rows."""

from typing import Any, ClassVar

import httpx

from tests import people
from tests.clients.officers import Headers
from tests.clients.register import Entity, Register, a_key


class Members(Register):
    """The register of members."""

    noun: ClassVar = "members"
    counted_by: ClassVar = ("approve", "file")
    of_registrar: ClassVar = frozenset({"withdraw", "decease", "reapply"})
    bodies: ClassVar[dict[str, Entity]] = {
        action: {"reason": "a reason"} for action in ("reject", "expel", "void")
    }

    def body(self, **fields: Any) -> dict[str, Any]:
        return people.member(fields.pop("unit_id", self.place), **fields)

    def row(self, number: int, **fields: Any) -> dict[str, Any]:
        """Return a right row of a page; ``row`` is its number."""
        row = {
            **people.member(self.place, name=f"第{number}人", phone=None, ethnicity=""),
            "row": number, "joined_on": "2024-05-01", **fields,
        }  # fmt: skip
        row.pop("consent")
        return row

    def bulk(
        self, rows: list[dict[str, Any]], who: Headers | None = None, mode: str = "applications",
        /, key: str | None = None, **fields: Any,
    ) -> httpx.Response:  # fmt: skip
        """Send a page of rows; any answer is returned."""
        body = {"mode": mode, "consent": people.consent(), "rows": rows, **fields}
        headers = {**(who or self.registrar), **a_key(key)}
        return self.http.post(f"{self.path}/bulk", json=body, headers=headers)
