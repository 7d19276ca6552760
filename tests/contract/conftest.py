"""The contract suites run against the real servers too."""

from tests.integration.conftest import (  # noqa: F401
    database_name,
    kafka_log,
    kafka_settings,
    mongo,
    servers,
)
