"""Every event of the registry: its type, its topic, and the model its data must satisfy."""

from typing import Any

from pydantic import ValidationError

from shared.contract.events.envelope import Event
from shared.contract.events.payloads import (
    MemberChanged,
    MembersImported,
    Payload,
    UnitChanged,
    UnitsImported,
    VolunteerChanged,
)

UNIT_TOPIC = "registry.unit"
MEMBER_TOPIC = "registry.member"
VOLUNTEER_TOPIC = "registry.volunteer"
SERVICE_TOPIC = "registry.service"
WATERMARK_TOPIC = "registry.watermark"

TOPICS_OF_SOURCE: dict[str, tuple[str, ...]] = {
    "/services/org-units": (UNIT_TOPIC,),
    "/services/member": (MEMBER_TOPIC,),
    "/services/volunteer": (VOLUNTEER_TOPIC, SERVICE_TOPIC),
}
"""Which service owns which topics; nobody else writes there."""

UNIT_FACTS = (
    "created", "submitted", "returned", "approved", "activated", "deactivated", "corrected",
    "voided",
)  # fmt: skip
MEMBER_FACTS = (
    "applied", "approved", "rejected", "registered", "withdrawn", "expelled", "deceased",
    "reapplied", "corrected", "voided",
)  # fmt: skip
VOLUNTEER_FACTS = (
    "applied", "enrolled", "registration-applied", "registered", "suspended", "resumed",
    "deregistered", "corrected", "voided",
)  # fmt: skip

MODELS: dict[str, type[Payload]] = {
    **{f"org.redcross.unit.{fact}.v1": UnitChanged for fact in UNIT_FACTS},
    "org.redcross.unit.units-imported.v1": UnitsImported,
    **{f"org.redcross.member.{fact}.v1": MemberChanged for fact in MEMBER_FACTS},
    "org.redcross.member.members-imported.v1": MembersImported,
    **{f"org.redcross.volunteer.{fact}.v1": VolunteerChanged for fact in VOLUNTEER_FACTS},
}


class PoisonEvent(Exception):
    """An event that can never be read: to be set aside as a dead letter, by name."""


class UnknownEventType(Exception):
    """An event of a type or version this release does not know: stop loudly, never skip."""


def read_payload(event: Event) -> Payload:
    """Return an event's data as its model.

    Raises:
        UnknownEventType: the type or its version is not in this release.
        PoisonEvent: the data does not satisfy the model.
    """
    model = MODELS.get(event.type)
    if model is None:
        raise UnknownEventType(event.type)
    try:
        return model.model_validate(event.data)
    except ValidationError as problem:
        raise PoisonEvent(_brief(problem)) from problem


def read_event(raw: Any) -> Event:
    """Return one member of a batch as an event.

    Raises:
        PoisonEvent: it is no CloudEvents envelope.
    """
    try:
        return Event.model_validate(raw)
    except ValidationError as problem:
        raise PoisonEvent(_brief(problem)) from problem


def _brief(problem: ValidationError) -> str:
    first = problem.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
