"""Pages of a roster: each row by itself, the good ones in one transaction."""

from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import pytest

from member.membership.service import SOURCE
from member.worker import COUNTED
from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from shared.register.recount import recount
from shared.web.messages import text
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem
from tests.servers import RealServers
from tests.waiting import LIMIT, at_once


def test_a_bulk_page_takes_its_good_rows_and_names_the_others(
    members: Members, database: Database
) -> None:
    held = members.create()["id"]
    stored = database.identifiers.find_one({"person": held})
    assert stored is not None
    taken = members.body()
    assert members.post(taken).status_code == 201
    a_row = members.row
    twin = a_row(2)
    rows = [
        a_row(1), twin, a_row(3, id_number=twin["id_number"]),
        a_row(4, id_number=taken["id_number"]), a_row(5, id_number="110105194912310021"),
        a_row(6, unit_id="nowhere"), a_row(7, unit_id="far"), a_row(8, name=None),
        a_row(9, birth_date="1990/1/1"), a_row(10, shoe=1), a_row(11, joined_on="2999-01-01"),
        a_row(12, unit_id="draft"), a_row(13),
    ]  # fmt: skip
    key = uuid4().hex
    answer = members.bulk(rows, key=key)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert (result["accepted"], result["refused"]) == (3, 10)
    assert [(one["row"], one["status"], [e["code"] for e in one["errors"]])
            for one in result["results"]] == [
        (1, 201, []), (2, 201, []), (3, 409, ["rows.duplicate"]), (4, 409, ["person.duplicate"]),
        (5, 422, ["identifier.check_digit"]), (6, 422, ["unit.unknown"]),
        (7, 403, ["scope.forbidden"]), (8, 422, ["field.required"]), (9, 422, ["date.invalid"]),
        (10, 422, ["field.unknown"]), (11, 422, ["date.future"]), (12, 422, ["unit.not_active"]),
        (13, 201, []),
    ]  # fmt: skip
    assert all(error["message"] for one in result["results"] for error in one["errors"])

    again = members.bulk(rows, key=key)
    assert again.json() == result
    ids = [one["id"] for one in result["results"] if one["id"]]
    assert database.members.count_documents({"_id": {"$in": ids}}) == 3
    packed = [
        event["data"]
        for row in database.outbox.find()
        if (event := orjson.loads(row["body"]))["type"].endswith("members-imported.v1")
    ]
    reported = [row[0] for data in packed for row in data["rows"]]
    assert [reported.count(one) for one in ids] == [1, 1, 1]
    member = members.read(ids[0])
    assert (member.json()["status"], member.json()["applied_on"]) == ("APPLIED", "2024-05-01")
    check_problem(members.bulk(rows[:1], key=key), 422, "idempotency.reused")


def test_a_bulk_page_takes_over_members_on_paper_without_a_number(
    members: Members, database: Database
) -> None:
    chief = members.officer("ma", "registrar", "approver")
    a_row, unnumbered = members.row, {"id_type": "NONE", "id_number": None}
    same: dict[str, Any] = {**unnumbered, "name": f"张纸档{uuid4().hex}", "sex": "男"}
    rows = [
        a_row(1), a_row(2, **same, birth_date="1951-02-03"),
        a_row(3, **unnumbered, birth_date="1951-02-03"), a_row(4, **unnumbered, sex="女"),
        a_row(5, joined_on=None),
    ]  # fmt: skip
    paper = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}
    check_problem(members.bulk(rows, chief, "existing"), 422, "document.required", "document")
    answer = members.bulk(rows, chief, "existing", document=paper)
    results = answer.json()["results"]
    assert [(one["status"], [e["code"] for e in one["errors"]]) for one in results] == [
        (201, []), (201, []), (422, ["member.sex_required"]),
        (422, ["member.birth_date_required"]), (422, ["member.joined_on_required"]),
    ]  # fmt: skip
    days = ((8, "1951-02-03"), (9, "1951-02-04"), (10, "1951-02-04"))
    again = [a_row(number, **same, birth_date=day) for number, day in days]
    answer = members.bulk(again, chief, "existing", document=paper)
    said = [(one["status"], [(e["field"], e["code"]) for e in one["errors"]])
            for one in answer.json()["results"]]  # fmt: skip
    assert said == [
        (409, [("name", "member.on_paper_already")]), (201, []), (409, [("name", "rows.duplicate")])
    ]  # fmt: skip
    stored = database.members.find_one({"_id": results[1]["id"]})
    assert stored is not None
    assert stored["timeline"][0]["state"]["unverified"] is True
    assert (stored["status"], stored["registered_on"]) == ("ACTIVE", "2024-05-01")
    assert stored["filing"] == paper
    for who, code in (
        (members.registrar, "scope.forbidden"),
        (members.officer("ma", "registrar", "approver", unit="town"), "scope.level"),
    ):
        refused = members.bulk([a_row(1)], who, "existing", document=paper).json()
        assert refused["results"][0]["status"] == 403
        assert refused["results"][0]["errors"][0]["code"] == code


