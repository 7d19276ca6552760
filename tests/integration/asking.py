"""The side of a job table that asks: what HTTP processes do, called from a synchronous test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from shared.base.mongo import AsyncDatabase, connect_async
from shared.base.settings import MongoSettings
from shared.register import jobs
from shared.register.jobs import Job


@dataclass(frozen=True)
class Asking:
    """Asks for jobs, looks at them, cancels them."""

    database: AsyncDatabase
    portal: BlockingPortal

    def ask(self, kind: str, identity: str, **request: Any) -> Job:
        """Ask for a job."""
        return self.portal.call(partial(jobs.ask, self.database, kind, identity, request))

    def look(self, kind: str, identity: str) -> Job | None:
        """Return a job, if there is one."""
        return self.portal.call(jobs.find, self.database, kind, identity)

    def find(self, kind: str, identity: str) -> Job:
        """Return a job that is there."""
        found = self.look(kind, identity)
        assert found is not None
        return found

    def cancel(self, kind: str, identity: str) -> Job | None:
        """Cancel a job; return it as stored then."""
        return self.portal.call(jobs.cancel, self.database, kind, identity)


@contextmanager
def asking_in(settings: MongoSettings) -> Iterator[Asking]:
    """Yield that side over a database."""
    with start_blocking_portal() as portal:
        database: AsyncDatabase = portal.call(connect_async, settings)
        yield Asking(database, portal)
        portal.call(database.client.close)
