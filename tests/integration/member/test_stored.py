"""Every document that a write path leaves of a member fits the document class, and is read back."""

from typing import Any, cast
from uuid import uuid4

import pytest

from member.membership.rules import ACTIONS, Membership
from member.membership.schemas import MemberCorrection
from member.membership.store import MEMBERS, MemberDocument
from shared.base.mongo import Database
from shared.people.store import PersonStore
from tests import people
from tests.clients.member import Members
from tests.clients.register import Entity
from tests.integration.stored import Stored

PAPER = {"number": "西红备〔2025〕7号", "issued_on": "2025-02-10"}
WHOLE = {
    "address": "文三路 1 号", "ethnicity": "33", "education": "20", "political": "13",
    "occupation": "27",
}  # fmt: skip


@pytest.fixture
def stored(database: Database) -> Stored[Membership]:
    nowhere = cast(Any, None)
    return Stored(database, PersonStore(nowhere, MEMBERS, Membership), MemberDocument)


def a_youth(age: int = 12) -> Entity:
    """Return the fields of a minor who joins, with a guardian who consents."""
    return {
        "kind": "INDIVIDUAL_YOUTH",
        "id_number": people.born_on(people.born(age)),
        "guardian": people.guardian(),
    }


@pytest.mark.parametrize("paper", [{}, {"effective_on": "2025-02-01"}])
@pytest.mark.parametrize("known", [{}, WHOLE, {"phone": None}, {"birth_date": "1949-12-31"}])
def test_the_stored_application_of_a_member_fits(
    members: Members, stored: Stored[Membership], known: Entity, paper: Entity
) -> None:
    found = stored.check(members.create(**known, **paper))
    assert (found.created_by, found.edited_by, found.drafted_by) == ("li", "li", "li")
    assert found.person.address_sealed is not None or "address" not in known
    assert bool(found.warnings) == ("birth_date" in known)


@pytest.mark.parametrize("consent", [people.consent(document="柜 3"), people.consent()])
def test_the_stored_application_of_a_member_with_a_guardian_fits(
    members: Members, stored: Stored[Membership], consent: Entity
) -> None:
    youth = {**a_youth(), "guardian": people.guardian(consent=consent)}
    found = stored.check(members.create(consent=consent, **youth))
    assert found.person.guardian_consents


PATHS = [
    ("approve", "file", "withdraw", "reapply", "approve", "file", "expel"),
    ("reject", "reapply", "approve", "reject", "void"),
    ("approve", "file", "decease"),
    ("approve", "decease"),
    ("decease", "void"),
    ("approve", "file", "withdraw", "void"),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("young", [False, True])
def test_what_every_action_leaves_of_a_stored_member_fits(
    members: Members, stored: Stored[Membership], path: tuple[str, ...], young: bool
) -> None:
    member = members.create(**a_youth()) if young else members.create(**WHOLE)
    for action in path:
        body = {"reason": "a reason", "document": PAPER}
        member = members.done(member, action, body=body)
        found = stored.check(member)
        assert found.status == ACTIONS.acts[action].target
        assert bool(found.timeline) == (action != "void")


def test_every_action_on_a_member_is_on_a_path_whose_documents_are_looked_at() -> None:
    assert {action for path in PATHS for action in path} == set(ACTIONS.acts)


RIGHT: Entity = {
    "name": "欧阳修", "sex": "2", "birth_date": "1980-02-03", "phone": "13700000009",
    "id_country": "CHN",
    "kind": "INDIVIDUAL_YOUTH", "guardian": people.guardian(name="李太白"), **WHOLE,
}  # fmt: skip
OF_PAPER = {"id_type", "id_number"}
"""Who was entered from paper gets these once (``test_paper``)."""
CORRECTED = set(MemberCorrection.model_fields) - {"reason", "document", "run"} - OF_PAPER
EMPTIED = sorted(CORRECTED - {"name", "kind"})


def test_what_a_correction_leaves_of_a_stored_member_fits(
    members: Members, stored: Stored[Membership]
) -> None:
    assert set(RIGHT) == CORRECTED
    for known in ({}, WHOLE):
        member = members.done(members.create(**known), "approve", "file")
        for field, value in RIGHT.items():
            answer = members.patch(member, {field: value, "reason": "typing error"})
            assert answer.status_code == 200, (field, answer.text)
            member = answer.json()
            stored.check(member)
        for field in EMPTIED:
            answer = members.patch(member, {field: None, "document": PAPER})
            assert answer.status_code == 200, (field, answer.text)
            member = answer.json()
            stored.check(member)


@pytest.mark.parametrize("ended", ["reject", "withdraw", "void"])
def test_what_a_return_with_a_registration_leaves_of_a_stored_member_fits(
    members: Members, stored: Stored[Membership], ended: str
) -> None:
    body = members.body(**a_youth(), **WHOLE)
    member: Entity = members.post(body).json()
    before = () if ended == "reject" else ("approve", "file")
    member = members.done(member, *before, ended)
    stored.check(member)
    adult = members.body(
        unit_id="school", id_number=body["id_number"], guardian=people.guardian(name="李太白")
    )
    back = members.done(member, "reapply", body={"registration": adult})
    found = stored.check(back)
    assert (found.unit, found.kind, found.status) == ("school", "INDIVIDUAL_ADULT", "APPLIED")
    assert (found.person.address_sealed, found.person.ethnicity) == (None, None)


@pytest.mark.parametrize("mode", ["applications", "existing"])
def test_what_a_page_of_rows_leaves_of_stored_members_fits(
    members: Members, stored: Stored[Membership], mode: str
) -> None:
    chief = members.officer("ma", "registrar", "approver")
    of_paper: Entity = {
        "id_type": "NONE", "id_number": None, "name": f"张纸档{uuid4().hex}", "sex": "男",
        "birth_date": "1951-02-03",
    }  # fmt: skip
    long_ago = {"joined_on": "2024-05-01"}
    rows = [
        members.row(1, **long_ago), members.row(2, **WHOLE, phone="13700000009"),
        members.row(3, **a_youth(16)), members.row(4, sex="9"),
        *([members.row(5, **of_paper)] if mode == "existing" else []),
    ]  # fmt: skip
    answer = members.bulk(rows, chief, mode, document=PAPER | {"issued_on": "2024-05-02"}).json()
    assert answer["refused"] == 0, answer
    for number, result in enumerate(answer["results"], 1):
        member = members.read(result["id"]).json()
        found = stored.check(member)
        assert found.status == ("ACTIVE" if mode == "existing" else "APPLIED")
        assert (found.filing is not None) == (mode == "existing")
        assert found.person.unverified == (number == 5)
        assert (found.created_by, found.drafted_by) == ("ma", "ma")


def test_no_document_of_members_is_stored_that_does_not_fit(
    members: Members, stored: Stored[Membership]
) -> None:
    """Whatever the other tests of this folder have left is looked at, too."""
    members.create()
    stored.check_all()
