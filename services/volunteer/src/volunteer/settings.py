"""What the volunteer service reads from its environment, beyond what every process reads."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import (
    AccessSettings,
    HttpSettings,
    KafkaSettings,
    MongoSettings,
    PeerSettings,
    ProcessSettings,
)
from volunteer.domain import RegisteredRule


class VolunteerSettings(BaseSettings):
    """Rules that may be set differently (domain.md section 3.2).

    ``REGISTRY_VOLUNTEER_REGISTERED_RULE`` is JSON, such as ``{"hours": 30}``.
    """

    model_config = SettingsConfigDict(env_prefix="REGISTRY_VOLUNTEER_")

    registered_rule: RegisteredRule = RegisteredRule()


class Settings(
    MongoSettings, KafkaSettings, AccessSettings, ProcessSettings, PeerSettings, HttpSettings
):
    """Everything the HTTP process needs."""
