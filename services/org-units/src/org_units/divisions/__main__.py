"""The command that seeds the tree: ``python -m org_units.divisions seed``."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from org_units.divisions.service import Outcome, Progress, seed_chapters, seed_townships
from org_units.settings import OrgUnitsSettings
from org_units.units.service import units_of
from shared.base.mongo import connect_async
from shared.base.settings import AccessSettings, KafkaSettings, MongoSettings, PeerSettings
from shared.pipeline.partitions import PartitionsDiffer, check_confirmed
from shared.register.peers import Peers


class Shown(Progress):
    """Progress as one line of standard error."""

    def __init__(self, label: str) -> None:
        self._label = label

    def report(self, done: int, of: int) -> None:
        sys.stderr.write(f"\r{self._label}: {done}/{of}" + ("\n" if done == of else ""))
        sys.stderr.flush()


async def seed(township_provinces: Sequence[str], *, as_json: bool) -> None:
    """Seed the chapters and the townships of some provinces, and print what was done."""
    database, settings = connect_async(MongoSettings()), OrgUnitsSettings()
    peers = Peers(PeerSettings(), AccessSettings())
    partitions = KafkaSettings().kafka_partitions
    units = units_of(database, peers, settings, partitions)
    day = settings.seed_effective_on
    try:
        await check_confirmed(database, partitions)
        results = {
            "chapters": await seed_chapters(units, effective_on=day, progress=Shown("chapters"))
        }
        for province in township_provinces:
            label = f"townships {province}"
            results[label] = await seed_townships(
                units, province, effective_on=day, progress=Shown(label)
            )
    finally:
        await peers.close()
        await database.client.close()
    _report(results, as_json=as_json)


def _report(results: Mapping[str, Outcome], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({name: asdict(done) for name, done in results.items()}) + "\n")
        return
    for name, done in results.items():
        sys.stdout.write(f"{name}: {done.present} present, {done.inserted} inserted now\n")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m org_units.divisions", description=__doc__)
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
    except (LookupError, PartitionsDiffer) as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
