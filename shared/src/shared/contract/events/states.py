"""The countable states: closed lists of what may be counted, and nothing that names a person."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
"""A value that becomes part of a counter's name."""
UnitId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]
Sex = Literal["0", "1", "2", "9"]
"""GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 not stated."""
Minority = Literal["yes", "no", "unknown"]
BirthYear = Annotated[int, Field(ge=1900, le=2200)]


class MemberState(BaseModel):
    """What is counted of a membership (docs/domain.md sections 2.5-2.7)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: UnitId
    status: Code
    kind: Code
    grade: Code
    sex: Sex
    birth_year: BirthYear | None
    education: Code | None
    occupation: Code | None
    minority: Minority
    political: Code | None
    unverified: bool


class VolunteerState(BaseModel):
    """What is counted of a volunteer, at the volunteer's unit (docs/domain.md sections 3.2-3.5)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: UnitId
    status: Code
    sex: Sex
    birth_year: BirthYear | None
    education: Code | None
    occupation: Code | None
    minority: Minority
    political: Code | None
    unverified: bool
    stars: Annotated[int, Field(ge=0, le=9)]
    years_served: list[Annotated[int, Field(ge=1900, le=2200)]]


class UnitState(BaseModel):
    """What is counted of a unit (docs/domain.md section 1.2); a unit is its own unit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: UnitId
    level: Literal["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS"]
    type: Code
    status: Code
    parent: UnitId | None
    flags: list[Code]
