"""The key of a person's document: a correction that changes a part of it moves it at once."""

from dataclasses import replace

from shared.people.entity import P
from shared.people.register import People
from shared.register.register import Decision


async def with_key(register: People[P], decision: Decision[P], before: P) -> Decision[P]:
    """Return a correction with the ids in ``identifiers`` that it takes and leaves.

    Raises:
        Conflict: another entry has the number of that country.
    """
    after = decision.entity
    if after.person.id_index == before.person.id_index:
        return decision
    claims = await register.numbers_to_take(after)
    return replace(decision, claims=claims, releases=before.person.keys_left(after.person))
