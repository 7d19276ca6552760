"""What the volunteer service reads from its environment, beyond what every process reads."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LEAST_AGE = 6
"""In years; a local rule approves nobody younger (docs/domain.md section 3.6)."""


class RegisteredRule(BaseModel):
    """What makes an enrolled volunteer a registered one; data, since it differs and may change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["HOURS_AND_APPLICATION", "ON_ENROLMENT"] = "HOURS_AND_APPLICATION"
    """Hours and an application, or enrolment by itself."""
    hours: int = Field(default=20, ge=1, le=8784)
    """Least hours within the window."""
    window: Literal["CALENDAR_YEAR"] = "CALENDAR_YEAR"
    annual_recheck: Literal[False] = False
    """Whether a later year below the hours ends it. No rule says so, and only "no" is offered."""


class VolunteerSettings(BaseSettings):
    """Rules that may be set differently (docs/domain.md section 3.2).

    ``REGISTRY_VOLUNTEER_REGISTERED_RULE`` is JSON, such as ``{"hours": 30}``.
    """

    model_config = SettingsConfigDict(env_prefix="REGISTRY_VOLUNTEER_")

    registered_rule: RegisteredRule = RegisteredRule()
    least_age: int = Field(default=LEAST_AGE, ge=0, le=18)
    """In years, on each day of enrolment. No national rule was found."""