def test_a_fresh_application_in_a_bulk_page_does_not_pass_for_stock(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("member.membership.bulk.civil_day", lambda _moment: date(2026, 1, 5))
    chief = members.officer("ma", "registrar", "approver")

    def codes_for(paper: dict[str, str], *days: str) -> list[list[tuple[str, str]]]:
        rows = [members.row(row, joined_on=day) for row, day in enumerate(days)]
        answer = members.bulk(rows, chief, "existing", document=paper)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [one["status"] == 201 for one in results] == [not one["errors"] for one in results]
        return [[(error["field"], error["code"]) for error in one["errors"]] for one in results]

    bare, dated = {"number": "1号"}, {"number": "1号", "issued_on": "2026-01-03"}
    fresh = [("joined_on", "member.not_of_long_standing")]
    later = [("joined_on", "member.joined_after_document")]
    days = ("2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06")
    assert codes_for(bare, *days) == [[], [], fresh, fresh]
    assert codes_for(dated, *days) == [[], later, fresh, fresh]

    rows = [members.row(1, joined_on="2026-01-04"), members.row(2, joined_on="2026-01-05")]
    for language, remedy in (("zh", "按新申请"), ("en", "as an application")):
        headers = {**chief, "Accept-Language": language}
        answer = members.bulk(rows, headers, "existing", document=dated)
        after, today = (one["errors"][0]["message"] for one in answer.json()["results"])
        assert "2026-01-03" in after
        assert "2026-01-05" in today
        assert remedy in after
        assert remedy in today


def test_a_row_of_a_bulk_page_accepted_with_a_warning_says_so(members: Members) -> None:
    number = people.resident_id()
    rows = [
        members.row(1, id_number=number, sex="男" if int(number[16]) % 2 == 0 else "女"),
        members.row(2),
    ]
    key = uuid4().hex
    for language in ("zh", "en"):
        headers = {**members.registrar, "Accept-Language": language}
        answer = members.bulk(rows, headers, key=key)  # the second one is a repeat
        differs = {
            "code": "identifier.sex_differs",
            "message": text("identifier.sex_differs", language),
        }
        results = answer.json()["results"]
        assert [(one["status"], one["warnings"]) for one in results] == [
            (201, [differs]), (201, []),
        ]  # fmt: skip


def test_a_bulk_page_is_refused_whole_for_its_consent_numbering_or_length(members: Members) -> None:
    rows = [members.row(n) for n in range(3)]
    check_problem(members.bulk(rows, consent=None), 422, "consent.missing", "consent")
    check_problem(members.bulk([*rows, members.row(1)]), 422, "member.rows_unnumbered", "rows")
    many = [{"row": n} for n in range(501)]
    check_problem(members.bulk(many), 422, "rows.too_many", "rows")
    check_problem(members.bulk([]), 422, "field.too_short", "rows")


@pytest.mark.parametrize("number", [-1, 2**31, 2**64, "1", 1.5, True, None, [1]])
def test_a_row_of_a_bulk_page_without_a_plain_number_is_named(
    members: Members, database: Database, number: Any
) -> None:
    before = database.members.count_documents({}), database.idempotency.count_documents({})
    answer = members.bulk([members.row(1), members.row(number)])
    check_problem(answer, 422, "member.row_number", "rows.1")
    assert str(2**31 - 1) in answer.json()["detail"]
    assert before == (
        database.members.count_documents({}),
        database.idempotency.count_documents({}),
    )


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]} if depth % 2 else {"guardian": value}
    return value


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        ({"phone": 2**64}, "phone", "field.type"),
        ({"phone": -(2**63) - 1}, "phone", "field.type"),
        ({"name": 10**300}, "name", "field.type"),
        ({"joined_on": 2**70}, "joined_on", "date.invalid"),
        ({"shoe": 2**64}, "shoe", "field.unknown"),
        ({"guardian": {"name": 2**64, "relation": "父", "phone": "1"}}, "guardian.name", "field.type"),
        ({"name": nested(400)}, "name", "field.type"),
        ({"guardian": nested(400)}, "guardian.guardian", "field.unknown"),
        ({"shoe": nested(401)}, "shoe", "field.unknown"),
    ],
)  # fmt: skip
def test_what_no_field_can_hold_is_refused_with_its_row_of_a_bulk_page(
    members: Members, value: dict[str, Any], field: str, code: str
) -> None:
    rows, key = [members.row(1), members.row(2, **value), members.row(3)], uuid4().hex
    answer = members.bulk(rows, key=key)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [201, 422, 201]
    assert (field, code) in [(error["field"], error["code"]) for error in results[1]["errors"]]
    assert all(error["message"] for error in results[1]["errors"])
    assert members.bulk(rows, key=key).json() == answer.json()


