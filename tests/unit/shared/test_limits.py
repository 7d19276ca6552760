"""Which settings of a topic are too low for what is written there."""

import pytest

from shared.contract import events
from shared.pipeline import limits

GOOD = {
    "max.message.bytes": "1048588",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "message.timestamp.after.max.ms": "3600000",
    "message.timestamp.before.max.ms": "9223372036854775807",
}


def test_limits_that_events_need_are_no_shortfall() -> None:
    assert limits.shortfalls(events.MEMBER_TOPIC, GOOD) == []
    assert limits.shortfalls(events.MEMBER_TOPIC, {}) == []
    kept_a_day = {**GOOD, "retention.ms": str(limits.DAY_MS), "retention.bytes": "1"}
    assert limits.shortfalls(events.WATERMARK_TOPIC, kept_a_day) == []


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"max.message.bytes": "4000"}, "raise max.message.bytes from 4000 to 540672"),
        ({"retention.ms": "604800000"}, "raise retention.ms from 604800000 to -1 (no limit)"),
        ({"retention.bytes": "5"}, "raise retention.bytes from 5 to -1 (no limit)"),
        ({"cleanup.policy": "compact"}, "set cleanup.policy from compact to delete"),
        (
            {"message.timestamp.type": "CreateTime"},
            "raise message.timestamp.after.max.ms from 3600000 to 86400000",
        ),
        (
            {
                "message.timestamp.type": "CreateTime",
                "message.timestamp.after.max.ms": "86400000",
                "message.timestamp.before.max.ms": "1",
            },
            "raise message.timestamp.before.max.ms from 1 to 86400000",
        ),
    ],
)
def test_a_limit_that_is_too_low_is_named_with_what_events_need(
    changed: dict[str, str], line: str
) -> None:
    found = limits.shortfalls(events.UNIT_TOPIC, {**GOOD, **changed})
    assert found == [f"registry.unit: {line}"]
