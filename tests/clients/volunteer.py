"""The client of the volunteer service: enrolment, registration, and the own entry."""

from typing import Any, ClassVar

import httpx

from tests import people
from tests.clients.register import Entity, Register

PAPER = {"number": "杭红会〔2026〕8号", "issued_on": "2026-03-01"}
"""The document that evidences the hours of service."""


class Volunteers(Register):
    """The register of volunteers."""

    noun: ClassVar = "volunteers"
    counted_by: ClassVar = ("apply-registration", "register")
    of_registrar: ClassVar = frozenset({"enrol", "apply-registration", "deregister"})
    bodies: ClassVar[dict[str, Entity]] = {
        "apply-registration": {"document": PAPER, "declared_hours": 24}
    }

    def body(self, **fields: Any) -> dict[str, Any]:
        return people.volunteer(fields.pop("unit_id", self.place), **fields)

    def me(self, volunteer: Entity) -> httpx.Response:
        """Ask for the own entry, as the volunteer."""
        return self.http.get("/v1/me", headers=self.bearer("v", person=volunteer["id"]))
