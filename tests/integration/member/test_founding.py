"""A member who joined before the unit was founded is entered with a warning, at every entrance."""

from collections.abc import Callable

import pytest

from tests import people
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import Entity

WARNING = "member.joined_before_unit"
DOCUMENT = {"number": "杭红会〔2024〕8号", "issued_on": "2024-06-01"}


def applied(members: Members, unit: str) -> Entity:
    return members.create(unit_id=unit, effective_on="2020-03-01")


def imported(members: Members, unit: str) -> Entity:
    both = members.officer("wu", "registrar", "approver")
    row = members.row(1, unit_id=unit, joined_on="2020-03-01")
    answer = members.bulk([row], both, "existing", document=DOCUMENT)
    (result,) = answer.json()["results"]
    assert result["status"] == 201, answer.text
    found: Entity = result
    return found


def returned(members: Members, unit: str) -> Entity:
    number = people.resident_id()
    first = members.create(id_number=number, effective_on="2019-03-01")
    first = members.done(first, "reject", body={"reason": "x", "effective_on": "2019-03-02"})
    again = members.body(unit_id=unit, id_number=number, effective_on="2020-03-01")
    return members.done(first, "reapply", body={"registration": again})


def codes(entity: Entity) -> list[str]:
    return [warning["code"] for warning in entity["warnings"]]


@pytest.mark.parametrize("enter", [applied, imported, returned])
@pytest.mark.parametrize(
    ("days", "warned"),
    [
        ({"founded_on": "2021-01-01"}, True),
        ({"founded_on": "2020-03-01"}, False),
        ({"founded_on": "2021-01-01", "predecessor_founded_on": "1998-01-01"}, False),
        ({}, False),
    ],
)
def test_a_member_who_joined_before_the_unit_is_warned_of(
    members: Members, units: UnitsAsGiven, enter: Callable[[Members, str], Entity],
    days: dict[str, str], warned: bool,
) -> None:  # fmt: skip
    unit = units.add(f"{enter.__name__}-{'-'.join(days.values())}", "county", **days)
    entity = enter(members, unit)
    assert (WARNING in codes(entity)) == warned
    shown = members.read(entity).json()
    assert (WARNING in codes(shown)) == warned
    corrected = members.patch(shown, {"education": "20", "reason": "typing error"})
    assert corrected.status_code == 200, corrected.text
    assert (WARNING in codes(corrected.json())) == warned
