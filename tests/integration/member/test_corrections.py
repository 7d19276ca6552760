"""Corrections: only what is corrected changes, on every past day; nothing needed is emptied."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from member.membership.schemas import MemberCorrection
from shared.base.clock import today
from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import Entity, check_problem, events_of

PAPER = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}


def corrected(members: Members, member: Entity, **fields: Any) -> httpx.Response:
    return members.patch(member, fields)


def back_as_an_adult(members: Members) -> Entity:
    """A youth member of 2016 who left in 2018 and joined again in 2020, with another education."""
    youth = members.body(
        kind="INDIVIDUAL_YOUTH", unit_id="school", id_number=people.born_on(date(2000, 6, 1)),
        education="70", effective_on="2016-03-01",
    )  # fmt: skip
    member: Entity = members.post(youth).json()
    for action, day in (("approve", "2016-03-02"), ("file", "2016-03-03")):
        member = members.done(member, action, body={"effective_on": day})
    # An end that empties past days is the county's, with a reason.
    left = {"effective_on": "2018-07-01", "reason": "毕业离校"}
    member = members.done(member, "withdraw", who=members.approver, body=left)
    adult = {**youth, "kind": "INDIVIDUAL_ADULT", "unit_id": "town", "education": "20"}
    adult["effective_on"] = "2020-09-01"
    member = members.done(member, "reapply", body={"registration": adult})
    for action, day in (("approve", "2020-09-02"), ("file", "2020-09-03")):
        member = members.done(member, action, body={"effective_on": day})
    return member


def timeline_of(database: Database, member: Entity) -> list[Any]:
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    return [(item["effective_on"], item["state"]) for item in stored["timeline"]]


def test_a_correction_of_a_member_who_returned_leaves_the_former_time_alone(
    members: Members, database: Database
) -> None:
    member = back_as_an_adult(members)
    before = timeline_of(database, member)
    kinds = [(state["kind"], state["education"]) for _, state in before]
    assert kinds == [("INDIVIDUAL_YOUTH", "70")] * 4 + [("INDIVIDUAL_ADULT", "20")] * 3

    answer = corrected(members, member, phone="13700000001")
    assert answer.status_code == 200, answer.text
    assert events_of(database, member["id"])[-1][1].changes == []
    assert timeline_of(database, member) == before

    answer = corrected(members, answer.json(), education="30", reason="typing error")
    assert answer.status_code == 200, answer.text
    changes = events_of(database, member["id"])[-1][1].changes
    assert changes
    for change in changes:
        assert change.effective_on >= date(2020, 9, 1)
        for state in (change.was, change.now):
            assert state.kind == "INDIVIDUAL_ADULT" or state.status == "WITHDRAWN"
    after = timeline_of(database, member)
    assert after[:4] == before[:4]
    assert after[4:] == [(day, {**state, "education": "30"}) for day, state in before[4:]]

    sex = "2" if before[0][1]["sex"] == "1" else "1"
    answer = corrected(members, answer.json(), sex=sex, run=1)
    assert answer.json()["sex"] == before[0][1]["sex"]  # the present one is right
    sexes = [state["sex"] for _, state in timeline_of(database, member)]
    assert sexes == [sex] * 4 + [before[0][1]["sex"]] * 3


def test_a_correction_of_a_member_taken_back_leaves_every_past_day_as_it_was(
    members: Members, database: Database
) -> None:
    """Seen: the first run had the wrong value of the second, and was corrected with it."""
    member = back_as_an_adult(members)
    before = timeline_of(database, member)
    for education in ("70", "20"):  # the first run has 70 for good
        member = corrected(members, member, education=education).json()
    assert timeline_of(database, member) == before
    changes = [event.changes for _, event in events_of(database, member["id"])[-2:]]
    assert [len(one) for one in changes] == [len(changes[0])] * 2


def test_the_runs_of_a_member_who_returned_before_they_were_numbered_are_known(
    members: Members, database: Database
) -> None:
    member = back_as_an_adult(members)
    before = timeline_of(database, member)
    stored = database.members.find_one({"_id": member["id"]})
    assert stored is not None
    older = [
        {k: v for k, v in one.items() if k not in ("run", "record")} for one in stored["timeline"]
    ]
    database.members.update_one({"_id": member["id"]}, {"$set": {"timeline": older}})
    shown = members.read(member).json()["runs"]
    assert [(one["run"], one["education"], one["record"]) for one in shown] == [
        (1, "70", 1), (2, "20", 2),
    ]  # fmt: skip
    corrected(members, member, education="30", political="13")
    after = timeline_of(database, member)
    assert after[:4] == before[:4]
    assert {state["education"] for _, state in after[4:]} == {"30"}


def test_one_run_of_a_member_is_corrected_by_itself_as_the_answer_names_it(
    members: Members,
) -> None:
    member = back_as_an_adult(members)
    shown = [(one["run"], one["from"], one["status"], one["education"]) for one in member["runs"]]
    assert shown == [(1, "2016-03-01", "WITHDRAWN", "70"), (2, "2020-09-01", "ACTIVE", "20")]
    answer = corrected(members, member, education="80", birth_date="2000-06-02", run=1)
    assert answer.status_code == 200, answer.text
    assert [one["education"] for one in answer.json()["runs"]] == ["80", "20"]
    assert answer.json()["birth_date"] == member["birth_date"]
    refused = corrected(members, answer.json(), education="80", name="李四", phone=None, run=1)
    check_problem(refused, 422, "request.invalid", "name")
    assert [error["field"] for error in refused.json()["errors"]] == ["name", "phone"]
    refused = corrected(members, answer.json(), education="80", run=7)
    check_problem(refused, 422, "correction.run_unknown", "run")
    check_problem(corrected(members, answer.json(), run=1), 422, "field.empty_change")


NULLED = sorted(set(MemberCorrection.model_fields) - {"reason", "document", "run"})


@pytest.mark.parametrize("field", NULLED)
def test_null_empties_a_field_of_a_member_or_is_refused_by_name(
    members: Members, field: str
) -> None:
    member = members.create(education="20", ethnicity="01", political="13", address="a 1")
    answer = corrected(members, member, **{field: None})
    if field in {"name", "kind", "id_type", "id_number"}:
        check_problem(answer, 422, "field.required", field)
        return
    assert answer.status_code == 200, answer.text
    if field in {"sex", "birth_date"}:
        assert answer.json()[field] == member[field]  # the number says it


def test_what_no_number_says_of_a_member_is_not_emptied(members: Members) -> None:
    chief = members.officer("ma", "registrar", "approver")
    row = members.row(
        1, name=f"张纸档{uuid4().hex}", id_type="NONE", id_number=None, sex="男",
        birth_date="1951-02-03",
    )  # fmt: skip
    made = members.bulk([row], chief, "existing", document=PAPER).json()["results"][0]
    member = {"id": made["id"], "version": 1}
    for field, code in (
        ("sex", "member.sex_required"),
        ("birth_date", "member.birth_date_required"),
    ):
        check_problem(corrected(members, member, **{field: None}), 422, code, field)
    assert corrected(members, member, sex="2").json()["sex"] == "2"


def test_the_last_editor_of_a_member_neither_approves_nor_files_whoever_acts_between(
    members: Members,
) -> None:
    editor = members.officer("chen", "registrar", "approver")
    edited = members.patch(members.create(), {"political": "13"}, editor).json()
    check_problem(members.act(edited, "approve", editor), 403, "four_eyes")
    approved = members.done(edited, "approve")
    check_problem(members.act(approved, "file", editor), 403, "four_eyes")
    filed = members.act(approved, "file")
    assert (filed.status_code, filed.json()["status"]) == (200, "ACTIVE")


def test_who_applied_again_for_a_member_may_not_approve_nor_may_who_entered_first(
    members: Members,
) -> None:
    member = members.done(members.create(), "approve", "reject")
    again = members.officer("chen", "registrar", "approver")
    answer = members.act(member, "reapply", again)
    for name in ("chen", "li"):
        who = members.officer(name, "approver")
        check_problem(members.act(answer.json(), "approve", who), 403, "four_eyes")
    assert members.act(answer.json(), "approve").status_code == 200


def test_no_paper_of_a_member_is_dated_ahead_or_before_the_society(members: Members) -> None:
    member = members.create()
    tomorrow = (today() + timedelta(days=1)).isoformat()
    for day, code in ((tomorrow, "date.future"), ("0001-01-01", "date.too_early")):
        paper = {"number": "1号", "issued_on": day}
        given = {"reason": "r", "document": paper}
        for action in ("approve", "reject", "void", "reapply"):
            refused = members.act(member, action, members.approver, given)
            check_problem(refused, 422, code, "document.issued_on")
        refused = corrected(members, member, political="13", document=paper)
        check_problem(refused, 422, code, "document.issued_on")
        chief = members.officer("ma", "registrar", "approver")
        page = members.bulk([members.row(1)], chief, "existing", document=paper)
        check_problem(page, 422, code, "document.issued_on")
