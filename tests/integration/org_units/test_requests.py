"""Who may ask for what, bad input, repeated and stale requests, lists."""

import uuid
from functools import partial
from typing import Any

import pytest

from shared.base.mongo import Database
from tests.clients.officers import Headers
from tests.clients.org_units import Units
from tests.clients.register import a_key, check_problem, events_of
from tests.integration.org_units.seeding import COUNTY, NEIGHBOUR
from tests.waiting import at_once


def test_units_are_shown_and_changed_by_officers_of_their_county_alone(
    units: Units, chapters: dict[str, str]
) -> None:
    unit, body = units.create(), units.body(type="SCHOOL")
    for answer in (
        units.http.get(units.path),
        units.http.get(units.of(unit)),
        units.http.post(units.path, json=body),
        units.http.post(units.of(unit, "submit"), headers={"If-Match": '"1"'}),
        units.http.get(units.of(unit), headers={"Authorization": "Bearer no"}),
    ):
        assert answer.status_code == 401

    foreign = units.officer("zhao", "registrar", "approver", unit=chapters[NEIGHBOUR])
    check_problem(units.read(unit, foreign), 404, "not_found")
    check_problem(units.act(unit, "submit", foreign), 404, "not_found")
    check_problem(units.post(body, foreign), 403, "scope.forbidden")

    viewer = units.officer("sun", "viewer")
    assert units.read(unit, viewer).status_code == 200
    check_problem(units.act(unit, "submit", viewer), 403, "scope.forbidden")
    check_problem(units.post(body, viewer), 403, "scope.forbidden")
    check_problem(units.read(str(uuid.uuid4()), viewer), 404, "not_found")


def test_service_tokens_read_units_and_do_not_write(units: Units) -> None:
    unit = units.create()
    service = units.bearer("service:member", service=True)
    assert units.read(unit, service).json() == {**unit, "allowed": []}  # it may do nothing
    assert units.http.get(units.path, headers=service).status_code == 200
    check_problem(units.act(unit, "submit", service), 403, "scope.forbidden")


def test_the_approval_of_a_unit_takes_another_person_at_county_or_above(units: Units) -> None:
    town = units.counted(type="TOWNSHIP")
    unit = units.done(units.create(parent_id=town["id"]), "submit")
    below = units.officer("qian", "approver", unit=town["id"])
    check_problem(units.act(unit, "approve", below), 403, "scope.level")
    check_problem(units.act(unit, "approve", units.registrar), 403, "scope.forbidden")
    both = units.officer("li", "registrar", "approver")
    check_problem(units.act(unit, "approve", both), 403, "four_eyes")

    edited = units.patch(units.create(), {"name": "改过的名称"}, units.officer("wang", "registrar"))
    submitted = units.done(edited.json(), "submit")
    check_problem(units.act(submitted, "approve", units.approver), 403, "four_eyes")

    by_chen = units.done(units.create(), "submit", who=units.officer("chen", "registrar"))
    again = units.patch(by_chen, {"name": "又改过"}, units.officer("zhao", "registrar")).json()
    submitter = units.officer("chen", "registrar", "approver")
    assert "approve" not in units.read(again, submitter).json()["allowed"]
    check_problem(units.act(again, "approve", submitter), 403, "four_eyes")
    assert units.act(again, "approve").status_code == 200


def test_an_answer_about_a_unit_allows_what_its_reader_may_do(units: Units) -> None:
    town = units.counted(type="TOWNSHIP")
    readers = {
        "registrar": units.registrar,
        "registrar below a county": units.officer("qian", "registrar", unit=town["id"]),
        "approver": units.approver,
        "approver below a county": units.officer("qian", "approver", unit=town["id"]),
        "who entered it": units.officer("li", "registrar", "approver"),
        "viewer": units.officer("sun", "viewer"),
        "service": units.bearer("service:member", service=True),
    }
    nobody: dict[str, list[str]] = {name: [] for name in readers}
    every = {name: ["submit"] for name in readers if name.startswith("registrar")}
    expected: dict[str, dict[str, list[str]]] = {
        "DRAFT": {**nobody, **every, "approver": ["void"], "who entered it": ["submit", "void"]},
        "SUBMITTED": {
            **nobody, "approver": ["return", "approve", "void"], "who entered it": ["return", "void"],
        },
        "APPROVED": {
            **nobody, "approver": ["activate", "void"], "who entered it": ["activate", "void"],
        },
        "ACTIVE": {**nobody, "approver": ["deactivate", "void"], "who entered it": ["deactivate"]},
        "INACTIVE": {**nobody, "approver": ["activate", "void"], "who entered it": ["activate"]},
        "VOIDED": nobody,
    }  # fmt: skip
    unit = units.create(parent_id=town["id"])
    for action in ("", "submit", "approve", "activate", "deactivate", "void"):
        unit = units.done(unit, action) if action else unit
        shown = {name: units.read(unit, who).json()["allowed"] for name, who in readers.items()}
        assert shown == expected.pop(unit["status"])
        listed = units.listed(readers["approver"], parent_id=town["id"])
        assert [one["allowed"] for one in listed] == [shown["approver"]]
        assert unit["allowed"] == shown["approver" if action not in ("", "submit") else "registrar"]
    assert expected == {}


