"""A person at rest: encrypted, indexed, counted; and what of it is shown again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from shared.people import codes, masking
from shared.people.encryption import KeyRing, context
from shared.people.identifiers import Identifier, IdType
from shared.people.intake import ConsentInput, Guardian, Person

IDENTIFIERS = "identifiers"
"""Collection of ``{_id: keyed index, person: id}``: one person document per number for ever."""

REVEALABLE = ("name", "id_number", "phone", "address", "guardian_name", "guardian_phone")
"""Fields that are masked or left out until they are revealed for a stated reason."""

_PHONE = "phone"


def id_indexes(ring: KeyRing, identifier: Identifier) -> list[str]:
    """Return the ``_id``s of a number in ``identifiers``, one per live key; none without number."""
    if identifier.id_type is IdType.NONE:
        return []
    return ring.indexes(identifier.id_type.value, identifier.number)


def phone_indexes(ring: KeyRing, phone: str) -> list[str]:
    """Return the search indexes of a whole phone number (E.164)."""
    return ring.indexes(_PHONE, phone)


def identifier_rows(indexes: Sequence[str], person: str) -> list[dict[str, Any]]:
    """Return the rows of collection ``identifiers`` that a person takes."""
    return [{"_id": index, "person": person} for index in indexes]


def seal(person: Person, entity: str, collection: str, ring: KeyRing) -> dict[str, Any]:
    """Return a person's document fields, encrypted and indexed where the rules want it.

    Args:
        person: checked data.
        entity: id of the document; with the collection's name it ties each ciphertext to its place.
        collection: where the document goes.
        ring: the deployment's keys.
    """
    identifier = person.identifier
    return {
        "name": person.name,
        "sex": person.sex,
        "birth_date": None if person.birth_date is None else person.birth_date.isoformat(),
        "id_type": identifier.id_type.value,
        "id_index": id_indexes(ring, identifier),
        "id_sealed": ring.encrypt(identifier.number, context(collection, "id_number", entity))
        if identifier.number
        else None,
        **seal_phone(person.phone, entity, collection, ring),
        **seal_address(person.address, entity, collection, ring),
        "ethnicity": person.ethnicity,
        "education": person.education,
        "political": person.political,
        "occupation": person.occupation,
        "unverified": person.unverified,
        "guardian": seal_guardian(person.guardian, entity, collection, ring),
    }


def seal_phone(phone: str | None, entity: str, collection: str, ring: KeyRing) -> dict[str, Any]:
    """Return the document fields of a phone; None removes them."""
    if phone is None:
        return {"phone_sealed": None, "phone_index": None, "phone_tail_index": None}
    return {
        "phone_sealed": ring.encrypt(phone, context(collection, "phone", entity)),
        "phone_index": phone_indexes(ring, phone),
        "phone_tail_index": ring.phone_tail_indexes(phone),
    }


def seal_address(
    address: str | None, entity: str, collection: str, ring: KeyRing
) -> dict[str, Any]:
    """Return the document field of an address below the county; None removes it."""
    if address is None:
        return {"address_sealed": None}
    return {"address_sealed": ring.encrypt(address, context(collection, "address", entity))}


def seal_guardian(
    guardian: Guardian | None, entity: str, collection: str, ring: KeyRing
) -> dict[str, Any] | None:
    """Return the sub-document of a guardian, name and phone encrypted."""
    if guardian is None:
        return None
    return {
        "relation": guardian.relation,
        "name_sealed": ring.encrypt(guardian.name, context(collection, "guardian_name", entity)),
        "phone_sealed": ring.encrypt(guardian.phone, context(collection, "guardian_phone", entity)),
        "consent": consent_document(guardian.consent),
    }


def consent_document(consent: ConsentInput | None) -> dict[str, Any] | None:
    """Return a consent as it is stored, its day as ISO text."""
    return None if consent is None else consent.model_dump(mode="json")


def countable(person: Person) -> dict[str, Any]:
    """Return what of a person may be counted: the shared part of both countable states."""
    return countable_fields(
        {
            "sex": person.sex,
            "birth_date": person.birth_date and person.birth_date.isoformat(),
            "education": person.education,
            "occupation": person.occupation,
            "ethnicity": person.ethnicity,
            "political": person.political,
            "unverified": person.unverified,
        }
    )


def countable_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same from a stored document (or one about to be stored)."""
    birth_date = document.get("birth_date")
    return {
        "sex": document["sex"],
        "birth_year": int(birth_date[:4]) if birth_date else None,
        "education": document.get("education"),
        "occupation": document.get("occupation"),
        "minority": codes.minority(document.get("ethnicity")),
        "political": document.get("political"),
        "unverified": bool(document.get("unverified")),
    }


def unseal(
    document: Mapping[str, Any], fields: Collection[str], collection: str, ring: KeyRing
) -> dict[str, str | None]:
    """Return full values of some of ``REVEALABLE``; None where the document holds none."""
    guardian = document.get("guardian") or {}
    sealed: dict[str, Any] = {
        "id_number": document.get("id_sealed"),
        "phone": document.get("phone_sealed"),
        "address": document.get("address_sealed"),
        "guardian_name": guardian.get("name_sealed"),
        "guardian_phone": guardian.get("phone_sealed"),
    }
    opened: dict[str, str | None] = {}
    for name in fields:
        if name == "name":
            opened[name] = document["name"]
            continue
        value = sealed[name]
        place = context(collection, name, document["_id"])
        opened[name] = None if value is None else ring.decrypt(value, place)
    return opened


def masked(document: Mapping[str, Any], collection: str, ring: KeyRing) -> dict[str, Any]:
    """Return a person as every ordinary answer shows it; the address is not shown at all."""
    full = unseal(document, ("id_number", "phone", "guardian_name", "guardian_phone"),
                  collection, ring)  # fmt: skip
    guardian = document.get("guardian")
    return {
        "name": masking.mask_name(document["name"]),
        "sex": document["sex"],
        "birth_date": document.get("birth_date"),
        "id_type": document["id_type"],
        "id_number": _mask(full["id_number"], masking.mask_identifier),
        "phone": _mask(full["phone"], masking.mask_phone),
        "ethnicity": document.get("ethnicity"),
        "education": document.get("education"),
        "political": document.get("political"),
        "occupation": document.get("occupation"),
        "unverified": bool(document.get("unverified")),
        "guardian": None
        if guardian is None
        else {
            "name": _mask(full["guardian_name"], masking.mask_name),
            "relation": guardian["relation"],
            "phone": _mask(full["guardian_phone"], masking.mask_phone),
            "consent": guardian.get("consent"),
        },
    }


def _mask(value: str | None, mask: Callable[[str], str]) -> str | None:
    return None if value is None else mask(value)
