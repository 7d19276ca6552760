"""What the registers of members and of volunteers share of a person: checking, sealing, showing.

A person's data goes one way: ``PersonInput`` (as sent) -> ``check_person`` -> ``Person`` (stored
forms) -> ``seal`` -> document fields, of which ``masked`` and ``unseal`` read back. Names, codes and
dates stay readable in the database; id number, phone, address and guardian are encrypted there.
"""

from shared.personal.records.intake import (
    OCCUPATION,
    ConsentInput,
    Day,
    Given,
    Guardian,
    GuardianInput,
    Person,
    PersonInput,
    PlainText,
    ShortText,
    check_consent,
    check_guardian,
    check_person,
    read_code,
    refuse,
)
from shared.personal.records.sealed import (
    IDENTIFIERS,
    REVEALABLE,
    consent_document,
    countable,
    countable_fields,
    id_indexes,
    identifier_rows,
    masked,
    phone_indexes,
    seal,
    seal_address,
    seal_guardian,
    seal_phone,
    unseal,
)

__all__ = [
    "IDENTIFIERS",
    "OCCUPATION",
    "REVEALABLE",
    "ConsentInput",
    "Day",
    "Given",
    "Guardian",
    "GuardianInput",
    "Person",
    "PersonInput",
    "PlainText",
    "ShortText",
    "check_consent",
    "check_guardian",
    "check_person",
    "consent_document",
    "countable",
    "countable_fields",
    "id_indexes",
    "identifier_rows",
    "masked",
    "phone_indexes",
    "read_code",
    "refuse",
    "seal",
    "seal_address",
    "seal_guardian",
    "seal_phone",
    "unseal",
]
