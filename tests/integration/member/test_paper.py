"""Members entered from paper without a number: their key follows corrections, and a number comes later."""

from typing import Any
from uuid import uuid4

import pytest

from shared.base.mongo import Database
from tests import people
from tests.clients.member import Members
from tests.clients.register import Entity, check_problem

PAPER = {"number": "西红〔2026〕1号", "issued_on": "2026-01-05"}


def paper(**fields: Any) -> dict[str, Any]:
    """Return the fields of somebody whom only a paper names."""
    return {
        "id_type": "NONE", "id_number": None, "name": f"张纸档{uuid4().hex[:8]}", "sex": "1",
        "birth_date": "1951-02-03", **fields,
    }  # fmt: skip


def bulk(
    members: Members, *rows: dict[str, Any], mode: str = "existing"
) -> list[tuple[int, list[str]]]:
    """Return the status and the codes of each row of a page."""
    chief = members.officer("ma", "registrar", "approver")
    sent = [members.row(number, **row) for number, row in enumerate(rows)]
    given: dict[str, Any] = {"document": PAPER} if mode == "existing" else {}
    answer = members.bulk(sent, chief, mode, **given)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    return [(one["status"], [error["code"] for error in one["errors"]]) for one in results]


def on_paper(members: Members, **fields: Any) -> tuple[Entity, dict[str, Any]]:
    """Enter a member from paper; return the entry and what the paper says."""
    person = paper(**fields)
    chief = members.officer("ma", "registrar", "approver")
    answer = members.bulk([members.row(1, **person)], chief, "existing", document=PAPER).json()
    entry: Entity = members.read(answer["results"][0]["id"]).json()
    return entry, person


ENTERED: tuple[int, list[str]] = (201, [])
KNOWN = (409, ["member.on_paper_already"])


@pytest.mark.parametrize(
    "change", [{"name": "李改名"}, {"birth_date": "1951-02-04"}, {"sex": "2"}], ids=str
)
@pytest.mark.parametrize("older", [False, True])
def test_the_key_of_a_member_on_paper_follows_what_is_corrected(
    members: Members, database: Database, change: dict[str, str], older: bool
) -> None:
    """Seen: the corrected roster entered the person again. ``older`` entries know no key."""
    entry, person = on_paper(members)
    if older:
        database.members.update_one({"_id": entry["id"]}, {"$unset": {"paper_key": ""}})
    if "name" in change:
        change = {"name": f"李改名{uuid4().hex[:8]}"}
    corrected = members.patch(entry, change)
    assert corrected.status_code == 200, corrected.text
    assert bulk(members, {**person, **change}) == [KNOWN]
    assert bulk(members, person) == [ENTERED]  # as the paper was wrong, that is another person now
    back = {name: person[name] for name in change}
    refused = members.patch(corrected.json(), back)
    check_problem(refused, 409, "member.on_paper_already", "name")
    assert entry["id"] not in refused.text
    assert members.patch(corrected.json(), {"education": "20"}).status_code == 200


@pytest.mark.parametrize("older", [False, True])
def test_a_member_on_paper_who_is_voided_may_be_entered_from_the_roster_anew(
    members: Members, database: Database, older: bool
) -> None:
    """Seen: the key stayed taken, and the way back that was promised did not exist."""
    entry, person = on_paper(members)
    if older:
        database.members.update_one({"_id": entry["id"]}, {"$unset": {"paper_key": ""}})
    assert bulk(members, person) == [KNOWN]
    chief = members.officer("zhou", "approver")
    voided = members.done(entry, "void", who=chief, body={"reason": "录错"})
    assert bulk(members, person) == [ENTERED]
    anew = members.body(name=person["name"], birth_date=person["birth_date"], sex="1")
    refused = members.act(voided, "reapply", None, {"registration": anew})
    check_problem(refused, 409, "member.on_paper_already", "registration.name")
    apart = {**anew, "namesake": True}
    assert members.act(voided, "reapply", None, {"registration": apart}).status_code == 409
    apart["unit_id"] = "school"
    assert members.act(voided, "reapply", None, {"registration": apart}).status_code == 200


def test_a_member_on_paper_who_shows_a_number_gets_it_and_never_counts_twice(
    members: Members, database: Database
) -> None:
    entry, person = on_paper(members)
    number = people.resident_id()
    proven = {"id_type": "RESIDENT_ID", "id_number": number}
    applied = {**person, **proven}
    remedy = members.post(members.body(**applied))
    check_problem(remedy, 409, "member.on_paper_already", "name")
    assert entry["id"] in remedy.json()["detail"]
    assert bulk(members, applied) == [KNOWN]
    assert bulk(members, applied, mode="applications") == [KNOWN]

    member = members.patch(entry, proven).json()
    assert (member["unverified"], member["id_type"]) == (False, "RESIDENT_ID")
    assert member["runs"][0]["unverified"] is False
    stored = database.members.find_one({"_id": entry["id"]})
    assert stored is not None
    assert [item["state"]["unverified"] for item in stored["timeline"]] == [False]
    assert bulk(members, person) == [KNOWN]  # the old roster
    assert bulk(members, applied) == [(409, ["person.duplicate"])]
    check_problem(members.post(members.body(id_number=number)), 409, "person.duplicate")
    again = members.patch(member, {**proven, "id_number": people.resident_id()})
    check_problem(again, 422, "member.number_fixed", "id_number")


def test_a_number_that_another_member_holds_is_not_given_to_a_member_on_paper(
    members: Members,
) -> None:
    entry, _ = on_paper(members)
    number = people.resident_id()
    members.create(id_number=number)
    refused = members.patch(entry, {"id_type": "RESIDENT_ID", "id_number": number})
    check_problem(refused, 409, "person.duplicate", "id_number")
    for given, code, field in (
        ({"id_number": number}, "identifier.none_with_number", "id_number"),
        ({"id_type": "RESIDENT_ID"}, "identifier.required", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "E12345678"}, "member.not_citizen", "id_type"),
        (
            {"id_type": "RESIDENT_ID", "id_number": number, "run": 2},
            "correction.run_unknown",
            "run",
        ),
    ):
        check_problem(members.patch(entry, given), 422, code, field)
    assert members.read(entry).json()["version"] == entry["version"]


def test_a_namesake_of_a_member_on_paper_is_entered_where_the_officer_says_so(
    members: Members,
) -> None:
    _, person = on_paper(members)
    other = {**person, "id_type": "RESIDENT_ID", "id_number": people.resident_id()}
    assert bulk(members, other) == [KNOWN]
    assert bulk(members, {**other, "namesake": True}) == [ENTERED]
    third = {**other, "id_number": people.resident_id()}
    assert members.post(members.body(**third, namesake=True)).status_code == 201
    elsewhere = {**other, "id_number": people.resident_id(), "unit_id": "school"}
    assert members.post(members.body(**elsewhere)).status_code == 201


def test_a_page_with_a_member_once_by_number_and_once_without_enters_the_first(
    members: Members,
) -> None:
    person = paper()
    numbered = {**person, "id_type": "RESIDENT_ID", "id_number": people.resident_id()}
    twin = (409, ["rows.duplicate"])
    assert bulk(members, person, numbered, person) == [ENTERED, twin, twin]
    other = paper()
    numbered = {**other, "id_type": "RESIDENT_ID", "id_number": people.resident_id()}
    assert bulk(members, numbered, other) == [ENTERED, twin]
