"""A register of persons: one entry per person for ever, in a unit that takes persons.

What members and volunteers share of entering, returning and correcting; a noun adds its rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from shared.base.errors import (
    FieldError,
    Invalid,
    NotFound,
    Unavailable,
    invalid,
)
from shared.people import lifetime
from shared.people.correction import COUNTED_BY_RUN, as_given, states_named
from shared.people.entity import P, PersonEntity, dated
from shared.people.identifiers import Identifier
from shared.people.intake import (
    ConsentInput,
    GuardianInput,
    Person,
    PersonInput,
    check_document,
)
from shared.people.lifetime import Entering, check_paper, joinings
from shared.people.numbers import Numbered
from shared.people.requests import PersonCorrection, Registration, ReturnInput, placed
from shared.people.store import PersonStore
from shared.people.target import registration_of
from shared.people.writer import PeopleWriter
from shared.register.actions import ActionTable, corrected
from shared.register.command import Command
from shared.register.days import Relation
from shared.register.entity import VOIDED
from shared.register.register import Decision, Topic
from shared.register.scope import Place, Scope
from shared.web.access.principal import Principal


@dataclass(frozen=True, kw_only=True)
class People(Numbered[P]):
    """See the module."""

    by_run: ClassVar[Mapping[str, str]] = COUNTED_BY_RUN
    """Fields that can be corrected in an earlier run, and what they are in the countable state."""
    days: ClassVar[tuple[Relation, ...]] = lifetime.RELATIONS
    """The noun's table of days."""

    @classmethod
    def over(
        cls,
        writer: PeopleWriter,
        entity: type[P],
        *,
        collection: str,
        topic: Topic,
        actions: ActionTable,
        **own: Any,
    ) -> Self:
        """Return the register over what its process works with; ``own`` are a noun's own fields."""
        return cls(
            store=PersonStore(writer.database, collection, entity),
            topic=topic,
            scope=Scope(writer.directory),
            actions=actions,
            groups=writer.groups,
            directory=writer.directory,
            fences=writer.fences,
            ring=writer.ring,
            **own,
        )

    def reopens(self, entity: P) -> str | None:
        """Return the action that opens an entry again, if one does."""
        raise NotImplementedError

    def may_reopen(self, caller: Principal, entity: P) -> bool:
        """Whether a caller may open an entry again, wherever it is: in a unit of the own scope."""
        name = self.reopens(entity)
        role = name and self.actions.acts[name].role
        return any(role in grant.roles for grant in caller.grants)

    def allowed(self, caller: Principal, entity: P, path: Sequence[Place]) -> list[str]:
        """Return the actions that this caller may do on an entry now."""
        names = super().allowed(caller, entity, path)
        if not self.may_reopen(caller, entity):
            return names
        return [name for name in self.actions.acts if name in (*names, self.reopens(entity))]

    async def authorise(self, command: Command) -> tuple[P, Sequence[Place]]:
        """Return what a command is about; see ``Register``.

        A return with a registration is authorised on the new unit, since the entry may lie in another
        county; the document number proves that the person is present.
        """
        given = command.given
        if not isinstance(given, ReturnInput) or given.registration is None:
            return await super().authorise(command)
        entity = await self.store.get(command.entity or "")
        if entity is None:
            raise await self.scope.refuse_absent(command.caller)
        same = self.has_number(entity, _identifier(given.registration, command.today))
        await self._check_proven(command, entity, same=same)
        with placed(given):
            return entity, await self.authorise_creation(command)

    async def authorise_creation(self, command: Command) -> Sequence[Place]:
        """Return the path of the unit that is to take a person to a registrar of it.

        Raises:
            Invalid: there is no such unit.
            Forbidden: the caller enters nobody there.
        """
        registration = registration_of(command)
        if registration is None:
            raise TypeError(command.given)
        unit = registration.unit_id
        path = await self.directory.path(unit)
        if not path:
            raise Invalid("unit.unknown", field="unit_id")
        return await self.scope.authorise(
            command.caller, unit, command.action.role, readable=False, path=path
        )

    def examine(
        self, given: PersonInput, consent: ConsentInput | None, *, when: Entering
    ) -> tuple[Person | None, list[FieldError]]:
        """Return the person of a registration in stored form, and every violation.

        This is the one rule of admission: whoever applies, returns or is imported passes it.

        Args:
            consent: to the processing of the data.
        """
        raise NotImplementedError

    async def examined(
        self,
        command: Command,
        given: Registration,
        path: Sequence[Place],
        before: P | None = None,
    ) -> Person:
        """Return the person of a registration in stored form.

        Args:
            before: the entry that the registration replaces, if it does.

        Raises:
            Invalid: every violation of the unit and of the person.
            Conflict: an entry without an issuing country has the number.
        """
        person, errors = self.examine(given, given.consent, when=_entering(command, before))
        try:
            violations = await self.target_violations(path[0].id)
        except Unavailable:
            if not errors:
                raise
            violations = []  # what is known to be wrong is not hidden by what nobody can say now
        if violations or errors or person is None:
            raise invalid([*violations, *errors])
        await self.check_without_country(person.identifier, command.entity)
        return person

    def violations_as_stored(
        self, command: Command, entity: P, guardian: GuardianInput | None = None
    ) -> list[FieldError]:
        """Return what an entry that is to be opened again as it is violates of admission.

        Args:
            guardian: whom the request gives, in place of the stored one.
        """
        known = as_given(entity.person, self.cipher(entity.id))
        if guardian is not None:
            known["guardian"] = guardian
        given = PersonInput.model_validate(known)
        return self.examine(given, entity.consent, when=_entering(command, entity))[1]

    def acted(self, command: Command, entity: P, *, anew: bool = False) -> P:
        """Return what the action table makes of an entry, with the day of the action."""
        after = super().acted(command, entity, anew=anew)
        if after.status != VOIDED:  # what was entered in error may have a wrong birth date
            check_paper(self.days, command.document, after.person.birth_date)
        return dated(after, command.action, command.day)

    def corrected(self, command: Command, given: PersonCorrection, before: P, after: P) -> P:
        """Return an entry with what was wrong from the start set right.

        Args:
            given: the correction; it may name one run.
            after: the entry as it should be.
        """
        check_paper(self.days, command.document, after.person.birth_date)
        named = states_named(given, before, self.by_run)
        return corrected(before, after, command.moment, run=given.run, named=named)

    async def decide_return(
        self, command: Command, entity: P, path: Sequence[Place]
    ) -> Decision[P]:
        """Return the decision to open an entry again that has ended or was voided.

        Where it is in another county, or holds what was entered in error, the whole registration is
        given.
        """
        given = command.given
        self.actions.check_status(command.action, entity.status)
        if isinstance(given, ReturnInput) and given.registration is not None:
            with placed(given):
                return await self.registered_anew(command, given.registration, entity, path)
        return await self.reopened(command, entity)

    async def registered_anew(
        self, command: Command, registration: Registration, entity: P, path: Sequence[Place]
    ) -> Decision[P]:
        """Return the decision to put a whole registration in the place of an entry."""
        raise NotImplementedError

    async def reopened(self, command: Command, entity: P) -> Decision[P]:
        """Return the decision to open an entry again as it is."""
        raise NotImplementedError

    def check_same_person(self, person: Person, entity: P) -> None:
        """Refuse a registration that does not have the entry's own document number.

        Raises:
            Invalid: the number is another one.
        """
        if not self.has_number(entity, person.identifier):
            raise Invalid("person.number_differs", field="id_number")

    async def _check_proven(self, command: Command, entity: P, *, same: bool) -> None:
        """Refuse to show anything of an entry outside the scope of reading without its number."""
        proven = same and self.reopens(entity) is not None
        if not proven and not await self.scope.may_read(command.caller, entity.unit):
            raise NotFound("not_found")


def _entering(command: Command, before: PersonEntity | None) -> Entering:
    return Entering(command.day, command.today, joinings(before.timeline) if before else ())


def _identifier(given: Registration, today: date) -> Identifier | None:
    """Return what a registration's document says; None where it is not valid."""
    errors: list[FieldError] = []
    found = check_document(errors, given.id_type, given.id_number, given.id_country, today)
    return None if errors else found
