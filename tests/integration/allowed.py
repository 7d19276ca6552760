"""The actions that an answer allows its reader, checked against what the register then accepts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from shared.base.clock import today
from tests.clients.officers import Headers
from tests.clients.register import Entity, Register

REFUSED = {403, 404, 409}
"""Not this officer, not within the scope, not in this status."""


def check_allowed(
    register: Register, entity: Entity, who: Headers, expected: list[str], actions: list[str],
    variants: Mapping[str, Sequence[Entity]] | None = None,
) -> None:  # fmt: skip
    """Check that a reader of an entry sees exactly what this reader may do on it.

    Every action is tried on a day of the future, so that nothing is done: what the status, the
    grants and four eyes leave open is then refused for its day alone.

    Args:
        actions: all there are, in the order of the table.
        variants: bodies of an action that takes different officers.
    """
    answer = register.read(entity, who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["allowed"] == expected
    tomorrow = (today() + timedelta(days=1)).isoformat()
    body = {"reason": "a reason", "effective_on": tomorrow}
    for action in actions:
        ways = (variants or {}).get(action, [{}])
        tried = [register.act(entity, action, who, {**body, **way}) for way in ways]
        left_open = [answer for answer in tried if answer.status_code not in REFUSED]
        assert bool(left_open) == (action in expected), (action, [one.text for one in tried])
        # Who was voided comes back by a whole registration alone, which is asked for before the day.
        codes = {"date.future", "person.registration_required"}
        for answer in left_open:
            assert (answer.status_code, answer.json()["code"] in codes) == (422, True), answer.text
    listed = register.listed(who, unit_id=entity["unit_id"])
    assert [one["allowed"] for one in listed if one["id"] == entity["id"]] == [expected]


def check_each_succeeds(
    register: Register,
    make: Callable[[], Entity],
    who: Headers,
    given: Callable[[Entity, str], Entity],
) -> list[str]:
    """Do each action that an entry allows, on an entry of its own; return what was allowed.

    Args:
        make: makes one more such entry.
        given: the body with which an action is expected to succeed.
    """
    entity = register.read(make(), who).json()
    allowed: list[str] = entity["allowed"]
    for action in allowed:
        entity = register.read(make(), who).json()
        answer = register.act(entity, action, who, given(entity, action))
        assert answer.status_code == 200, (entity["status"], action, answer.text)
    return allowed


def searched(register: Register, who: Headers, number: str) -> list[Entity]:
    """Return what a search for a document number shows somebody."""
    key = {"id_number": number}
    answer = register.http.post(register.of("search"), json=key, headers=who)
    assert answer.status_code == 200, answer.text
    items: list[Entity] = answer.json()["items"]
    return items
