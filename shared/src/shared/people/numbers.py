"""Who holds a document number: one entry for ever, which answers name by its unit alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.errors import Conflict, FieldError, RegistryError, Unavailable
from shared.people.encryption import KeyRing
from shared.people.entity import P
from shared.people.identifiers import Identifier
from shared.people.sealed import Cipher, indexes_of_any_entry, indexes_without_country
from shared.people.store import IDENTIFIERS, PersonStore
from shared.people.target import InUnits
from shared.register.directory import Card
from shared.register.entity import VOIDED
from shared.register.groupcommit import AlreadyThere
from shared.register.scope import GRASSROOTS


@dataclass(frozen=True, kw_only=True)
class Numbered(InUnits[P]):
    """A register whose entries hold the numbers of documents.

    Args:
        ring: the deployment's keys.
    """

    store: PersonStore[P]
    ring: KeyRing

    def cipher(self, identity: str) -> Cipher:
        """Return the cipher of an entry."""
        return Cipher(self.ring, self.store.name, identity)

    def taken(self, holder: P) -> str:
        """Return the code of the refusal of a number that an entry holds."""
        raise NotImplementedError

    def has_number(self, entity: P, identifier: Identifier | None) -> bool:
        """Whether a number is the entry's own; one without an issuing country takes any."""
        indexes = [] if identifier is None else indexes_of_any_entry(self.ring, identifier)
        return not set(indexes).isdisjoint(entity.person.id_index)

    async def check_without_country(self, identifier: Identifier, own: str | None) -> None:
        """Refuse a number that another entry of its type has without an issuing country.

        No new entry comes without one, so nothing changes between this and the transaction. A voided
        entry is taken up again by the registration, whatever the country.
        """
        numbers = indexes_without_country(self.ring, identifier)
        for holder in (await self.store.holders(numbers)).values() if numbers else ():
            if holder.id != own:
                code = None if holder.status == VOIDED else "person.without_country"
                raise await self.number_taken(holder, code)

    async def to_claim(self, indexes: Sequence[str], entity: P) -> Sequence[str]:
        """Return those of an entry's indexes that it does not hold yet (a key was added since).

        Raises:
            Conflict: another entry holds one of them.
        """
        held = await self.store.holders(indexes)
        for index, holder in held.items():
            if holder.id != entity.id:
                raise await self.taken_by(index, holder)
        return [index for index in indexes if index not in held]

    async def numbers_moved(self, before: P, after: P) -> tuple[Sequence[str], Sequence[str]]:
        """Return the indexes of a number that a correction takes, and those that it leaves.

        Raises:
            Conflict: another entry has the number.
        """
        if after.person.id_index == before.person.id_index:
            return (), ()
        numbers = await self.to_claim(after.person.id_index, before)
        return numbers, before.person.keys_left(after.person)

    async def refusal(self, found: AlreadyThere) -> RegistryError:
        """Return the refusal of a number that is taken: the holder's unit, never the person."""
        holders = await self.store.holders([found.id])
        if found.collection != IDENTIFIERS or not holders:
            return Unavailable("unavailable")  # released meanwhile: try again
        return await self.taken_by(found.id, holders[found.id])

    async def taken_by(self, index: str, holder: P) -> Conflict:  # noqa: ARG002 - numbers alone
        """Return the refusal of whoever has an index that another entry holds."""
        return await self.number_taken(holder)

    async def number_taken(self, holder: P, code: str | None = None) -> Conflict:
        """Return the refusal of a number that an entry holds, by its unit and status.

        Args:
            code: of the refusal, where the status does not decide.
        """
        (path,) = await self.directory.paths([holder.unit])
        params = {"unit_type": path[0].type if path else "OTHER", "county": _county(path)}
        code = code or self.taken(holder)
        return Conflict(code, params=params, errors=[FieldError("id_number", code, params)])


def _county(path: Sequence[Card]) -> str:
    """Return the name of the county chapter on a path, else of the lowest chapter."""
    chapters = [card for card in path if card.level != GRASSROOTS]
    counties = [card for card in chapters if card.level == "COUNTY"]
    return next((card.name for card in (*counties, *chapters)), "?")
