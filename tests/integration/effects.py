"""What empties days of past figures needs what voiding needs: held against each register."""

from datetime import date, timedelta
from typing import Any

from shared.base.clock import today
from tests.clients.officers import Headers
from tests.clients.register import Entity, Register, check_problem

SINCE = date(2025, 3, 1)
"""From this day on an entry of these tests is counted."""


def counted_since(register: Register, who: Headers | None = None, **fields: Any) -> Entity:
    """Make an entry that is counted from ``SINCE`` on."""
    day = SINCE.isoformat()
    entity = register.create(who, effective_on=day, **fields)
    for action in register.counted_by:
        body = {**register.bodies.get(action, {}), "effective_on": day}
        entity = register.done(entity, action, body=body)
    return entity


def check_emptying(
    register: Register, action: str, below: str, body: dict[str, Any] | None = None
) -> None:
    """Hold that an action dated back is for the county's approver, with four eyes and a reason.

    Args:
        below: id of the grassroots unit where entries are made.
        body: what the action takes.
    """
    given = {**register.bodies.get(action, {}), **(body or {})}
    back = {**given, "effective_on": (today() - timedelta(days=10)).isoformat()}
    with_reason = {**back, "reason": "a reason"}
    entity = counted_since(register, register.officer("li", "registrar", "approver"))
    for who in (
        register.officer("chen", "registrar"),
        register.officer("qian", "registrar", "approver", unit=below),
    ):
        refused = register.act(entity, action, who, with_reason)
        check_problem(refused, 403, "figures.emptied")
        assert " 10 " in refused.json()["detail"]
        assert "approver" in refused.json()["detail"]
    creator = register.officer("li", "registrar", "approver")
    check_problem(register.act(entity, action, creator, with_reason), 403, "four_eyes")
    approver = register.officer("zhou", "approver")
    without = {name: value for name, value in back.items() if name != "reason"}
    check_problem(register.act(entity, action, approver, without), 422, "reason.required", "reason")
    assert register.read(entity).json()["version"] == entity["version"]
    assert register.act(entity, action, approver, with_reason).status_code == 200

    other = counted_since(register, register.officer("li", "registrar", "approver"))
    answer = register.act(other, action, None, given)
    assert answer.status_code == 200, answer.text  # dated today it is as it always was


def check_described(register: Register, *actions: str) -> None:
    """Hold that the description of the API says so of some actions and of voiding alone."""
    paths = register.http.get("/openapi.json").json()["paths"]
    said = {
        path.rsplit("/", 1)[1]
        for path, methods in paths.items()
        if path.startswith(f"{register.path}/{{identity}}/")
        and "Where it empties days of past figures: Role: approver, granted at a county or above. "
        "Another person"
        in methods.get("post", {}).get("description", "")
    }
    assert said == {*actions, "void"}
