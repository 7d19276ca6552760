"""The client of org-units: units from draft to active."""

import uuid
from typing import Any, ClassVar

from tests.clients.register import Entity, Register

USCC = "13100000500004729P"
"""A unified social credit code with right check characters."""


class Units(Register):
    """The register of units; ``place`` is the county, under which units are made."""

    noun: ClassVar = "units"
    counted_by: ClassVar = ("submit", "approve", "activate")
    of_registrar: ClassVar = frozenset({"submit"})
    bodies: ClassVar[dict[str, Entity]] = {}

    def body(self, **fields: Any) -> dict[str, Any]:
        name = f"{uuid.uuid4().hex[:12]}社区红十字会"
        return {"name": name, "type": "COMMUNITY", "parent_id": self.place, **fields}
