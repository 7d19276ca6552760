"""Rules of volunteers (docs/domain.md section 3.2): enrolment, registration, and how it ends.

Pure: present state and command in, new state and fact out, or a ``RegistryError``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Literal, get_args

from shared.base import clock
from shared.base.errors import Conflict, FieldError, Invalid
from shared.contract.definitions import DEFINITIONS
from shared.contract.timeline import State
from shared.people.entity import PersonEntity
from shared.people.identifiers import IdType
from shared.people.lifetime import RELATIONS
from shared.register.actions import Action, ActionTable, acts
from shared.register.days import Relation
from shared.register.entity import VOIDED, StoredDay
from shared.register.requests import PaperDocument, StoredDocument
from volunteer.settings import RegisteredRule

Status = Literal[
    "APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED", "DEREGISTERED", "VOIDED"
]
STATUSES: tuple[Status, ...] = get_args(Status)
OPEN = frozenset({"APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED"})
"""A unit with a volunteer in one of these cannot be closed."""
GUARDIAN_PENDING = "GUARDIAN_PENDING"
"""What an application waits for: a guardian's consent. The status is APPLIED."""
ADULT_AGE = 18
"""Below it a guardian must consent (docs/domain.md section 3.2); completed years."""

Ground = Literal["OWN_REQUEST", "REMOVED", "DECEASED", "DUPLICATE"]
OWN_REQUEST: Ground = "OWN_REQUEST"
DECEASED: Ground = "DECEASED"

ServiceField = Literal[
    "EMERGENCY_RESCUE", "HEALTH_CARE", "HUMANITARIAN_AID", "STEM_CELL", "ORGAN_BODY", "BLOOD",
    "AIDS_PREVENTION", "DISSEMINATION", "FUNDRAISING", "OVERSEAS", "FIRST_AID", "ELDER_CARE",
    "YOUTH", "PUBLICITY_NET", "PSYCH",
]  # fmt: skip
SERVICE_FIELDS: tuple[ServiceField, ...] = get_args(ServiceField)
"""Fields of service (docs/domain.md section 3.6)."""


_NOT_VOIDED = frozenset(STATUSES) - {VOIDED}

DEREGISTER = Action(
    name="deregister", fact="deregistered", role="registrar",
    sources=OPEN, target="DEREGISTERED", may_be_late=True,
)  # fmt: skip
DEATH = replace(
    DEREGISTER, when="the ground is DECEASED", sources=OPEN | {"DEREGISTERED"},
)  # fmt: skip
"""Recorded whatever the status was: it supersedes what is dated after it, such as a return by
mistake."""
REMOVE = replace(
    DEREGISTER, when="the ground is REMOVED",
    role="approver", at_county_or_above=True, needs_reason=True,
)  # fmt: skip

ACTIONS = ActionTable(
    "volunteer",
    create=Action(
        name="create", fact="applied", role="registrar", target="APPLIED", drafts=True,
        admits=True,
    ),
    correct=Action(
        name="correct", fact="corrected", role="registrar", sources=_NOT_VOIDED, drafts=True
    ),
    acts=acts(
        Action(
            name="enrol", fact="enrolled", role="registrar",
            sources=frozenset({"APPLIED", "DEREGISTERED", VOIDED}), target="ENROLLED",
            admits=True,
            restarts=frozenset({"DEREGISTERED", VOIDED}),
        ),
        Action(
            name="apply-registration", fact="registration-applied", role="registrar",
            sources=frozenset({"ENROLLED"}), target="REG_APPLIED", admits=True,
        ),
        Action(
            name="register", fact="registered", role="approver",
            sources=frozenset({"REG_APPLIED"}), target="REGISTERED",
            at_county_or_above=True, four_eyes=True, admits=True,
        ),
        Action(
            name="suspend", fact="suspended", role="approver",
            sources=frozenset({"REGISTERED"}), target="SUSPENDED",
            at_county_or_above=True, needs_reason=True,
        ),
        Action(
            name="resume", fact="resumed", role="approver",
            sources=frozenset({"SUSPENDED"}), target="REGISTERED", at_county_or_above=True,
            admits=True,
        ),
        replace(DEREGISTER, variants=(REMOVE, DEATH)),
        Action(
            name="void", fact="voided", role="approver",
            sources=_NOT_VOIDED, target=VOIDED, needs_reason=True,
        ),
    ),
)  # fmt: skip
"""``enrol`` from DEREGISTERED is the return of one who left, from VOIDED a whole new registration
under the same number: same entry, same id. ``void`` of one who was ever counted takes a county and
four eyes (``shared.register.actions.required``)."""


def actions_under(rule: RegisteredRule) -> ActionTable:
    """Return the action table under a rule: where enrolment registers, ``enrol`` does both."""
    if rule.mode == "HOURS_AND_APPLICATION":
        return ACTIONS
    enrol = replace(ACTIONS.acts["enrol"], target="REGISTERED", fact="registered")
    return replace(ACTIONS, acts={**ACTIONS.acts, "enrol": enrol})


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """On what a volunteer applied for registration.

    Args:
        basis: ``DOCUMENT``, or the mode of the rule where none was needed.
        declared_hours: hours of service within one calendar year.
    """

    basis: str
    document: StoredDocument | None = None
    declared_hours: float | None = None


