"""One leader per database: a lease document with a fencing token (docs/design.md section 5.2)."""

from contextlib import suppress
from dataclasses import dataclass

from pymongo.errors import DuplicateKeyError

from shared.base.mongo import ClientSession, Database

COLLECTION = "leases"


class Fenced(Exception):
    """Another process leads now; what this one was about to write must not be written."""


@dataclass(frozen=True)
class Lease:
    """A right to write, valid while nobody has taken a higher token."""

    name: str
    token: int

    def check(self, database: Database, session: ClientSession | None, *, seconds: int) -> None:
        """Prolong the lease, inside the transaction whose writes it guards.

        The lease document is written, not just read: two leaders then conflict, and one aborts.

        Raises:
            Fenced: the token is no longer the newest.
        """
        outcome = database[COLLECTION].update_one(
            {"_id": self.name, "token": self.token},
            [{"$set": {"expires_at": {"$add": ["$$NOW", seconds * 1000]}}}],
            session=session,
        )
        if outcome.matched_count != 1:
            raise Fenced(self.name)


def take(database: Database, name: str, holder: str, *, seconds: int) -> Lease | None:
    """Take a lease that is free, run out, or one's own from an earlier life; None if it is held.

    Args:
        database: the service's database.
        name: what is led.
        holder: name of this process, stable over restarts, so that a restart need not wait.
        seconds: how long the lease lasts without being prolonged, by the server's clock.
    """
    with suppress(DuplicateKeyError):  # it is there, which is all that is wanted
        database[COLLECTION].insert_one({"_id": name, "holder": "", "token": 0})
    free = {"$or": [{"$in": ["$holder", ["", holder]]}, {"$lt": ["$expires_at", "$$NOW"]}]}
    taken = {
        "holder": holder,
        "token": {"$add": ["$token", 1]},
        "expires_at": {"$add": ["$$NOW", seconds * 1000]},
    }
    found = database[COLLECTION].find_one_and_update(
        {"_id": name, "$expr": free}, [{"$set": taken}], return_document=True
    )
    return Lease(name, found["token"]) if found else None
