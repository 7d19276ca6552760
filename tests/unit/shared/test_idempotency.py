"""Idempotency keys: one request, one record, and nothing in it that names a person."""

import httpx
import orjson
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from shared.base.errors import Invalid
from shared.base.settings import HttpSettings
from shared.register.trail import INDEXES, REQUESTS, Outcome, RequestKey, check
from shared.web.app import create_app
from shared.web.requests import IdempotencyKey

WHO, ROUTE, KEY = "officer-1", "POST /v1/members", "k-1"


class Body(BaseModel):
    name: str
    id_number: str


SENT = {"name": "张三", "id_number": "11010519491231002X"}


def keyed(
    body: BaseModel | None = None, *, who: str = WHO, route: str = ROUTE, key: str = KEY
) -> RequestKey:
    return RequestKey.of(who, route, key, body)


def test_an_idempotency_record_belongs_to_subject_route_and_key() -> None:
    others = [
        keyed(who="officer-2"),
        keyed(route="POST /v1/volunteers"),
        keyed(key="k-2"),
        keyed(who="officer-1POST", route=" /v1/members"),
    ]
    assert len({keyed().id, *(other.id for other in others)}) == 5
    assert keyed(Body(**SENT)).id == keyed().id


def test_an_idempotency_key_replays_the_same_body_and_refuses_another() -> None:
    outcome = Outcome(201, "m-1", 1, [{"row": 1, "status": 201}])
    stored = keyed(Body(**SENT)).record(outcome)
    again = Body.model_validate(dict(reversed(SENT.items())))
    assert check(stored, keyed(again).digest) == outcome
    with pytest.raises(Invalid) as caught:
        check(stored, keyed(Body(**{**SENT, "name": "李四"})).digest)
    assert caught.value.code == "idempotency.reused"
    assert caught.value.errors[0].field == "Idempotency-Key"


def test_an_idempotency_record_holds_no_personal_data() -> None:
    body = Body(**SENT)
    stored = keyed(body).record(Outcome(201, "m-1", 1))
    text = orjson.dumps(stored, default=str).decode()
    for value in (body.name, body.id_number, KEY, WHO):
        assert value not in text
    # Without the caller's key the digest cannot be tried against guessed bodies.
    assert keyed(body).digest != keyed(body, key="k-2").digest


class LaterBody(Body):
    nickname: str | None = None


def test_a_field_a_later_release_knows_makes_no_other_body_for_idempotency() -> None:
    assert keyed(Body(**SENT)).digest == keyed(LaterBody(**SENT)).digest
    assert keyed(LaterBody(**SENT)).digest != keyed(LaterBody(**SENT, nickname="三")).digest


def test_an_idempotency_digest_is_made_of_no_body_too() -> None:
    assert keyed(None).digest != keyed(Body(**SENT)).digest


def test_idempotency_records_are_kept_for_seven_days() -> None:
    assert INDEXES[REQUESTS][0].document["expireAfterSeconds"] == 7 * 24 * 3600


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
