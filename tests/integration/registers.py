"""What trials of a register of persons need: a tree of units, a verifier, an org-units to ask."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from embedded.issuer import Issuer, provide_key
from embedded.servers import RealServers
from shared import directory, events
from shared.access import TokenVerifier
from shared.mongo import Database, Document, connect
from shared.peers import Peers
from shared.personal.encryption import new_key_ring
from shared.settings import AccessSettings, MongoSettings, PeerSettings

S = TypeVar("S", bound=MongoSettings)


def a_unit(name: str, parent: str | None, level: str = "GRASSROOTS", **fields: Any) -> Document:
    """Return a unit's card."""
    card = {
        "id": name, "version": 1, "name": f"{name}红十字会", "code": name, "region_code": None,
        "type": "CHAPTER", "level": level, "status": "ACTIVE", "parent": parent,
    }  # fmt: skip
    return {**card, **fields}


@contextmanager
def prepared(
    kind: type[S], migrate: Callable[[Database], None], servers: RealServers, folder: Path,
    tree: list[Document],
) -> Iterator[S]:  # fmt: skip
    """Yield a register's settings: a database of its own, migrated twice, with a tree of units."""
    keyring = folder / "keyring.json"
    keyring.write_text(json.dumps(new_key_ring()))
    given: dict[str, Any] = {
        "mongo_uri": servers.mongo_uri, "mongo_database": f"t_{uuid.uuid4().hex[:12]}",
        "keyring_file": keyring, "oidc_issuer": servers.runtime.issuer_url, "port": 8000,
        "instance": "test", "kafka_partitions": 3, "requests_per_minute": 10_000_000,
    }  # fmt: skip
    settings = kind(**given)
    database = connect(settings)
    migrate(database)
    migrate(database)
    directory.apply_cards(database, tree)
    yield settings
    database.client.drop_database(settings.mongo_database)
    database.client.close()


@dataclass
class OrgUnits:
    """An org-units that says what it is told to; ``truth`` may change at any moment."""

    truth: dict[str, Document]
    asked: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tree: list[Document]) -> "OrgUnits":
        return cls({card["id"]: {**card, "parent_id": card["parent"]} for card in tree})

    def peers(self, peers: PeerSettings, access: AccessSettings) -> Peers:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return Peers(peers, access, client)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        self.asked.append(name)
        found = self.truth.get(name)
        return httpx.Response(200, json=found) if found else httpx.Response(404)


def verifier(servers: RealServers, access: AccessSettings) -> TokenVerifier:
    """Return a verifier that believes the embedded issuer, without its process."""
    provide_key(servers.runtime)
    issuer: Any = Issuer(servers.runtime)
    return TokenVerifier(access, httpx.AsyncClient(transport=httpx.ASGITransport(issuer)))


def assert_problem(answer: httpx.Response, status: int, code: str, where: str = "") -> None:
    """Hold an answer against the refusal that is due; ``where`` is a field it must name."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert not where or where in [error["field"] for error in problem["errors"]]


def told_of(database: Database, entity: str) -> list[tuple[str, Any]]:
    """Return what the outbox tells of an entity: facts, and data read by their contract."""
    told = []
    for row in database.outbox.find().sort("_id"):
        event = orjson.loads(row["body"])
        if event["subject"] == entity:
            data = events.MODELS[event["type"]].model_validate(event["data"])
            told.append((event["type"].split(".")[-2], data))
    return told