def test_an_answer_about_a_unit_allows_what_the_service_then_does(units: Units) -> None:
    """Each action of the table, by each officer, against what the same officer is answered."""
    officers = {
        "registrar": units.registrar,
        "approver": units.approver,
        "who entered it": units.officer("li", "registrar", "approver"),
        "viewer": units.officer("sun", "viewer"),
    }
    actions = ("submit", "return", "approve", "activate", "deactivate", "void")
    for path in ((), ("submit",), ("submit", "approve"), ("submit", "approve", "activate")):
        for name, who in officers.items():
            for action in actions:
                unit = units.done(units.create(), *path)
                may = action in units.read(unit, who).json()["allowed"]
                answer = units.act(unit, action, who)
                assert answer.is_success is may, (path, name, action, answer.text)


def test_an_answer_about_a_chapter_allows_nobody_to_change_it(units: Units) -> None:
    officer = units.officer("hua", "registrar", "approver")
    chapter = units.read(units.county, officer).json()
    assert chapter["allowed"] == []
    for action in ("deactivate", "void"):
        check_problem(units.act(chapter, action, officer), 409, "unit.chapter_by_list")


def test_a_transition_of_a_unit_needs_the_version_seen(units: Units) -> None:
    unit = units.create()
    submit = units.of(unit, "submit")
    missing = units.http.post(submit, headers=units.registrar)
    check_problem(missing, 428, "version.missing")
    stale = units.act({**unit, "version": 9}, "submit")
    check_problem(stale, 412, "version.stale")
    assert "1" in stale.json()["detail"]
    reported = {**units.registrar, "If-Match": '"1"'}
    bodiless = units.http.post(submit, headers=reported)
    assert bodiless.json()["status"] == "SUBMITTED"
    bare = units.http.patch(units.of(unit), json={"name": "x"}, headers=units.registrar)
    check_problem(bare, 428, "version.missing")


def test_a_repeated_request_for_a_unit_has_one_effect(units: Units, database: Database) -> None:
    body, key = units.body(type="SCHOOL"), a_key()
    post = partial(units.post, body, None, **key)
    answers = at_once([post] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    unit = answers[0].json()
    other = units.post({**body, "name": "另一所"}, None, **key)
    check_problem(other, 422, "idempotency.reused")

    submit = partial(units.act, unit, "submit", **a_key())
    approved = units.done(submit().json(), "approve")
    again = submit()
    assert again.status_code == 200
    assert (again.json()["status"], again.json()["version"]) == ("SUBMITTED", 2)
    assert again.headers["etag"] == '"2"'
    assert post().json()["status"] == "DRAFT"
    assert approved["version"] == 3
    assert len(events_of(database, unit["id"])) == 3


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"colour": "red"}, "colour", "field.unknown"),
        ({"name": ""}, "name", "field.too_short"),
        ({"name": "长" * 101}, "name", "field.too_long"),
        ({"name": None}, "name", "field.type"),
        ({"type": "CLUB"}, "type", "field.choice"),
        ({"type": "CHAPTER"}, "type", "unit.chapter_by_list"),
        ({"parent_id": "nobody"}, "parent_id", "unit.parent_unknown"),
        ({"host_uscc": "131000005000047290"}, "host_uscc", "uscc.check"),
        ({"host_uscc": "123"}, "host_uscc", "uscc.length"),
        ({"founded_on": "2019-02-30"}, "founded_on", "date.invalid"),
        ({"founded_on": 20190230}, "founded_on", "date.invalid"),
        ({"founded_on": "2999-01-01"}, "founded_on", "date.future"),
        ({"effective_on": "2999-01-01"}, "effective_on", "date.future"),
        ({"founded_on": "0001-01-01"}, "founded_on", "date.too_early"),
        ({"founded_on": "1904-03-09"}, "founded_on", "date.too_early"),
        ({"effective_on": "0001-01-01"}, "effective_on", "date.too_early"),
        ({"region_code": "33010"}, "region_code", "field.pattern"),
        ({"region_code": "3301061"}, "region_code", "unit.region_shape"),
        ({"region_code": "110101"}, "region_code", "unit.region_elsewhere"),
    ],
)
def test_bad_input_for_a_unit_is_refused_by_field_and_leaves_nothing(
    units: Units, database: Database, change: dict[str, Any], field: str, code: str
) -> None:
    body = units.body(**change)
    before = database.units.count_documents({}), database.outbox.count_documents({})
    for language in ("zh-CN", "en"):
        answer = units.post(body, None, **{"Accept-Language": language})
        check_problem(answer, 422, code, field)
    assert (database.units.count_documents({}), database.outbox.count_documents({})) == before


