"""Rules of volunteers (docs/domain.md section 3.2): enrolment, registration, and how it ends.

Pure: present state and command in, new state and fact out, or a ``RegistryError``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from shared.base import clock
from shared.base.errors import Conflict, FieldError, Invalid
from shared.contract.definitions import DEFINITIONS
from shared.people.identifiers import IdType
from shared.people.lifecycle import VOIDED, Lifecycle, Transition

STATUSES = (
    "APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED", "DEREGISTERED", VOIDED,
)  # fmt: skip
OPEN = ("APPLIED", "ENROLLED", "REG_APPLIED", "REGISTERED", "SUSPENDED")
"""A unit with a volunteer in one of these cannot be closed."""
GUARDIAN_PENDING = "GUARDIAN_PENDING"
"""What an application waits for: a guardian's consent. It stands beside the status APPLIED."""
ADULT_AGE = 18
"""Below it a guardian must consent (docs/domain.md section 3.2); completed years."""

Ground = Literal["OWN_REQUEST", "REMOVED", "DECEASED", "DUPLICATE"]
OWN_REQUEST: Ground = "OWN_REQUEST"

SERVICE_FIELDS = (
    "EMERGENCY_RESCUE", "HEALTH_CARE", "HUMANITARIAN_AID", "STEM_CELL", "ORGAN_BODY", "BLOOD",
    "AIDS_PREVENTION", "DISSEMINATION", "FUNDRAISING", "OVERSEAS", "FIRST_AID", "ELDER_CARE",
    "YOUTH", "PUBLICITY_NET", "PSYCH",
)  # fmt: skip
"""Fields of service (docs/domain.md section 3.6)."""


@dataclass(frozen=True)
class RegisteredRule:
    """What makes an enrolled volunteer a registered one; data, since it differs and may change.

    Args:
        mode: hours and an application, or enrolment by itself.
        hours: least hours within the window.
        window: over what they are added up.
        annual_recheck: whether a later year below the hours ends it. No rule says so, and only
            "no" is offered.
    """

    mode: Literal["HOURS_AND_APPLICATION", "ON_ENROLMENT"] = "HOURS_AND_APPLICATION"
    hours: int = 20
    window: Literal["CALENDAR_YEAR"] = "CALENDAR_YEAR"
    annual_recheck: Literal[False] = False


TRANSITIONS: Mapping[str, Transition] = {
    "enrol": Transition(
        frozenset({"APPLIED", "DEREGISTERED", VOIDED}), "ENROLLED", "enrolled", "registrar"
    ),
    "apply-registration": Transition(
        frozenset({"ENROLLED"}), "REG_APPLIED", "registration-applied", "registrar"
    ),
    "register": Transition(
        frozenset({"REG_APPLIED"}), "REGISTERED", "registered", "approver",
        at_county_or_above=True, four_eyes=True,
    ),
    "suspend": Transition(
        frozenset({"REGISTERED"}), "SUSPENDED", "suspended", "approver",
        at_county_or_above=True, needs_reason=True,
    ),
    "resume": Transition(
        frozenset({"SUSPENDED"}), "REGISTERED", "resumed", "approver", at_county_or_above=True
    ),
    "deregister": Transition(
        frozenset(OPEN), "DEREGISTERED", "deregistered", "registrar", may_be_late=True
    ),
    "void": Transition(
        frozenset(STATUSES) - {VOIDED}, VOIDED, "voided", "approver", needs_reason=True
    ),
}  # fmt: skip
"""``enrol`` from DEREGISTERED is the return of one who left, from VOIDED a whole new registration
under the same number: same entry, same id. ``void`` of one who was ever counted takes a county and
four eyes (``Lifecycle.transition``)."""

_REMOVAL = replace(
    TRANSITIONS["deregister"], role="approver", at_county_or_above=True, needs_reason=True
)
_ENDED = ("ground", "registration", "enrolled_on", "registration_applied_on", "registered_on",
          "suspended_on", "resumed_on", "deregistered_on", "voided_on")  # fmt: skip
