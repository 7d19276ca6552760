"""A request that writes: who asks for what, and what it leaves beside the unit."""

from dataclasses import dataclass

from shared.base.mongo import Document
from shared.register import accesslog, idempotency
from shared.register.entities import Insert
from shared.register.idempotency import Key, Outcome
from shared.web.access import Principal


@dataclass(frozen=True)
class Call:
    """A request that writes: who asks for what, and by which key it is known if sent again."""

    principal: Principal
    action: str
    status: int = 200
    key: Key | None = None
    digest: str = ""

    def beside(self, stored: Document) -> list[Insert]:
        """Return what the request writes next to a unit, in the same transaction."""
        unit = stored["_id"]
        logged = accesslog.row(self.principal.subject, self.action, unit, unit=unit)
        inserts: list[Insert] = [(accesslog.COLLECTION, logged)]
        if self.key is not None:
            outcome = Outcome(self.status, unit, stored["version"])
            record = idempotency.record(self.key, self.digest, outcome)
            inserts.insert(0, (idempotency.COLLECTION, record))
        return inserts
