"""The HTTP process of a register of persons: key ring, unit directory, group commit."""

from shared.base.settings import WriterSettings
from shared.people.encryption import KeyRing, KeyRingProblem
from shared.people.store import IDENTIFIERS
from shared.register import trail
from shared.register.directory import Directory
from shared.register.fences import Fences
from shared.register.groupcommit import GroupCommit
from shared.register.peers import Peers
from shared.register.writer import Writer
from shared.web.access.tokens import TokenVerifier
from shared.web.app import Check


class PeopleWriter(Writer):
    """See the module, and ``Writer``.

    Raises:
        KeyRingProblem: no key ring is named, or it cannot be used.
    """

    def __init__(
        self,
        settings: WriterSettings,
        verifier: TokenVerifier | None = None,
        peers: Peers | None = None,
    ) -> None:
        if settings.keyring_file is None:
            raise KeyRingProblem("REGISTRY_KEYRING_FILE names no key ring")
        self.ring = KeyRing.load(settings.keyring_file)
        super().__init__(settings, verifier, peers)
        self.directory = Directory(self.database, self.peers, settings.directory_seconds)
        self.fences = Fences(self.database)
        # What may refuse a write is inserted first.
        self.groups = GroupCommit(
            self.database, collection_order=(trail.REQUESTS, IDENTIFIERS), fences=self.fences
        )

    def checks(self) -> list[Check]:
        """Return the checks of readiness."""
        return [*super().checks(), self.directory.ready]

    async def start(self) -> None:
        await self.directory.start()

    async def stop(self) -> None:
        await self.groups.shutdown()
        await self.directory.stop()
        await super().stop()
