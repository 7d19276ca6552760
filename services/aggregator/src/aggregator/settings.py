"""What the aggregator reads from its environment beyond the shared settings."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contract import events


class AggregatorSettings(BaseSettings):
    """How figures are made and shown."""

    model_config = SettingsConfigDict(env_prefix="REGISTRY_")

    consumer_group: str = "aggregator"
    chunk_rows: int = 20_000
    chunk_documents: int = 2_000
    """Counters and days of history touched after which a chunk is closed, too: rows that all fall
    on one day cost two of them, rows of as many days and units cost one each, and a transaction
    must end well within ``transactionLifetimeLimitSeconds`` and a fifth of the server's cache."""
    chunk_seconds: float = 0.2
    gap_alarm_seconds: float = 30.0
    gap_rewind_seconds: float = 3.0
    """After this long a gap makes the worker reread its partition from the beginning: a broker
    that lost its tail may hold the resend before the position read so far."""
    complete_seconds: float = 10.0
    recount_seconds: float = 900.0
    """How long a comparison waits for the recounts of the registers and for the worker."""
    frontend_dir: Path | None = None
    stream_frames_per_second: float = 5.0
    stream_lifetime_seconds: float = 600.0
    stream_clients: int = 1_000
    expected_sources: tuple[str, ...] = tuple(events.TOPICS_OF_SOURCE)
