"""The register of volunteers: what the rules decide of each command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from shared.base.errors import FieldError, Invalid, NotFound, refuse
from shared.base.ids import new_id
from shared.contract import events
from shared.people import lifetime
from shared.people.correction import correct_person
from shared.people.entity import dated
from shared.people.intake import (
    ConsentInput,
    Person,
    PersonInput,
    check_consent,
    check_guardian,
    check_person,
)
from shared.people.lifetime import Entering
from shared.people.register import People
from shared.people.requests import Registration, within_registration
from shared.people.sealed import seal, seal_guardian
from shared.people.writer import PeopleWriter
from shared.register.actions import Action, check, violations_of_day
from shared.register.command import Command
from shared.register.directory import Card
from shared.register.reading import read
from shared.register.register import Decision, Found, Topic
from shared.register.requests import ActionInput
from shared.register.scope import Place
from shared.web.access.principal import Principal
from volunteer.enrolment import rules
from volunteer.enrolment.rules import Enrolment, Evidence
from volunteer.enrolment.schemas import (
    DeregisterInput,
    EnrolInput,
    RegistrationInput,
    VolunteerCorrection,
    VolunteerCreate,
)
from volunteer.enrolment.store import VOLUNTEERS
from volunteer.settings import LEAST_AGE, RegisteredRule

SOURCE = "/services/volunteer"


@dataclass(frozen=True, kw_only=True)
class Enrolments(People[Enrolment]):
    """The register of volunteers, under one rule of registration.

    Args:
        rule: what makes an enrolled volunteer a registered one.
        least_age: in years, on each day of enrolment.
    """

    days: ClassVar = rules.DAYS

    rule: RegisteredRule
    least_age: int

    def unit_violations(self, unit: Card) -> list[FieldError]:
        return rules.violations_of_unit(unit.status)

    def reopens(self, entity: Enrolment) -> str | None:
        return "enrol" if rules.returns(entity) else None

    def rows(self, action: Action, entity: Enrolment) -> Sequence[Action]:
        """Return the rows of an action; who was removed has no return, and nobody dies twice."""
        ended = entity.status == "DEREGISTERED" and not rules.returns(entity)
        closed = (ended and action.name == "enrol") or (
            entity.is_dead and action.name == "deregister"
        )
        return () if closed else super().rows(action, entity)

    def taken(self, holder: Enrolment) -> str:
        if holder.status in rules.OPEN:
            return "person.duplicate"
        if holder.is_dead:
            return "person.deceased"
        return "volunteer.left" if rules.returns(holder) else "volunteer.barred"

    def required(self, command: Command, entity: Enrolment) -> Action:
        """Return what a command asks of its caller; the ground chooses the row of an end."""
        if isinstance(command.given, DeregisterInput):
            return rules.row_of(command.given.ground, entity)
        return super().required(command, entity)

    async def find(self, caller: Principal, identity: str) -> Found[Enrolment]:
        """Return an entry to those within whose scope it lies, and to the person itself."""
        if caller.person != identity:
            return await super().find(caller, identity)
        entity = await self.store.get(identity)
        if entity is None:
            raise await self.scope.refuse_absent(caller)
        return await self.shown(entity)

    async def me(self, caller: Principal) -> tuple[Enrolment, Card | None]:
        """Return the entry a volunteer's own account is tied to, and its unit.

        Raises:
            NotFound: the account is tied to none.
        """
        if caller.person is None:
            raise NotFound("volunteer.no_entry")
        entity = (await read(self, caller, caller.person)).entity
        (path,) = await self.directory.paths([entity.unit])
        return entity, next(iter(path), None)

    async def decide(
        self, command: Command, before: Enrolment | None, path: Sequence[Place]
    ) -> Decision[Enrolment]:
        match command.given, before:
            case VolunteerCreate() as given, None:
                return await self._enter(command, given, path)
            case VolunteerCorrection() as given, Enrolment() as entry:
                return await self._correct(command, given, entry)
            case EnrolInput(), Enrolment() as entry:
                return await self.decide_return(command, entry, path)
            case RegistrationInput() as given, Enrolment() as entry:
                return self._apply_registration(command, given, entry)
            case DeregisterInput() as given, Enrolment() as entry:
                after = self.acted(command, entry)
                return Decision(rules.ended(entry, after, given.ground, command.day))
            case ActionInput(), Enrolment() as entry:
                return Decision(self.acted(command, entry))
        raise TypeError(command.given)

    async def _enter(
        self, command: Command, given: VolunteerCreate, path: Sequence[Place]
    ) -> Decision[Enrolment]:
        """Enrol a person; without a minor's guardian the entry stays an application."""
        person = await self.examined(command, given, path)
        enrol = self.actions.acts["enrol"]
        draft = self._draft(command, given, person, new_id())
        numbers = draft.person.id_index
        if self._waits(person, command.today):
            return Decision(draft, claims=numbers)
        entry = replace(draft, status=enrol.target)
        return Decision(dated(entry, enrol, command.day), enrol.fact, numbers)

    def examine(
        self, given: PersonInput, consent: ConsentInput | None, *, when: Entering
    ) -> tuple[Person | None, list[FieldError]]:
        errors = violations_of_day(when.day, when.today)
        if consent is None:
            errors.append(FieldError("consent", "consent.missing"))
        check_consent(errors, "consent", consent, when.today)
        try:
            person = check_person(given, when.today)
        except Invalid as refusal:
            return None, [*errors, *refusal.errors]
        known = lifetime.at_entry(person, consent, when)
        errors += lifetime.violations(rules.DAYS, known, lifetime.FIELDS)
        errors += self._violations_of_applicant(person, (when.day, *when.earlier))
        return person, errors

    def _violations_of_applicant(
        self, person: Person, enters_on: Sequence[date]
    ) -> list[FieldError]:
        return rules.violations_of_applicant(
            person.identifier.id_type, person.birth_date, enters_on, self.least_age
        )

    def _waits(self, person: Person, today: date) -> list[FieldError]:
        """Return what a person's enrolment still waits for."""
        guardian = person.guardian
        consent = guardian is not None and guardian.consent is not None
        return rules.lacks_guardian(person.birth_date, today, consent=consent)

    def _draft(
        self, command: Command, given: VolunteerCreate, person: Person, identity: str
    ) -> Enrolment:
        return Enrolment(
            id=identity,
            status=self.actions.create.target,
            unit=given.unit_id,
            person=seal(person, self.cipher(identity)),
            consent=given.consent,
            service_fields=tuple(sorted(set(given.service_fields or ()))),
            warnings=person.warnings,
            applied_on=command.day,
        )

    async def reopened(self, command: Command, entity: Enrolment) -> Decision[Enrolment]:
        """Complete an application, or take back who left by own request."""
        given = command.given
        if not isinstance(given, EnrolInput):
            raise TypeError(given)
        rules.check_return(entity, anew=False)
        person = entity.person
        if given.guardian is not None:
            errors: list[FieldError] = []
            guardian = check_guardian(errors, given.guardian, command.today)
            refuse(errors)
            if guardian is not None:
                sealed = seal_guardian(guardian, self.cipher(entity.id))
                person = replace(person, guardian=sealed)
        refuse(
            rules.lacks_guardian(person.birth_date, command.today, consent=person.guardian_consents)
        )
        after = self.acted(command, replace(rules.returned(entity), person=person))
        refuse(self._violations_as_stored(command, given, entity))
        return Decision(after)

    async def registered_anew(
        self, command: Command, registration: Registration, entity: Enrolment, path: Sequence[Place]
    ) -> Decision[Enrolment]:
        """Take back a volunteer by a whole registration."""
        if not isinstance(registration, VolunteerCreate):
            raise TypeError(registration)
        rules.check_return(entity, anew=True)
        person = await self.examined(command, registration, path, entity)
        self.check_same_person(person, entity)
        refuse(self._waits(person, command.today))
        new = self._draft(command, registration, person, entity.id)
        again = replace(
            rules.returned(entity),
            unit=new.unit,
            person=new.person,
            consent=new.consent,
            service_fields=new.service_fields,
            warnings=new.warnings,
            applied_on=new.applied_on,
        )
        numbers = await self.to_claim(again.person.id_index, entity)
        left = entity.person.keys_left(again.person)
        return Decision(
            self.acted(command, again, anew=True), claims=numbers, releases=left, drafts=True
        )

    def _apply_registration(
        self, command: Command, given: RegistrationInput, entry: Enrolment
    ) -> Decision[Enrolment]:
        """Apply for registration by a document that evidences the hours."""
        after = self.acted(command, entry)
        hours, document = given.declared_hours, given.document
        refuse(
            rules.violations_of_evidence(
                self.rule, document=document is not None, declared_hours=hours
            )
        )
        basis = "DOCUMENT" if document else self.rule.mode
        evidence = Evidence(basis=basis, document=document, declared_hours=hours)
        after = replace(after, registration=evidence, applied_by=command.caller.subject)
        return Decision(after)

    def _violations_as_stored(
        self, command: Command, given: EnrolInput, entry: Enrolment
    ) -> list[FieldError]:
        """Return what the stored entry violates, by the fields that set it right.

        An application that is still open is corrected by PATCH; whoever left is registered anew.
        """
        errors = self.violations_as_stored(command, entry, given.guardian)
        own = [error for error in errors if given.guardian and error.field.startswith("guardian")]
        if entry.status == "APPLIED":
            return errors
        return own + within_registration([error for error in errors if error not in own])

    def _violations_of_days(
        self, command: Command, given: VolunteerCorrection, entry: Enrolment, person: Person
    ) -> list[FieldError]:
        """Return what a corrected person violates; of the days, what is corrected, over every run."""
        known = lifetime.of_entry(entry, person)
        fields = lifetime.corrected_fields(given.corrected)
        errors = lifetime.violations(rules.DAYS, known, fields)
        errors += self._violations_of_applicant(person, known.earlier if fields else ())
        if entry.status != "APPLIED":
            errors += self._waits(person, command.today)
        return errors

    async def _correct(
        self, command: Command, given: VolunteerCorrection, entry: Enrolment
    ) -> Decision[Enrolment]:
        """Set right fields that were wrong from the start."""
        check(self.actions, command.action, entry, command.caller.subject, command.reason)
        person, stored = correct_person(entry.person, given, self.cipher(entry.id), command.today)
        refuse(self._violations_of_days(command, given, entry, person))
        fields = entry.service_fields
        if "service_fields" in given.corrected:
            fields = tuple(sorted(set(given.service_fields or ())))
        after = replace(entry, person=stored, warnings=person.warnings, service_fields=fields)
        after = self.corrected(command, given, entry, after)
        numbers, left = await self.numbers_moved(entry, after)
        return Decision(after, claims=numbers, releases=left, corrected=sorted(given.corrected))


def enrolments_of(
    writer: PeopleWriter, rule: RegisteredRule, least_age: int = LEAST_AGE
) -> Enrolments:
    """Return the register of volunteers, under a rule of registration and a least age."""
    topic = Topic(SOURCE, events.VOLUNTEER_TOPIC, writer.settings.kafka_partitions)
    actions = rules.actions_under(rule)
    return Enrolments.over(
        writer,
        Enrolment,
        collection=VOLUNTEERS,
        topic=topic,
        actions=actions,
        rule=rule,
        least_age=least_age,
    )
