"""Idempotency keys: one request, one record, and nothing in it that names a person."""

import httpx
import orjson
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from shared.base.errors import Invalid
from shared.base.settings import HttpSettings
from shared.register.idempotency import Key, Outcome, check, indexes, record
from shared.web.app import create_app
from shared.web.requests import IdempotencyKey

KEY = Key("officer-1", "POST /v1/members", "k-1")


class Body(BaseModel):
    name: str
    id_number: str


def test_an_idempotency_record_belongs_to_subject_route_and_key() -> None:
    others = [
        Key("officer-2", "POST /v1/members", "k-1"),
        Key("officer-1", "POST /v1/volunteers", "k-1"),
        Key("officer-1", "POST /v1/members", "k-2"),
        Key("officer-1POST", " /v1/members", "k-1"),
    ]
    assert len({KEY.id, *(other.id for other in others)}) == 5
    assert KEY.id == Key("officer-1", "POST /v1/members", "k-1").id


def test_an_idempotency_key_replays_the_same_body_and_refuses_another() -> None:
    digest = KEY.digest({"a": 1, "b": [2]})
    stored = record(KEY, digest, Outcome(201, "m-1", 1, [{"row": 1, "status": 201}]))
    assert check(stored, KEY.digest({"b": [2], "a": 1})) == Outcome(
        201, "m-1", 1, [{"row": 1, "status": 201}]
    )
    with pytest.raises(Invalid) as caught:
        check(stored, KEY.digest({"a": 2}))
    assert caught.value.code == "idempotency.reused"
    assert caught.value.errors[0].field == "Idempotency-Key"


def test_an_idempotency_record_holds_no_personal_data() -> None:
    body = Body(name="张三", id_number="11010519491231002X")
    stored = record(KEY, KEY.digest(body), Outcome(201, "m-1", 1))
    text = orjson.dumps(stored, default=str).decode()
    for value in (body.name, body.id_number, KEY.key, KEY.subject):
        assert value not in text
    # Without the caller's key the digest cannot be tried against guessed bodies.
    assert KEY.digest(body) != Key(KEY.subject, KEY.route, "k-2").digest(body)


class LaterBody(Body):
    nickname: str | None = None


def test_a_field_a_later_release_knows_makes_no_other_body_for_idempotency() -> None:
    sent = {"name": "张三", "id_number": "11010519491231002X"}
    assert KEY.digest(Body(**sent)) == KEY.digest(LaterBody(**sent))
    assert KEY.digest(LaterBody(**sent)) != KEY.digest(LaterBody(**sent, nickname="三"))


def test_an_idempotency_digest_is_made_of_no_body_and_of_bytes_too() -> None:
    assert KEY.digest(None) != KEY.digest({})
    assert KEY.digest(b"bytes") == KEY.digest(b"bytes")


def test_idempotency_records_are_kept_for_seven_days() -> None:
    assert indexes()[0].document["expireAfterSeconds"] == 7 * 24 * 3600


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 200),
        ("x", 200),
        ("x" * 200, 200),
        ("x" * 201, 400),
        ("", 400),
        ("a b", 400),
        (b"\xe4\xb8\xad", 400),
    ],
)
async def test_an_idempotency_key_that_is_malformed_is_refused(
    header: str | bytes | None, status: int
) -> None:
    router = APIRouter()

    @router.post("/v1/things")
    async def create(key: IdempotencyKey) -> dict[str, str | None]:
        return {"key": key}

    app = create_app("test", settings=HttpSettings(), instance="test-0", routers=[router])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        headers = {} if header is None else {b"Idempotency-Key": header}
        answer = await client.post("/v1/things", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == "idempotency.malformed"
