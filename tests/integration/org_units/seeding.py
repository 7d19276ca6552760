"""Chapters and townships as the seed job makes them."""

import asyncio
import itertools
from datetime import date

from org_units.divisions import service as seeding
from org_units.settings import OrgUnitsSettings
from org_units.units.service import units_of
from shared.base.mongo import connect_async
from shared.base.settings import AccessSettings, MongoSettings, PeerSettings
from shared.register.peers import Peers

COUNTY, NEIGHBOUR = "330106", "330105"
_areas = itertools.count(100)


def an_area() -> str:
    """Return the code of an area of the county for which no test has made a unit yet."""
    return f"{COUNTY}{next(_areas)}"


async def seed(settings: MongoSettings, *provinces: str) -> list[seeding.Outcome]:
    """Seed the chapters, and the townships of provinces; return what each step found."""
    database, peers = connect_async(settings), Peers(PeerSettings(), AccessSettings())
    units, day = units_of(database, peers, OrgUnitsSettings(), 3), date(2021, 1, 1)
    try:
        outcomes = [await seeding.seed_chapters(units, effective_on=day)]
        outcomes += [
            await seeding.seed_townships(units, code, effective_on=day) for code in provinces
        ]
    finally:
        await peers.close()
        await database.client.close()
    return outcomes


def seeded(settings: MongoSettings, *provinces: str) -> list[seeding.Outcome]:
    """Seed and wait for it."""
    return asyncio.run(seed(settings, *provinces))
