"""The key ring of one embedded system, made once and readable by its owner only."""

from __future__ import annotations

import json

from embedded.files import write_atomically
from embedded.runtime import Runtime
from shared.people.encryption import new_key_ring

OWNER_ONLY = 0o600


def provide(runtime: Runtime) -> None:
    """Make the keys that encrypt and index personal data, unless they are there.

    Losing the file loses the data, so it is never replaced.
    """
    if runtime.keyring.exists():
        return
    write_atomically(runtime.keyring, json.dumps(new_key_ring()), OWNER_ONLY)
