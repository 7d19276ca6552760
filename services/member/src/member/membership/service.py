"""The register of memberships: what the rules decide of each command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from member.membership import rules
from member.membership.rules import ACTIONS, Membership
from member.membership.schemas import BulkRow, MemberCorrection, MemberCreate, ReapplyInput
from member.membership.store import MEMBERS
from member.settings import MemberSettings
from shared.base.errors import FieldError, Invalid, refuse
from shared.base.ids import new_id
from shared.contract import events
from shared.people.correction import COUNTED_BY_RUN, correct_person
from shared.people.intake import ConsentInput, Person, PersonInput, check_consent, check_person
from shared.people.keys import with_key
from shared.people.register import People
from shared.people.requests import Registration
from shared.people.sealed import seal
from shared.people.writer import PeopleWriter
from shared.register.actions import check, violations_of_day
from shared.register.command import Command
from shared.register.directory import Card
from shared.register.register import Decision, Topic
from shared.register.requests import ActionInput
from shared.register.scope import Place

SOURCE = "/services/member"


@dataclass(frozen=True, kw_only=True)
class Memberships(People[Membership]):
    """The register of memberships, under the rules that the chapter's body has set."""

    by_run: ClassVar = {**COUNTED_BY_RUN, "kind": "kind"}

    rules: MemberSettings

    def unit_violations(self, unit: Card) -> list[FieldError]:
        return rules.violations_of_unit(unit.level, unit.status, self.rules)

    def reopens(self, entity: Membership) -> str | None:
        return "reapply" if entity.status in rules.REOPENABLE else None

    def taken(self, holder: Membership) -> str:
        if holder.status in rules.OPEN:
            return "person.duplicate"
        return "member.closed" if self.reopens(holder) else "member.barred"

    async def decide(
        self, command: Command, before: Membership | None, path: Sequence[Place]
    ) -> Decision[Membership]:
        match command.given, before:
            case MemberCreate() as given, None:
                person = await self.examined(command, given, path)
                application = self.application(given, person, given.consent, command.day, new_id())
                return Decision(application, claims=application.person.id_index)
            case MemberCorrection() as given, Membership() as member:
                return await with_key(self, self._correct(command, given, member), member)
            case ReapplyInput(), Membership() as member:
                return await self.decide_return(command, member, path)
            case ActionInput() as given, Membership() as member:
                after = self.acted(command, member)
                if command.action.name == "file":
                    after = rules.filed(after, given.document)
                return Decision(after)
        raise TypeError(command.given)

    def examine(
        self,
        given: PersonInput,
        consent: ConsentInput | None,
        *,
        day: date,
        today: date,
        day_name: str = "effective_on",
        paper_stock: bool = False,
    ) -> tuple[Person | None, list[FieldError]]:
        """Return the person in stored form, and every violation.

        Args:
            consent: to the processing of the data.
            day: day of the application, or of joining.
            day_name: what the request calls the day.
            paper_stock: whether members of long standing are entered from paper; their days have
                a rule of their own (``rules.violations_of_stock``).
        """
        errors = rules.violations_of_document_type(
            given.id_type, self.rules, paper_stock=paper_stock
        )
        if day > today and not paper_stock:
            errors += violations_of_day(day, today, field=day_name)
        if consent is None:
            errors.append(FieldError("consent", "consent.missing"))
        check_consent(errors, "consent", consent, today)
        if any(error.field == "id_type" for error in errors):
            return None, errors  # the number of such a type is not checked
        try:
            person = check_person(given, today)
        except Invalid as refusal:
            return None, [*errors, *refusal.errors]
        if person.unverified and given.sex is None:
            errors.append(FieldError("sex", "member.sex_required"))
        errors += rules.violations_of_age(
            person.birth_date, joins_on=day, today=today, guardian=person.guardian, rules=self.rules
        )
        return person, errors

    def application(
        self,
        given: MemberCreate | BulkRow,
        person: Person,
        consent: ConsentInput | None,
        day: date,
        identity: str,
    ) -> Membership:
        """Return the application of a person to join; ``day`` is its own, or that of joining."""
        return Membership(
            id=identity,
            status=self.actions.create.target,
            unit=given.unit_id,
            kind=given.kind,
            person=seal(person, self.cipher(identity)),
            consent=consent,
            warnings=person.warnings,
            applied_on=day,
        )

    def _correct(
        self, command: Command, given: MemberCorrection, member: Membership
    ) -> Decision[Membership]:
        """Set right fields that were wrong from the start."""
        check(self.actions, command.action, member, command.caller.subject, command.reason)
        names = given.corrected
        person, stored = correct_person(member.person, given, self.cipher(member.id), command.today)
        if person.unverified and "sex" in names and given.sex is None:
            refuse([FieldError("sex", "member.sex_required")])
        if {"birth_date", "guardian"} & names:
            refuse(
                rules.violations_of_age(
                    person.birth_date,
                    joins_on=member.applied_on or command.today,
                    today=command.today,
                    guardian=person.guardian,
                    rules=self.rules,
                )
            )
        after = replace(
            member, person=stored, warnings=person.warnings, kind=given.kind or member.kind
        )
        after = self.corrected(command, given, member, after)
        return Decision(after, corrected=sorted(names))

    async def reopened(self, command: Command, entity: Membership) -> Decision[Membership]:
        """Open a membership that has ended again, as an application."""
        if entity.status == "VOIDED":
            raise Invalid("person.registration_required", field="registration")
        again = rules.applied_again(entity, command.caller.subject, command.day)
        after = self.acted(command, again)
        return Decision(after)

    async def registered_anew(
        self,
        command: Command,
        registration: Registration,
        entity: Membership,
        path: Sequence[Place],
    ) -> Decision[Membership]:
        """Open a membership again by a whole registration."""
        if not isinstance(registration, MemberCreate):
            raise TypeError(registration)
        person = await self.examined(command, registration, path)
        self.check_same_person(person, entity)
        new = self.application(registration, person, registration.consent, command.day, entity.id)
        again = replace(
            rules.applied_again(entity, command.caller.subject, command.day),
            unit=new.unit,
            kind=new.kind,
            grade=new.grade,
            person=new.person,
            consent=new.consent,
            warnings=new.warnings,
        )
        numbers = await self.numbers_to_take(again)
        left = entity.person.keys_left(again.person)
        return Decision(self.acted(command, again, anew=True), claims=numbers, releases=left)


def memberships_of(writer: PeopleWriter, rules: MemberSettings) -> Memberships:
    """Return the register of memberships, under the rules of the chapter's body."""
    topic = Topic(SOURCE, events.MEMBER_TOPIC, writer.settings.kafka_partitions)
    return Memberships.over(
        writer, Membership, collection=MEMBERS, topic=topic, actions=ACTIONS, rules=rules
    )
