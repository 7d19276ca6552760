"""Stand-ins for the services that a service under test asks: they answer what a test sets."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.base.mongo import Document
from shared.base.settings import AccessSettings, PeerSettings
from shared.register.peers import Peers


def a_unit(unit: str, parent: str | None, level: str = "GRASSROOTS", **fields: Any) -> Document:
    """Return a unit's card as the directory keeps it."""
    kind = "COMMUNITY" if level == "GRASSROOTS" else "CHAPTER"
    return {
        "id": unit, "version": 1, "name": f"{unit}红十字会", "code": f"code-{unit}",
        "region_code": None, "type": kind, "level": level, "status": "ACTIVE", "parent": parent,
        **fields,
    }  # fmt: skip


TREE = [
    a_unit("hq", None, "NATIONAL"),
    a_unit("prov", "hq", "PROVINCE", region_code="330000"),
    a_unit("city", "prov", "PREFECTURE", region_code="330100"),
    a_unit("county", "city", "COUNTY", region_code="330106", name="西湖区红十字会"),
    a_unit("other", "city", "COUNTY", region_code="330105", name="拱墅区红十字会"),
    a_unit("town", "county", type="TOWNSHIP"),
    a_unit("school", "town", type="SCHOOL"),
    a_unit("draft", "county", status="DRAFT"),
    a_unit("far", "other", type="HOSPITAL"),
]
"""Units of the registers' tests; officers are of ``county``, people are entered in ``town``."""


@dataclass
class UnitsAsGiven:
    """An org-units with the units that it is given; all of it may change at any moment.

    Args:
        truth: cards by id.
        asked: ids of the units it was asked for.
        down: whether it answers 503 instead.
        closing: the changes that are closing units just now, by unit.
    """

    truth: dict[str, Document] = field(default_factory=lambda: {card["id"]: card for card in TREE})
    asked: list[str] = field(default_factory=list)
    down: bool = False
    closing: dict[str, str] = field(default_factory=dict)

    def show(self, *cards: Document) -> None:
        """Add units, or change them."""
        self.truth |= {card["id"]: card for card in cards}

    def add(self, unit: str, parent: str, **fields: Any) -> str:
        """Add a unit, or change it; return its id."""
        self.show(a_unit(unit, parent, **fields))
        return unit

    def peers(self, peers: PeerSettings, access: AccessSettings) -> Peers:
        """Return what a service asks its peers by."""
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return Peers(peers, access, client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        unit, *rest = request.url.path.removeprefix("/v1/units/").split("/")
        if not rest:
            self.asked.append(unit)
        if self.down:
            return httpx.Response(503)
        if rest == ["closing"]:
            return httpx.Response(200, json={"change": self.closing.get(unit)})
        if (found := self.truth.get(unit)) is None:
            return httpx.Response(404)
        return httpx.Response(200, json={**found, "parent_id": found["parent"]})


@dataclass
class PeopleAsGiven:
    """A member and a volunteer service that report so many people of any unit.

    Args:
        members, volunteers: how many; None where the service cannot be reached.
        asked: what was asked: method, ``members`` or ``volunteers``, path.
    """

    members: int | None = 0
    volunteers: int | None = 0
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def peers(self, peers: PeerSettings, access: AccessSettings) -> Peers:
        """Return what org-units asks its peers by."""
        counts = {
            peers.member_url.rstrip("/"): "members",
            peers.volunteer_url.rstrip("/"): "volunteers",
        }

        def answer(request: httpx.Request) -> httpx.Response:
            address = f"{request.url.scheme}://{request.url.netloc.decode()}"
            self.asked.append((request.method, counts[address], request.url.path))
            count = getattr(self, counts[address])
            if count is None:
                raise httpx.ConnectError("refused")
            return httpx.Response(200, json={"people": count})

        return Peers(peers, access, httpx.AsyncClient(transport=httpx.MockTransport(answer)))
