"""Volunteers on their way to the database and back: as they were, sealed and masked."""

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mongoengine.errors import FieldDoesNotExist, ValidationError

from shared.people.sealed import REVEALABLE, Cipher
from shared.people.store import PersonStore
from tests.unit.shared.people.at_rest import (
    check_read_back,
    consents,
    days,
    in_database,
    numbered,
    papers,
    phones,
    sealed,
    subjects,
    timelines,
)
from tests.unit.shared.people.entries import MOMENT, NOWHERE, RING
from volunteer.enrolment.rules import SERVICE_FIELDS, STATUSES, Enrolment, Evidence, Ground
from volunteer.enrolment.store import VOLUNTEERS, VolunteerDocument

STORE = PersonStore(NOWHERE, VOLUNTEERS, Enrolment)
DAYS = (
    "enrolled_on", "registration_applied_on", "registered_on", "suspended_on", "resumed_on",
    "deregistered_on", "deceased_on", "voided_on",
)  # fmt: skip

evidence = st.builds(
    Evidence,
    basis=st.sampled_from(["DOCUMENT", "ON_ENROLMENT"]),
    document=st.none() | papers,
    declared_hours=st.none() | st.floats(0, 8_784),
)


@st.composite
def volunteers(draw: st.DrawFn) -> Enrolment:
    drawn: dict[str, Any] = {name: draw(st.none() | days) for name in DAYS}
    cipher = Cipher(RING, VOLUNTEERS, draw(st.sampled_from(["v1", "v2"])))
    entry = Enrolment(
        id=cipher.entity,
        status=draw(st.sampled_from(STATUSES)),
        version=draw(st.integers(1, 9)),
        unit=draw(st.sampled_from(["u1", "u2"])),
        # What is asked of everyone: a number, a birth date, a phone, consent.
        person=draw(sealed(cipher, identifier=numbered, birth_date=days, phone=phones)),
        consent=draw(consents),
        warnings=tuple(draw(st.lists(st.just("identifier.sex_differs"), max_size=2))),
        service_fields=tuple(draw(st.lists(st.sampled_from(SERVICE_FIELDS), max_size=3))),
        registration=draw(st.none() | evidence),
        ground=draw(st.none() | st.sampled_from(get_args(Ground))),
        applied_by=draw(st.none() | subjects),
        applied_on=draw(days),
        created_by=draw(subjects),
        created_at=MOMENT,
        edited_by=draw(subjects),
        edited_at=MOMENT,
        drafted_by=draw(st.none() | subjects),
        **drawn,
    )
    return replace(entry, timeline=draw(timelines(dict(entry.state))))


@given(volunteers())
def test_a_volunteer_is_read_back_from_its_document_as_it_was(entry: Enrolment) -> None:
    check_read_back(STORE, VolunteerDocument, entry)


@given(volunteers())
def test_what_is_sealed_of_a_volunteer_is_opened_from_its_document(entry: Enrolment) -> None:
    cipher = Cipher(RING, VOLUNTEERS, entry.id)
    back = STORE.entity(in_database(STORE.document(entry)))
    assert back.person.full(REVEALABLE, cipher) == entry.person.full(REVEALABLE, cipher)
    assert back.person.masked(cipher) == entry.person.masked(cipher)


@given(volunteers(), volunteers())
def test_the_changes_of_a_volunteer_make_one_document_of_the_other(
    before: Enrolment, after: Enrolment
) -> None:
    stored, update = STORE.document(before), STORE.changes(before, after)
    kept = {name: value for name, value in stored.items() if name not in update.get("$unset", {})}
    assert kept | update["$set"] == STORE.document(after)
    assert STORE.changes(before, before) == {"$set": {}}


REQUIRED = (
    "status", "unit", "name", "sex", "id_type", "birth_date", "id_index", "id_sealed",
    "phone_sealed", "phone_index", "phone_tail_index", "consent", "applied_on", "created_by",
    "created_at", "edited_by", "edited_at", "version",
)  # fmt: skip


@given(volunteers(), st.sampled_from(REQUIRED))
def test_the_document_class_of_a_volunteer_knows_its_fields_and_what_is_required(
    entry: Enrolment, field: str
) -> None:
    document = STORE.document(entry)
    with pytest.raises(FieldDoesNotExist):
        VolunteerDocument._from_son({**document, "shoe_size": 44})
    document.pop(field)
    with pytest.raises(ValidationError):
        VolunteerDocument._from_son(document).validate()
