"""The use cases of the figures: a unit against the plan, tables, breakdowns; who may see which."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from aggregator.figures import disclosure, queries
from aggregator.figures.live import Live, Verdict
from aggregator.figures.rules import SERIES, breakdown
from aggregator.intake.documents import Card
from aggregator.plans.rules import IndicatorItem, Plan, current_plan
from shared.base.clock import now, today
from shared.base.errors import Invalid, NotFound, Unauthenticated, Unavailable
from shared.base.mongo import AsyncDatabase
from shared.contract.definitions import DEFINITIONS_VERSION, Dimension, dimensions_of
from shared.web.access import Principal, may_read, require

PUBLIC_LEVELS = frozenset({"NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"})
ALL_LEVELS = PUBLIC_LEVELS | {"GRASSROOTS"}
HEADLINE = ("units", "members", "volunteers")
Body = dict[str, object]
"""The body of an answer (docs/design.md section 8)."""
SUMS_AT_ONCE = 2
SUMS_WAITING = 20
"""Requests that wait for a sum; one more would only wait until its time is over."""


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


@dataclass
class FiguresService:
    """Answers from memory, and from the database for past days and breakdowns."""

    database: AsyncDatabase
    plans: tuple[Plan, ...]
    live: Live
    waiting: int = 0
    """Requests that wait for a sum."""
    _sums: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(SUMS_AT_ONCE))

    def check_ready(self) -> None:
        """Raise ``Unavailable`` while figures are being loaded."""
        if not self.live.ready:
            raise Unavailable("figures.starting")

    def scope_of(self, unit: str) -> list[str]:
        """Return what grants may name for a unit's path: ids, and region codes of chapters."""
        path = self.live.figures.path(unit)
        codes = (card.region_code for card in path if card.level != "GRASSROOTS")
        return [*(card.id for card in path), *filter(None, codes)]

    def national_scope(self) -> list[str]:
        """Return what grants may name for headquarters.

        Raises:
            Unavailable: figures are being loaded.
        """
        self.check_ready()
        return self.scope_of(self.live.figures.root or "")

    def find(self, name: str, principal: Principal | None) -> str:
        """Return the id of a unit; below county it exists only for those who may read there.

        Args:
            name: its id or region code.

        Raises:
            Unavailable: figures are being loaded.
            NotFound: there is no such unit.
            Unauthenticated: it needs a token.
        """
        self.check_ready()
        figures = self.live.figures
        if figures.root is None:
            raise Unavailable("figures.starting")  # the tree is being seeded: a 404 would be final
        unit = figures.find(name)
        if unit is None:
            raise NotFound("unit.unknown", field="unit")
        if figures.cards[unit].level not in PUBLIC_LEVELS:
            if principal is None:
                raise Unauthenticated("auth.missing")
            require(principal, "viewer", self.scope_of(unit))
        return unit

    def levels_shown(self, unit: str, principal: Principal | None) -> frozenset[str]:
        """Lines of grassroots units, under whatever chapter, are for those who may read there."""
        readable = principal is not None and may_read(principal, self.scope_of(unit))
        return ALL_LEVELS if readable else PUBLIC_LEVELS

    @contextlib.asynccontextmanager
    async def summing(self) -> AsyncIterator[None]:
        """To be held while the database sums: each such query occupies a core of it.

        Raises:
            Unavailable: too many wait already.
        """
        if self.waiting >= SUMS_WAITING:
            raise Unavailable("overloaded")
        self.waiting += 1
        try:
            await self._sums.acquire()
        finally:
            self.waiting -= 1
        try:
            yield
        finally:
            self._sums.release()

    def progress(self, unit: str) -> Body:
        """Return the body of ``GET /v1/progress``: a unit's figures against the plan, now."""
        live = self.live
        return self._progress(unit, live.figures.figures(unit), today(), live.verdict())

    async def progress_on(self, unit: str, day: date) -> Body:
        """Return a unit's figures against the plan at the end of a past day."""
        verdict = self.live.verdict()  # before the sum, so that it covers no later change
        subtrees = {unit: self.live.figures.subtree(unit)}
        async with self.summing():
            figures = await queries.figures_on(self.database, subtrees, day.isoformat())
        if not self.live.has(unit):
            raise Unavailable("figures.starting")  # loaded again in the meantime
        return {**self._progress(unit, figures[unit], day, verdict), "unattributed": None}

    def _progress(self, unit: str, figures: Mapping[str, int], day: date, verdict: Verdict) -> Body:
        tree = self.live.figures
        plan = current_plan(self.plans, day)
        national = unit == tree.root
        items: dict[str, IndicatorItem] = {}
        for series in HEADLINE:
            row = plan.indicator(series) if plan and national else None
            items[series] = IndicatorItem.of(figures[series], plan, row, day)
        volunteers = {**vars(items["volunteers"]), "enrolled": figures["enrolled"]}
        card, *above = tree.path(unit)
        head = {name: getattr(card, name) for name in ("id", "name", "region_code", "level")}
        ancestors = [
            {"id": one.id, "name": one.name, "level": one.level} for one in reversed(above)
        ]
        return {
            "unit": {**head, "ancestors": ancestors},
            "as_of": day,
            "at": now().isoformat(),
            **_trust(verdict),
            "plan": plan.head(today()) if plan else None,
            "indicators": {**items, "volunteers": volunteers},
            "unattributed": tree.unattributed() if national else None,
        }

    def _children(self, unit: str, levels: frozenset[str]) -> list[Card]:
        return [card for card in self.live.figures.children(unit) if card.level in levels]

    def rows(self, unit: str, levels: frozenset[str], among: set[str] | None = None) -> list[Row]:
        """Return the lines of a unit's children of some levels, in their order.

        Args:
            unit: id of a known unit.
            levels: levels of the children.
            among: ids of the children wanted; None for all.
        """
        return [
            _row(card, self.live.figures.figures(card.id))
            for card in self._children(unit, levels)
            if among is None or card.id in among
        ]

    async def table(self, unit: str, levels: frozenset[str], day: date | None) -> Body:
        """Return the body of ``GET /v1/counters`` with ``by=unit``: the units below a unit.

        Args:
            unit: id of a known unit.
            levels: levels of the children whose lines are shown.
            day: end of this past day; None for now.
        """
        figures, verdict = self.live.figures, self.live.verdict()
        children = self._children(unit, levels)
        hidden = len(figures.children(unit)) > len(children)
        if day is None:
            rows = self.rows(unit, levels)
        else:
            subtrees = {card.id: figures.subtree(card.id) for card in children}
            async with self.summing():
                past = await queries.figures_on(self.database, subtrees, day.isoformat())
            rows = [_row(card, past[card.id]) for card in children]
        return {
            **_head(unit, day, verdict),
            "rows": rows,
            "own": figures.own(unit) if day is None else None,
            "rows_need_token": hidden,
            "unattributed": figures.unattributed() if day is None else None,
        }

    async def breakdown(self, unit: str, metric: str, by: str, day: date | None) -> Body:
        """Return the body of ``GET /v1/counters`` by any other dimension; see ``table``.

        A count may be a text such as ``<5``. ``withheld``: there are cells, and too few people to
        publish any.

        Raises:
            Invalid: there is no such metric or dimension.
        """
        dimension, verdict = _dimension(metric, by), self.live.verdict()
        units = self.live.figures.subtree(unit)
        async with self.summing():
            totals = await queries.counter_totals(
                self.database, metric, by, units, day.isoformat() if day else None
            )
        cells = breakdown(metric, by, totals)
        shown: Mapping[str, int | str] = cells
        if dimension.personal:
            shown = disclosure.publish(cells, adds_up=not dimension.multiple)
        return {
            **_head(unit, day, verdict),
            "metric": metric,
            "by": by,
            "cells": [{"value": value, "count": count} for value, count in shown.items()],
            "withheld": bool(cells) and not shown,
        }


def _head(unit: str, day: date | None, verdict: Verdict) -> Body:
    return {
        "unit": unit,
        "as_of": day or today(),
        **_trust(verdict),
    }


def _trust(verdict: Verdict) -> Body:
    """Return what every answer says of its figures."""
    return {
        "complete": verdict.complete,
        "incomplete_reasons": verdict.reasons,
        "lag_seconds": verdict.lag_seconds,
        "definition_version": DEFINITIONS_VERSION,
    }


def _row(card: Card, figures: Mapping[str, int]) -> Row:
    return Row(card.id, card.name, card.region_code, card.level, card.type, **figures)


def _dimension(metric: str, by: str) -> Dimension:
    if metric not in SERIES:
        params = {"metric": metric, "allowed": list(SERIES)}
        raise Invalid("metric.unknown", field="metric", params=params)
    offered = {dimension.id: dimension for dimension in dimensions_of(metric)}
    if by not in offered:
        allowed = {"metric": metric, "by": by, "allowed": ["unit", *offered]}
        raise Invalid("dimension.unknown", field="by", params=allowed)
    return offered[by]
