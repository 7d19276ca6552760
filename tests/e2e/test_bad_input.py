"""Bad input over real HTTP: each kind is refused by field, in both languages, and writes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from shared.base.clock import today
from tests.clients.county import KINDS, County
from tests.clients.refusals import check_refusal, check_refused
from tests.clients.register import a_key
from tests.people import id_number, miswritten, resident_id
from tests.waiting import at_once

WRITERS = tuple(KINDS)
TOMORROW = (today() + timedelta(days=2)).isoformat()
"""A day ahead, also where the run goes on past midnight in China."""
USCC = "12330106470116048A"
"""A unified social credit code whose organisation's check character is wrong."""


@dataclass(frozen=True)
class Case:
    """One field of a right body replaced by a wrong value, or by what a county makes it."""

    field: str
    value: Any | Callable[[County], Any]
    code: str
    status: int = 422

    def put(self, body: dict[str, Any], county: County) -> None:
        """Put the value into a body; a dotted field lies deeper."""
        *path, last = self.field.split(".")
        for name in path:
            body = body[name]
        body[last] = self.value(county) if callable(self.value) else self.value


def a_village(county: County) -> str:
    return str(county.units.counted()["id"])


def a_voided_unit(county: County) -> str:
    return str(county.units.done(county.units.create(), "void")["id"])


