"""Checking a person's data: what is sent, and its stored forms once every rule holds."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from shared.base.errors import FieldError, ValueProblem, invalid
from shared.people import codes, identifiers
from shared.people.codes import Code, CodeList
from shared.people.contacts import check_name, normalise_phone
from shared.people.countries import BY_ANY_COUNTRY, issuing_country
from shared.people.identifiers import EARLIEST_BIRTH, Identifier, IdType
from shared.register.actions import violations_of_day
from shared.web.fields import Day, PlainText, ShortText, StrictModel

T = TypeVar("T")

_DOCUMENT = frozenset({"id_type", "id_number", "id_country"})

OCCUPATION = CodeList(
    "occupation",
    (
        Code("11", "国家公务员", "civil servant", ("公务员",)),
        Code("13", "专业技术人员", "professional or technician"),
        Code("17", "职员", "clerk"),
        Code("21", "企业管理人员", "manager of an enterprise"),
        Code("24", "工人", "worker"),
        Code("27", "农民", "farmer"),
        Code("31", "学生", "student"),
        Code("37", "现役军人", "serviceman", ("军人",)),
        Code("51", "自由职业者", "freelancer", ("自由职业",)),
        Code("54", "个体经营者", "self-employed", ("个体户",)),
        Code("70", "无业人员", "without employment", ("无业",)),
        Code("80", "退(离)休人员", "retired", ("退休", "离退休人员")),
        Code("90", "其他", "other", ("其它",)),
    ),
)
"""Occupation groups of GB/T 2261.4."""


class ConsentInput(StrictModel):
    """The person's (or guardian's) consent to the processing of the data (PIPL 13, 29).

    ``version`` names the text agreed to, ``document`` where the signed paper is kept.
    """

    version: ShortText
    channel: ShortText
    given_on: Day
    document: PlainText | None = None


class GuardianInput(StrictModel):
    """Who consents for a minor (PIPL 31)."""

    name: str
    relation: ShortText
    phone: str
    consent: ConsentInput | None = None


class PersonFields(StrictModel):
    """The fields of a person that both registers take and set right."""

    name: str | None = None
    sex: str | None = None
    birth_date: Day | None = None
    phone: str | None = None
    address: PlainText | None = None
    ethnicity: str | None = None
    education: str | None = None
    political: str | None = None
    occupation: str | None = None
    guardian: GuardianInput | None = None


class PersonInput(PersonFields):
    """A person who is entered: under a name and a document."""

    name: str
    id_type: IdType
    id_number: str | None = None
    id_country: str | None = None


@dataclass(frozen=True, slots=True)
class Guardian:
    """A guardian in stored form."""

    name: str = field(repr=False)
    relation: str
    phone: str = field(repr=False)
    consent: ConsentInput | None


@dataclass(frozen=True, slots=True)
class Person:
    """A person whose data passed every check that needs no other document.

    ``warnings`` are message codes: a declared value differs from the number and was kept as
    declared. ``unverified`` is a person without a verified number (paper stock).
    """

    name: str = field(repr=False)
    sex: str
    birth_date: date | None = field(repr=False)
    identifier: Identifier
    phone: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    ethnicity: str | None = None
    education: str | None = None
    political: str | None = None
    occupation: str | None = None
    guardian: Guardian | None = None
    warnings: tuple[str, ...] = ()
    unverified: bool = False


def check_person(given: PersonInput, today: date, kept: Collection[str] = ()) -> Person:
    """Return a person in stored form; sex and birth date come from the number where not declared.

    Which document types are taken, and from what age, are rules of each register.

    Args:
        kept: names of fields that stay as stored: names entered before a rule are not judged by it.

    Raises:
        Invalid: every field at fault, each with the code of its rule.
    """
    errors: list[FieldError] = []
    identifier = check_document(
        errors,
        given.id_type,
        given.id_number,
        given.id_country,
        today,
        kept=_DOCUMENT.issubset(kept),
    )
    name = given.name if "name" in kept else _try(errors, "name", lambda: check_name(given.name))
    number = given.phone
    phone = None if number is None else _try(errors, "phone", lambda: normalise_phone(number))
    ethnicity = read_code(errors, "ethnicity", codes.ETHNICITY, given.ethnicity)
    education = read_code(errors, "education", codes.EDUCATION, given.education)
    political = read_code(errors, "political", codes.POLITICAL_STATUS, given.political)
    occupation = read_code(errors, "occupation", OCCUPATION, given.occupation)
    sex = read_code(errors, "sex", codes.SEX, given.sex)
    sent = given.guardian
    guardian = None if sent is None else _guardian(errors, sent, today, kept="guardian" in kept)
    born = given.birth_date
    if born is not None and not EARLIEST_BIRTH <= born <= today:
        errors += violations_of_day(born, today, EARLIEST_BIRTH, field="birth_date")
    if errors or identifier is None or name is None:
        raise invalid(errors)
    return Person(
        name=name,
        sex=sex or identifier.sex or "0",
        birth_date=born or identifier.birth_date,
        identifier=identifier,
        phone=phone,
        address=given.address,
        ethnicity=ethnicity,
        education=education,
        political=political,
        occupation=occupation,
        guardian=guardian,
        warnings=tuple(identifiers.declared_warnings(identifier, sex, born)),
        unverified=identifier.id_type is IdType.NONE,
    )


def check_document(
    errors: list[FieldError],
    id_type: IdType,
    number: str | None,
    country: str | None,
    today: date,
    *,
    kept: bool = False,
) -> Identifier | None:
    """Return what a document says, with its issuing country where it needs one; note what is wrong.

    Args:
        kept: whether it stays as stored: documents entered before the rule have no country.
    """
    found = _try(errors, "id_number", lambda: identifiers.check(id_type, number, today))
    if country is None and id_type not in BY_ANY_COUNTRY:
        return found
    if not kept:
        country = _try(errors, "id_country", lambda: issuing_country(id_type, country))
    return None if found is None else found._replace(country=country)


def read_code(
    errors: list[FieldError], name: str, entries: CodeList, value: str | None
) -> str | None:
    """Return the code of a value (itself a code, a name or an alias); note where it is none."""
    if value is None:
        return None
    if (known := entries.exact.get(value)) is not None:
        return known
    return _try(errors, name, lambda: entries.read(value))


def check_guardian(errors: list[FieldError], given: GuardianInput, today: date) -> Guardian | None:
    """Return the guardian in stored form; note what is wrong."""
    name = _try(errors, "guardian.name", lambda: check_name(given.name))
    phone = _try(errors, "guardian.phone", lambda: normalise_phone(given.phone))
    check_consent(errors, "guardian.consent", given.consent, today)
    if name is None or phone is None:
        return None
    return Guardian(name, given.relation, phone, given.consent)


def _guardian(
    errors: list[FieldError], given: GuardianInput, today: date, *, kept: bool
) -> Guardian | None:
    if kept:
        return Guardian(given.name, given.relation, given.phone, given.consent)
    return check_guardian(errors, given, today)


def check_consent(
    errors: list[FieldError], name: str, consent: ConsentInput | None, today: date
) -> None:
    """Note a consent that is dated after today."""
    if consent is not None and consent.given_on > today:
        errors += violations_of_day(consent.given_on, today, field=f"{name}.given_on")


def _try(errors: list[FieldError], name: str, check: Callable[[], T]) -> T | None:
    try:
        return check()
    except ValueProblem as problem:
        errors.append(FieldError(name, problem.code, dict(problem.params)))
        return None