def test_racing_bulk_pages_with_the_same_people_make_each_member_once(
    servers: RealServers,
    settings: WriterSettings,
    units: UnitsAsGiven,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A winner slow to commit is waited for: who gives up earlier answers 503, and rightly.
    monkeypatch.setattr("shared.register.groupcommit.transaction._LONE_SECONDS", LIMIT)
    with (
        members_inside(servers, settings, units) as one,
        members_inside(servers, settings, units) as two,
    ):
        rows = [one.row(n) for n in range(40)]
        answers = at_once(
            partial(members.bulk, rows if turn % 2 else rows[::-1])
            for turn in range(3)
            for members in (one, two)
        )
    assert {answer.status_code for answer in answers} == {200}
    made = [
        (result["row"], result["id"])
        for answer in answers
        for result in answer.json()["results"]
        if result["status"] == 201
    ]
    assert sorted(row for row, _ in made) == list(range(40))
    assert database.members.count_documents({"_id": {"$in": [one for _, one in made]}}) == 40


def test_a_bulk_page_killed_half_way_and_sent_again_at_once_happens_once(members: Members) -> None:
    rows, key = [members.row(n) for n in range(30)], uuid4().hex
    answers = at_once([partial(members.bulk, rows, key=key)] * 4)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["accepted"] == 30


def test_the_outbox_publishes_exactly_what_the_timelines_hold(
    members: Members, database: Database
) -> None:
    """Nothing is numbered here, so a recount takes every published change off again: zero is left."""
    rows = [
        members.row(1, joined_on="2023-02-01"),
        members.row(2, joined_on="2024-03-01"),
        members.row(3),
    ]
    made = [one["id"] for one in members.bulk(rows).json()["results"]]
    member = {"id": made[0], "version": 1}
    member = members.done(member, "approve", "file", "withdraw", "reapply")
    answer = members.patch(
        {"id": made[1], "version": 1}, {"sex": "2", "kind": "INDIVIDUAL_YOUTH"},
        **{"If-Match": "1"},
    )  # fmt: skip
    assert answer.status_code == 200
    members.done({"id": made[2], "version": 1}, "void")
    counts = recount(database, SOURCE, COUNTED).counts
    assert counts
    assert {key: count for key, count in counts.items() if count} == {}


def test_the_issuing_country_in_a_row_of_a_bulk_page_is_held_against_the_document(
    members: Members,
) -> None:
    rows = [
        members.row(1, id_country="中国"), members.row(2, id_country="USA"),
        members.row(3, id_country="nowhere"),
        members.row(4, id_type="PASSPORT", id_number="E1234567", id_country="USA"),
    ]  # fmt: skip
    results = members.bulk(rows).json()["results"]
    assert [(one["status"], [(e["field"], e["code"]) for e in one["errors"]]) for one in results] == [
        (201, []), (422, [("id_country", "identifier.country_of_type")]),
        (422, [("id_country", "identifier.country_unknown")]),
        (422, [("id_type", "member.not_citizen")]),
    ]  # fmt: skip
    assert members.listed(incomplete="id_country") == []
