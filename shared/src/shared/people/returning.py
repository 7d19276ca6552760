"""Coming back: an entry that ended, or was voided, is opened again by a whole new registration.

The one entry a person has may be in another county, or hold what was entered in error. Its own
document number is proof enough that the caller has this person before him.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from shared.base.errors import Conflict, FieldError, Invalid, NotFound
from shared.base.mongo import Document
from shared.people import store
from shared.people.intake import Person
from shared.people.office import Office
from shared.people.sealed import id_indexes
from shared.web.access import Principal

PLACE = "registration"
"""Field of the request that holds the registration."""
_DAY = "effective_on"


@contextmanager
def placed(*, own_day: bool) -> Iterator[None]:
    """Name fields at fault by their path in the request, not within the registration.

    Args:
        own_day: whether the day that holds is the registration's, not the request's.
    """

    def path(error: FieldError) -> FieldError:
        if error.field == _DAY and not own_day:
            return error
        return replace(error, field=f"{PLACE}.{error.field}")

    try:
        yield
    except (Invalid, Conflict) as refusal:
        errors = [path(error) for error in refusal.errors]
        raise type(refusal)(refusal.code, params=refusal.params, errors=errors) from refusal


def check_same_number(
    office: Office, person: Person, found: Document, *, within: bool, reopens: bool
) -> None:
    """Refuse a registration that does not bear the entry's own document number.

    Args:
        within: whether the entry is within the caller's scope of reading.
        reopens: whether the entry can be opened again.

    Raises:
        NotFound: the entry is outside the scope, and nothing proves that it is this person's.
        Invalid: the number is another one.
    """
    indexes = id_indexes(office.ring, person.identifier)
    same = bool(set(indexes) & set(found.get("id_index", ())))
    if not within and not (same and reopens):
        raise NotFound("not_found")
    if not same:
        raise Invalid("person.number_differs", field="id_number")


async def numbers_to_take(office: Office, identity: str, indexes: Sequence[str]) -> list[str]:
    """Return those of an entry's numbers that it does not hold yet (a key has been added since).

    Raises:
        Conflict: another entry holds one of them.
    """
    held = await store.holders(office.database, office.writer.collection, indexes)
    for holder in held.values():
        if holder["_id"] != identity:
            raise await office.refusal(holder)
    return [index for index in indexes if index not in held]


async def stored_within(
    office: Office, principal: Principal, identity: str
) -> tuple[Document, bool]:
    """Return an entry, and whether it is within the caller's scope of reading."""
    found = await office.stored(identity)
    return found, await office.readable(principal, found["unit"])
