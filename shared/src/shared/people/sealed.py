"""Stored form of a person: encrypted, indexed, masked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter, methodcaller
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from shared.contract.timeline import State
from shared.people import codes, masking
from shared.people.encryption import KeyRing, context
from shared.people.identifiers import Identifier, IdType
from shared.people.intake import ConsentInput, Guardian, Person
from shared.register.entity import StoredDay

REVEALABLE = ("name", "id_number", "phone", "address", "guardian_name", "guardian_phone")
"""Fields that are masked or left out until they are revealed for a stated reason."""

PHONE = "phone"
"""Kind of the index of a whole phone number (E.164)."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted value; where it was sealed a moment ago, its text is still known."""

    data: bytes = field(repr=False)
    text: str | None = field(default=None, repr=False, compare=False)


SealedValue = Annotated[Sealed, PlainValidator(Sealed), PlainSerializer(attrgetter("data"))]
StoredConsent = Annotated[ConsentInput, PlainSerializer(methodcaller("model_dump", mode="json"))]
StoredIdType = Annotated[IdType, PlainSerializer(attrgetter("value"))]


@dataclass(frozen=True)
class Cipher:
    """Encrypts and decrypts the fields of one entity, to which each ciphertext is tied.

    Args:
        ring: the deployment's keys.
        collection: where the entity is.
        entity: its id.
    """

    ring: KeyRing
    collection: str
    entity: str

    def seal(self, name: str, text: str) -> Sealed:
        """Return the value of a field, encrypted."""
        sealed = self.ring.encrypt(text, context(self.collection, name, self.entity))
        return Sealed(sealed, text)

    def open(self, name: str, sealed: Sealed | None) -> str | None:
        """Return the text of a field; None where there is none."""
        if sealed is None:
            return None
        if sealed.text is not None:
            return sealed.text
        return self.ring.decrypt(sealed.data, context(self.collection, name, self.entity))


@dataclass(frozen=True, kw_only=True)
class SealedGuardian:
    """A minor's guardian, name and phone encrypted."""

    relation: str
    name_sealed: SealedValue
    phone_sealed: SealedValue
    consent: StoredConsent | None = None


@dataclass(frozen=True, kw_only=True)
class SealedPerson:
    """A person's fields as an entity holds them.

    Args:
        id_index: the document number's ids in ``identifiers``, one per live key.
        id_country: that issued the document; those entered before it was asked for have none.
        unverified: whether it is a person without a verified number (paper stock).
    """

    name: str
    sex: str
    id_type: StoredIdType
    id_country: str | None = None
    birth_date: StoredDay | None = None
    id_index: tuple[str, ...] = ()
    id_sealed: SealedValue | None = None
    phone_sealed: SealedValue | None = None
    phone_index: tuple[str, ...] = ()
    phone_tail_index: tuple[str, ...] = ()
    address_sealed: SealedValue | None = None
    ethnicity: str | None = None
    education: str | None = None
    political: str | None = None
    occupation: str | None = None
    unverified: bool = False
    guardian: SealedGuardian | None = None

    @property
    def guardian_consents(self) -> bool:
        """Whether there is a guardian who has consented."""
        return self.guardian is not None and self.guardian.consent is not None

    @property
    def countable(self) -> State:
        """Return what of a person may be counted: the shared part of both countable states."""
        return {
            "sex": self.sex,
            "birth_year": self.birth_date.year if self.birth_date else None,
            "education": self.education,
            "occupation": self.occupation,
            "minority": codes.MINORITY[self.ethnicity],
            "political": self.political,
            "unverified": self.unverified,
        }

    def keys_left(self, after: "SealedPerson") -> list[str]:
        """Return the ids in ``identifiers`` that go once the document has another country."""
        if after.id_country == self.id_country:
            return []
        return [index for index in self.id_index if index not in after.id_index]

    def full(self, fields: Collection[str], cipher: Cipher) -> dict[str, str | None]:
        """Return full values of some of ``REVEALABLE``; None where there is none."""
        guardian = self.guardian
        sealed: dict[str, Sealed | None] = {
            "id_number": self.id_sealed,
            "phone": self.phone_sealed,
            "address": self.address_sealed,
            "guardian_name": guardian.name_sealed if guardian else None,
            "guardian_phone": guardian.phone_sealed if guardian else None,
        }
        return {
            name: self.name if name == "name" else cipher.open(name, sealed[name])
            for name in fields
        }

    def masked(self, cipher: Cipher) -> Mapping[str, Any]:
        """Return the person as every ordinary answer shows it; the address is not shown at all."""
        guardian = self.guardian
        number = cipher.open("id_number", self.id_sealed)
        phone = cipher.open("phone", self.phone_sealed)
        return {
            "name": masking.mask_name(self.name),
            "sex": self.sex,
            "birth_date": self.birth_date,
            "id_type": self.id_type.value,
            "id_number": number and masking.mask_identifier(number),
            "id_country": self.id_country,
            "phone": phone and masking.mask_phone(phone),
            "ethnicity": self.ethnicity,
            "education": self.education,
            "political": self.political,
            "occupation": self.occupation,
            "unverified": self.unverified,
            "guardian": guardian and _masked_guardian(guardian, cipher),
        }


