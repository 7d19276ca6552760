"""JSON logs with a correlation id and without personal data."""

import logging
import sys
from contextvars import ContextVar

import structlog

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


def _add_correlation(
    _logger: object, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if value := correlation_id.get():
        event["correlation_id"] = value
    return event


def configure(instance: str, *, level: str = "INFO", log_format: str = "json") -> None:
    """Send structured and library logs to standard output in one shape.

    Args:
        instance: name of the process, in every line.
        level: lowest level that is written.
        log_format: ``json`` for machines, ``console`` for people.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )

    def add_instance(
        _logger: object, _name: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        # No context variable: threads, and tasks with a context of their own, begin without any.
        event["instance"] = instance
        return event

    shared: list[structlog.typing.Processor] = [
        add_instance,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # kafka-python warns of every task over 0.1 s on its loop and logs each reconnect attempt.
    for noisy in ("kafka", "pymongo", "httpx", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for very_noisy in ("kafka.net", "kafka.net.selector", "kafka.conn"):
        logging.getLogger(very_noisy).setLevel(logging.ERROR)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
