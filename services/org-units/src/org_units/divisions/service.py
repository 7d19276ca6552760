"""Seeds the tree of units from the administrative divisions.

Idempotent and resumable: a unit is identified by its division, even after it was renamed;
each chunk is one transaction of units and events, so a seed killed anywhere goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from org_units.divisions import rules
from org_units.divisions.rules import Seed
from org_units.units.placement import check_chapter_placement
from org_units.units.rules import CHAPTER, Unit
from org_units.units.service import Units
from shared.base.ids import new_id
from shared.register.store import Duplicate

CHUNK = 500

Lineages = dict[str, tuple[str, ...]]
"""Ids from headquarters down to each unit seeded so far, by its division."""


@dataclass(frozen=True)
class Outcome:
    """What a seed found and did."""

    inserted: int
    present: int


class Progress:
    """Takes the progress of a seed; this one ignores it."""

    def report(self, done: int, of: int) -> None:
        """Take how many of how many units are there."""


async def seed_chapters(
    units: Units, *, effective_on: date, progress: Progress | None = None
) -> Outcome:
    """Insert every chapter of the list that is not there yet, parents first.

    Args:
        units: the register of units.
        effective_on: day from which they count as active.
        progress: takes the progress after each chunk.
    """
    seeds = list(rules.chapters())
    levels = {seed.region_code: seed.level for seed in seeds}
    for seed in seeds:
        above = seed.parent_region_code
        check_chapter_placement(seed.level, levels[above] if above else None)
    return await _seed(units, seeds, effective_on, progress or Progress())


async def seed_townships(
    units: Units, province_code: str, *, effective_on: date, progress: Progress | None = None
) -> Outcome:
    """Insert the township units of one province that are not there yet.

    Raises:
        LookupError: there is no such province, or its chapters are not seeded.
    """
    seeds = list(rules.township_units(province_code))
    return await _seed(units, seeds, effective_on, progress or Progress())


async def _seed(
    units: Units, seeds: Sequence[Seed], effective_on: date, progress: Progress
) -> Outcome:
    inserted = 0
    while True:
        known = await units.seeded()
        missing = [seed for seed in seeds if seed.region_code not in known]
        codes = (seed.region_code for seed in missing if seed.type != CHAPTER)
        by_hand = await units.entered_areas(codes)
        missing = [seed for seed in missing if seed.region_code not in by_hand]
        try:
            for start in range(0, len(missing), CHUNK):
                chunk = missing[start : start + CHUNK]
                inserted += await units.seed(_drafts(chunk, known), _regions(chunk), effective_on)
                progress.report(len(seeds) - len(missing) + start + len(chunk), len(seeds))
        except Duplicate:  # another seed runs at the same time: see what it left to do
            continue
        return Outcome(inserted=inserted, present=len(seeds))


def _drafts(chunk: Sequence[Seed], known: Lineages) -> list[Unit]:
    """Return the units of a chunk, all but their codes; their lineages become known."""
    drafts = []
    for seed in chunk:
        identity, above = new_id(), seed.parent_region_code
        if above is not None and above not in known:
            raise LookupError(f"{seed.region_code} is placed under {above}: seed that first")
        lineage = (*known[above], identity) if above is not None else (identity,)
        known[seed.region_code] = lineage
        unit = Unit(
            id=identity,
            status="ACTIVE",
            name=seed.name,
            region_code=seed.region_code,
            type=seed.type,
            level=seed.level,
            parent_id=lineage[-2] if above is not None else None,
            lineage=lineage,
            flags=tuple(seed.flags),
            ever_active=True,
            seeded_as=seed.region_code,
        )
        drafts.append(unit)
    return drafts


def _regions(chunk: Sequence[Seed]) -> list[str]:
    """Return the region that each unit's code begins with: a chapter's own, else the one above."""
    return [
        seed.region_code if seed.type == CHAPTER else seed.parent_region_code or ""
        for seed in chunk
    ]
