"""A POST's idempotency key, and the digest of what it was sent with."""

from dataclasses import dataclass

from pydantic import BaseModel

from shared.register import idempotency
from shared.register.entities import Insert
from shared.register.idempotency import Key, Outcome
from shared.web.access import Principal


@dataclass(frozen=True)
class Once:
    """The key a request bears, if it bears one, and the digest of its body."""

    key: Key | None = None
    digest: str = ""

    @classmethod
    def of(cls, principal: Principal, route: str, header: str | None, body: BaseModel) -> "Once":
        """Return that of a request; ``route`` is method and path, ids included."""
        if header is None:
            return cls()
        key = Key(principal.subject, route, header)
        return cls(key, key.digest(body))

    def rows(self, outcome: Outcome) -> list[Insert]:
        """Return the record to insert beside what the request writes."""
        if self.key is None:
            return []
        return [(idempotency.COLLECTION, idempotency.record(self.key, self.digest, outcome))]


UNKEYED = Once()
"""That of a request which bears no key."""
