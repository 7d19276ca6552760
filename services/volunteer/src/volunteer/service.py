"""Use cases of volunteers: each checks access, applies the rules, and is one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared import events
from shared.access import Principal
from shared.clock import now, today
from shared.directory import Card
from shared.entities import EntityWriter
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.identity import new_id
from shared.mongo import AsyncClientSession, AsyncDatabase, Document
from shared.people import TransitionInput, begun, cases, check_effective, reading
from shared.people.cases import Own, Seen
from shared.people.office import Office, Once
from shared.personal.records import (
    Person,
    check_consent,
    check_guardian,
    check_person,
    consent_document,
    countable,
    countable_fields,
    refuse,
    seal,
    seal_guardian,
)
from volunteer import domain, store
from volunteer.domain import Ground, RegisteredRule
from volunteer.schemas import (
    DeregisterInput,
    EnrolInput,
    RegistrationInput,
    VolunteerCorrection,
    VolunteerCreate,
)

SOURCE = "/services/volunteer"


def writer(database: AsyncDatabase, partitions: int) -> EntityWriter:
    """Return the one way volunteers are written."""
    return EntityWriter(database, store.VOLUNTEERS, SOURCE, events.VOLUNTEER_TOPIC, partitions)


def taken(holder: Mapping[str, Any]) -> str:
    """Return the code of the refusal of a number that an entry holds."""
    return "person.duplicate" if holder["status"] in domain.OPEN else "volunteer.left"


@dataclass(frozen=True)
class Volunteers:
    """The use cases, over one office and under one registered rule."""

    office: Office
    rule: RegisteredRule

    async def create(self, principal: Principal, given: VolunteerCreate, once: Once) -> Document:
        """Enrol a person; without a minor's guardian the entry stays an application.

        Raises:
            Invalid: a field, the unit or the consent breaks a rule.
            Forbidden: the caller enrols nobody there.
            Conflict: the number is held already.
        """
        try:
            return await self._create(principal, given, once)
        except (Conflict, Invalid):
            # What has changed since must not turn a repeat into a refusal.
            before = await self.office.repeated(once)
            if before is None:
                raise
            return before

    async def _create(self, principal: Principal, given: VolunteerCreate, once: Once) -> Document:
        errors = await self.office.home(principal, given.unit_id, _unit_problems)
        present = today()
        day = given.effective_on or present
        person = _examined(given, errors, day, present)
        waits = _waits(person, present)
        status, fact = domain.entered(self.rule, waits)
        document = self._document(given, person, day, status)
        if status != "APPLIED":
            document[f"{fact}_on"] = day.isoformat()
        states = begun(domain.state_of(document, countable(person)), day, now())
        inserts = self.office.writer.creation(
            document, states,
            fact=domain.lifecycle(self.rule).fact(fact), subject=principal.subject,
        )  # fmt: skip
        return await self.office.create(principal, inserts, entity=document, once=once)

    def _document(self, given: VolunteerCreate, person: Person, day: date, status: str) -> Document:
        identity = new_id()
        return {
            "_id": identity,
            "unit": given.unit_id,
            "status": status,
            **seal(person, identity, store.VOLUNTEERS, self.office.ring),
            "consent": consent_document(given.consent),
            "service_fields": sorted(set(given.service_fields or ())) or None,
            "warnings": list(person.warnings) or None,
            "applied_on": day.isoformat(),
            "last_action": "create",
        }

    async def enrol(
        self, principal: Principal, seen: Seen, given: EnrolInput, once: Once
    ) -> Document:
        """Complete an application, or take back who left by own request."""
        errors: list[FieldError] = []
        guardian = check_guardian(errors, given.guardian, today())
        refuse(errors)
        sealed = seal_guardian(guardian, seen.identity, store.VOLUNTEERS, self.office.ring)
        unit = (await self.office.stored(seen.identity))["unit"]

        def fields(document: Document) -> dict[str, Any]:
            domain.check_return(document)
            known = sealed or document.get("guardian") or {}
            born = date.fromisoformat(document["birth_date"])
            consent = known.get("consent") is not None
            refuse(domain.lacks_guardian(born, today(), consent=consent))
            return {**domain.fields_on_return(document), **({"guardian": sealed} if sealed else {})}

        await self.office.permit(principal, unit, "registrar")
        if await self.office.repeated(once) is None:
            refuse(await self.office.unit_problems(unit, _unit_problems))
        return await self._act(principal, seen, "enrol", given, once, fields=fields)

    async def apply_registration(
        self, principal: Principal, seen: Seen, given: RegistrationInput, once: Once
    ) -> Document:
        """Apply for registration by a document that evidences the hours."""
        evidence = cases.cause_of(principal, given).document

        def fields(_document: Document) -> dict[str, Any]:
            refuse(
                domain.check_evidence(
                    self.rule, document=evidence is not None, declared_hours=given.declared_hours
                )
            )
            registration = {
                "basis": "DOCUMENT" if evidence else self.rule.mode,
                "document": evidence,
                "declared_hours": given.declared_hours,
            }
            return {"registration": registration, "applied_by": principal.subject}

        return await self._act(principal, seen, "apply-registration", given, once, fields=fields)

    async def deregister(
        self, principal: Principal, seen: Seen, given: DeregisterInput, once: Once
    ) -> Document:
        """End an enrolment on a ground."""
        return await self._act(
            principal, seen, "deregister", given, once,
            ground=given.ground, fields=lambda _document: {"ground": given.ground},
        )  # fmt: skip

    async def act(
        self, action: str, principal: Principal, seen: Seen, given: TransitionInput, once: Once
    ) -> Document:
        """Do an action that has no rules beyond the table's; voiding frees the number."""

        async def release(session: AsyncClientSession, document: Document) -> None:
            await store.release(self.office.database, document, session)

        guard = release if action == "void" else None
        return await self._act(principal, seen, action, given, once, guard=guard)

    async def _act(
        self,
        principal: Principal,
        seen: Seen,
        action: str,
        given: TransitionInput,
        once: Once,
        *,
        ground: Ground = domain.OWN_REQUEST,
        **more: Any,
    ) -> Document:
        return await cases.act(
            self.office, principal, seen, action, given,
            life=domain.lifecycle(self.rule, ground), once=once,
            state=lambda document: domain.state_of(document, countable_fields(document)), **more,
        )  # fmt: skip

    async def correct(
        self, principal: Principal, seen: Seen, given: VolunteerCorrection
    ) -> Document:
        """Set fields right that were wrong from the start."""

        def own(document: Document, person: Person) -> Own:
            entered_on = date.fromisoformat(document["applied_on"])
            errors = domain.check_applicant(
                person.identifier.id_type, person.birth_date, entered_on, day_name="birth_date"
            )
            if document["status"] != "APPLIED":
                errors += _waits(person, today())
            refuse(errors)
            if "service_fields" not in given.corrected:
                return Own()
            return Own({"service_fields": sorted(set(given.service_fields or ())) or None})

        return await cases.correct(
            self.office, principal, seen, given, life=domain.lifecycle(self.rule), own=own
        )

    async def me(self, principal: Principal) -> tuple[Document, Card | None]:
        """Return the entry a volunteer's own account is tied to, and its home unit.

        Raises:
            NotFound: the account is tied to none.
        """
        if principal.person is None:
            raise NotFound("volunteer.no_entry")
        found = await reading.read(self.office, principal, principal.person)
        return found, await self.office.directory.get(found["unit"])


def _unit_problems(card: Card) -> list[FieldError]:
    return domain.check_unit(card.status)


def _examined(given: VolunteerCreate, errors: list[FieldError], day: date, present: date) -> Person:
    """Return the person in stored form.

    Raises:
        Invalid: everything that speaks against the enrolment, ``errors`` found before included.
    """
    found = [*errors, *check_effective(day, present)]
    if given.consent is None:
        found.append(FieldError("consent", "consent.missing"))
    check_consent(found, "consent", given.consent, present)
    try:
        person = check_person(given, present)
    except Invalid as refusal:
        refuse([*found, *refusal.errors])
        raise
    found += domain.check_applicant(person.identifier.id_type, person.birth_date, day)
    refuse(found)
    return person


def _waits(person: Person, present: date) -> list[FieldError]:
    guardian = person.guardian
    consent = guardian is not None and guardian.consent is not None
    return domain.lacks_guardian(person.birth_date, present, consent=consent)