@dataclass(frozen=True, kw_only=True)
class Enrolment(PersonEntity):
    """A volunteer's entry.

    Args:
        ground: on which it ended.
        deceased_on: day of death; who had left before had left then.
    """

    counted: ClassVar = DEFINITIONS["volunteers"].statuses | {"SUSPENDED"}

    service_fields: tuple[ServiceField, ...] = ()
    registration: Evidence | None = None
    ground: Ground | None = None
    enrolled_on: StoredDay | None = None
    registration_applied_on: StoredDay | None = None
    suspended_on: StoredDay | None = None
    resumed_on: StoredDay | None = None
    deregistered_on: StoredDay | None = None
    deceased_on: StoredDay | None = None

    @property
    def is_dead(self) -> bool:
        """Whether the person's death is recorded."""
        return self.status == "DEREGISTERED" and self.ground == DECEASED

    @staticmethod
    def opens_run(was: str, now: str) -> bool:
        if was == "DEREGISTERED":
            return now in ("ENROLLED", "REGISTERED")
        return now == "ENROLLED" and was not in ("APPLIED", "ENROLLED")

    @property
    def kept(self) -> PaperDocument | None:
        return self.registration.document if self.registration else None

    @property
    def state(self) -> State:
        """Return the countable state (``shared.contract.events.states.VolunteerState``).

        Stars and years come with service records.
        """
        return {
            **self.person.countable,
            "unit": self.unit,
            "status": self.status,
            "stars": 0,
            "years_served": [],
        }


DAYS = (
    Relation(earlier="born", later="entered", code="volunteer.born_after"),
    *RELATIONS,
    Relation(earlier="born", later="kept", code="person.day_before_birth"),
)
"""The days of an enrolment; it keeps the document that evidences the service."""


def violations_of_applicant(
    id_type: IdType, born: date | None, enters_on: Iterable[date], least_age: int
) -> list[FieldError]:
    """Return what a person violates; Chinese and foreign people alike may volunteer.

    Args:
        enters_on: each day of enrolment, on which the person has the least age.
    """
    errors: list[FieldError] = []
    if id_type is IdType.NONE:
        errors.append(FieldError("id_type", "volunteer.number_required"))
    if born is None:
        errors.append(FieldError("birth_date", "volunteer.birth_date_required"))
    elif any(clock.age_on(born, day) < least_age for day in enters_on if day >= born):
        errors.append(FieldError("birth_date", "volunteer.too_young", {"age": least_age}))
    return errors


def violations_of_unit(status: str) -> list[FieldError]:
    """Return what a unit violates, grassroots or chapter, that is to enrol a volunteer."""
    if status != "ACTIVE":
        return [FieldError("unit_id", "unit.not_active", {"status": status})]
    return []


def lacks_guardian(born: date | None, today: date, *, consent: bool) -> list[FieldError]:
    """Return what a minor's enrolment still waits for: a guardian who consents.

    Judged by today's age, since the data are processed from today on.
    """
    if consent or born is None or clock.age_on(born, today) >= ADULT_AGE:
        return []
    return [FieldError("guardian", "guardian.required", {"age": ADULT_AGE})]


def row_of(ground: Ground, entry: Enrolment) -> Action:
    """Return the row by which an entry is deregistered on a ground."""
    if ground == "REMOVED":
        return REMOVE
    return DEATH if ground == DECEASED and not entry.is_dead else DEREGISTER


def ended(before: Enrolment, after: Enrolment, ground: Ground, day: date) -> Enrolment:
    """Return an entry with the ground on which it ended, and the day of death if it is that."""
    if ground != DECEASED:
        return replace(after, ground=ground)
    left = before.deregistered_on if before.status == "DEREGISTERED" else None
    return replace(after, ground=ground, deceased_on=day, deregistered_on=min(left or day, day))


def returns(entry: Enrolment) -> bool:
    """Whether a closed entry may be opened again: the person left by own request, or it is void."""
    if entry.status == VOIDED:
        return True
    return entry.status == "DEREGISTERED" and entry.ground == OWN_REQUEST


def check_return(entry: Enrolment, *, anew: bool) -> None:
    """Refuse to enrol one who cannot return, or not in this way.

    Args:
        anew: whether a whole new registration is given.

    Raises:
        Conflict: the entry has ended for good, or is an application still under way.
        Invalid: what was voided is no registration; a whole new one is needed.
    """
    if entry.status == "DEREGISTERED" and not returns(entry):
        raise Conflict("volunteer.ended")
    if entry.status == VOIDED and not anew:
        raise Invalid("person.registration_required", field="registration")
    if entry.status == "APPLIED" and anew:
        raise Conflict("volunteer.application_open")


def returned(entry: Enrolment) -> Enrolment:
    """Return an entry without the values of its earlier enrolment; the history keeps them."""
    if entry.status == "APPLIED":
        return entry
    return replace(
        entry,
        ground=None,
        registration=None,
        enrolled_on=None,
        registration_applied_on=None,
        registered_on=None,
        suspended_on=None,
        resumed_on=None,
        deregistered_on=None,
        deceased_on=None,
        voided_on=None,
    )


def violations_of_evidence(
    rule: RegisteredRule, *, document: bool, declared_hours: float | None
) -> list[FieldError]:
    """Return what an application for registration violates of the rule.

    Args:
        rule: the rule in force.
        document: whether a paper that evidences the hours is named.
        declared_hours: hours within the window that it states.
    """
    if rule.mode == "ON_ENROLMENT":
        return []
    errors: list[FieldError] = []
    if not document:
        errors.append(FieldError("document", "document.required"))
    if declared_hours is not None and declared_hours < rule.hours:
        limits = {"hours": rule.hours, "declared": f"{declared_hours:g}"}
        errors.append(FieldError("declared_hours", "volunteer.hours_below_rule", limits))
    return errors
