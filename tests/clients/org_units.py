"""The client of org-units: units from draft to active."""

import random
import uuid
from typing import Any, ClassVar

from org_units.units.uscc import organisation_check, uscc_check
from tests.clients.officers import Headers
from tests.clients.register import Entity, Register


def a_uscc() -> str:
    """Return a right code that no unit has yet."""
    organisation = f"{random.SystemRandom().randrange(10**8):08}"
    code = f"12330106{organisation}{organisation_check(organisation)}"
    return code + uscc_check(code)


class Units(Register):
    """The register of units; ``place`` is the county, under which units are made."""

    noun: ClassVar = "units"
    counted_by: ClassVar = ("submit", "approve", "activate")
    of_registrar: ClassVar = frozenset({"submit"})
    bodies: ClassVar[dict[str, Entity]] = {}

    def doubles(self, who: Headers | None = None, /, **query: Any) -> dict[str, list[str]]:
        """Return what is listed as entered twice: ids, each with the ids of those it is like.

        One that is like units outside the caller's scope has their chapters' region codes.
        """
        found: dict[str, list[str]] = {}
        asked: dict[str, Any] = {"limit": 2, **query}
        while True:
            sent = who or self.registrar
            answer = self.http.get(f"{self.path}/doubles", params=asked, headers=sent)
            assert answer.status_code == 200, answer.text
            for item in answer.json()["items"]:
                assert item["id"] not in found
                found[item["id"]] = [
                    other["unit"]["id"] if other["unit"] else other["chapter"]["region_code"]
                    for other in item["doubles"]
                ]
            if answer.json()["next_cursor"] is None:
                return found
            asked["cursor"] = answer.json()["next_cursor"]

    def body(self, **fields: Any) -> dict[str, Any]:
        name = f"{uuid.uuid4().hex[:12]}社区红十字会"
        return {"name": name, "type": "COMMUNITY", "parent_id": self.place, **fields}
