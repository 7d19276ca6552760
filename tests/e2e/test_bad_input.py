"""Bad input over real HTTP: each kind is refused by field, in both languages, and writes nothing."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from shared.clock import today
from shared.identity import new_id
from tests.e2e.office import SERVICES, Office
from tests.e2e.refusals import check_problem, check_refused
from tests.people import CHECKS, WEIGHTS, resident_id

WRITERS = tuple(SERVICES)
TOMORROW = (today() + timedelta(days=2)).isoformat()
"""A day ahead, also where the run goes on past midnight in China."""
LIMIT = 2 * 1024 * 1024
"""Bytes of a body, as ``shared.settings.HttpSettings`` sets it."""
USCC = "12330106470116048A"
"""A unified social credit code whose organisation's check character is wrong."""


def born(day: str) -> str:
    """Return a number with a right check digit for any digits in the place of the birth date."""
    body = f"330199{day}123"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + CHECKS[total % 11]


def miswritten() -> str:
    """Return a number whose check digit is wrong."""
    number = resident_id()
    return number[:-1] + next(digit for digit in CHECKS if digit != number[-1])


@dataclass(frozen=True)
class Case:
    """One field of a right body replaced by a wrong value, or by what an office makes it."""

    field: str
    value: Any | Callable[[Office], Any]
    code: str
    status: int = 422
    at: str | None = None

    def put(self, body: dict[str, Any], office: Office) -> None:
        """Put the value into a body; a dotted field lies deeper."""
        *path, last = self.field.split(".")
        for name in path:
            body = body[name]
        body[last] = self.value(office) if callable(self.value) else self.value


def village_of_a_village(office: Office) -> str:
    return office.add("units")["id"]  # type: ignore[no-any-return]


def voided(office: Office) -> str:
    unit = office.create("org-units", office.body("org-units"))
    return office.act("org-units", unit, "void", office.approver)["id"]  # type: ignore[no-any-return]


PERSON: Mapping[str, Case] = {
    "wrong check digit": Case("id_number", miswritten(), "identifier.check_digit"),
    "letters for digits": Case("id_number", "33010619900307ABCD", "identifier.characters"),
    "first generation": Case("id_number", "330106900307123", "identifier.first_generation"),
    "impossible birth date": Case("id_number", born("19900231"), "identifier.birth_date"),
    "future birth date": Case("id_number", born("20991231"), "identifier.birth_in_future"),
    "impossible day": Case("birth_date", "1990-02-31", "date.invalid"),
    "future day": Case("birth_date", TOMORROW, "date.future"),
    "no day at all": Case("birth_date", 631152000, "date.invalid"),
    "unknown unit": Case("unit_id", "no-such-unit", "unit.unknown"),
    "draft unit": Case("unit_id", lambda office: office.draft, "unit.not_active"),
    "empty name": Case("name", "  ", "name.required"),
    "short phone": Case("phone", "12345", "phone.number"),
    "unknown field": Case("shoe_size", 44, "field.unknown"),
    "unknown field deeper": Case("consent.colour", "red", "field.unknown"),
    "effective tomorrow": Case("effective_on", TOMORROW, "date.future"),
    "consent tomorrow": Case("consent.given_on", TOMORROW, "date.future"),
    "wrong type": Case("name", 7, "field.type"),
}
MEMBER: Mapping[str, Case] = {
    "chapter": Case("unit_id", lambda office: office.county, "member.unit_is_chapter"),
    "unknown kind": Case("kind", "GROUP", "field.choice"),
}
UNIT: Mapping[str, Case] = {
    "wrong check digit": Case("host_uscc", USCC, "uscc.organisation_check"),
    "impossible day": Case("founded_on", "2025-02-30", "date.invalid"),
    "future day": Case("founded_on", TOMORROW, "date.future"),
    "effective tomorrow": Case("effective_on", TOMORROW, "date.future"),
    "founded in the year 1": Case("founded_on", "0001-01-01", "date.too_early"),
    "effective in the year 1": Case("effective_on", "0001-01-01", "date.too_early"),
    "unknown parent": Case("parent_id", "no-such-unit", "unit.parent_unknown"),
    "parent of a wrong type": Case("parent_id", village_of_a_village, "unit.parent_type"),
    "closed parent": Case("parent_id", voided, "unit.parent_closed", status=409),
    "a chapter by hand": Case("type", "CHAPTER", "unit.chapter_by_list"),
    "unknown type": Case("type", "CASTLE", "field.choice"),
    "region of another province": Case("region_code", "110101", "unit.region_elsewhere"),
    "unknown field": Case("shoe_size", 44, "field.unknown"),
    "empty name": Case("name", " ", "field.too_short"),
}
CASES = [
    pytest.param(service, case, id=f"{service}: {name}")
    for service, cases in (
        ("org-units", UNIT), ("member", {**PERSON, **MEMBER}), ("volunteer", PERSON),
    )
    for name, case in cases.items()
]  # fmt: skip


