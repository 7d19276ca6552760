"""One rule of admission at every entrance, and one table of days over every run of a member."""

from datetime import timedelta
from typing import Any

import pytest

from member.settings import MemberSettings
from shared.base.mongo import Database
from shared.base.settings import WriterSettings
from tests import people
from tests.clients.inside import members_inside
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import Entity, check_problem
from tests.integration.member.test_corrections import back_as_an_adult
from tests.integration.member.test_paper import on_paper
from tests.servers import RealServers

PAPER = {"number": "西红〔2026〕1号", "issued_on": "1950-01-05"}
BORN = "1961-04-02"


def test_a_member_on_paper_who_left_gives_a_number_to_join_again(members: Members) -> None:
    """Seen: who withdrew and applied again never gave one."""
    entry, person = on_paper(members)
    gone = members.done(entry, "withdraw")
    check_problem(
        members.act(gone, "reapply"), 422, "member.number_required", "registration.id_type"
    )
    proven = members.body(**{**person, "id_type": "RESIDENT_ID", "id_number": people.resident_id()})
    for change, field in (({"name": "李四"}, "name"), ({"birth_date": "1951-02-05"}, "birth_date")):
        other = {"registration": {**proven, **change}}
        refused = members.act(gone, "reapply", None, other)
        check_problem(refused, 422, "member.not_of_paper", f"registration.{field}")
    still = {"registration": members.body(**person)}
    refused = members.act(gone, "reapply", None, still)
    check_problem(refused, 422, "member.number_required", "registration.id_type")
    stranger = members.officer("feng", "registrar", unit="other")
    far = {"registration": {**proven, "unit_id": "far"}}
    check_problem(members.act(gone, "reapply", stranger, far), 404, "not_found")
    back = members.done(gone, "reapply", body={"registration": proven})
    assert (back["unverified"], back["status"]) == (False, "APPLIED")
    assert [one["unverified"] for one in back["runs"]] == [True, False]
    assert members.done(back, "approve", "file", "withdraw", "reapply")["status"] == "APPLIED"


@pytest.mark.parametrize(
    ("gone", "field", "code"),
    [
        ("consent", "registration.consent", "consent.missing"),
        ("guardian", "registration.guardian", "guardian.required"),
    ],
)
def test_a_member_joins_again_by_the_rules_of_a_first_application(
    members: Members, database: Database, gone: str, field: str, code: str
) -> None:
    """An entry of before a rule was there, or whose guardian was emptied since."""
    child = people.born_on(people.born(12))
    body = members.body(id_number=child, guardian=people.guardian(), kind="INDIVIDUAL_YOUTH")
    member = members.done(members.post(body).json(), "approve", "file", "withdraw")
    database.members.update_one({"_id": member["id"]}, {"$unset": {gone: ""}})
    check_problem(members.act(member, "reapply"), 422, code, field)
    whole = {"registration": body}
    assert members.act(member, "reapply", None, whole).status_code == 200


@pytest.mark.parametrize("run", [None, 1, 2])
def test_the_birth_date_of_a_member_lies_before_every_run(
    members: Members, run: int | None
) -> None:
    """Seen: after a return, a birth date after the first membership passed."""
    member = back_as_an_adult(members)  # joined on 2016-03-01, and again on 2020-09-01
    for born, code in (
        ("2017-01-01", "member.born_after_joining"),
        ("2009-01-01", "member.too_young"),
    ):
        refused = members.patch(member, {"birth_date": born, "run": run})
        found = {(one["field"], one["code"]) for one in refused.json()["errors"]}
        assert (refused.status_code, ("birth_date", code) in found) == (422, True), refused.text
    answer = members.patch(member, {"birth_date": "2008-02-28", "run": run})
    assert answer.status_code == 200, answer.text  # eight years old at the first joining


