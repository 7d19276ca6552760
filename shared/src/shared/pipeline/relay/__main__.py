"""The relay as a process: ``python -m shared.pipeline.relay --source org-units``."""

import argparse
import signal
import threading
import time

import httpx
from prometheus_client import Counter, Gauge
from pymongo.errors import PyMongoError

from shared.base import log
from shared.base.health import serve_health
from shared.base.mongo import connect
from shared.base.settings import (
    AccessSettings,
    KafkaSettings,
    MongoSettings,
    PeerSettings,
    ProcessSettings,
)
from shared.contract import events
from shared.pipeline.eventlog import LogUnavailable
from shared.pipeline.kafka import KafkaLog
from shared.pipeline.lease import Fenced
from shared.pipeline.relay import RENEW_SECONDS, Relay
from shared.pipeline.relay.aggregator import Aggregator

IDLE_SECONDS = 0.02
"""Polling a partial index costs about 0.3 ms; a change stream as doorbell would have to be drained
one event at a time under load and would tie the relay to the oplog's length (docs/adr/0004)."""
STANDBY_SECONDS = 1.0
WATERMARK_SECONDS = 1.0
HEAL_SECONDS = 15.0
MARKS_SECONDS = 15.0
TOPICS_SECONDS = 5.0
PRUNE_SECONDS = 60.0
MARKS_PATIENCE = 5.0
STALLED_SECONDS = 30.0

SENT = Counter("registry_relay_events_sent", "Events acknowledged by the log")
SETTLED = Gauge("registry_relay_settled_timestamp_seconds", "All commits up to then are sent")

_log = log.get(__name__)


class RelayLoop:
    """Runs a relay until it is stopped, and knows whether it makes progress."""

    def __init__(self, relay: Relay, aggregator: Aggregator) -> None:
        self.relay = relay
        self.aggregator = aggregator
        self.stop = threading.Event()
        self._progress = time.monotonic()
        self._due = dict.fromkeys(("renew", "watermark", "topics", "heal", "marks", "prune"), 0.0)

    def problems(self) -> list[str]:
        """Return why this process is not ready; standing by is ready."""
        stalled = time.monotonic() - self._progress
        found = [f"no progress for {stalled:.0f} s"] if stalled > STALLED_SECONDS else []
        return [*found, *self.relay.refusals()]

    def run(self) -> None:
        """Lead or stand by until ``stop`` is set."""
        # Before the first comparison: what is counted decides what may be missing.
        self.relay.take_marks(self.aggregator.marks() or ())
        while not self.stop.is_set():
            try:
                pause = self._turn()
            except Fenced:
                _log.warning("fenced; standing by", source=self.relay.source)
                self.relay.resign()
                pause = STANDBY_SECONDS
            except (PyMongoError, LogUnavailable) as problem:
                _log.warning("cannot relay now", source=self.relay.source, problem=str(problem))
                pause = 0.2
            if pause:
                self.stop.wait(pause)

    def _turn(self) -> float:
        leads = self.relay.lease is not None
        settled = leads and not self._is_due("renew", RENEW_SECONDS)
        if not settled and not self.relay.lead():
            self._progress = time.monotonic()
            return STANDBY_SECONDS
        if not leads:  # it has just compared
            self._due["heal"] = time.monotonic() + HEAL_SECONDS
        watermark_due = self._is_due("watermark", WATERMARK_SECONDS)
        sent = self.relay.cycle(settle=watermark_due)
        SENT.inc(sent)
        if watermark_due and self.relay.publish_watermark():
            self._progress = time.monotonic()
            if self.relay.settled_at is not None:
                SETTLED.set(self.relay.settled_at.timestamp())
        self._keep_in_step()
        return 0.0 if sent else IDLE_SECONDS

    def _keep_in_step(self) -> None:
        """Compare with the log and with the aggregator, each when it is due."""
        if self._is_due("marks", MARKS_SECONDS):
            self.aggregator.ask()
        if (marks := self.aggregator.answer()) is not None:
            self.relay.take_marks(marks)
            if self._is_due("prune", PRUNE_SECONDS):
                self.relay.prune()
        if self._is_due("topics", TOPICS_SECONDS):
            self.relay.doubt_renewed_topics()
        if self._is_due("heal", HEAL_SECONDS):
            self.relay.heal()
            self._due["heal"] = time.monotonic() + HEAL_SECONDS  # it may have taken long

    def _is_due(self, what: str, every: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + every
        return True


def main() -> None:
    """Read the environment, relay until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [source.rsplit("/", 1)[1] for source in events.TOPICS_OF_SOURCE]
    parser.add_argument("--source", required=True, choices=names)
    source = parser.parse_args().source
    process, kafka = ProcessSettings(), KafkaSettings()
    log.configure(process.instance, level=process.log_level, log_format=process.log_format)
    relay = Relay(
        connect(MongoSettings()),
        KafkaLog(kafka, client_id=process.instance),
        f"/services/{source}",
        process.instance,
        kafka.kafka_partitions,
    )
    peers, access = PeerSettings(), AccessSettings()
    client = httpx.Client(timeout=MARKS_PATIENCE, trust_env=False)
    aggregator = Aggregator(peers.aggregator_url, access.service_token_file, relay.source, client)
    loop = RelayLoop(relay, aggregator)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop.set())
    serve_health(process.host, process.port, loop.problems)
    loop.run()
    relay.resign()
    aggregator.close()


if __name__ == "__main__":
    main()
