"""The second process of each writer: the unit directory, and background jobs."""

import signal
import threading
from collections.abc import Sequence

from shared.base import log
from shared.base.health import serve_health
from shared.base.mongo import connect
from shared.base.settings import KafkaSettings, MongoSettings, ProcessSettings
from shared.contract import events
from shared.pipeline.consumer import WatchingConsumer
from shared.pipeline.kafka import KafkaLog
from shared.register.directory_worker import DirectoryHandler
from shared.register.jobloop import JobLoop, Kind

STALLED_SECONDS = 30.0
STOP_SECONDS = 5.0
"""How long a stop waits for the present chunk of a job; a job cut off is resumed by the next start."""


class DirectoryConsumer(WatchingConsumer):
    """The loop of the unit directory."""

    handler: DirectoryHandler


def problems(jobs: JobLoop, consumer: DirectoryConsumer | None) -> list[str]:
    """Return why a writer's worker makes no progress; empty when it does."""
    found = []
    if consumer is not None:
        if (idle := consumer.idle_seconds()) > STALLED_SECONDS:
            found.append(f"no progress for {idle:.0f} s")
        found += consumer.handler.gaps()
    if (failing := jobs.failing_seconds()) > STALLED_SECONDS:
        found.append(f"no jobs, the database fails for {failing:.0f} s")
    return found


def run_worker(kinds: Sequence[Kind], *, directory: bool) -> None:
    """Run a writer's worker until SIGTERM.

    Args:
        kinds: the jobs it runs.
        directory: whether the service keeps a unit directory.
    """
    process, kafka = ProcessSettings(), KafkaSettings()
    log.configure(process.instance, level=process.log_level, log_format=process.log_format)
    database = connect(MongoSettings())
    jobs = JobLoop(database, kinds, process.instance)
    consumer: DirectoryConsumer | None = None
    if directory:
        event_log = KafkaLog(kafka, client_id=process.instance)
        handler = DirectoryHandler(database, event_log)
        group = f"{database.name}-directory"
        topics = (events.UNIT_TOPIC, events.WATERMARK_TOPIC)
        consumer = DirectoryConsumer(event_log, group, topics, handler, kafka.kafka_partitions)

    def stop(*_: object) -> None:
        jobs.stop.set()
        if consumer is not None:
            consumer.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    serve_health(process.host, process.port, lambda: problems(jobs, consumer))
    if consumer is None:
        jobs.run()
        return
    thread = threading.Thread(target=jobs.run_for, args=(consumer,), daemon=True)
    thread.start()
    try:
        consumer.run()
    finally:
        jobs.stop.set()
        thread.join(STOP_SECONDS)
    if jobs.broken is not None:
        raise jobs.broken