@pytest.mark.parametrize(("service", "case"), CASES)
def test_a_wrong_field_is_named_and_nothing_is_written(
    office: Office, service: str, case: Case
) -> None:
    body = office.body(service)
    case.put(body, office)
    hidden = () if service == "org-units" else tuple(
        value for key in ("name", "id_number") if len(value := str(body[key]).strip()) > 1
    )  # fmt: skip
    problem = check_refused(
        office,
        lambda headers: office.post(office.url(service), body, None, **headers),
        case.status, case.code, case.field, hidden=hidden,
    )  # fmt: skip
    if case.code == "field.unknown":
        assert case.field.split(".")[-1] in problem["detail"]


def test_several_wrong_fields_are_all_named(office: Office) -> None:
    body = office.body("member", id_number=miswritten(), phone="1", birth_date=TOMORROW)
    problem = check_refused(
        office, lambda headers: office.post(office.url("member"), body, None, **headers),
        422, "request.invalid", "id_number",
    )  # fmt: skip
    assert {"id_number", "phone", "birth_date"} <= {error["field"] for error in problem["errors"]}


@pytest.mark.parametrize("service", WRITERS)
def test_what_an_entry_needs_is_not_emptied(office: Office, service: str) -> None:
    entry = office.create(service, office.body(service))
    url, match = office.url(service, entry["id"]), {**office.registrar, "If-Match": '"1"'}

    def empty(field: str, said: dict[str, str]) -> httpx.Response:
        return office.system.http.patch(url, json={field: None}, headers={**match, **said})

    for field in ("name", "kind") if service == "member" else ("name",):
        check_refused(office, partial(empty, field), 422, "field.required", field)


@pytest.mark.parametrize("service", WRITERS)
def test_no_paper_is_dated_tomorrow(office: Office, service: str) -> None:
    entry = office.create(service, office.body(service))
    paper = {"document": {"number": "1号", "issued_on": TOMORROW}, "reason": "材料不全"}
    url = office.url(service, entry["id"], ACTIONS[service])
    check_refused(
        office, lambda said: office.post(url, paper, None, **{"If-Match": '"1"'}, **said),
        422, "date.future", "document.issued_on",
    )  # fmt: skip


LISTS = (*((service, SERVICES[service]) for service in WRITERS), ("aggregator", "progress"))


@pytest.mark.parametrize(("service", "route"), LISTS)
def test_a_misspelt_query_parameter_is_named(office: Office, service: str, route: str) -> None:
    url = f"{office.system.url(service)}/v1/{route}?statsu=ACTIVE"
    check_refused(
        office, lambda said: office.system.http.get(url, headers={**office.registrar, **said}),
        422, "query.unknown", "statsu",
    )  # fmt: skip


# --- the same person twice --------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["member", "volunteer"])
def test_a_duplicate_names_type_and_county_never_the_person(
    office: Office, elsewhere: Office, service: str
) -> None:
    first = elsewhere.body(service, name="欧阳青山", phone="19900007654")
    entry = elsewhere.create(service, first)
    body = office.body(service, name="另一人", id_number=first["id_number"])
    hidden = ("欧阳", "青山", "另一人", first["id_number"], "19900007654", entry["id"], "常设")
    problem = check_refused(
        office, lambda headers: office.post(office.url(service), body, None, **headers),
        409, "person.duplicate", "id_number", hidden=hidden,
    )  # fmt: skip
    assert "拱墅区" in problem["detail"]
    assert "社区" in problem["detail"]


