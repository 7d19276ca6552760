"""A county's office in the running system: its officers, its units, and what they enter by HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import httpx
from pymongo import MongoClient

from shared.identity import new_id
from shared.mongo import Document, connect
from shared.settings import MongoSettings
from tests.people import member, volunteer
from tests.system import System, until

SERVICES = {"org-units": "units", "member": "members", "volunteer": "volunteers"}
"""Each writer, and what it keeps: the last part of its routes, and its collection."""
PAPER = {"document": {"number": "服务证明〔2026〕1号"}, "declared_hours": 24}
Entity = dict[str, Any]
Headers = dict[str, str]


@dataclass
class Office:
    """What two officers of one county do.

    Args:
        system: the running system.
        region: code of the county.
    """

    system: System
    region: str
    county: str = field(init=False)
    registrar: Headers = field(init=False)
    approver: Headers = field(init=False)

    def __post_init__(self) -> None:
        self.county = self.system.chapter(self.region)
        self.registrar = self.system.headers(f"registrar-{self.region}", self.county, "registrar")
        self.approver = self.system.headers(f"approver-{self.region}", self.county, "approver")

    @cached_property
    def place(self) -> str:
        """Id of a unit that takes people."""
        return self.add_unit("常设社区红十字会")["id"]  # type: ignore[no-any-return]

    @cached_property
    def draft(self) -> str:
        """Id of a unit that takes nobody yet."""
        return self.create("org-units", self.body("org-units"))["id"]  # type: ignore[no-any-return]

    def url(self, service: str, *parts: str) -> str:
        """Return the address of a register, of an entry, or of an action on it."""
        return "/".join((self.system.url(service), "v1", SERVICES[service], *parts))

    def body(self, service: str, **fields: Any) -> dict[str, Any]:
        """Return a right body of a creation."""
        if service == "org-units":
            name = f"{new_id()[-12:]}社区红十字会"
            return {"name": name, "type": "COMMUNITY", "parent_id": self.county, **fields}
        return (member if service == "member" else volunteer)(self.place, **fields)

    def post(
        self, url: str, body: Any, officer: Headers | None = None, /, **headers: str
    ) -> httpx.Response:
        """Send JSON as an officer, the registrar by default; answers of any kind are returned."""
        sent = {**(officer or self.registrar), **headers}
        return self.system.http.post(url, json=body, headers=sent)

    def create(self, service: str, body: Mapping[str, Any]) -> Entity:
        """Enter a new entry; return what was answered."""
        answer = self.post(self.url(service), body)
        assert answer.status_code == 201, answer.text
        found: Entity = answer.json()
        return found

    def act(
        self, service: str, entity: Entity, action: str, officer: Headers, **body: Any
    ) -> Entity:
        """Do an action on an entry; return what was answered."""
        path = f"/v1/{SERVICES[service]}/{entity['id']}"
        return self.system.act(service, path, action, entity["version"], officer, **body)

    def add_unit(self, name: str) -> Entity:
        """Bring a unit to be counted."""
        unit = self.create("org-units", self.body("org-units", name=name))
        unit = self.act("org-units", unit, "submit", self.registrar)
        unit = self.act("org-units", unit, "approve", self.approver)
        return self.act("org-units", unit, "activate", self.approver)

    def add_member(self, *days: str) -> Entity:
        """Bring a member to be counted; applied, approved and filed on days, today by default."""
        given = [{"effective_on": day} for day in days] or [{}, {}, {}]
        entry = self.create("member", self.body("member", **given[0]))
        entry = self.act("member", entry, "approve", self.approver, **given[1])
        return self.act("member", entry, "file", self.approver, **given[2])

    def add_volunteer(self) -> Entity:
        """Bring a volunteer to be counted."""
        entry = self.create("volunteer", self.body("volunteer"))
        entry = self.act("volunteer", entry, "apply-registration", self.registrar, **PAPER)
        return self.act("volunteer", entry, "register", self.approver)

    def add(self, series: str) -> Entity:
        """Bring one more of a series to be counted."""
        if series == "units":
            return self.add_unit(f"{new_id()[-12:]}小学红十字会")
        return self.add_member() if series == "members" else self.add_volunteer()

    def settled(self, unit: str = "100000", **params: str) -> dict[str, int]:
        """Return the public figures once they hold whatever was answered before this call."""
        moment = datetime.now(UTC)

        def holds() -> bool:
            told = self.system.progress()
            lag = timedelta(seconds=told["lag_seconds"] or 0)
            return told["complete"] and datetime.fromisoformat(told["at"]) - lag > moment

        until(holds, 60.0, "the figures hold what was committed")
        return self.system.figures(unit=unit, **params)

    def stored(self) -> dict[str, int]:
        """Return how many documents the registers hold of what a command writes."""
        found: dict[str, int] = {}
        for service, kept in SERVICES.items():
            store = self._client[service.replace("-", "_")]
            for name in (kept, f"{kept}_versions", "identifiers", "outbox", "idempotency"):
                found[f"{service} {name}"] = store[name].count_documents({})
        return found

    @cached_property
    def _client(self) -> MongoClient[Document]:
        uri = f"mongodb://127.0.0.1:{self.system.runtime.port(11)}/?replicaSet=rs0"
        return connect(MongoSettings(mongo_uri=uri, mongo_database="member")).client

    def close(self) -> None:
        """Let go of the database."""
        if "_client" in vars(self):
            self._client.close()
