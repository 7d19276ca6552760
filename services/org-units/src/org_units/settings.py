"""What org-units reads from its environment beyond the shared settings."""

from datetime import date

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.register.days import FOUNDING_OF_THE_SOCIETY


class OrgUnitsSettings(BaseSettings):
    """How the tree is seeded and listed."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_")

    seed_effective_on: date = date(2021, 1, 1)
    """First day on which seeded units count: the first of the plan 2021-2025, since the list of
    divisions does not say when a chapter was founded."""
    earliest_day: date = FOUNDING_OF_THE_SOCIETY
    """First day a unit can have been founded or counted: the founding of the society in Shanghai,
    10 March 1904. An earlier day is an error."""
    list_timeout_ms: int = 5_000
    """How long the database may work on one page of a list."""
