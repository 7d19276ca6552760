"""Makes the secrets of the compose deployment, each once, as files that only their reader may read.

Layout under the target folder: ``mongo/`` for the database servers, ``issuer/`` for the demo
issuer, and one folder for each service with its database address, its service token and, for those
that store persons, the key ring. Nothing that exists is replaced: losing a key loses data.
"""

import argparse
import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from embedded import issuer
from embedded.files import write_atomically
from embedded.runtime import Runtime
from shared.people.encryption import new_key_ring

SERVICES = ("org-units", "member", "volunteer", "aggregator")
KEEP_PERSONS = ("member", "volunteer")
HOSTS = "mongo-1:27017,mongo-2:27017,mongo-3:27017"
REGISTRY_USER = 10_001
"""User and group of the registry's image (deploy/Dockerfile)."""
MONGO_USER = 999
"""User and group ``mongodb`` of the official image."""
KEYFILE_BYTES = 567
"""Base64 makes 756 characters of it; MongoDB takes up to 1,024."""
OWNER_READS = 0o400


def once(path: Path, content: str) -> str:
    """Write a file unless it is there, and return what it holds."""
    if not path.exists():
        write_atomically(path, content, OWNER_READS)
    return path.read_text(encoding="utf-8")


def make_mongo_secrets(target: Path) -> None:
    """Make the key by which the servers know one another, and one account for each service."""
    mongo = target / "mongo"
    once(
        mongo / "keyfile", secrets.token_urlsafe(KEYFILE_BYTES).replace("-", "+").replace("_", "/")
    )
    once(mongo / "root_password", secrets.token_urlsafe(32))
    for service in SERVICES:
        name = service.replace("-", "_")
        password = once(mongo / f"{name}_password", secrets.token_urlsafe(32))
        address = f"mongodb://{name}:{password}@{HOSTS}/{name}?replicaSet=rs0&authSource={name}"
        once(target / service / "mongo_uri", address)


def make_registry_secrets(target: Path) -> None:
    """Make the issuer's key, a token for each service, and the key ring for personal data."""
    runtime = Runtime(var=target / "issuer")
    issuer.provide_key(runtime)
    for service in SERVICES:
        token = issuer.mint(
            runtime, f"service:{service}", ttl_seconds=issuer.SERVICE_TTL, service=True
        )
        once(target / service / "service.token", token)
    ring = json.dumps(new_key_ring())
    for service in KEEP_PERSONS:
        ring = once(target / service / "keyring.json", ring)


def hand_over(folder: Path, owner: int) -> None:
    """Give a folder and what is in it to the user that reads it."""
    for path in [folder, *folder.rglob("*")]:
        shutil.chown(path, owner, owner)


def main() -> int:
    """Make what is missing; as root, also hand each folder over to its reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path, help="folder that holds the folders of secrets")
    target: Path = parser.parse_args().target
    make_mongo_secrets(target)
    make_registry_secrets(target)
    if os.geteuid() == 0:
        hand_over(target / "mongo", MONGO_USER)
        for folder in ("issuer", *SERVICES):
            hand_over(target / folder, REGISTRY_USER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
