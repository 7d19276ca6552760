"""The data of each kind of event: what a version adds to an entity's timeline and takes back."""

from datetime import date
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from shared.contract.events.states import Code, MemberState, UnitId, UnitState, VolunteerState

MAX_ROWS_PER_PACKED_EVENT = 1_000

S = TypeVar("S", MemberState, VolunteerState, UnitState)

EntityId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Version = Annotated[int, Field(ge=1)]


class Payload(BaseModel):
    """What every payload shares: frozen, and open to fields a later v1 adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Step(Payload, Generic[S]):
    """On a day (China Standard Time) the countable state turned from ``was`` to ``now``."""

    effective_on: date
    was: S | None
    now: S | None


class Changed(Payload, Generic[S]):
    """One entity's new version."""

    entity: EntityId
    version: Version
    recorded_at: AwareDatetime
    changes: list[Step[S]]


Row = tuple[EntityId, Version, list[Annotated[int, Field(ge=0)]]]
"""Entity, version, and the positions of its changes in ``steps``."""


class Imported(Payload, Generic[S]):
    """A chunk of a bulk write: many entities, each step given once and named by its position."""

    recorded_at: AwareDatetime
    steps: list[Step[S]]
    rows: Annotated[list[Row], Field(max_length=MAX_ROWS_PER_PACKED_EVENT)]

    @model_validator(mode="after")
    def _rows_name_steps(self) -> Self:
        known = len(self.steps)
        for _entity, _version, positions in self.rows:
            if positions and max(positions) >= known:
                raise ValueError("a row names a step that is not there")
        return self


class UnitCard(Payload):
    """A unit as directories keep it: no personal data, present state."""

    id: UnitId
    version: Version
    name: str = Field(min_length=1, max_length=200)
    code: str = Field(max_length=40)
    region_code: str | None = Field(max_length=12)
    level: Code
    type: Code
    status: Code
    parent: UnitId | None
    flags: list[Code]
    founded_on: date | None = None
    predecessor_founded_on: date | None = None
    """Day of founding of the unit that this one continues."""


class UnitChanged(Changed[UnitState]):
    """One unit's new version, with the card directories keep."""

    unit: UnitCard


class MemberChanged(Changed[MemberState]):
    """One membership's new version."""


class VolunteerChanged(Changed[VolunteerState]):
    """One volunteer's new version."""


class UnitsImported(Imported[UnitState]):
    """A chunk of units written in bulk, with their cards."""

    units: list[UnitCard]


class MembersImported(Imported[MemberState]):
    """A chunk of memberships written in bulk."""


class Watermark(Payload):
    """Up to ``at`` every commit of a source is numbered and sent (docs/design.md section 5.4).

    ``sequences`` maps topic and partition to the last number given there; ``starts`` maps each epoch
    after the first, topic and partition to the number after which those of that epoch begin. What
    earlier epochs sent beyond it is void: the source was restored from a backup.
    """

    source: str
    epoch: Annotated[int, Field(ge=1)]
    at: AwareDatetime
    sequences: dict[str, dict[str, int]]
    starts: dict[str, dict[str, dict[str, int]]] = Field(default_factory=dict)
