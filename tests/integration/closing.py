"""All registers in this process, which ask one another over HTTP: units close while people enter.

Two member services share one database. No worker runs, so what a directory once knew it keeps: the
refusals that come in time are those of the fences.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx

import member.main
import member.migrate
import org_units.main
import org_units.migrate
import volunteer.main
import volunteer.migrate
from shared.base.mongo import Database, connect
from shared.base.settings import AccessSettings, PeerSettings, WriterSettings
from shared.register.peers import Peers
from tests.clients.inside import opened, verifier
from tests.clients.member import Members
from tests.clients.officers import Officers
from tests.clients.org_units import Units
from tests.clients.volunteer import Volunteers
from tests.integration.org_units.seeding import COUNTY, seeded
from tests.integration.prepared import prepared
from tests.servers import RealServers
from tests.waiting import LIMIT


@dataclass
class Between(httpx.AsyncBaseTransport):
    """Hands what one service asks to the other, with a service's token.

    Args:
        services: clients of the services by their port.
        headers: of the token.
        down: ports that refuse every connection.
    """

    services: dict[int | None, httpx.Client] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    down: set[int] = field(default_factory=set)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.port in self.down:
            raise httpx.ConnectError("refused")
        client = self.services[request.url.port]
        path = request.url.raw_path.decode()

        def ask() -> httpx.Response:
            return client.request(request.method, path, headers=self.headers)

        answer = await anyio.to_thread.run_sync(ask)
        return httpx.Response(answer.status_code, content=answer.content)

    def peers(self) -> Peers:
        """Return what a service asks the others by."""
        return Peers(PeerSettings(), AccessSettings(), httpx.AsyncClient(transport=self))


@dataclass
class Registers:
    """The clients and the databases of the registers."""

    units: Units
    members: Members
    other_members: Members
    volunteers: Volunteers
    between: Between
    databases: dict[str, Database]

    def people_at(self, unit: str) -> int:
        """Return how many people stand in a unit, by the documents of both registers."""
        member, volunteer = self.databases["member"], self.databases["volunteer"]
        open_members = {"$in": ["APPLIED", "APPROVED", "ACTIVE", "ARREARS"]}
        open_volunteers = {"$nin": ["DEREGISTERED", "VOIDED"]}
        return member.members.count_documents(
            {"unit": unit, "status": open_members}
        ) + volunteer.volunteers.count_documents({"unit": unit, "status": open_volunteers})


@contextmanager
def registers_inside(servers: RealServers, folder: Path) -> Iterator[Registers]:
    """Start org-units, two member services and a volunteer service in this process."""
    between, runtime = Between(), servers.runtime
    ports = PeerSettings()

    def port(url: str) -> int | None:
        return httpx.URL(url).port

    with ExitStack() as stack:
        settings: dict[str, WriterSettings] = {}
        for name, migrate in (
            ("org_units", org_units.migrate.migrate),
            ("member", member.migrate.migrate),
            ("volunteer", volunteer.migrate.migrate),
        ):
            (folder / name).mkdir()
            settings[name] = stack.enter_context(
                prepared(WriterSettings, migrate, servers, folder / name)
            )
        databases = {name: stack.enter_context(_connected(one)) for name, one in settings.items()}
        seeded(settings["org_units"])
        chapter = databases["org_units"].units.find_one({"region_code": COUNTY})
        assert chapter is not None
        county = chapter["_id"]

        def start(main: Any, name: str) -> httpx.Client:
            own = settings[name]
            app = main.create_app(own, verifier=verifier(runtime, own), peers=between.peers())
            client, _ = stack.enter_context(opened(app))
            return client

        between.headers = Officers(httpx.Client(timeout=LIMIT), runtime, county).bearer(
            "service:x", service=True
        )
        at_units = start(org_units.main, "org_units")
        between.services[port(ports.org_units_url)] = at_units
        at_members = start(member.main, "member")
        between.services[port(ports.member_url)] = at_members
        at_others = start(member.main, "member")
        at_volunteers = start(volunteer.main, "volunteer")
        between.services[port(ports.volunteer_url)] = at_volunteers
        yield Registers(
            Units(at_units, runtime, county, county),
            Members(at_members, runtime, county, county),
            Members(at_others, runtime, county, county),
            Volunteers(at_volunteers, runtime, county, county),
            between,
            databases,
        )


@contextmanager
def _connected(settings: WriterSettings) -> Iterator[Database]:
    database = connect(settings)
    yield database
    database.client.close()
