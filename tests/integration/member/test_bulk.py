"""Pages of a roster: each row by itself, the good ones in one transaction."""

import asyncio
import uuid
from datetime import date
from typing import Any

import orjson
import pytest

from embedded.servers import RealServers
from member.service.registry import SOURCE
from member.settings import Settings
from member.worker import COUNTED
from shared.messages import text
from shared.mongo import Database
from shared.recount import recount
from tests.integration.member.office import (
    Office,
    a_row,
    assert_problem,
    fresh_number,
    opened,
)


async def test_a_mixed_page(office: Office, database: Database) -> None:
    held = (await office.applied())["id"]
    stored = database.identifiers.find_one({"person": held})
    assert stored is not None
    taken = office.person()
    await office.post(taken)
    twin = a_row(2)
    rows = [
        a_row(1), twin, a_row(3, id_number=twin["id_number"]),
        a_row(4, id_number=taken["id_number"]), a_row(5, id_number="110105194912310021"),
        a_row(6, unit_id="nowhere"), a_row(7, unit_id="far"), a_row(8, name=None),
        a_row(9, birth_date="1990/1/1"), a_row(10, shoe=1), a_row(11, joined_on="2999-01-01"),
        a_row(12, unit_id="draft"), a_row(13),
    ]  # fmt: skip
    key = uuid.uuid4().hex
    answer = await office.bulk(rows, key=key)
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

    again = await office.bulk(rows, key=key)
    assert again.json() == result
    ids = [one["id"] for one in result["results"] if one["id"]]
    assert database.members.count_documents({"_id": {"$in": ids}}) == 3
    packed = [
        event["data"]
        for row in database.outbox.find()
        if (event := orjson.loads(row["body"]))["type"].endswith("members-imported.v1")
    ]
    told = [row[0] for data in packed for row in data["rows"]]
    assert [told.count(one) for one in ids] == [1, 1, 1]
    member = await office.http.get(f"/v1/members/{ids[0]}", headers=office.registrar)
    assert (member.json()["status"], member.json()["applied_on"]) == ("APPLIED", "2024-05-01")
    assert_problem(await office.bulk(rows[:1], key=key), 422, "idempotency.reused")


async def test_paper_stock(office: Office, database: Database) -> None:
    chief = office.officer("ma", "registrar", "approver")
    rows = [
        a_row(1),
        a_row(2, name="张纸档", id_type="NONE", id_number=None, sex="男", birth_date="1951-02-03"),
        a_row(3, id_type="NONE", id_number=None, birth_date="1951-02-03"),
        a_row(4, id_type="NONE", id_number=None, sex="女"),
        a_row(5, joined_on=None),
    ]
    paper = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}
    assert_problem(await office.bulk(rows, chief, "existing"), 422, "document.required", "document")
    answer = await office.bulk(rows, chief, "existing", document=paper)
    results = answer.json()["results"]
    assert [(one["status"], [e["code"] for e in one["errors"]]) for one in results] == [
        (201, []), (201, []), (422, ["member.sex_required"]),
        (422, ["member.birth_date_required"]), (422, ["member.joined_on_required"]),
    ]  # fmt: skip
    again = [
        a_row(8, name="张纸档", id_type="NONE", id_number=None, sex="男", birth_date="1951-02-03"),
        a_row(9, name="张纸档", id_type="NONE", id_number=None, sex="男", birth_date="1951-02-04"),
        a_row(10, name="张纸档", id_type="NONE", id_number=None, sex="男", birth_date="1951-02-04"),
    ]
    answer = await office.bulk(again, chief, "existing", document=paper)
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
        (office.registrar, "scope.forbidden"),
        (office.officer("ma", "registrar", "approver", unit="town"), "scope.level"),
    ):
        refused = (await office.bulk([a_row(1)], who, "existing", document=paper)).json()
        assert refused["results"][0]["status"] == 403
        assert refused["results"][0]["errors"][0]["code"] == code