PERSON: Mapping[str, Case] = {
    "wrong check digit": Case("id_number", miswritten(), "identifier.check_digit"),
    "letters for digits": Case("id_number", "33010619900307ABCD", "identifier.characters"),
    "first generation": Case("id_number", "330106900307123", "identifier.first_generation"),
    "impossible birth date": Case("id_number", id_number(123, "19900231"), "identifier.birth_date"),
    "future birth date": Case(
        "id_number", id_number(123, "20991231"), "identifier.birth_in_future"
    ),
    "impossible day": Case("birth_date", "1990-02-31", "date.invalid"),
    "future day": Case("birth_date", TOMORROW, "date.future"),
    "no day at all": Case("birth_date", 631152000, "date.invalid"),
    "unknown unit": Case("unit_id", "no-such-unit", "unit.unknown"),
    "draft unit": Case("unit_id", lambda county: county.draft, "unit.not_active"),
    "empty name": Case("name", "  ", "name.required"),
    "short phone": Case("phone", "12345", "phone.number"),
    "unknown field": Case("shoe_size", 44, "field.unknown"),
    "unknown field deeper": Case("consent.colour", "red", "field.unknown"),
    "effective tomorrow": Case("effective_on", TOMORROW, "date.future"),
    "consent tomorrow": Case("consent.given_on", TOMORROW, "date.future"),
    "wrong type": Case("name", 7, "field.type"),
}
MEMBER: Mapping[str, Case] = {
    "chapter": Case("unit_id", lambda county: county.id, "member.unit_is_chapter"),
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
    "parent of a wrong type": Case("parent_id", a_village, "unit.parent_type"),
    "closed parent": Case("parent_id", a_voided_unit, "unit.parent_closed", status=409),
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
def test_a_wrong_field_of_an_entry_is_named_and_nothing_is_written(
    county: County, service: str, case: Case
) -> None:
    register = county.register(service)
    body = register.body()
    case.put(body, county)
    hidden = () if service == "org-units" else tuple(
        value for key in ("name", "id_number") if len(value := str(body[key]).strip()) > 1
    )  # fmt: skip
    problem = check_refused(
        county, service, lambda said: register.post(body, None, **said),
        case.status, case.code, case.field, hidden=hidden,
    )  # fmt: skip
    if case.code == "field.unknown":
        assert case.field.split(".")[-1] in problem["detail"]


def test_several_wrong_fields_of_a_member_are_all_named(county: County) -> None:
    members = county.members
    body = members.body(id_number=miswritten(), phone="1", birth_date=TOMORROW)
    problem = check_refused(
        county, "member", lambda said: members.post(body, None, **said),
        422, "request.invalid", "id_number",
    )  # fmt: skip
    assert {"id_number", "phone", "birth_date"} <= {error["field"] for error in problem["errors"]}


@pytest.mark.parametrize("service", WRITERS)
def test_a_field_that_an_entry_needs_is_not_emptied(county: County, service: str) -> None:
    register = county.register(service)
    entry = register.create()

    def empty(field: str, said: dict[str, str]) -> httpx.Response:
        return register.patch(entry, {field: None}, None, **said)

    for field in ("name", "kind") if service == "member" else ("name",):
        check_refused(county, service, partial(empty, field), 422, "field.required", field)


@pytest.mark.parametrize("service", WRITERS)
def test_no_document_of_an_entry_is_dated_tomorrow(county: County, service: str) -> None:
    register = county.register(service)
    entry = register.create()
    paper = {"document": {"number": "1号", "issued_on": TOMORROW}, "reason": "材料不全"}
    check_refused(
        county, service,
        lambda said: register.act(entry, ACTIONS[service], register.registrar, paper, **said),
        422, "date.future", "document.issued_on",
    )  # fmt: skip


LISTS = {
    **{service: f"/v1/{kind.noun}" for service, kind in KINDS.items()},
    "aggregator": "/v1/progress",
}


@pytest.mark.parametrize("service", LISTS)
def test_a_misspelt_query_parameter_is_named(county: County, service: str) -> None:
    http = (county.figures if service == "aggregator" else county.register(service)).http
    who, query = county.officer("li", "registrar"), {"statsu": "ACTIVE"}
    check_refused(
        county, service,
        lambda said: http.get(LISTS[service], params=query, headers={**who, **said}),
        422, "query.unknown", "statsu",
    )  # fmt: skip


# --- the same person twice --------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["member", "volunteer"])
def test_a_duplicate_member_or_volunteer_names_type_and_county_never_the_person(
    county: County, elsewhere: County, service: str
) -> None:
    register, theirs = county.register(service), elsewhere.register(service)
    entry = theirs.create(name="欧阳青山", phone="19900007654", id_number=(number := resident_id()))
    body = register.body(name="另一人", id_number=number)
    hidden = ("欧阳", "青山", "另一人", number, "19900007654", entry["id"], "常设")
    problem = check_refused(
        county, service, lambda said: register.post(body, None, **said),
        409, "person.duplicate", "id_number", hidden=hidden,
    )  # fmt: skip
    assert "拱墅区" in problem["detail"]
    assert "社区" in problem["detail"]


@pytest.mark.parametrize("service", ["member", "volunteer"])
def test_of_six_who_enter_one_person_at_once_five_are_refused(county: County, service: str) -> None:
    register = county.register(service)
    body = register.body()
    before = county.stored(service)
    answers = at_once([lambda: register.post(body, None, **a_key())] * 6)
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    for answer in answers:
        if answer.status_code == 409:
            check_refusal(answer, 409, "person.duplicate", "id_number")
    after = county.stored(service)
    for name in (register.noun, "identifiers", "outbox", "idempotency"):
        assert after[f"{service} {name}"] == before[f"{service} {name}"] + 1


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
def test_a_change_of_an_entry_has_the_version_it_saw(
    county: County, service: str, match: str
) -> None:
    register = county.register(service)
    entry = register.create()
    name = "新名称" + "甲乙丙丁"[list(MATCHES).index(match)]  # no two units of one name
    changed = register.patch(entry, {"name": name, "reason": "录入有误"})
    assert changed.json()["version"] == 2, changed.text
    given, status, code = MATCHES[match]
    action, url = ACTIONS[service], register.of(entry)

    def correct(said: dict[str, str]) -> httpx.Response:
        sent = {**register.registrar, **given, **said}
        return register.http.patch(url, json={"name": "又一名称"}, headers=sent)

    def act(said: dict[str, str]) -> httpx.Response:
        sent = {**register.whoever_does(action), **given, **said}
        return register.http.post(f"{url}/{action}", json={}, headers=sent)

    for send in (correct, act):
        check_refused(county, service, send, status, code)
        if status == 412:
            assert send({}).headers["etag"] == '"2"'
            assert "2" in send({}).json()["detail"]
    seen = register.read(entry).json()
    assert (seen["version"], seen["status"]) == (2, entry["status"])


# --- idempotency keys -------------------------------------------------------------------------------


@pytest.mark.parametrize("service", WRITERS)
def test_an_idempotency_key_sent_again_has_one_effect_and_one_answer(
    county: County, service: str
) -> None:
    register, key = county.register(service), a_key()
    body = register.body()
    before = county.stored(service)
    answers = at_once([lambda: register.post(body, None, **key)] * 4)
    answers.append(register.post(dict(reversed(body.items())), None, **key))
    assert {answer.status_code for answer in answers} == {201}
    (entry,) = {(answer.json()["id"], answer.json()["version"]) for answer in answers}
    after = county.stored(service)
    for name in (register.noun, "idempotency"):
        assert after[f"{service} {name}"] == before[f"{service} {name}"] + 1
    other = register.body()
    check_refused(
        county, service, lambda said: register.post(other, None, **key, **said),
        422, "idempotency.reused", "Idempotency-Key",
    )  # fmt: skip
    someone = register.officer("another-clerk", "registrar")
    assert register.post(other, someone, **key).status_code == 201
    assert entry[1] == 1


@pytest.mark.parametrize("service", WRITERS)
def test_an_action_sent_again_with_its_idempotency_key_has_one_effect_and_one_answer(
    county: County, service: str
) -> None:
    register, action, key = county.register(service), ACTIONS[service], a_key()
    entry = register.create()
    body = {"document": {"number": "1号"}, "reason": "材料不全"}
    answers = [register.act(entry, action, None, body, **key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    (outcome,) = {(answer.json()["version"], answer.json()["status"]) for answer in answers}
    assert outcome[0] == 2
    other = {**body, "reason": "别的"}
    check_refused(
        county, service, lambda said: register.act(entry, action, None, other, **key, **said),
        422, "idempotency.reused", "Idempotency-Key",
    )  # fmt: skip


@pytest.mark.parametrize("key", ["x" * 201, "two words"])
def test_a_malformed_idempotency_key_is_refused(county: County, key: str) -> None:
    members = county.members
    body, given = members.body(), a_key(key)
    check_refused(
        county, "member", lambda said: members.post(body, None, **given, **said),
        400, "idempotency.malformed", "Idempotency-Key",
    )  # fmt: skip
