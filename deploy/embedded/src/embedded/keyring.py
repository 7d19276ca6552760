"""The keys for personal data of one embedded system, made once and readable by their owner only."""

from __future__ import annotations

import base64
import json
import secrets

from embedded.files import write_atomically
from embedded.runtime import Runtime

OWNER_ONLY = 0o600
KEY_BYTES = 32
"""AES-256 and HMAC-SHA256 (design.md section 7)."""


def provide(runtime: Runtime) -> None:
    """The keys that encrypt and index personal data; losing the file loses the data, so it is never replaced."""
    if runtime.keyring.exists():
        return
    key = {purpose: fresh_key() for purpose in ("encryption", "index")}
    ring = {"active": "k1", "keys": {"k1": key}}
    write_atomically(runtime.keyring, json.dumps(ring), OWNER_ONLY)


def fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
