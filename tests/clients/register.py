"""What officers of one county do at a register: enter, correct, act, read, list."""

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import orjson

from shared.base.mongo import Database
from shared.contract import events
from tests.clients.officers import Headers, Officers

Entity = dict[str, Any]


def a_key(key: str | None = None) -> Headers:
    """Return the header that makes a request repeatable; a new key by default."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}


@dataclass
class Register(Officers):
    """A register and the officers of one county who work at it.

    Args:
        http, runtime, county: as ``Officers`` says.
        place: id of the unit in which entries are made by default.
    """

    place: str

    noun: ClassVar[str]
    """What is kept: the last part of the routes, and the collection."""
    counted_by: ClassVar[tuple[str, ...]]
    """The actions that bring a new entry to be counted."""
    of_registrar: ClassVar[frozenset[str]]
    """The actions a registrar does; an approver does the others."""
    bodies: ClassVar[dict[str, Entity]] = {}
    """What an action needs in its body."""

    @property
    def path(self) -> str:
        return f"/v1/{self.noun}"

    def of(self, entity: Entity | str, *parts: str) -> str:
        """Return the path of an entry, or of what follows below it."""
        name = entity if isinstance(entity, str) else entity["id"]
        return "/".join((self.path, name, *parts))

    def whoever_does(self, action: str) -> Headers:
        """Return the officer an action belongs to."""
        return self.registrar if action in self.of_registrar else self.approver

    def body(self, **fields: Any) -> dict[str, Any]:
        """Return a right body of a creation, of an entry nobody has made yet."""
        raise NotImplementedError

    def post(
        self, body: Any = None, who: Headers | None = None, /, **headers: str
    ) -> httpx.Response:
        """Try a creation; any answer is returned."""
        sent = {**(who or self.registrar), **headers}
        return self.http.post(self.path, json=self.body() if body is None else body, headers=sent)

    def create(self, who: Headers | None = None, /, **fields: Any) -> Entity:
        """Make an entry and return it."""
        answer = self.post(self.body(**fields), who, **a_key())
        assert answer.status_code == 201, f"{self.path}: {answer.status_code} {answer.text}"
        found: Entity = answer.json()
        return found

    def patch(
        self, entity: Entity, change: Any, who: Headers | None = None, /, **headers: str
    ) -> httpx.Response:
        """Try a correction of the version seen; any answer is returned."""
        sent = {**(who or self.registrar), "If-Match": f'"{entity["version"]}"', **headers}
        return self.http.patch(self.of(entity), json=change, headers=sent)

    def act(
        self, entity: Entity, action: str, who: Headers | None = None, /, body: Any = None,
        **headers: str,
    ) -> httpx.Response:  # fmt: skip
        """Try an action on the version seen; any answer is returned.

        Args:
            who: the officer it belongs to by default.
            body: what the action needs by default.
        """
        sent = {
            **(who or self.whoever_does(action)), "If-Match": f'"{entity["version"]}"', **headers
        }  # fmt: skip
        given = self.bodies.get(action, {}) if body is None else body
        return self.http.post(self.of(entity, action), json=given, headers=sent)

    def done(
        self, entity: Entity, *actions: str, who: Headers | None = None, body: Any = None
    ) -> Entity:
        """Do actions one after the other and return the entry after the last."""
        for action in actions:
            answer = self.act(entity, action, who, body, **a_key())
            assert answer.status_code == 200, f"{action}: {answer.status_code} {answer.text}"
            entity = answer.json()
        return entity

    def counted(self, who: Headers | None = None, /, **fields: Any) -> Entity:
        """Make an entry and bring it to be counted."""
        return self.done(self.create(who, **fields), *self.counted_by)

    def read(
        self, entity: Entity | str, who: Headers | None = None, /, **headers: str
    ) -> httpx.Response:
        """Ask for an entry; any answer is returned."""
        return self.http.get(self.of(entity), headers={**(who or self.registrar), **headers})

    def listed(self, who: Headers | None = None, /, **query: Any) -> list[Entity]:
        """Return every entry of a list, page after page."""
        found: list[Entity] = []
        asked: dict[str, Any] = {"limit": 200, **query}
        while True:
            answer = self.http.get(self.path, params=asked, headers=who or self.registrar)
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next_cursor"] is None:
                return found
            asked["cursor"] = answer.json()["next_cursor"]


def check_problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """Hold a refusal against the one that is due.

    Args:
        answer: what was answered.
        status, code: of the problem document.
        field: path of a field that it must name.
    """
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], answer.text


def events_of(database: Database, entity: str) -> list[tuple[str, Any]]:
    """Return the outbox events of an entity by version: fact, and data by contract."""
    reported = []
    for row in database.outbox.find():
        event = orjson.loads(row["body"])
        if event["subject"] == entity:
            data = events.MODELS[event["type"]].model_validate(event["data"])
            reported.append((event["type"].split(".")[-2], data))
    return sorted(reported, key=lambda fact: getattr(fact[1], "version", 0))


def logged_of(database: Database, entity: str) -> list[str]:
    """Return the actions that the access log holds of an entity, in order."""
    rows = database.access_log.find({"entity": entity}).sort("_id")
    return [row["action"] for row in rows]
