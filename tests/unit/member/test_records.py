"""Persons on their way to the database and back: nothing readable at rest, nothing whole shown."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from member.store import Member
from shared.base.errors import Invalid
from shared.people.encryption import KeyRing, new_key_ring
from shared.people.intake import PersonInput, check_person
from shared.people.sealed import (
    REVEALABLE,
    countable,
    countable_fields,
    identifier_rows,
    masked,
    seal,
    unseal,
)

TODAY = date(2026, 11, 23)
RING = KeyRing(new_key_ring())
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


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


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1900, 1, 1), TODAY))
    body = f"110105{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


@given(numbers(), st.integers(13_000_000_000, 19_999_999_999))
def test_nothing_of_a_stored_member_is_readable_at_rest_and_all_comes_back(
    number: str, mobile: int
) -> None:
    person = check_person(a_person(id_number=number, phone=str(mobile)), TODAY)
    document = {"_id": "m1", **seal(person, "m1", "members", RING)}
    shape = Member._from_son(document).to_mongo()
    for stored in (repr(document), repr(shape.to_dict())):
        for secret in (number, str(mobile), "文三路", "李四光", "61234567"):
            assert secret not in stored
    shown = repr(masked(document, "members", RING))
    for secret in (number, number[1:], str(mobile), "三丰", "文三路", "四光", "61234567"):
        assert secret not in shown
    assert unseal(shape.to_dict(), REVEALABLE, "members", RING) == {
        "name": "张三丰",
        "id_number": number,
        "phone": f"+86{mobile}",
        "address": "文三路478号",
        "guardian_name": "李四光",
        "guardian_phone": "+85261234567",
    }
    assert countable(person) == countable_fields(document)


def test_one_id_number_of_a_member_has_one_index_whatever_it_was_typed_like() -> None:
    plain, typed = (
        seal(check_person(a_person(id_number=number), TODAY), one, "members", RING)
        for number, one in (("11010519491231002X", "m1"), (" 1１010519491231002x ", "m2"))
    )
    assert plain["id_index"] == typed["id_index"]
    assert plain["id_sealed"] != typed["id_sealed"]
    assert identifier_rows(plain["id_index"], "m1") == [
        {"_id": plain["id_index"][0], "person": "m1"}
    ]


def test_while_two_keys_live_both_indexes_of_a_member_are_written() -> None:
    ring = new_key_ring()
    ring["keys"] |= new_key_ring("k2")["keys"]
    sealed = seal(check_person(a_person(), TODAY), "m1", "members", KeyRing(ring))
    assert [index.split(":")[0] for index in sealed["id_index"]] == ["k1", "k2"]
    assert len(identifier_rows(sealed["id_index"], "m1")) == 2


def test_a_member_without_an_id_number_takes_no_identifier() -> None:
    person = check_person(a_person(id_type="NONE", id_number=None), TODAY)
    sealed = seal(person, "m1", "members", RING)
    assert (person.unverified, sealed["id_index"], sealed["id_sealed"]) == (True, [], None)


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
