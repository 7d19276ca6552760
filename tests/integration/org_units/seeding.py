"""Chapters and townships as the seed job makes them."""

import asyncio
import itertools
from datetime import date
from typing import Any

from org_units import jobs
from shared.base.mongo import connect_async
from shared.base.settings import MongoSettings

COUNTY, NEIGHBOUR = "330106", "330105"
_areas = itertools.count(100)


def an_area() -> str:
    """Return the code of an area of the county for which no test has made a unit yet."""
    return f"{COUNTY}{next(_areas)}"


async def seed(settings: MongoSettings, *provinces: str) -> list[jobs.Outcome]:
    """Seed the chapters, and the townships of provinces; return what each step found."""
    database = connect_async(settings)
    how: Any = {"partitions": 3, "effective_on": date(2021, 1, 1)}
    try:
        outcomes = [await jobs.seed_chapters(database, **how)]
        outcomes += [await jobs.seed_townships(database, code, **how) for code in provinces]
    finally:
        await database.client.close()
    return outcomes


def seeded(settings: MongoSettings, *provinces: str) -> list[jobs.Outcome]:
    """Seed and wait for it."""
    return asyncio.run(seed(settings, *provinces))