"""What an earlier time leaves that no longer holds after a return; the history keeps it."""


def lifecycle(rule: RegisteredRule, ground: Ground = OWN_REQUEST) -> Lifecycle:
    """Return the state machine under a rule, for a deregistration on this ground.

    Where enrolment by itself registers, ``enrol`` leads to REGISTERED; a removal is decided by an
    approver at county or above, with a reason.
    """
    table = dict(TRANSITIONS)
    if rule.mode == "ON_ENROLMENT":
        table["enrol"] = replace(table["enrol"], target="REGISTERED", fact="registered")
    if ground == "REMOVED":
        table["deregister"] = _REMOVAL
    counted = DEFINITIONS["volunteers"].statuses | {"SUSPENDED"}
    return Lifecycle("volunteer", table, counted)


# --- who may volunteer -------------------------------------------------------------------------


def check_applicant(
    id_type: IdType, born: date | None, enters_on: date, day_name: str = "effective_on"
) -> list[FieldError]:
    """Return what speaks against a person; Chinese and foreign people alike may volunteer."""
    errors: list[FieldError] = []
    if id_type is IdType.NONE:
        errors.append(FieldError("id_type", "volunteer.number_required"))
    if born is None:
        errors.append(FieldError("birth_date", "volunteer.birth_date_required"))
    elif enters_on < born:
        errors.append(FieldError(day_name, "volunteer.born_after"))
    return errors


def check_unit(status: str) -> list[FieldError]:
    """Return what speaks against a unit, grassroots or chapter, that is to enrol a volunteer."""
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


def entered(rule: RegisteredRule, waits: list[FieldError]) -> tuple[str, str]:
    """Return status and fact of a new entry: an application while something is waited for."""
    if waits:
        return "APPLIED", "applied"
    enrol = lifecycle(rule).transitions["enrol"]
    return enrol.target, enrol.fact


def state_of(document: Mapping[str, Any], countable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the countable state of a volunteer; stars and years come with service records."""
    return {
        "unit": document["unit"],
        "status": document["status"],
        **countable,
        "stars": document.get("stars", 0),
        "years_served": document.get("years_served", []),
    }


# --- rules of single actions ---------------------------------------------------------------------


def returns(document: Mapping[str, Any]) -> bool:
    """Whether an entry that is closed may be opened again: its person left, or never was."""
    if document["status"] == VOIDED:
        return True
    return document["status"] == "DEREGISTERED" and document.get("ground") == OWN_REQUEST


def check_return(document: Mapping[str, Any], *, anew: bool) -> None:
    """Refuse to enrol one who cannot return, or not in this way.

    Args:
        document: the entry as stored.
        anew: whether a whole new registration is given.

    Raises:
        Conflict: the entry has ended for good, or is an application still under way.
        Invalid: what was voided is no registration; a whole new one is needed.
    """
    if document["status"] == "DEREGISTERED" and not returns(document):
        raise Conflict("volunteer.ended")
    if document["status"] == VOIDED and not anew:
        raise Invalid("person.registration_required", field="registration")
    if document["status"] == "APPLIED" and anew:
        raise Conflict("volunteer.application_open")


def allowed(document: Mapping[str, Any]) -> list[str]:
    """Return the actions that an entry allows: its status, and how it ended."""
    status = document["status"]
    ended = status == "DEREGISTERED" and not returns(document)
    known = [name for name, row in TRANSITIONS.items() if status in row.sources]
    return [name for name in known if not (ended and name == "enrol")]


def fields_on_return(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document fields that no longer hold once a volunteer has returned."""
    return {} if document["status"] == "APPLIED" else dict.fromkeys(_ENDED)


def check_evidence(
    rule: RegisteredRule, *, document: bool, declared_hours: float | None
) -> list[FieldError]:
    """Return what an application for registration lacks under the rule.

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
