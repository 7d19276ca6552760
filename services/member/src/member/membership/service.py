"""The register of memberships: what the rules decide of each command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from member.membership import paper, rules
from member.membership.rules import ACTIONS, Membership
from member.membership.schemas import BulkRow, MemberCorrection, MemberCreate, ReapplyInput
from member.membership.store import MEMBERS
from member.settings import MemberSettings
from shared.base.errors import Conflict, FieldError, Invalid, refuse
from shared.base.ids import new_id
from shared.contract import events
from shared.people import lifetime
from shared.people.correction import COUNTED_BY_RUN, correct_person
from shared.people.intake import ConsentInput, Person, PersonInput, check_consent, check_person
from shared.people.lifetime import Entering
from shared.people.register import People
from shared.people.requests import Registration, within_registration
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
    days: ClassVar = rules.DAYS

    rules: MemberSettings

    def unit_violations(self, unit: Card) -> list[FieldError]:
        return rules.violations_of_unit(unit.level, unit.status, self.rules)

    def reopens(self, entity: Membership) -> str | None:
        return "reapply" if entity.status in rules.REOPENABLE else None

    def taken(self, holder: Membership) -> str:
        if holder.status in rules.OPEN:
            return "person.duplicate"
        if holder.status == "DECEASED":
            return "person.deceased"
        return "member.closed" if self.reopens(holder) else "member.barred"

    async def decide(
        self, command: Command, before: Membership | None, path: Sequence[Place]
    ) -> Decision[Membership]:
        match command.given, before:
            case MemberCreate() as given, None:
                person = await self.examined(command, given, path)
                application = self.application(given, person, given.consent, command.day, new_id())
                alike = self.alike(given, person)
                return Decision(application, claims=application.person.id_index, absent=alike)
            case MemberCorrection() as given, Membership() as member:
                return await self._correct(command, given, member)
            case ReapplyInput(), Membership() as member:
                return await self.decide_return(command, member, path)
            case ActionInput() as given, Membership() as member:
                after = self.acted(command, member)
                if command.action.name == "file":
                    refuse(rules.violations_of_filing(given.document, self.rules))
                    after = rules.filed(after, given.document)
                if command.action.name == "void":
                    # So that the roster may enter the person anew.
                    held = await self._paper_key(member)
                    return Decision(replace(after, paper_key=()), releases=held)
                return Decision(after)
        raise TypeError(command.given)

    def examine(
        self,
        given: PersonInput,
        consent: ConsentInput | None,
        *,
        when: Entering,
        day_name: str = "effective_on",
        paper_stock: bool = False,
    ) -> tuple[Person | None, list[FieldError]]:
        """Return the person in stored form, and every violation.

        Args:
            consent: to the processing of the data.
            day_name: what the request calls the day.
            paper_stock: whether members of long standing are entered from paper; their days have
                a rule of their own (``rules.violations_of_stock``).
        """
        errors = rules.violations_of_document_type(
            given.id_type, self.rules, paper_stock=paper_stock
        )
        if when.day > when.today and not paper_stock:
            errors += violations_of_day(when.day, when.today, field=day_name)
        if consent is None:
            errors.append(FieldError("consent", "consent.missing"))
        check_consent(errors, "consent", consent, when.today)
        if any(error.field == "id_type" for error in errors):
            return None, errors  # the number of such a type is not checked
        try:
            person = check_person(given, when.today)
        except Invalid as refusal:
            return None, [*errors, *refusal.errors]
        if person.unverified and given.sex is None:
            errors.append(FieldError("sex", "member.sex_required"))
        known = lifetime.at_entry(person, consent, when)
        errors += lifetime.violations(rules.DAYS, known, lifetime.entry_fields(day_name))
        errors += rules.violations_of_age(
            person.birth_date,
            joins_on=(when.day, *when.earlier),
            today=when.today,
            guardian=person.guardian,
            rules=self.rules,
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
        unit = given.unit_id
        card = self.directory.held(unit)
        return Membership(
            id=identity,
            status=self.actions.create.target,
            unit=unit,
            kind=given.kind,
            person=seal(person, self.cipher(identity)),
            consent=consent,
            warnings=person.warnings + rules.warnings_of_unit(day, card.since if card else None),
            applied_on=day,
            paper_key=paper.key(self.ring, unit, person) if person.unverified else (),
        )

    def alike(self, given: MemberCreate | BulkRow, person: Person) -> tuple[str, ...]:
        """Return the paper key that a registration with a number must not meet in its unit."""
        if person.unverified or given.namesake:
            return ()
        return paper.key(self.ring, given.unit_id, person)

    async def taken_by(self, index: str, holder: Membership) -> Conflict:
        """Return the refusal of a number, or of a person who stands on paper already."""
        if not paper.is_key(index):
            return await super().taken_by(index, holder)
        params, code = {"id": holder.id}, "member.on_paper_already"
        return Conflict(code, params=params, errors=[FieldError("name", code, params)])

    async def _paper_key(self, member: Membership) -> Sequence[str]:
        """Return what a membership holds as somebody on paper; older entries do not say it."""
        if member.paper_key or not member.person.unverified:
            return member.paper_key
        return [one for one in await self.store.held_by(member.id) if paper.is_key(one)]

    async def _moved_key(
        self, before: Membership, after: Membership
    ) -> tuple[Membership, Sequence[str], Sequence[str]]:
        """Return a corrected membership with the key of its paper, what it claims and releases."""
        held = await self._paper_key(before)
        if not held:
            return after, (), ()
        key = paper.key(self.ring, after.unit, after.person)
        claims = await self.to_claim(key, before)
        releases = [one for one in held if one not in key]
        return replace(after, paper_key=key), claims, releases

    async def _correct(
        self, command: Command, given: MemberCorrection, member: Membership
    ) -> Decision[Membership]:
        """Set right fields that were wrong from the start."""
        check(self.actions, command.action, member, command.caller.subject, command.reason)
        names = given.corrected
        if {"id_type", "id_number"} & names:
            self._check_gets_number(given, member)
        person, stored = correct_person(member.person, given, self.cipher(member.id), command.today)
        if person.unverified and "sex" in names and given.sex is None:
            refuse([FieldError("sex", "member.sex_required")])
        if {"birth_date", "guardian"} & names:
            refuse(self._violations_of_days(command, member, person, names))
        after = replace(
            member,
            person=stored,
            warnings=person.warnings + rules.of_unit(member.warnings),
            kind=given.kind or member.kind,
        )
        after = self.corrected(command, given, member, after)
        numbers, left = await self.numbers_moved(member, after)
        after, claims, releases = await self._moved_key(member, after)
        return Decision(
            after,
            claims=(*numbers, *claims),
            releases=(*left, *releases),
            corrected=sorted(names),
        )

    def _violations_of_days(
        self, command: Command, member: Membership, person: Person, names: frozenset[str]
    ) -> list[FieldError]:
        """Return what a corrected birth date or guardian violates, over every run."""
        known = lifetime.of_entry(member, person)
        fields = lifetime.corrected_fields(names)
        return lifetime.violations(rules.DAYS, known, fields) + rules.violations_of_age(
            person.birth_date,
            joins_on=known.earlier,
            today=command.today,
            guardian=person.guardian,
            rules=self.rules,
        )

    def _check_gets_number(self, given: MemberCorrection, member: Membership) -> None:
        """Refuse a document that is not the first one of somebody on paper.

        Raises:
            Invalid: there is a number, or citizens alone have such a document.
        """
        if not member.person.unverified:
            refuse([FieldError("id_number", "member.number_fixed")])
        if given.id_type is not None:
            refuse(rules.violations_of_document_type(given.id_type, self.rules, paper_stock=False))

    def check_same_person(self, person: Person, entity: Membership) -> None:
        """Refuse a registration of another person; who is on paper is known by name and birth date."""
        if not entity.person.unverified:
            super().check_same_person(person, entity)
            return
        errors = [
            FieldError(name, "member.not_of_paper")
            for name in ("name", "birth_date")
            if getattr(person, name) != getattr(entity.person, name)
        ]
        refuse(errors)

    async def reopened(self, command: Command, entity: Membership) -> Decision[Membership]:
        """Open a membership that has ended again, as an application."""
        if entity.status == "VOIDED":
            raise Invalid("person.registration_required", field="registration")
        again = rules.applied_again(entity, command.caller.subject, command.day)
        after = self.acted(command, again)
        refuse(within_registration(self.violations_as_stored(command, entity)))
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
        person = await self.examined(command, registration, path, entity)
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
        key = await self._paper_key(entity)
        if entity.person.unverified and not key:  # it was voided
            key = paper.key(self.ring, again.unit, again.person)
        await self.to_claim(self.alike(registration, person), entity)
        claims = await self.to_claim((*again.person.id_index, *key), entity)
        again = replace(again, paper_key=tuple(key))
        left = entity.person.keys_left(again.person)
        return Decision(self.acted(command, again, anew=True), claims=claims, releases=left)


def memberships_of(writer: PeopleWriter, rules: MemberSettings) -> Memberships:
    """Return the register of memberships, under the rules of the chapter's body."""
    topic = Topic(SOURCE, events.MEMBER_TOPIC, writer.settings.kafka_partitions)
    return Memberships.over(
        writer, Membership, collection=MEMBERS, topic=topic, actions=ACTIONS, rules=rules
    )
