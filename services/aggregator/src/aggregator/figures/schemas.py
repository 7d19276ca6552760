"""The answers of the figures (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from aggregator.plans.schemas import IndicatorItem, PlanHead


@dataclass(frozen=True)
class Ancestor:
    """A unit above the one that is asked for."""

    id: str
    name: str
    level: str


@dataclass(frozen=True)
class UnitHead:
    """The unit that is asked for; the ancestors from the root down."""

    id: str
    name: str
    region_code: str | None
    level: str
    ancestors: tuple[Ancestor, ...]


@dataclass(frozen=True)
class Progress:
    """The body of ``GET /v1/progress``; ``at`` is an ISO 8601 instant with its offset."""

    unit: UnitHead
    as_of: date
    at: str
    complete: bool
    incomplete_reasons: tuple[str, ...]
    lag_seconds: float | None
    definition_version: int
    plan: PlanHead | None
    indicators: Mapping[str, IndicatorItem]
    unattributed: Mapping[str, int] | None


@dataclass(frozen=True)
class VolunteersItem(IndicatorItem):
    """The indicator of volunteers, with those who are enrolled only."""

    enrolled: int


@dataclass(frozen=True)
class Row:
    """A unit's line in a table."""

    unit: str
    name: str
    region_code: str | None
    level: str
    type: str
    units: int
    members: int
    volunteers: int
    enrolled: int


@dataclass(frozen=True)
class Frame(Progress):
    """The data of a frame of the stream: a unit's progress, and the lines that changed."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class _Counters:
    unit: str
    as_of: date
    complete: bool
    lag_seconds: float | None
    definition_version: int


@dataclass(frozen=True)
class Table(_Counters):
    """The body of ``GET /v1/counters`` with ``by=unit``."""

    rows: tuple[Row, ...]
    own: Mapping[str, int] | None
    rows_need_token: bool
    unattributed: Mapping[str, int] | None


@dataclass(frozen=True)
class Cell:
    """One value of a breakdown; the count may be a text such as ``<5``."""

    value: str
    count: int | str


@dataclass(frozen=True)
class Breakdown(_Counters):
    """The body of ``GET /v1/counters`` by any other dimension.

    ``withheld``: there are cells, and too few people to publish any.
    """

    metric: str
    by: str
    cells: tuple[Cell, ...]
    withheld: bool
