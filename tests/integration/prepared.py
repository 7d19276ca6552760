"""A database of its own for a register of persons: migrated, with a key ring and a tree of units."""

import json
import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from shared.base.mongo import Database, connect
from shared.base.settings import MongoSettings
from shared.people.encryption import new_key_ring
from shared.register import directory
from tests.clients.peers import TREE
from tests.servers import RealServers
from tests.waiting import LIMIT

S = TypeVar("S", bound=MongoSettings)


@contextmanager
def prepared(
    kind: type[S], migrate: Callable[[Database], None], servers: RealServers, folder: Path
) -> Iterator[S]:
    """Yield a service's settings; its database has been migrated twice and is dropped afterwards."""
    keyring = folder / "keyring.json"
    keyring.write_text(json.dumps(new_key_ring()))
    given: dict[str, Any] = {
        "mongo_uri": servers.mongo_uri, "mongo_database": f"t_{uuid.uuid4().hex[:12]}",
        "keyring_file": keyring, "oidc_issuer": servers.runtime.issuer_url, "port": 8000,
        "instance": "test", "kafka_partitions": 3, "requests_per_minute": 10_000_000,
        "request_timeout_seconds": LIMIT, "peer_timeout_seconds": LIMIT,
        "mongo_timeout_ms": int(LIMIT * 1000),
        "directory_seconds": math.inf,  # no worker keeps it: what was planted is believed
    }  # fmt: skip
    settings = kind(**given)
    database = connect(settings)
    migrate(database)
    migrate(database)
    directory.apply_cards(database, TREE)
    yield settings
    database.client.drop_database(settings.mongo_database)
    database.client.close()