def _masked_guardian(guardian: SealedGuardian, cipher: Cipher) -> Mapping[str, Any]:
    name = cipher.open("guardian_name", guardian.name_sealed) or ""
    phone = cipher.open("guardian_phone", guardian.phone_sealed) or ""
    return {
        "name": masking.mask_name(name),
        "relation": guardian.relation,
        "phone": masking.mask_phone(phone),
        "consent": guardian.consent and guardian.consent.model_dump(mode="json"),
    }


def id_indexes(ring: KeyRing, identifier: Identifier) -> list[str]:
    """Return the ``_id``s of a number in ``identifiers``, one per live key; none without number.

    The key is the type with the number, and the issuing country where the document needs one.
    """
    if identifier.id_type is IdType.NONE:
        return []
    if identifier.country is None:
        return ring.indexes(identifier.id_type.value, identifier.number)
    return ring.indexes(identifier.id_type.value, f"{identifier.country}:{identifier.number}")


def indexes_without_country(ring: KeyRing, identifier: Identifier) -> list[str]:
    """Return the ``_id``s under which an entry of before holds a number that now has a country."""
    return [] if identifier.country is None else id_indexes(ring, identifier._replace(country=None))


def indexes_of_any_entry(ring: KeyRing, identifier: Identifier) -> list[str]:
    """Return the ``_id``s under which an entry may hold a number, of now or of before."""
    return [*id_indexes(ring, identifier), *indexes_without_country(ring, identifier)]


def seal(person: Person, cipher: Cipher) -> SealedPerson:
    """Return a checked person as it is stored, encrypted and indexed where the rules want it."""
    identifier, phone, ring = person.identifier, person.phone, cipher.ring
    return SealedPerson(
        name=person.name,
        sex=person.sex,
        birth_date=person.birth_date,
        id_type=identifier.id_type,
        id_country=identifier.country,
        id_index=tuple(id_indexes(ring, identifier)),
        id_sealed=cipher.seal("id_number", identifier.number) if identifier.number else None,
        phone_sealed=None if phone is None else cipher.seal("phone", phone),
        phone_index=() if phone is None else tuple(ring.indexes(PHONE, phone)),
        phone_tail_index=() if phone is None else tuple(ring.phone_tail_indexes(phone)),
        address_sealed=None if person.address is None else cipher.seal("address", person.address),
        ethnicity=person.ethnicity,
        education=person.education,
        political=person.political,
        occupation=person.occupation,
        unverified=person.unverified,
        guardian=None if person.guardian is None else seal_guardian(person.guardian, cipher),
    )


def seal_guardian(guardian: Guardian, cipher: Cipher) -> SealedGuardian:
    """Return a guardian as it is stored, name and phone encrypted."""
    return SealedGuardian(
        relation=guardian.relation,
        name_sealed=cipher.seal("guardian_name", guardian.name),
        phone_sealed=cipher.seal("guardian_phone", guardian.phone),
        consent=guardian.consent,
    )
