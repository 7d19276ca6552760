"""Correction of a stored person: all fields are checked again, only named ones rewritten.

A correction may name one run of the person. Of an earlier run only the counted facts are kept, so
only these can be set right there.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from shared.base.errors import FieldError, refuse
from shared.people.entity import PersonEntity
from shared.people.intake import GuardianInput, Person, PersonInput, check_person
from shared.people.requests import PersonCorrection
from shared.people.sealed import Cipher, SealedPerson, seal
from shared.register.actions import runs_of

_OPEN = ("name", "sex", "birth_date", "ethnicity", "education", "political", "occupation")
_SEALED = ("id_number", "phone", "address", "guardian_name", "guardian_phone")
_STORED_AS: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone_sealed", "phone_index", "phone_tail_index"),
    "address": ("address_sealed",),
    "id_country": ("id_country", "id_index"),
    "id_number": ("id_index", "id_sealed", "unverified"),
}
"""Stored fields of a correctable field, if their names differ from it."""
COUNTED_BY_RUN: Mapping[str, str] = {
    "sex": "sex",
    "birth_date": "birth_year",
    "ethnicity": "minority",
    "education": "education",
    "political": "political",
    "occupation": "occupation",
}
"""Fields that are kept of every run, and their names in the countable state."""


def states_named(
    given: PersonCorrection, entity: PersonEntity, by_run: Mapping[str, str]
) -> list[str]:
    """Return the fields of the countable state that a correction names.

    Args:
        by_run: the fields that are kept of an earlier run.

    Raises:
        Invalid: there is no such run, or an earlier one is named and a field is not kept of it.
    """
    names, run, runs = sorted(given.corrected), given.run, runs_of(entity.timeline)
    if run is not None and run not in runs:
        refuse([FieldError("run", "correction.run_unknown", {"runs": runs})])
    if run is not None and run != runs[-1]:
        params = {"run": run, "fields": list(by_run)}
        errors = [FieldError(name, "correction.not_of_a_run", params) for name in names]
        refuse([error for error in errors if error.field not in by_run])
    return [by_run[name] for name in names if name in by_run]


def as_given(stored: SealedPerson, cipher: Cipher) -> dict[str, Any]:
    """Return a stored person's fields as a request would give them."""
    full, guardian = stored.full(_SEALED, cipher), stored.guardian
    return {
        **{name: getattr(stored, name) for name in _OPEN},
        "id_type": stored.id_type,
        "id_number": full["id_number"],
        "id_country": stored.id_country,
        "phone": full["phone"],
        "address": full["address"],
        "guardian": guardian
        and GuardianInput(
            name=full["guardian_name"] or "",
            relation=guardian.relation,
            phone=full["guardian_phone"] or "",
            consent=guardian.consent,
        ),
    }


def correct_person(
    stored: SealedPerson, given: PersonCorrection, cipher: Cipher, today: date
) -> tuple[Person, SealedPerson]:
    """Return the person as corrected, checked and as stored.

    Args:
        stored: the person as stored.
        given: the correction.
        cipher: of the entity.
        today: today in China Standard Time.

    Raises:
        Invalid: a field breaks a rule.
    """
    known = PersonInput.model_fields.keys() & given.corrected
    merged = as_given(stored, cipher) | {name: getattr(given, name) for name in known}
    kept = PersonInput.model_fields.keys() - known
    person = check_person(PersonInput.model_validate(merged), today, kept)
    sealed = seal(person, cipher)
    names = [kept for name in sorted(known) for kept in _STORED_AS.get(name, (name,))]
    return person, replace(stored, **{name: getattr(sealed, name) for name in names})
