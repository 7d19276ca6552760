"""Seeds the tree from the administrative divisions: ``python -m org_units.jobs seed``.

Idempotent and resumable: a unit is known by the division it stands for, whoever renamed it since;
each chunk is one transaction of units and events, so a seed killed anywhere goes on from there.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from org_units import divisions, domain, store
from org_units.divisions import ChapterSeed, UnitSeed
from org_units.settings import OrgUnitsSettings
from shared.base.clock import now
from shared.base.ids import new_id
from shared.base.mongo import AsyncClientSession, AsyncDatabase, connect_async, transact_async
from shared.base.settings import KafkaSettings, MongoSettings
from shared.contract.timeline import Entry
from shared.register.entities import EntityWriter

CHUNK = 500
SUBJECT = "seed"
FACT = "org.redcross.unit.units-imported.v1"

Seed = ChapterSeed | UnitSeed
Known = dict[str, tuple[str, list[str]]]
"""Id and lineage of each unit seeded so far, by the region code it was seeded as."""
Progress = Callable[[int, int], None]
"""Told how many of how many units are there."""


@dataclass(frozen=True)
class Outcome:
    """What a seed found and did."""

    inserted: int
    present: int


async def seed_chapters(
    database: AsyncDatabase,
    *,
    partitions: int,
    effective_on: date,
    progress: Progress = lambda _done, _all: None,
) -> Outcome:
    """Insert every chapter of the list that is not there yet, parents first.

    Args:
        partitions: how many partitions the unit topic has.
        effective_on: day from which they count as active.
        progress: told after each chunk.
    """
    seeds = list(divisions.chapters())
    levels = {seed.region_code: seed.level for seed in seeds}
    for seed in seeds:
        above = seed.parent_region_code
        domain.check_chapter_placement(seed.level, levels[above] if above else None)
    return await _seed(database, seeds, partitions, effective_on, progress)


async def seed_townships(
    database: AsyncDatabase,
    province_code: str,
    *,
    partitions: int,
    effective_on: date,
    progress: Progress = lambda _done, _all: None,
) -> Outcome:
    """Insert the township units of one province that are not there yet.

    Raises:
        LookupError: there is no such province, or its chapters are not seeded.
    """
    seeds = list(divisions.township_units(province_code))
    return await _seed(database, seeds, partitions, effective_on, progress)


async def _seed(
    database: AsyncDatabase,
    seeds: Sequence[Seed],
    partitions: int,
    effective_on: date,
    progress: Progress,
) -> Outcome:
    writer, inserted = store.writer(database, partitions), 0
    while True:
        known = await store.seeded(database)
        missing = [seed for seed in seeds if seed.region_code not in known]
        codes = (seed.region_code for seed in missing if isinstance(seed, UnitSeed))
        entered = await store.entered_areas(database, codes, domain.TERMINAL)
        missing = [seed for seed in missing if seed.region_code not in entered]
        try:
            for start in range(0, len(missing), CHUNK):
                chunk = missing[start : start + CHUNK]
                for seed in chunk:
                    known[seed.region_code] = _place(seed, known)
                await _insert(writer, chunk, known, effective_on)
                inserted += len(chunk)
                progress(len(seeds) - len(missing) + start + len(chunk), len(seeds))
        except store.Duplicate:  # another seed runs beside this one: see what it left to do
            continue
        return Outcome(inserted=inserted, present=len(seeds))


def _place(seed: Seed, known: Known) -> tuple[str, list[str]]:
    identity = new_id()
    if seed.parent_region_code is None:
        return identity, [identity]
    if seed.parent_region_code not in known:
        raise LookupError(f"{seed.region_code} hangs on {seed.parent_region_code}: seed that first")
    return identity, [*known[seed.parent_region_code][1], identity]


async def _insert(
    writer: EntityWriter, chunk: Sequence[Seed], known: Known, effective_on: date
) -> None:
    """Insert a chunk of units and their events in one transaction."""

    async def run(session: AsyncClientSession) -> None:
        codes = await _codes(writer.database, chunk, session)
        entities = []
        for seed, code in zip(chunk, codes, strict=True):
            identity, lineage = known[seed.region_code]
            document = _document(seed, identity, lineage, code)
            states = (Entry(effective_on, now(), domain.state_of(document)),)
            entities.append((document, states, {"unit": domain.card(document, 1)}))
        inserts = writer.import_chunk(entities, fact=FACT, subject=SUBJECT, cards="unit")
        await store.insert(writer.database, inserts, session)

    await transact_async(writer.database, run)


def _document(seed: Seed, identity: str, lineage: list[str], code: str) -> dict[str, Any]:
    return {
        "_id": identity,
        "name": seed.name,
        "code": code,
        "region_code": seed.region_code,
        "type": seed.type,
        "level": seed.level,
        "status": "ACTIVE",
        "parent_id": lineage[-2] if len(lineage) > 1 else None,
        "lineage": lineage,
        "flags": list(seed.flags),
        "ever_active": True,
        "seeded_as": seed.region_code,
    }


async def _codes(
    database: AsyncDatabase, chunk: Sequence[Seed], session: AsyncClientSession
) -> list[str]:
    """Return a code for each unit: a chapter is number one of its region, the others are counted.

    The numbers of one chapter and type are taken at once.
    """
    places = [(_chapter(seed), seed.type) for seed in chunk]
    counted = Counter(place for place in places if place[1] != domain.CHAPTER)
    numbers = {
        place: iter(range(first, first + count))
        for place, count in counted.items()
        for first in [await store.reserve(database, domain.counter(*place), count, session)]
    }
    return [
        domain.code(*place, next(numbers[place]) if place in numbers else 1) for place in places
    ]


def _chapter(seed: Seed) -> str:
    """Return the region a unit's code begins with: a chapter's own, else of the one above."""
    return seed.region_code if isinstance(seed, ChapterSeed) else seed.parent_region_code


def _show(label: str) -> Progress:
    def show(done: int, of: int) -> None:
        sys.stderr.write(f"\r{label}: {done}/{of}" + ("\n" if done == of else ""))
        sys.stderr.flush()

    return show


async def seed(township_provinces: Sequence[str], *, as_json: bool) -> None:
    """Seed the chapters and the townships of some provinces, and print what was done."""
    database = connect_async(MongoSettings())
    partitions = KafkaSettings().kafka_partitions
    effective_on = OrgUnitsSettings().seed_effective_on
    try:
        results = {
            "chapters": await seed_chapters(
                database,
                partitions=partitions,
                effective_on=effective_on,
                progress=_show("chapters"),
            )
        }
        for province in township_provinces:
            results[f"townships {province}"] = await seed_townships(
                database,
                province,
                partitions=partitions,
                effective_on=effective_on,
                progress=_show(f"townships {province}"),
            )
    finally:
        await database.client.close()
    _report(results, as_json=as_json)


def _report(results: dict[str, Outcome], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({name: asdict(done) for name, done in results.items()}) + "\n")
        return
    for name, done in results.items():
        sys.stdout.write(f"{name}: {done.present} present, {done.inserted} inserted now\n")


def main() -> None:
    """Run the job named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m org_units.jobs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    seeding = commands.add_parser("seed", help="insert what is missing of the divisions")
    seeding.add_argument(
        "--townships",
        action="append",
        default=[],
        metavar="PROVINCE",
        help="also the township units of this province (33 or 330000); may be repeated",
    )
    seeding.add_argument("--json", action="store_true", help="print the counts as JSON")
    arguments = parser.parse_args()
    try:
        asyncio.run(seed(arguments.townships, as_json=arguments.json))
    except LookupError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