@pytest.mark.parametrize("service", ["member", "volunteer"])
def test_of_two_who_enter_one_person_at_once_one_is_refused(office: Office, service: str) -> None:
    body = office.body(service)
    before = office.stored()

    def enter(_: int) -> httpx.Response:
        return office.post(office.url(service), body, None, **{"Idempotency-Key": new_id()})

    with ThreadPoolExecutor(6) as clerks:
        answers = list(clerks.map(enter, range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    for answer in answers:
        if answer.status_code == 409:
            check_problem(answer, 409, "person.duplicate", "id_number")
    after = office.stored()
    for name in (SERVICES[service], "identifiers", "outbox", "idempotency"):
        assert after[f"{service} {name}"] == before[f"{service} {name}"] + 1


# --- bytes that are no request ----------------------------------------------------------------------


@dataclass(frozen=True)
class Bytes:
    """A right body made unreadable."""

    spoil: Callable[[bytes], bytes | Iterator[bytes]]
    status: int
    code: str
    field: str | None = None
    media: str = "application/json"


def named(name: bytes) -> Callable[[bytes], bytes]:
    """Return what gives a body other bytes in the place of its name."""
    return lambda body: json.dumps({**json.loads(body), "name": "@@"}).encode().replace(b"@@", name)


def in_chunks(_: bytes) -> Iterator[bytes]:
    """Say nothing of the size beforehand."""
    yield b'{"name": "'
    for _part in range(LIMIT // 65_536 + 1):
        yield b"x" * 65_536
    yield b'"}'


SPOILT: Mapping[str, Bytes] = {
    "oversized": Bytes(lambda _: b'{"name": "' + b"x" * LIMIT + b'"}', 413, "body.too_large"),
    "oversized in chunks": Bytes(in_chunks, 413, "body.too_large"),
    "text/plain": Bytes(bytes, 415, "media.unsupported", media="text/plain"),
    "form": Bytes(
        lambda _: b"name=a", 415, "media.unsupported", media="application/x-www-form-urlencoded"
    ),
    "other character set": Bytes(
        bytes, 415, "media.unsupported", media="application/json; charset=gbk"
    ),
    "broken UTF-8": Bytes(named(b"\xff\xfe"), 400, "body.encoding"),
    "GBK": Bytes(named("王小明".encode("gbk")), 400, "body.encoding"),
    "surrogate": Bytes(named(rb"\ud800"), 400, "body.json"),
    "raw NUL": Bytes(named(b"a\0b"), 400, "body.nul"),
    "escaped NUL": Bytes(named(rb"a\u0000b"), 400, "body.nul", "name"),
    "cut off": Bytes(lambda body: body[:-1], 400, "body.json"),
    "not a number": Bytes(named(b'a", "x": NaN, "y": "'), 400, "body.json"),
    "a list": Bytes(lambda _: b"[]", 422, "field.type", ""),
    "empty": Bytes(lambda _: b"", 422, "body.required", ""),
    "deep nesting": Bytes(lambda _: b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "body.json"),
}


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("service", WRITERS)
def test_unreadable_bodies(office: Office, service: str, kind: str) -> None:
    case = SPOILT[kind]
    body = json.dumps(office.body(service)).encode()

    def send(headers: dict[str, str]) -> httpx.Response:
        sent = {**office.registrar, "Content-Type": case.media, **headers}
        return office.system.http.post(office.url(service), content=case.spoil(body), headers=sent)

    check_refused(office, send, case.status, case.code, case.field)


# --- versions ---------------------------------------------------------------------------------------

ACTIONS = {"org-units": "submit", "member": "reject", "volunteer": "apply-registration"}
MATCHES = {
    "missing": ({}, 428, "version.missing"),
    "stale": ({"If-Match": '"1"'}, 412, "version.stale"),
    "of the future": ({"If-Match": '"99"'}, 412, "version.stale"),
    "malformed": ({"If-Match": "yesterday"}, 400, "version.malformed"),
}


@pytest.mark.parametrize("match", MATCHES)
@pytest.mark.parametrize("service", WRITERS)
def test_a_change_bears_the_version_it_saw(office: Office, service: str, match: str) -> None:
    entry = office.create(service, office.body(service))
    http, url = office.system.http, office.url(service, entry["id"])
    changed = http.patch(
        url, json={"name": "新名称", "reason": "录入有误"},
        headers=office.registrar | {"If-Match": '"1"'},
    )  # fmt: skip
    assert changed.json()["version"] == 2, changed.text
    given, status, code = MATCHES[match]
    officer = office.approver if service == "member" else office.registrar

    def correct(headers: dict[str, str]) -> httpx.Response:
        sent = {**office.registrar, **given, **headers}
        return http.patch(url, json={"name": "又一名称"}, headers=sent)

    def act(headers: dict[str, str]) -> httpx.Response:
        return office.post(f"{url}/{ACTIONS[service]}", {}, officer, **given, **headers)

    for send in (correct, act):
        check_refused(office, send, status, code)
        if status == 412:
            assert send({}).headers["etag"] == '"2"'
            assert "2" in send({}).json()["detail"]
    seen = http.get(url, headers=office.registrar).json()
    assert (seen["version"], seen["status"]) == (2, entry["status"])


# --- idempotency keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("service", WRITERS)
def test_a_key_sent_again_has_one_effect_and_one_answer(office: Office, service: str) -> None:
    key = {"Idempotency-Key": new_id()}
    body = office.body(service)
    before = office.stored()
    with ThreadPoolExecutor(4) as senders:
        answers = list(
            senders.map(lambda _: office.post(office.url(service), body, None, **key), range(4))
        )
    answers.append(office.post(office.url(service), dict(reversed(body.items())), None, **key))
    assert {answer.status_code for answer in answers} == {201}
    (entry,) = {(answer.json()["id"], answer.json()["version"]) for answer in answers}
    after = office.stored()
    assert after[f"{service} {SERVICES[service]}"] == before[f"{service} {SERVICES[service]}"] + 1
    assert after[f"{service} idempotency"] == before[f"{service} idempotency"] + 1
    other = office.body(service)
    check_refused(
        office, lambda headers: office.post(office.url(service), other, None, **key, **headers),
        422, "idempotency.reused", "Idempotency-Key",
    )  # fmt: skip
    someone = office.system.headers("another-clerk", office.county, "registrar")
    assert office.post(office.url(service), other, someone, **key).status_code == 201
    assert entry[1] == 1


@pytest.mark.parametrize("service", WRITERS)
def test_an_action_sent_again_has_one_effect_and_one_answer(office: Office, service: str) -> None:
    entry = office.create(service, office.body(service))
    url = office.url(service, entry["id"], ACTIONS[service])
    officer = office.approver if service == "member" else office.registrar
    headers = {"If-Match": '"1"', "Idempotency-Key": new_id()}
    body = {"document": {"number": "1号"}, "reason": "材料不全"}
    answers = [office.post(url, body, officer, **headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    (outcome,) = {(answer.json()["version"], answer.json()["status"]) for answer in answers}
    assert outcome[0] == 2
    check_refused(
        office,
        lambda spoken: office.post(url, {**body, "reason": "别的"}, officer, **headers, **spoken),
        422, "idempotency.reused", "Idempotency-Key",
    )  # fmt: skip


@pytest.mark.parametrize("key", ["x" * 201, "two words"])
def test_a_key_that_is_none_is_refused(office: Office, key: str) -> None:
    body = office.body("member")
    given = {"Idempotency-Key": key}
    check_refused(
        office, lambda headers: office.post(office.url("member"), body, None, **given, **headers),
        400, "idempotency.malformed", "Idempotency-Key",
    )  # fmt: skip