def test_the_parent_of_a_unit_is_of_a_type_that_takes_it(
    units: Units, chapters: dict[str, str]
) -> None:
    town = units.create(type="TOWNSHIP")
    village = units.create(type="VILLAGE", parent_id=town["id"])
    headquarters = units.officer("hq", "registrar", unit=chapters["100000"])
    for kind, parent, code in (
        ("SCHOOL", village["id"], "unit.parent_type"),
        ("TOWNSHIP", town["id"], "unit.parent_type"),
        ("SUBDISTRICT", chapters["330000"], "unit.parent_type"),
        ("TOWNSHIP", chapters["330100"], "unit.area_has_counties"),
    ):
        refused = units.post(units.body(type=kind, parent_id=parent), headquarters)
        check_problem(refused, 422, code, "parent_id")

    body = units.body(type="SUBDISTRICT", parent_id=chapters["441900"])
    city = units.officer("dg", "registrar", unit=chapters["441900"])
    assert units.post(body, city).status_code == 201


def test_a_list_of_units_shows_what_is_asked_for_within_the_scope(
    units: Units, chapters: dict[str, str]
) -> None:
    mark = uuid.uuid4().hex
    town = units.counted(type="TOWNSHIP", name=f"{mark}镇 (a.b)")
    made = [units.create(type="VILLAGE", parent_id=town["id"]) for _ in range(5)]
    below = sorted(village["id"] for village in made)

    def listed(who: Headers, **query: str) -> list[str]:
        ids = [unit["id"] for unit in units.listed(who, limit=2, **query)]
        assert len(ids) == len(set(ids))
        return ids

    mine = units.registrar
    assert listed(mine, parent_id=town["id"]) == below
    assert listed(mine, within=town["id"]) == sorted([town["id"], *below])
    assert listed(mine, q=f"{mark}镇 (A.") == [town["id"]]
    assert listed(mine, q=".*") == []
    assert listed(mine, parent_id=town["id"], status="ACTIVE") == []
    assert listed(mine, parent_id=town["id"], type="VILLAGE", status="DRAFT") == below
    assert listed(mine, region_code=COUNTY) == [units.county]
    foreign = units.officer("zhao", "viewer", unit=chapters[NEIGHBOUR])
    assert listed(foreign, within=town["id"]) == []
    assert listed(foreign, parent_id=chapters["330100"]) == [chapters[NEIGHBOUR]]
    assert listed(units.bearer("nobody"), region_code=COUNTY) == []

    for query, code, field in (
        ({"limit": "201"}, "field.range", "limit"),
        ({"cursor": "$"}, "cursor.invalid", "cursor"),
    ):
        refused = units.http.get(units.path, params=query, headers=mine)
        check_problem(refused, 422, code, field)


def test_org_units_is_healthy_and_ready(units: Units) -> None:
    assert units.http.get("/healthz").status_code == 200
    ready = units.http.get("/readyz")
    assert ready.status_code == 200, ready.text
