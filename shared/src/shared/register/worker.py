"""The second process of each writer: the unit directory, and recounts on request."""

import signal
import threading
import time
from collections.abc import Sequence

from pymongo.errors import PyMongoError

from shared.base import log
from shared.base.health import serve_health
from shared.base.mongo import Database, connect
from shared.base.settings import KafkaSettings, MongoSettings, ProcessSettings
from shared.contract import events
from shared.pipeline.consumer import Consumer
from shared.pipeline.kafka import KafkaLog
from shared.register.directory_worker import DirectoryHandler
from shared.register.recount import Counted, answer_one

RECOUNT_POLL_SECONDS = 0.2
STALLED_SECONDS = 30.0

_log = log.get(__name__)


class RecountLoop:
    """Answers recount requests until told to stop."""

    def __init__(
        self, database: Database, source: str, counted: Sequence[Counted], holder: str
    ) -> None:
        self.stop = threading.Event()
        self.broken: Exception | None = None
        self._database, self._source, self._counted = database, source, counted
        self._holder = holder
        self._failing_since: float | None = None

    def failing_seconds(self) -> float:
        """Return for how long every attempt to look for requests has failed; 0 if the last did not."""
        since = self._failing_since
        return 0.0 if since is None else time.monotonic() - since

    def run(self) -> None:
        """Poll for requests."""
        while not self.stop.is_set():
            try:
                answered = answer_one(self._database, self._source, self._counted, self._holder)
                self._failing_since = None
            except PyMongoError as problem:
                self._failing_since = self._failing_since or time.monotonic()
                _log.warning("cannot recount now", problem=str(problem)[:300])
                answered = False
            if not answered:
                self.stop.wait(RECOUNT_POLL_SECONDS)

    def run_beside(self, consumer: Consumer) -> None:
        """Run in a thread of its own; what ends it ends the whole process, loudly."""
        try:
            self.run()
        except Exception as problem:  # noqa: BLE001 - raised by the main thread
            self.broken = problem
            consumer.stop.set()


def problems(recounts: RecountLoop, consumer: Consumer | None) -> list[str]:
    """Return why a writer's worker makes no progress; empty when it does."""
    found = []
    if consumer is not None and (idle := consumer.idle_seconds()) > STALLED_SECONDS:
        found.append(f"no progress for {idle:.0f} s")
    if (failing := recounts.failing_seconds()) > STALLED_SECONDS:
        found.append(f"no recounts, the database fails for {failing:.0f} s")
    return found


def run_worker(source: str, counted: Sequence[Counted], *, directory: bool) -> None:
    """Run a writer's worker until SIGTERM.

    Args:
        source: CloudEvents source of the writer.
        counted: what a recount counts.
        directory: whether the service keeps a unit directory.
    """
    process, kafka = ProcessSettings(), KafkaSettings()
    log.configure(process.instance, level=process.log_level, log_format=process.log_format)
    database = connect(MongoSettings())
    recounts = RecountLoop(database, source, counted, process.instance)
    consumer: Consumer | None = None
    if directory:
        event_log = KafkaLog(kafka, client_id=process.instance)
        handler = DirectoryHandler(database, event_log)
        group = f"{database.name}-directory"
        consumer = Consumer(event_log, group, (events.UNIT_TOPIC,), handler)

    def stop(*_: object) -> None:
        recounts.stop.set()
        if consumer is not None:
            consumer.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    serve_health(process.host, process.port, lambda: problems(recounts, consumer))
    if consumer is None:
        recounts.run()
        return
    beside = threading.Thread(target=recounts.run_beside, args=(consumer,), daemon=True)
    beside.start()
    try:
        consumer.run()
    finally:
        recounts.stop.set()
    if recounts.broken is not None:
        raise recounts.broken
