"""Setting a stored person's data right: judged as a whole again, only what changed is rewritten."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.people.encryption import KeyRing
from shared.people.intake import ConsentInput, GuardianInput, Person, PersonInput, check_person
from shared.people.requests import PersonCorrection
from shared.people.sealed import seal, unseal

_OPEN = ("name", "sex", "birth_date", "ethnicity", "education", "political", "occupation")
_SEALED = ("id_number", "phone", "address", "guardian_name", "guardian_phone")
_STORED_AS: Mapping[str, tuple[str, ...]] = {
    "phone": ("phone_sealed", "phone_index", "phone_tail_index"),
    "address": ("address_sealed",),
}
"""Document fields of a correctable field where they bear other names than it."""


def as_given(document: Mapping[str, Any], collection: str, ring: KeyRing) -> dict[str, Any]:
    """Return a stored person's fields as a request would give them."""
    full = unseal(document, _SEALED, collection, ring)
    guardian = document.get("guardian")
    return {
        **{name: document.get(name) for name in _OPEN},
        "id_type": document["id_type"],
        "id_number": full["id_number"],
        "phone": full["phone"],
        "address": full["address"],
        "guardian": guardian
        and GuardianInput(
            name=full["guardian_name"] or "",
            relation=guardian["relation"],
            phone=full["guardian_phone"] or "",
            consent=guardian.get("consent") and ConsentInput.model_validate(guardian["consent"]),
        ),
    }


def correct_person(
    document: Mapping[str, Any],
    given: PersonCorrection,
    collection: str,
    ring: KeyRing,
    today: date,
) -> tuple[Person, dict[str, Any]]:
    """Return the person as corrected, and the document fields that change; None removes one.

    Args:
        document: the entry as stored.
        given: the correction.
        collection: where the entry is.
        ring: the deployment's keys.
        today: today in China Standard Time.

    Raises:
        Invalid: a field breaks a rule.
    """
    known = set(PersonInput.model_fields) & given.corrected
    merged = as_given(document, collection, ring) | {name: getattr(given, name) for name in known}
    person = check_person(PersonInput.model_validate(merged), today)
    sealed = seal(person, document["_id"], collection, ring)
    names = [stored for name in sorted(known) for stored in _STORED_AS.get(name, (name,))]
    return person, {name: sealed[name] for name in names}
