"""A client of the volunteer service on a real replica set, and the tree it works in."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from embedded.issuer import grant, mint
from embedded.servers import RealServers
from shared.clock import today
from shared.mongo import Document
from tests import people
from tests.integration.registers import OrgUnits, a_unit, verifier
from volunteer.main import create_app
from volunteer.settings import RegisteredRuleSettings, Settings, VolunteerSettings

PAPER = {"number": "杭红会〔2026〕8号", "issued_on": "2026-03-01"}
GUARDIAN = {
    "name": "李四光", "relation": "母亲", "phone": "13900001111", "consent": people.consent(),
}  # fmt: skip
Headers = dict[str, str]

TREE = [
    a_unit("hq", None, "NATIONAL"),
    a_unit("prov", "hq", "PROVINCE", region_code="330000"),
    a_unit("county", "prov", "COUNTY", region_code="330106"),
    a_unit("other", "prov", "COUNTY", region_code="330105"),
    a_unit("town", "county", type="TOWNSHIP"),
    a_unit("school", "town", type="SCHOOL"),
    a_unit("draft", "county", type="SCHOOL", status="DRAFT"),
    a_unit("fresh", "county", type="SCHOOL", status="DRAFT"),
    a_unit("far", "other", type="HOSPITAL"),
]


@dataclass
class Desk:
    """A client of the service, and what org-units says at this moment."""

    http: httpx.AsyncClient
    servers: RealServers
    units: OrgUnits

    def officer(self, name: str, *roles: str, unit: str = "county") -> Headers:
        return self.bearer(name, [grant(unit, *roles)])

    def bearer(self, name: str, grants: list[Any], **claims: Any) -> Headers:
        return {"Authorization": f"Bearer {mint(self.servers.runtime, name, grants, **claims)}"}

    @property
    def registrar(self) -> Headers:
        return self.officer("li", "registrar")

    @property
    def approver(self) -> Headers:
        return self.officer("wang", "approver")

    async def post(self, who: Headers | None = None, **given: Any) -> httpx.Response:
        body = people.volunteer(given.pop("unit_id", "town"), **given)
        return await self.http.post("/v1/volunteers", json=body, headers=who or self.registrar)

    async def enrolled(self, **given: Any) -> Document:
        answer = await self.post(**given)
        assert answer.status_code == 201, answer.text
        found: Document = answer.json()
        return found

    async def act(
        self, entry: Document, action: str, who: Headers | None = None, **body: Any
    ) -> httpx.Response:
        headers = {**(who or self.registrar), "If-Match": f'"{entry["version"]}"'}
        path = f"/v1/volunteers/{entry['id']}/{action}"
        return await self.http.post(path, json=body, headers=headers)

    async def done(
        self, entry: Document, action: str, who: Headers | None = None, **body: Any
    ) -> Document:
        answer = await self.act(entry, action, who, **body)
        assert answer.status_code == 200, answer.text
        found: Document = answer.json()
        return found

    async def registered(self, **given: Any) -> Document:
        entry = await self.enrolled(**given)
        entry = await self.done(entry, "apply-registration", document=PAPER, declared_hours=24)
        return await self.done(entry, "register", self.approver)


@asynccontextmanager
async def opened(
    servers: RealServers, settings: Settings, rule: RegisteredRuleSettings | None = None
) -> AsyncIterator[Desk]:
    units = OrgUnits.of(TREE)
    app = create_app(
        settings,
        VolunteerSettings(registered_rule=rule or RegisteredRuleSettings()),
        verifier=verifier(servers, settings),
        peers=units.peers(settings, settings),
    )
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://volunteer") as http,
    ):
        yield Desk(http, servers, units)


def child(age: int = 15) -> Document:
    return {
        "id_type": "PASSPORT", "id_number": f"E{uuid.uuid4().hex[:8]}",
        "birth_date": f"{today().year - age}-01-01",
    }  # fmt: skip
