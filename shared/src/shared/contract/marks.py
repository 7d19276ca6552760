"""How far the aggregator has counted: what it answers to a relay (``GET /v1/marks``)."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReportedGap(_Frozen):
    """Numbers that the worker misses: ``expected`` has not come, though ``seen`` has."""

    expected: int
    seen: int
    since: datetime


class Mark(_Frozen):
    """The last number counted of one partition and epoch of a source."""

    topic: str
    partition: int
    epoch: int
    sequence: int
    gap: ReportedGap | None = None
    """Of the partition: reported with each of its epochs."""


class Marks(_Frozen):
    """All that is counted of one source."""

    source: str
    marks: tuple[Mark, ...]
