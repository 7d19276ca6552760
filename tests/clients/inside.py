"""A service in this process: its application on an event loop of its own, asked over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

import aggregator.main
import member.main
import org_units.main
import volunteer.main
from aggregator.figures.service import FiguresService
from aggregator.figures.stream import Hub
from aggregator.settings import AggregatorSettings
from embedded.issuer import Issuer, provide_key
from embedded.runtime import Runtime
from member.settings import MemberSettings
from shared.base.mongo import Database
from shared.base.settings import AccessSettings, MongoSettings, ProcessSettings, WriterSettings
from shared.web.access import TokenVerifier
from tests.clients.aggregator import Figures
from tests.clients.member import Members
from tests.clients.org_units import Units
from tests.clients.peers import PeopleAsGiven, UnitsAsGiven
from tests.clients.volunteer import Volunteers
from tests.servers import RealServers
from tests.waiting import until
from volunteer.settings import RegisteredRule, VolunteerSettings


class Inside(httpx.BaseTransport):
    """Hands requests to an application; many threads may ask at once.

    Args:
        app: the application, started.
        portal: the way onto the event loop it was started on.
    """

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self._asgi = httpx.ASGITransport(app)
        self._portal = portal

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, whole: bodies are read before they are handed over."""
        return self._portal.call(self._answer, request, request.read())

    async def _answer(self, request: httpx.Request, content: bytes) -> httpx.Response:
        asked = httpx.Request(
            request.method, request.url, headers=request.headers,
            stream=httpx.ByteStream(content), extensions=request.extensions,
        )  # fmt: skip
        answer = await self._asgi.handle_async_request(asked)
        stream = httpx.ByteStream(await answer.aread())
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)


@contextmanager
def opened(app: FastAPI) -> Iterator[tuple[httpx.Client, BlockingPortal]]:
    """Start an application; yield a client of it, and the way onto its event loop."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        httpx.Client(transport=Inside(app, portal), base_url="http://registry") as client,
    ):
        # FastAPI prepares all routes at the first request, and changes the filters of warnings of
        # the whole process meanwhile: two applications that did so at once would get in each
        # other's way.
        assert client.get("/healthz").status_code == 200
        yield client, portal


def verifier(runtime: Runtime, access: AccessSettings) -> TokenVerifier:
    """Return a verifier that believes the embedded issuer, without its process."""
    provide_key(runtime)
    issuer: Any = Issuer(runtime)
    return TokenVerifier(access, httpx.AsyncClient(transport=httpx.ASGITransport(issuer)))


@contextmanager
def members_inside(
    servers: RealServers, settings: WriterSettings, units: UnitsAsGiven,
    rules: MemberSettings | None = None,
) -> Iterator[Members]:  # fmt: skip
    """Start the member service in this process; ``units`` replaces org-units."""
    runtime = servers.runtime
    app = member.main.create_app(
        settings,
        rules,
        verifier=verifier(runtime, settings),
        peers=units.peers(settings, settings),
    )
    with opened(app) as (client, _):
        yield Members(client, runtime, county="county", place="town")


@contextmanager
def volunteers_inside(
    servers: RealServers, settings: WriterSettings, units: UnitsAsGiven,
    rule: RegisteredRule | None = None,
) -> Iterator[Volunteers]:  # fmt: skip
    """Start the volunteer service in this process; ``units`` replaces org-units."""
    runtime = servers.runtime
    app = volunteer.main.create_app(
        settings,
        VolunteerSettings(registered_rule=rule or RegisteredRule()),
        verifier=verifier(runtime, settings),
        peers=units.peers(settings, settings),
    )
    with opened(app) as (client, _):
        yield Volunteers(client, runtime, county="county", place="town")


@contextmanager
def units_inside(
    servers: RealServers, settings: MongoSettings, people: PeopleAsGiven, county: str
) -> Iterator[Units]:
    """Start org-units in this process; ``people`` replaces the two registers of persons.

    Args:
        county: id of the chapter whose officers act.
    """
    runtime = servers.runtime
    process = WriterSettings(
        **settings.model_dump(exclude={"instance"}), instance="test", port=8001,
        oidc_issuer=runtime.issuer_url,
    )  # fmt: skip
    app = org_units.main.create_app(
        process, verifier=verifier(runtime, process), peers=people.peers(process, process)
    )
    with opened(app) as (client, _):
        yield Units(client, runtime, county=county, place=county)


@dataclass
class FiguresInside(Figures):
    """An aggregator in this process.

    Args:
        service: its use cases; call its coroutines through ``portal``.
        hub: its live stream.
        portal: the way onto its event loop.
    """

    service: FiguresService
    hub: Hub
    portal: BlockingPortal


@contextmanager
def figures_inside(
    servers: RealServers, mongo: Database, county: str, **settings: Any
) -> Iterator[FiguresInside]:
    """Start the aggregator in this process over a database, and wait for its figures.

    Args:
        county: id of the chapter whose officers ask.
        settings: of ``AggregatorSettings``.
    """
    runtime = servers.runtime
    app = aggregator.main.build(
        AggregatorSettings(**settings),
        MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=mongo.name),
        ProcessSettings(port=8004, instance="test"),
        verifier(runtime, AccessSettings(oidc_issuer=runtime.issuer_url)),
    )
    with opened(app) as (client, portal):
        service: FiguresService = app.state.figures
        until(lambda: service.live.ready, "the figures are loaded")
        yield FiguresInside(client, runtime, county, service, app.state.hub, portal)
