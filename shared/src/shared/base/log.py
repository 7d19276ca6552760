"""JSON logs with a correlation id and without personal data."""

import logging
import sys
from contextvars import ContextVar

import structlog

LIBRARIES = {
    **dict.fromkeys(("kafka", "pymongo", "httpx", "uvicorn.access"), logging.WARNING),
    # kafka-python warns of every task over 0.1 s on its loop and logs each reconnect attempt.
    **dict.fromkeys(("kafka.net", "kafka.net.selector", "kafka.conn"), logging.ERROR),
}
"""The lowest level that a library writes."""

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


def _add_origin(instance: str) -> structlog.typing.Processor:
    def add(
        _logger: object, _name: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        # No context variable: threads, and tasks with a context of their own, begin without any.
        event["instance"] = instance
        if correlation := correlation_id.get():
            event["correlation_id"] = correlation
        return event

    return add


def configure(instance: str, *, level: str = "INFO", log_format: str = "json") -> None:
    """Send structured and library logs to standard output in one shape.

    Args:
        instance: name of the process, in every line.
        level: lowest level that is written.
        log_format: ``json`` for machines, ``console`` for people.
    """
    stdlib, processors = structlog.stdlib, structlog.processors
    renderer: structlog.typing.Processor = (
        processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[structlog.typing.Processor] = [
        _add_origin(instance),
        stdlib.add_log_level,
        stdlib.add_logger_name,
        processors.TimeStamper(fmt="iso", utc=True),
        processors.format_exc_info,
    ]
    chain = [stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=chain))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for library, lowest in LIBRARIES.items():
        logging.getLogger(library).setLevel(lowest)
    structlog.configure(
        processors=[*shared, stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=stdlib.LoggerFactory(),
        wrapper_class=stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    return structlog.stdlib.get_logger(name)
