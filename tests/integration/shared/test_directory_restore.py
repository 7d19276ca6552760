"""The unit directory after org-units was restored from an older backup and its epoch was raised."""

import anyio
import pytest

from shared.base.mongo import AsyncDatabase, Database
from shared.base.settings import AccessSettings, PeerSettings
from shared.pipeline import lease, outbox
from shared.pipeline.epoch import raise_epoch
from shared.pipeline.relay import SEQUENCES, Relay
from shared.pipeline.relay import SOURCE as EPOCHS
from shared.register.directory import COLLECTION, Directory
from tests.clients.peers import UnitsAsGiven
from tests.integration.pipeline import PARTITIONS
from tests.integration.shared.mirroring import SOURCE, Mirroring

OF_ORG_UNITS = (outbox.COLLECTION, SEQUENCES, EPOCHS, lease.COLLECTION)


@pytest.fixture
def org_units() -> UnitsAsGiven:
    return UnitsAsGiven(truth={})


def restored(mirroring: Mirroring, backup: dict[str, list[dict[str, object]]]) -> None:
    """Put the backup back, raise the epoch, and start a relay."""
    mirroring.relay.resign()
    for name, rows in backup.items():
        mirroring.mongo[name].delete_many({})
        if rows:
            mirroring.mongo[name].insert_many(rows)
    raise_epoch(mirroring.mongo, mirroring.log, SOURCE, PARTITIONS)
    mirroring.relay = Relay(mirroring.mongo, mirroring.log, SOURCE, "relay-1", PARTITIONS)


async def test_the_directory_forgets_what_a_restored_org_units_never_said(
    mirroring: Mirroring,
    mongo: Database,
    database: AsyncDatabase,
    org_units: UnitsAsGiven,
) -> None:
    peers = org_units.peers(PeerSettings(), AccessSettings())
    directory = Directory(database, peers)
    await directory.start()
    mirroring.worker()

    async def comes(wanted: dict[str, tuple[int, str]]) -> None:
        def held() -> bool:
            mirroring.announce()
            mirroring.turn()
            stored = {
                one["_id"]: (one["version"], one["status"]) for one in mongo[COLLECTION].find()
            }
            return stored == wanted

        while not await anyio.to_thread.run_sync(held):
            pass
        while any(
            (found := directory.known(unit)) is None or (found.version, found.status) != state
            for unit, state in wanted.items()
        ):
            await anyio.to_thread.run_sync(held)

    try:
        mirroring.publish("a", "b")
        await comes({"a": (1, "ACTIVE"), "b": (1, "ACTIVE")})
        backup = {name: list(mongo[name].find()) for name in OF_ORG_UNITS}
        mirroring.publish("a", version=2, status="VOIDED")
        mirroring.publish("a", version=3, status="VOIDED")
        mirroring.publish("c")
        await comes({"a": (3, "VOIDED"), "b": (1, "ACTIVE"), "c": (1, "ACTIVE")})
        restored(mirroring, backup)
        mirroring.publish("b", version=2, status="INACTIVE")
        await comes({"a": (1, "ACTIVE"), "b": (2, "INACTIVE")})
        assert directory.known("c") is None
        assert await directory.get("c") is None
        assert org_units.asked == ["c"]
    finally:
        await directory.stop()
        await peers.close()
