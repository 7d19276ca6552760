"""A command that is refused writes nothing, whichever step of the write path refuses it."""

from datetime import timedelta
from typing import Any

import pytest

from shared.base.clock import today
from shared.base.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from tests.badges import Badge
from tests.integration.shared.badges import REGISTRAR, Desk, officer

STEPS = ("decide", "guard")

REFUSALS: dict[str, tuple[dict[str, Any], type[RegistryError], str]] = {
    "no role": ({"caller": officer("sun", "viewer")}, Forbidden, "scope.forbidden"),
    "below a county": (
        {"caller": officer("sun", "approver", unit="town")}, Forbidden, "scope.level",
    ),
    "outside": ({"caller": officer("sun", "approver", unit="other")}, NotFound, "not_found"),
    "outside, stale": (
        {"caller": officer("sun", "approver", unit="other"), "seen": 9}, NotFound, "not_found",
    ),
    "four eyes": ({"caller": officer("li", "approver")}, Forbidden, "four_eyes"),
    "ahead": ({"effective_in": timedelta(days=1)}, Invalid, "date.future"),
    "too early": ({"effective_in": timedelta(days=-1)}, Invalid, "date.too_early"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSALS)
async def test_execute_writes_nothing_where_a_rule_refuses(desk: Desk, why: str) -> None:
    given, kind, code = REFUSALS[why]
    fields = dict(given)
    if "effective_in" in fields:
        fields["day"] = today() + fields.pop("effective_in")
    badge = await desk.do("create")
    before, desk.steps.counts = await desk.stored(), {}
    with pytest.raises(kind) as refusal:
        await desk.do("approve", badge, key="k", **fields)
    assert refusal.value.code == code
    assert await desk.stored() == before
    assert "guard" not in desk.steps.counts


async def test_execute_writes_nothing_where_the_status_refuses(desk: Desk) -> None:
    badge = await desk.do("create")
    before = await desk.stored()
    for name in ("wear", "lose", "look-at", "hand-in"):
        with pytest.raises(Conflict, match=r"state\.illegal"):
            await desk.do(name, badge, key="k")
    assert await desk.stored() == before


@pytest.mark.parametrize(
    ("desk", "name", "step"),
    [
        *(("alone", "create", step) for step in STEPS),
        *(("grouped", "create", step) for step in STEPS if step != "guard"),
        *(("alone", "approve", step) for step in STEPS),
        *(("grouped", "approve", step) for step in STEPS),
    ],
    indirect=["desk"],
)
async def test_execute_writes_nothing_where_one_of_its_steps_refuses(
    desk: Desk, name: str, step: str
) -> None:
    badge = None if name == "create" else await desk.do("create")
    before = await desk.stored()
    desk.steps.refusals[step] = Conflict(f"badge.{step}")
    with pytest.raises(Conflict, match=rf"badge\.{step}"):
        await desk.do(name, badge, key="k")
    assert await desk.stored() == before
    desk.steps.refusals.clear()
    made = await desk.do(name, badge, key="k")  # a refusal leaves no record of the key
    assert made.version == (1 if badge is None else 2)


async def test_execute_refuses_an_entity_that_does_not_exist(desk: Desk) -> None:
    before = await desk.stored()
    absent = Badge(id="absent", status="DRAFT")
    for caller in (REGISTRAR, officer("sun", "registrar", unit="other")):
        with pytest.raises(NotFound):
            await desk.do("void", absent, caller=caller)
    assert await desk.stored() == before
