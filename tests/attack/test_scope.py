"""An officer who reaches for another county finds nothing there, and learns nothing of it."""

import pytest

from tests.clients.county import KINDS, County
from tests.clients.register import Entity, Register, check_problem

WRITERS = tuple(KINDS)


@pytest.mark.parametrize("service", WRITERS)
def test_an_officer_sees_and_does_nothing_outside_the_county(
    county: County, elsewhere: County, service: str
) -> None:
    own, other = county.register(service), elsewhere.register(service)
    theirs, action = other.create(), own.counted_by[0]
    attempts = (
        own.read(theirs),
        own.patch(theirs, {"name": "改名"}),
        own.act(theirs, action, own.registrar, {}),
        own.act(theirs, "void", own.approver, {"reason": "试一试"}),
    )
    assert [answer.status_code for answer in attempts] == [404] * 4
    unknown = own.read("no-such-id")
    reported = [{**answer.json(), "correlation_id": ""} for answer in (attempts[0], unknown)]
    assert reported[0] == reported[1], "an answer shows what exists outside"
    check_problem(own.post(other.body()), 403, "scope.forbidden")
    seen = other.read(theirs).json()
    assert (seen["version"], seen["status"]) == (theirs["version"], theirs["status"])


@pytest.mark.parametrize("service", WRITERS)
def test_a_list_of_a_register_holds_only_what_is_in_the_officers_scope(
    county: County, elsewhere: County, service: str
) -> None:
    own, theirs = (of.register(service).create() for of in (county, elsewhere))
    for who, mine, other in ((county, own, theirs), (elsewhere, theirs, own)):
        found = every_item(who.register(service))
        ids = {item["id"] for item in found}
        assert mine["id"] in ids
        assert other["id"] not in ids
        units = {who.id} | {item["id"] for item in every_item(who.units)}
        assert {
            item["id"] if service == "org-units" else item["unit_id"] for item in found
        } <= units
    register = county.register(service)
    asked = {"within" if service == "org-units" else "unit_id": elsewhere.id}
    answer = register.http.get(register.path, params=asked, headers=register.registrar)
    assert answer.status_code == 404 or answer.json()["items"] == []


def every_item(register: Register) -> list[Entity]:
    """Return what an officer's list holds, page after page; the first is small, so others follow."""
    found: list[Entity] = []
    query: dict[str, str] | None = {"limit": "7"}
    while query is not None:
        page = register.http.get(register.path, params=query, headers=register.registrar).json()
        found += page["items"]
        query = {"limit": "200", "cursor": page["next_cursor"]} if page["next_cursor"] else None
    return found
