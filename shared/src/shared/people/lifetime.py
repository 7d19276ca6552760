"""A person's days against each other, over every run: the rows that both registers have.

Each noun completes them to its one table (``shared.register.days``); every entrance asks it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from shared.base.errors import FieldError, refuse
from shared.contract.timeline import Timeline
from shared.people.entity import PersonEntity
from shared.people.intake import ConsentInput, Person
from shared.register import days
from shared.register.days import FOUNDING_OF_THE_SOCIETY, Relation
from shared.register.requests import PaperDocument

RELATIONS = (
    Relation(earlier="society", later="entered", code="person.before_society"),
    Relation(earlier="born", later="consent", code="person.day_before_birth"),
    Relation(earlier="society", later="consent", code="person.before_society"),
    Relation(earlier="born", later="guardian_consent", code="person.day_before_birth"),
    Relation(earlier="society", later="guardian_consent", code="person.before_society"),
    Relation(earlier="born", later="paper", code="person.day_before_birth"),
)
"""Nobody joins, consents or is approved before being born, or before the society was founded."""

FIELDS: Mapping[str, str] = {
    "born": "birth_date",
    "entered": "effective_on",
    "consent": "consent.given_on",
    "guardian_consent": "guardian.consent.given_on",
    "paper": "document.issued_on",
}
"""The request's fields for a person's days."""


@dataclass(frozen=True, kw_only=True)
class Lifetime:
    """The days that are known of a person.

    Args:
        entered: day of the application, enrolment or joining that is asked for.
        earlier: first days of the runs there were before.
        paper: of the document that a command rests on.
        kept: of the document that the entry keeps: its filing, or evidence of service.
    """

    born: date | None
    entered: date | None = None
    earlier: tuple[date, ...] = ()
    consent: date | None = None
    guardian_consent: date | None = None
    paper: date | None = None
    kept: date | None = None
    society: date = FOUNDING_OF_THE_SOCIETY


@dataclass(frozen=True)
class Entering:
    """When a person enters.

    Args:
        day: of the application, the enrolment, or of joining.
        today: today in China Standard Time.
        earlier: first days of the person's earlier runs.
    """

    day: date
    today: date
    earlier: tuple[date, ...] = ()


def at_entry(person: Person, consent: ConsentInput | None, when: Entering) -> Lifetime:
    """Return the days of a person who enters, with a consent to the processing of the data."""
    return Lifetime(
        born=person.birth_date,
        entered=when.day,
        earlier=when.earlier,
        consent=_given_on(consent),
        guardian_consent=_given_on(person.guardian.consent) if person.guardian else None,
    )


def of_entry(entry: PersonEntity, person: Person) -> Lifetime:
    """Return the days of an entry whose person is corrected."""
    known = at_entry(person, entry.consent, Entering(date.min, date.min))
    issued_on = entry.kept.issued_on if entry.kept else None
    return replace(known, entered=None, earlier=joinings(entry.timeline), kept=issued_on)


def check_paper(
    relations: tuple[Relation, ...], paper: PaperDocument | None, born: date | None
) -> None:
    """Refuse a document that was issued before the person was born.

    Raises:
        Invalid: naming both days.
    """
    known = Lifetime(born=born, paper=paper.issued_on if paper else None)
    refuse(violations(relations, known, {"paper": FIELDS["paper"]}))


def joinings(states: Timeline) -> tuple[date, ...]:
    """Return the first day of each run."""
    first: dict[int, date] = {}
    for entry in states:
        first.setdefault(entry.run, entry.effective_on)
    return tuple(first.values())


def _given_on(consent: ConsentInput | None) -> date | None:
    """Return the day of a consent, if there is one."""
    return None if consent is None else consent.given_on


def corrected_fields(names: Collection[str]) -> dict[str, str]:
    """Return the fields of the days that a correction gives, by the days' names."""
    days_of = {"birth_date": "born", "guardian": "guardian_consent"}
    return {days_of[name]: FIELDS[days_of[name]] for name in names if name in days_of}


@cache
def entry_fields(day_name: str) -> Mapping[str, str]:
    """Return the fields of the days of an entry whose own day the request calls so."""
    return {**FIELDS, "entered": day_name}


@cache
def _asked(relations: tuple[Relation, ...], names: frozenset[str]) -> tuple[Relation, ...]:
    """Return the rows that a request asks, which gives the days of these names."""
    return tuple(row for row in relations if row.earlier in names or row.later in names)


def violations(
    relations: tuple[Relation, ...], known: Lifetime, fields: Mapping[str, str]
) -> list[FieldError]:
    """Return what a person's days violate of the table, for each run.

    Args:
        relations: the noun's table.
        fields: the fields of the days that the request gives; a row of which it gives neither day
            is not asked, so that nobody is stopped by what is not being changed.
    """
    asked = _asked(relations, frozenset(fields))
    # Not ``asdict``, which copies every day: that took as long as the checks of a whole row.
    errors = days.violations(asked, vars(known), fields)
    if not known.earlier:
        return errors
    others = {name: path for name, path in fields.items() if name != "entered"}
    rows = [row for row in asked if row.later == "entered" and row.earlier in others]
    for day in known.earlier:
        errors += days.violations(rows, vars(known) | {"entered": day}, others)
    return list({(error.field, error.code): error for error in errors}.values())