async def test_a_fresh_application_does_not_pass_for_stock(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("member.service.bulk.today", lambda: date(2026, 1, 5))
    chief = office.officer("ma", "registrar", "approver")

    async def codes_for(paper: dict[str, str], *days: str) -> list[list[tuple[str, str]]]:
        rows = [a_row(row, joined_on=day) for row, day in enumerate(days)]
        answer = await office.bulk(rows, chief, "existing", document=paper)
        assert answer.status_code == 200, answer.text
        results = answer.json()["results"]
        assert [one["status"] == 201 for one in results] == [not one["errors"] for one in results]
        return [[(error["field"], error["code"]) for error in one["errors"]] for one in results]

    bare, dated = {"number": "1号"}, {"number": "1号", "issued_on": "2026-01-03"}
    fresh = [("joined_on", "member.not_of_long_standing")]
    later = [("joined_on", "member.joined_after_document")]
    days = ("2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06")
    assert await codes_for(bare, *days) == [[], [], fresh, fresh]
    assert await codes_for(dated, *days) == [[], later, fresh, fresh]

    rows = [a_row(1, joined_on="2026-01-04"), a_row(2, joined_on="2026-01-05")]
    for language, remedy in (("zh", "按新申请"), ("en", "as an application")):
        headers = {**chief, "Accept-Language": language}
        answer = await office.bulk(rows, headers, "existing", document=dated)
        after, today = (one["errors"][0]["message"] for one in answer.json()["results"])
        assert "2026-01-03" in after
        assert "2026-01-05" in today
        assert remedy in after
        assert remedy in today


async def test_a_row_accepted_with_a_warning_says_so(office: Office) -> None:
    number = fresh_number()
    rows = [a_row(1, id_number=number, sex="男" if int(number[16]) % 2 == 0 else "女"), a_row(2)]
    key = uuid.uuid4().hex
    for language in ("zh", "en"):
        headers = {**office.registrar, "Accept-Language": language}
        answer = await office.bulk(rows, headers, key=key)  # the second one is a repeat
        differs = {
            "code": "identifier.sex_differs",
            "message": text("identifier.sex_differs", language),
        }
        results = answer.json()["results"]
        assert [(one["status"], one["warnings"]) for one in results] == [
            (201, [differs]), (201, []),
        ]  # fmt: skip


async def test_pages_as_a_whole(office: Office) -> None:
    rows = [a_row(n) for n in range(3)]
    assert_problem(await office.bulk(rows, consent=None), 422, "consent.missing", "consent")
    assert_problem(await office.bulk([*rows, a_row(1)]), 422, "member.rows_unnumbered", "rows")
    many = [{"row": n} for n in range(501)]
    assert_problem(await office.bulk(many), 422, "rows.too_many", "rows")
    assert_problem(await office.bulk([]), 422, "field.too_short", "rows")


@pytest.mark.parametrize("number", [-1, 2**31, 2**64, "1", 1.5, True, None, [1]])
async def test_a_row_without_a_plain_number_is_named(
    office: Office, database: Database, number: Any
) -> None:
    before = database.members.count_documents({}), database.idempotency.count_documents({})
    answer = await office.bulk([a_row(1), a_row(number)])
    assert_problem(answer, 422, "member.row_number", "rows.1")
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
async def test_what_no_field_can_hold_is_refused_with_its_row(
    office: Office, value: dict[str, Any], field: str, code: str
) -> None:
    rows, key = [a_row(1), a_row(2, **value), a_row(3)], uuid.uuid4().hex
    answer = await office.bulk(rows, key=key)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [201, 422, 201]
    assert (field, code) in [(error["field"], error["code"]) for error in results[1]["errors"]]
    assert all(error["message"] for error in results[1]["errors"])
    assert (await office.bulk(rows, key=key)).json() == answer.json()


async def test_racing_pages_with_the_same_people(
    servers: RealServers, settings: Settings, database: Database
) -> None:
    rows = [a_row(n) for n in range(40)]
    async with opened(servers, settings) as one, opened(servers, settings) as two:
        answers = await asyncio.gather(
            *(office.bulk(rows if turn % 2 else rows[::-1]) for turn in range(3)
              for office in (one, two))
        )  # fmt: skip
    assert {answer.status_code for answer in answers} == {200}
    made = [
        (result["row"], result["id"])
        for answer in answers
        for result in answer.json()["results"]
        if result["status"] == 201
    ]
    assert sorted(row for row, _ in made) == list(range(40))
    assert database.members.count_documents({"_id": {"$in": [one for _, one in made]}}) == 40


async def test_a_page_killed_half_way_and_sent_again_at_once(office: Office) -> None:
    rows, key = [a_row(n) for n in range(30)], uuid.uuid4().hex
    answers = await asyncio.gather(*(office.bulk(rows, key=key) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["accepted"] == 30


async def test_the_outbox_tells_exactly_what_the_timelines_hold(
    office: Office, database: Database
) -> None:
    """Nothing is numbered here, so a recount takes every told change off again: zero is left."""
    rows = [a_row(1, joined_on="2023-02-01"), a_row(2, joined_on="2024-03-01"), a_row(3)]
    made = [one["id"] for one in (await office.bulk(rows)).json()["results"]]
    member = {"id": made[0], "version": 1}
    member = await office.done(member, "approve", "file", "withdraw", "reapply")
    answer = await office.http.patch(
        f"/v1/members/{made[1]}", json={"sex": "2", "kind": "INDIVIDUAL_YOUTH"},
        headers={**office.registrar, "If-Match": "1"},
    )  # fmt: skip
    assert answer.status_code == 200
    await office.done({"id": made[2], "version": 1}, "void")
    counts = recount(database, SOURCE, COUNTED).counts
    assert counts
    assert {key: count for key, count in counts.items() if count} == {}
