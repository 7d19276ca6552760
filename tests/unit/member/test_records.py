"""Persons on their way to the database and back: nothing readable at rest, nothing whole shown."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mongoengine.errors import FieldDoesNotExist
from pydantic import ValidationError

from member.membership.rules import STATUSES, Membership
from member.membership.store import MEMBERS, MemberDocument
from shared.base.errors import Invalid
from shared.people.encryption import DecryptionFailed, KeyRing, new_key_ring
from shared.people.intake import PersonInput, check_person
from shared.people.sealed import (
    REVEALABLE,
    Cipher,
    SealedPerson,
    seal,
)
from shared.people.store import IDENTIFIERS, PersonStore
from tests.unit.shared.people.at_rest import (
    check_read_back,
    consents,
    days,
    in_database,
    papers,
    sealed,
    subjects,
    timelines,
)
from tests.unit.shared.people.entries import MOMENT, NOWHERE, RING, TODAY
from tests.unit.shared.people.strategies import complete

STORE = PersonStore(NOWHERE, MEMBERS, Membership)


def a_person(**fields: Any) -> PersonInput:
    return PersonInput.model_validate(
        {
            "name": "张三丰",
            "id_type": "RESIDENT_ID",
            "id_number": "11010519491231002X",
            "phone": "13812345678",
            "address": "文三路478号",
            "guardian": {"name": "李四光", "relation": "母亲", "phone": "+852 61234567"},
            **fields,
        }
    )


def at(identity: str, ring: KeyRing = RING) -> Cipher:
    return Cipher(ring, MEMBERS, identity)


def at_rest(given: PersonInput, identity: str = "m1", ring: KeyRing = RING) -> SealedPerson:
    return seal(check_person(given, TODAY), at(identity, ring))


def a_member(person: SealedPerson, identity: str = "m1") -> Membership:
    return Membership(
        id=identity,
        status="APPLIED",
        unit="u1",
        kind="INDIVIDUAL_ADULT",
        person=person,
        created_by="li",
        created_at=MOMENT,
        edited_by="li",
        edited_at=MOMENT,
    )


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    return complete(f"110105{born:%Y%m%d}{draw(st.integers(0, 999)):03d}")


@given(numbers(), st.integers(13_000_000_000, 19_999_999_999))
def test_nothing_of_a_stored_member_is_readable_at_rest_and_all_comes_back(
    number: str, mobile: int
) -> None:
    member = a_member(at_rest(a_person(id_number=number, phone=str(mobile))))
    document = STORE.document(member)
    shape = MemberDocument._from_son(document)
    shape.validate()
    back = STORE.entity(shape.to_mongo().to_dict())
    for stored in (repr(document), repr(shape.to_mongo().to_dict()), repr(member), repr(back)):
        for secret in (number, str(mobile), "文三路", "李四光", "61234567"):
            assert secret not in stored
    for known in (member, back):  # with what was sealed a moment ago, and with what was read
        shown = repr(known.person.masked(at("m1")))
        for secret in (number, number[1:], str(mobile), "三丰", "文三路", "四光", "61234567"):
            assert secret not in shown
        assert known.person.full(REVEALABLE, at("m1")) == {
            "name": "张三丰",
            "id_number": number,
            "phone": f"+86{mobile}",
            "address": "文三路478号",
            "guardian_name": "李四光",
            "guardian_phone": "+85261234567",
        }
    assert back.person.masked(at("m1")) == member.person.masked(at("m1"))
    assert back.person.countable == member.person.countable
    assert back.person.countable == {
        "sex": "1" if int(number[16]) % 2 else "2",
        "birth_year": int(number[6:10]),
        "education": None,
        "occupation": None,
        "minority": "unknown",
        "political": None,
        "unverified": False,
    }


def test_what_is_shown_of_a_member_is_masked_field_by_field() -> None:
    shown = at_rest(a_person(ethnicity="33", education="20")).masked(at("m1"))
    assert shown == {
        "name": "张*",
        "sex": "2",
        "birth_date": date(1949, 12, 31),
        "id_type": "RESIDENT_ID",
        "id_number": "1****************X",
        "id_country": None,
        "phone": "138****5678",
        "ethnicity": "33",
        "education": "20",
        "political": None,
        "occupation": None,
        "unverified": False,
        "guardian": {
            "name": "李*", "relation": "母亲", "phone": "+852 61****67", "consent": None,
        },
    }  # fmt: skip
    bare = at_rest(a_person(phone=None, guardian=None, address=None)).masked(at("m1"))
    assert (bare["phone"], bare["guardian"]) == (None, None)


def test_what_was_stored_for_one_member_is_not_opened_for_another() -> None:
    back = STORE.entity(in_database(STORE.document(a_member(at_rest(a_person())))))
    for field in set(REVEALABLE) - {"name"}:
        with pytest.raises(DecryptionFailed):
            back.person.full([field], at("m2"))


def test_one_id_number_of_a_member_has_one_index_whatever_it_was_typed_like() -> None:
    plain, typed = (
        at_rest(a_person(id_number=number), one)
        for number, one in (("11010519491231002X", "m1"), (" 1１010519491231002x ", "m2"))
    )
    assert plain.id_index == typed.id_index
    assert plain.id_sealed is not None
    assert typed.id_sealed is not None
    assert plain.id_sealed.data != typed.id_sealed.data
    assert STORE.claim_rows(plain.id_index, "m1") == [
        (IDENTIFIERS, {"_id": plain.id_index[0], "person": "m1"})
    ]


def test_while_two_keys_live_both_indexes_of_a_member_are_written() -> None:
    ring = new_key_ring()
    ring["keys"] |= new_key_ring("k2")["keys"]
    person = at_rest(a_person(), ring=KeyRing(ring))
    assert [index.split(":")[0] for index in person.id_index] == ["k1", "k2"]


def test_a_member_without_an_id_number_takes_no_identifier() -> None:
    person = at_rest(a_person(id_type="NONE", id_number=None))
    assert (person.unverified, person.id_index, person.id_sealed) == (True, (), None)
    assert STORE.claim_rows(person.id_index, "m1") == []


def test_every_field_of_a_member_at_fault_is_named() -> None:
    wrong = a_person(
        name="\u200b", id_number="110105194912310021", phone="1", ethnicity="77",
        birth_date=TODAY + timedelta(days=1),
        guardian={"name": "李", "relation": "父", "phone": "x"},
    )  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        check_person(wrong, TODAY)
    assert {error.field for error in refusal.value.errors} == {
        "name", "id_number", "phone", "ethnicity", "birth_date", "guardian.phone",
    }  # fmt: skip


@pytest.mark.parametrize("day", ["2026-2-1", "20260201", 1, "2026-02-30", "2026-02-01T00:00:00"])
def test_the_birth_date_of_a_member_is_written_in_one_way(day: object) -> None:
    with pytest.raises(ValidationError):
        a_person(birth_date=day)


def test_representations_of_a_member_hide_the_person() -> None:
    shown = repr(check_person(a_person(), TODAY))
    for secret in ("张", "11010519491231002X", "13812345678", "文三路", "李四光", "1949"):
        assert secret not in shown


DAYS = (
    "applied_on", "approved_on", "registered_on", "rejected_on", "withdrawn_on", "expelled_on",
    "deceased_on", "reapplied_on", "voided_on",
)  # fmt: skip


@st.composite
def members(draw: st.DrawFn) -> Membership:
    drawn: dict[str, Any] = {name: draw(st.none() | days) for name in DAYS}
    member = Membership(
        id=(identity := draw(st.sampled_from(["m1", "m2"]))),
        status=draw(st.sampled_from(STATUSES)),
        version=draw(st.integers(1, 9)),
        unit=draw(st.sampled_from(["u1", "u2"])),
        kind=draw(st.sampled_from(["INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"])),
        person=draw(sealed(at(identity))),
        consent=draw(st.none() | consents),
        warnings=tuple(draw(st.lists(st.just("identifier.sex_differs"), max_size=2))),
        filing=draw(st.none() | papers),
        paper_key=draw(st.sampled_from([(), ("k1:PAPER:ab",)])),
        applied_by=draw(st.none() | subjects),
        created_by=draw(subjects),
        created_at=MOMENT,
        edited_by=draw(subjects),
        edited_at=MOMENT,
        drafted_by=draw(st.none() | subjects),
        **drawn,
    )
    return replace(member, timeline=draw(timelines(dict(member.state))))


@given(members())
def test_a_member_is_read_back_from_its_document_as_it_was(member: Membership) -> None:
    check_read_back(STORE, MemberDocument, member)


@given(members(), members())
def test_the_changes_of_a_member_make_one_document_of_the_other(
    before: Membership, after: Membership
) -> None:
    stored, update = STORE.document(before), STORE.changes(before, after)
    kept = {name: value for name, value in stored.items() if name not in update.get("$unset", {})}
    assert kept | update["$set"] == STORE.document(after)
    assert STORE.changes(before, before) == {"$set": {}}


def test_the_document_class_of_a_member_knows_every_field_and_no_other() -> None:
    document = STORE.document(a_member(at_rest(a_person())))
    with pytest.raises(FieldDoesNotExist):
        MemberDocument._from_son({**document, "shoe_size": 44})
    guardian = {**document["guardian"], "shoe_size": 44}
    with pytest.raises(FieldDoesNotExist):
        MemberDocument._from_son({**document, "guardian": guardian})
