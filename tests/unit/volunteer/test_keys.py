"""The key of a volunteer's document after a correction: what is taken, and what is left."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.people.register import People
from tests.unit.shared.people.entries import a_stored_person
from volunteer.enrolment.rules import Enrolment


def an_entry(country: str | None, *keys: str) -> Enrolment:
    person = a_stored_person(id_country=country, id_index=keys)
    return Enrolment(id="v1", status="ENROLLED", unit="town", person=person)


async def moved(before: Enrolment, after: Enrolment) -> tuple[Sequence[str], Sequence[str]]:
    """Return what a correction takes and leaves; nobody else holds anything."""

    async def to_claim(indexes: Sequence[str], entity: Enrolment) -> Sequence[str]:
        return [key for key in indexes if key not in entity.person.id_index]

    register = cast(Any, SimpleNamespace(to_claim=to_claim))
    return await People.numbers_moved(register, before, after)


@pytest.mark.parametrize(
    ("before", "after", "claims", "releases"),
    [
        ((None, "k1"), (None, "k1"), [], []),
        ((None, "k1"), ("USA", "k1:USA"), ["k1:USA"], ["k1"]),
        (("USA", "k1:USA"), ("FRA", "k1:FRA"), ["k1:FRA"], ["k1:USA"]),
        ((None, "k1", "k2"), ("USA", "k2:USA"), ["k2:USA"], ["k1", "k2"]),
        # A key ring has a second key since: the number is kept under both.
        (("USA", "k1:USA"), ("USA", "k1:USA", "k2:USA"), ["k2:USA"], []),
        (("USA", "k1:USA"), ("USA", "k2:USA"), ["k2:USA"], []),
    ],
)
async def test_a_correction_of_the_country_moves_the_key_of_a_volunteer(
    before: tuple[str | None, ...],
    after: tuple[str | None, ...],
    claims: list[str],
    releases: list[str],
) -> None:
    first, second = (an_entry(country, *map(str, keys)) for country, *keys in (before, after))
    assert tuple(map(list, await moved(first, second))) == (claims, releases)
