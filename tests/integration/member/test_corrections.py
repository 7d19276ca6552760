"""Corrections: only what is corrected changes, on every past day; nothing needed is emptied."""

from datetime import date, timedelta
from typing import Any

import pytest

from member.schemas import MemberCorrection
from shared.clock import today
from shared.mongo import Database, Document
from tests.integration.member.office import (
    Office,
    a_row,
    assert_problem,
    id_number,
    told_of,
)

PAPER = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}


async def corrected(office: Office, member: Document, **fields: Any) -> Any:
    headers = {**office.registrar, "If-Match": f'"{member["version"]}"'}
    path = f"/v1/members/{member['id']}"
    return await office.http.patch(path, json=fields, headers=headers)


async def back_as_an_adult(office: Office) -> Document:
    """A youth member of 2016 who left in 2018 and joined again in 2020, with another education."""
    youth = office.person(
        kind="INDIVIDUAL_YOUTH", unit_id="school", id_number=id_number(31, "20000601"),
        education="70", effective_on="2016-03-01",
    )  # fmt: skip
    member = (await office.post(youth)).json()
    for action, day in (
        ("approve", "2016-03-02"),
        ("file", "2016-03-03"),
        ("withdraw", "2018-07-01"),
    ):
        who = office.registrar if action == "withdraw" else office.approver
        answer = await office.act(member, action, who, {"effective_on": day})
        assert answer.status_code == 200, answer.text
        member = answer.json()
    adult = {**youth, "kind": "INDIVIDUAL_ADULT", "unit_id": "town", "education": "20"}
    adult["effective_on"] = "2020-09-01"
    answer = await office.act(member, "reapply", office.registrar, {"registration": adult})
    assert answer.status_code == 200, answer.text
    member = answer.json()
    for action, day in (("approve", "2020-09-02"), ("file", "2020-09-03")):
        answer = await office.act(member, action, body={"effective_on": day})
        assert answer.status_code == 200, answer.text
        member = answer.json()
    back: Document = member
    return back


def timeline_of(database: Database, member: Document) -> list[Any]:
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    return [(item["effective_on"], item["state"]) for item in stored["timeline"]]


async def test_a_correction_after_a_return_leaves_the_former_time_alone(
    office: Office, database: Database
) -> None:
    member = await back_as_an_adult(office)
    before = timeline_of(database, member)
    kinds = [(state["kind"], state["education"]) for _, state in before]
    assert kinds == [("INDIVIDUAL_YOUTH", "70")] * 4 + [("INDIVIDUAL_ADULT", "20")] * 3

    answer = await corrected(office, member, phone="13700000001")
    assert answer.status_code == 200, answer.text
    assert told_of(database, member["id"])[-1][1].changes == []
    assert timeline_of(database, member) == before

    answer = await corrected(office, answer.json(), education="30", reason="typing error")
    assert answer.status_code == 200, answer.text
    changes = told_of(database, member["id"])[-1][1].changes
    assert changes
    for change in changes:
        assert change.effective_on >= date(2020, 9, 1)
        for state in (change.was, change.now):
            assert state.kind == "INDIVIDUAL_ADULT" or state.status == "WITHDRAWN"
    after = timeline_of(database, member)
    assert after[:4] == before[:4]
    assert after[4:] == [(day, {**state, "education": "30"}) for day, state in before[4:]]

    answer = await corrected(office, answer.json(), sex="2" if before[0][1]["sex"] == "1" else "1")
    sexes = {state["sex"] for _, state in timeline_of(database, member)}
    assert sexes == {answer.json()["sex"]}


NULLED = sorted(set(MemberCorrection.model_fields) - {"reason", "document"})


@pytest.mark.parametrize("field", NULLED)
async def test_null_empties_a_field_or_is_refused_by_name(office: Office, field: str) -> None:
    member = await office.applied(education="20", ethnicity="01", political="13", address="a 1")
    answer = await corrected(office, member, **{field: None})
    if field in {"name", "kind"}:
        assert_problem(answer, 422, "field.required", field)
        return
    assert answer.status_code == 200, answer.text
    if field in {"sex", "birth_date"}:
        assert answer.json()[field] == member[field]  # the number says it


async def test_what_no_number_says_is_not_emptied(office: Office) -> None:
    chief = office.officer("ma", "registrar", "approver")
    row = a_row(1, id_type="NONE", id_number=None, sex="男", birth_date="1951-02-03")
    made = (await office.bulk([row], chief, "existing", document=PAPER)).json()["results"][0]
    member = {"id": made["id"], "version": 1}
    for field, code in (
        ("sex", "member.sex_required"),
        ("birth_date", "member.birth_date_required"),
    ):
        assert_problem(await corrected(office, member, **{field: None}), 422, code, field)
    assert (await corrected(office, member, sex="2")).json()["sex"] == "2"


async def test_who_edited_last_neither_approves_nor_files_whoever_acts_between(
    office: Office,
) -> None:
    editor = office.officer("chen", "registrar", "approver")
    headers = {**editor, "If-Match": '"1"'}
    member = await office.applied()
    path = f"/v1/members/{member['id']}"
    answer = await office.http.patch(path, json={"political": "13"}, headers=headers)
    assert_problem(await office.act(answer.json(), "approve", editor), 403, "four_eyes")
    approved = (await office.act(answer.json(), "approve")).json()
    assert_problem(await office.act(approved, "file", editor), 403, "four_eyes")
    filed = await office.act(approved, "file")
    assert (filed.status_code, filed.json()["status"]) == (200, "ACTIVE")


async def test_who_applied_again_is_barred_and_who_entered_first_stays_so(office: Office) -> None:
    member = await office.done(await office.applied(), "approve", "reject")
    again = office.officer("chen", "registrar", "approver")
    answer = await office.act(member, "reapply", again, {})
    for name in ("chen", "li"):
        who = office.officer(name, "approver")
        assert_problem(await office.act(answer.json(), "approve", who), 403, "four_eyes")
    assert (await office.act(answer.json(), "approve")).status_code == 200


async def test_no_paper_is_dated_ahead_or_before_the_society(office: Office) -> None:
    member = await office.applied()
    tomorrow = (today() + timedelta(days=1)).isoformat()
    for day, code in ((tomorrow, "date.future"), ("0001-01-01", "date.too_early")):
        paper = {"number": "1号", "issued_on": day}
        given = {"reason": "r", "document": paper}
        for action in ("approve", "reject", "void", "reapply"):
            refused = await office.act(member, action, body=given)
            assert_problem(refused, 422, code, "document.issued_on")
        refused = await corrected(office, member, political="13", document=paper)
        assert_problem(refused, 422, code, "document.issued_on")
        chief = office.officer("ma", "registrar", "approver")
        page = await office.bulk([a_row(1)], chief, "existing", document=paper)
        assert_problem(page, 422, code, "document.issued_on")