def test_a_registration_of_a_member_who_returns_respects_the_earlier_run(members: Members) -> None:
    member = members.done(back_as_an_adult(members), "withdraw")
    number = people.born_on(people.born(30))
    whole = members.body(id_number=number, birth_date="2016-03-02")
    refused = members.act(member, "reapply", None, {"registration": whole})
    fields = {(one["field"], one["code"]) for one in refused.json()["errors"]}
    assert ("registration.birth_date", "member.born_after_joining") in fields
    assert refused.status_code == 422


BEFORE_BIRTH, BEFORE_SOCIETY = "person.day_before_birth", "person.before_society"


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"consent": people.consent(given_on="1961-04-01")}, "consent.given_on", BEFORE_BIRTH),
        ({"consent": people.consent(given_on="1903-01-01")}, "consent.given_on", BEFORE_SOCIETY),
        (
            {"guardian": people.guardian(consent=people.consent(given_on="1961-04-01"))},
            "guardian.consent.given_on", BEFORE_BIRTH,
        ),
        ({"effective_on": "1961-04-01"}, "effective_on", "member.born_after_joining"),
        ({"effective_on": "1903-01-01"}, "effective_on", BEFORE_SOCIETY),
        ({"effective_on": "1965-01-01"}, "birth_date", "member.too_young"),
    ],
)  # fmt: skip
def test_the_days_of_a_member_are_held_against_each_other_at_every_entrance(
    members: Members, fields: dict[str, Any], field: str, code: str
) -> None:
    number = people.id_number(1, BORN.replace("-", ""), "330197")
    given = {**members.body(id_number=number), **fields}

    def found(answer: Any, prefix: str = "") -> set[tuple[str, str]]:
        assert answer.status_code == 422, answer.text
        return {(one["field"].removeprefix(prefix), one["code"]) for one in answer.json()["errors"]}

    assert (field, code) in found(members.post(given))
    old = members.done(members.create(), "reject")
    returned = members.act(old, "reapply", None, {"registration": given})
    assert (field, code) in found(returned, "registration.")
    row = members.row(1, id_number=number, joined_on=given.get("effective_on"))
    row |= {name: fields[name] for name in fields if name == "guardian"}
    page = members.bulk([row], consent=given["consent"]).json()["results"][0]
    named = "joined_on" if field == "effective_on" else field
    assert (named, code) in {(one["field"], one["code"]) for one in page["errors"]}


def test_a_document_on_a_member_is_not_older_than_the_person(members: Members) -> None:
    body = members.body(id_number=people.born_on(people.born(30)))
    member: Entity = members.post(body).json()
    for action in ("approve", "reject"):
        refused = members.act(member, action, None, {"document": PAPER, "reason": "a reason"})
        check_problem(refused, 422, BEFORE_BIRTH, "document.issued_on")
    refused = members.patch(member, {"education": "20", "document": PAPER})
    check_problem(refused, 422, BEFORE_BIRTH, "document.issued_on")
    approved = members.done(member, "approve")
    refused = members.act(approved, "file", None, {"document": PAPER})
    check_problem(refused, 422, BEFORE_BIRTH, "document.issued_on")
    issued = (people.born(30) + timedelta(days=9_000)).isoformat()
    filed = members.done(approved, "file", body={"document": {**PAPER, "issued_on": issued}})
    later = (people.born(30) + timedelta(days=9_001)).isoformat()
    found = {
        (one["field"], one["code"])
        for one in members.patch(filed, {"birth_date": later}).json()["errors"]
    }
    assert ("birth_date", BEFORE_BIRTH) in found  # the filing is kept
    void = members.act(filed, "void", members.officer("zhou", "approver"),
                       {"document": PAPER, "reason": "录错"})  # fmt: skip
    assert void.status_code == 200


def test_a_member_is_filed_by_a_document_where_the_setting_asks_for_it(
    servers: RealServers, settings: WriterSettings, units: UnitsAsGiven
) -> None:
    asking = MemberSettings(filing_needs_document=True)
    with members_inside(servers, settings, units, asking) as members:
        approved = members.done(members.create(), "approve")
        check_problem(members.act(approved, "file"), 422, "document.required", "document")
        assert (
            members.act(approved, "file", None, {"document": {"number": "1号"}}).status_code == 200
        )
