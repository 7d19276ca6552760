"""What every process reads from its environment (prefix ``REGISTRY_``), built once in ``main``."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="REGISTRY_")


class MongoSettings(_Settings):
    """Where the service's one database is."""

    mongo_uri: str = "mongodb://127.0.0.1:8011/?replicaSet=rs0"
    mongo_database: str
    mongo_timeout_ms: int = 15_000
    instance: str = ""
    """Name of the process, stable over restarts; the server knows its sessions by it."""


class KafkaSettings(_Settings):
    """Where the brokers are. ``kafka_security`` passes SASL/TLS options through to the client."""

    kafka_bootstrap: str = "127.0.0.1:8012"
    kafka_security: dict[str, str] = Field(default_factory=dict)
    kafka_partitions: int = 12
    kafka_replication: int = 1


class AccessSettings(_Settings):
    """Whom to believe: the OIDC issuer, and this service's own token for calls to its peers."""

    oidc_issuer: str = "http://127.0.0.1:8005"
    oidc_audience: str = "registry"
    service_token_file: Path | None = None
    keyring_file: Path | None = None


class ProcessSettings(_Settings):
    """How this one process runs."""

    host: str = "127.0.0.1"
    port: int
    instance: str
    """Name of this process, stable over restarts: a restarted leader resumes its own lease."""
    log_format: str = "json"
    log_level: str = "INFO"


class PeerSettings(_Settings):
    """Where the other services answer."""

    org_units_url: str = "http://127.0.0.1:8001"
    member_url: str = "http://127.0.0.1:8002"
    volunteer_url: str = "http://127.0.0.1:8003"
    aggregator_url: str = "http://127.0.0.1:8004"
    peer_timeout_seconds: float = 5.0
    directory_seconds: float = 30.0
    """From this age of the unit directory on, admissions ask org-units."""


class HttpSettings(_Settings):
    """Limits of the HTTP edge; set, not defaulted."""

    max_body_bytes: int = 2 * 1024 * 1024
    request_timeout_seconds: float = 30.0
    keep_alive_seconds: int = 65
    concurrency_limit: int = 2000
    requests_per_minute: int = 60_000
    """Per subject (or per address without a token)."""


class WriterSettings(
    MongoSettings, KafkaSettings, AccessSettings, ProcessSettings, PeerSettings, HttpSettings
):
    """Everything the HTTP process of a service that writes needs."""
