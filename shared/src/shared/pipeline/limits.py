"""What events need of their topics' settings, and which settings an operator has set too low (pure)."""

from collections.abc import Mapping

from shared.contract import events
from shared.contract.events import envelope

FOR_EVER = -1
DAY_MS = 24 * 3600 * 1000
WATERMARK_RETENTION_MS = DAY_MS
LEAST_MESSAGE_BYTES = envelope.MAX_RECORD_BYTES + 16 * 1024
"""A record with its headers and what surrounds it."""
ON_ARRIVAL = "LogAppendTime"
"""The broker dates a record; else it refuses one whose sender's clock is wrong by some time."""


def retention_of(topic: str) -> int:
    """Return how many milliseconds a topic is kept. Facts are for ever: replay is the second recount."""
    return WATERMARK_RETENTION_MS if topic == events.WATERMARK_TOPIC else FOR_EVER


def shortfalls(topic: str, found: Mapping[str, str]) -> list[str]:
    """Return a line for each setting of a topic that may refuse or lose what is written there.

    Args:
        found: the settings that the topic has.
    """
    wanted = {"max.message.bytes": LEAST_MESSAGE_BYTES, "retention.ms": retention_of(topic)}
    if topic != events.WATERMARK_TOPIC:
        wanted["retention.bytes"] = FOR_EVER
    if found.get("message.timestamp.type") != ON_ARRIVAL:
        wanted["message.timestamp.before.max.ms"] = DAY_MS
        wanted["message.timestamp.after.max.ms"] = DAY_MS
    lines = [
        f"{topic}: raise {name} from {found[name]} to {'-1 (no limit)' if least < 0 else least}"
        for name, least in wanted.items()
        if name in found and _is_less(int(found[name]), least)
    ]
    if (policy := found.get("cleanup.policy", "delete")) != "delete":
        lines.append(f"{topic}: set cleanup.policy from {policy} to delete")
    return lines


def _is_less(limit: int, least: int) -> bool:
    """Return whether a limit is below what is needed; a negative one is none."""
    return limit >= 0 and (least < 0 or limit < least)
