"""A county's office in a running system: its officers at the three registers, and the figures."""

import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
from pymongo import MongoClient

from shared.base.mongo import Document, connect
from shared.base.settings import MongoSettings
from tests.clients.aggregator import Figures
from tests.clients.member import Members
from tests.clients.officers import Headers
from tests.clients.org_units import Units
from tests.clients.register import Register
from tests.clients.volunteer import Volunteers
from tests.system import System, plain_client

KINDS: dict[str, type[Register]] = {"org-units": Units, "member": Members, "volunteer": Volunteers}
"""The three registers by the names of their services."""


@dataclass
class County:
    """The officers of one county.

    Args:
        system: the running system.
        region: code of the county.
    """

    system: System
    region: str
    id: str = field(init=False)
    figures: Figures = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.system.chapter(self.region)
        self.figures = Figures(self._http("aggregator"), self.system.runtime, self.id)

    @cached_property
    def units(self) -> Units:
        return Units(self._http("org-units"), self.system.runtime, self.id, self.id)

    @cached_property
    def members(self) -> Members:
        return Members(self._http("member"), self.system.runtime, self.id, self.place)

    @cached_property
    def volunteers(self) -> Volunteers:
        return Volunteers(self._http("volunteer"), self.system.runtime, self.id, self.place)

    @cached_property
    def place(self) -> str:
        """Id of a unit that takes people."""
        return str(self.units.counted(name=f"常设{uuid.uuid4().hex[:8]}社区红十字会")["id"])

    @cached_property
    def draft(self) -> str:
        """Id of a unit that takes nobody yet."""
        return str(self.units.create()["id"])

    def register(self, service: str) -> Register:
        """Return the client of a register by the name of its service, or of what it keeps."""
        named: dict[str, Register] = {
            "org-units": self.units, "member": self.members, "volunteer": self.volunteers
        }  # fmt: skip
        return named.get(service) or next(one for one in named.values() if one.noun == service)

    def officer(self, subject: str, *roles: str, unit: str | None = None) -> Headers:
        """Return an officer's headers; the grant is on the county by default."""
        return self.units.officer(subject, *roles, unit=unit)

    def settled(self, unit: str = "100000", **params: str) -> dict[str, int]:
        """Return the headline figures once they hold whatever was answered before this call."""
        return self.figures.settled(unit, **params)

    def stored(self, *services: str) -> dict[str, int]:
        """Return how many documents registers, all by default, hold of what a command writes."""
        found: dict[str, int] = {}
        for service in services or KINDS:
            kind = KINDS[service]
            store = self._mongo[service.replace("-", "_")]
            for name in (
                kind.noun,
                f"{kind.noun}_versions",
                "identifiers",
                "outbox",
                "idempotency",
            ):
                found[f"{service} {name}"] = store[name].count_documents({})
        return found

    def _http(self, service: str) -> httpx.Client:
        return plain_client(self.system.url(service))

    @cached_property
    def _mongo(self) -> MongoClient[Document]:
        uri = self.system.runtime.mongo_uri
        return connect(MongoSettings(mongo_uri=uri, mongo_database="member")).client

    def close(self) -> None:
        """Close what is held."""
        held: dict[str, Any] = vars(self)
        for name in ("units", "members", "volunteers", "figures"):
            if name in held:
                held[name].http.close()
        if "_mongo" in held:
            self._mongo.close()
