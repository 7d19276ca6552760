"""A relay that another has replaced finds out before it changes anything."""

from typing import Any

import pytest

from shared import events, outbox
from shared.eventlog import TopicPartition
from shared.lease import Fenced
from shared.memorylog import MemoryLog
from shared.mongo import Database
from tests.integration.pipeline import PARTITIONS, Pipeline


def test_who_is_replaced_while_he_waits_for_answers_marks_nothing(
    mongo: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His successor may have seen that the log lost them, and be about to send them again."""
    topics = [topic for owned in events.TOPICS_OF_SOURCE.values() for topic in owned]
    log = MemoryLog({**dict.fromkeys(topics, PARTITIONS), events.WATERMARK_TOPIC: 1})
    pipeline = Pipeline(mongo, log)
    pipeline.write(6)
    replaced = pipeline.relay()
    deliver = replaced._sender.deliver

    def slowly(rows: list[dict[str, Any]]) -> dict[TopicPartition, int]:
        acknowledged = deliver(rows)
        pipeline.relay()  # the same instance, started again
        return acknowledged

    monkeypatch.setattr(replaced._sender, "deliver", slowly)
    with pytest.raises(Fenced):
        replaced.cycle()
    rows = list(mongo[outbox.COLLECTION].find())
    assert [row["state"] for row in rows] == [outbox.NUMBERED] * 6
