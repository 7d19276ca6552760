"""A command that is given twice under one key has one effect and one answer."""

import asyncio

import pytest

from shared.base.errors import Conflict, Invalid, NotFound
from shared.web.access.principal import Principal
from tests.integration.shared.badges import (
    ACCESS,
    BADGES,
    OUTBOX,
    RECORDS,
    VERSIONS,
    WRITTEN,
    BadgeAct,
    BadgeInput,
    Desk,
    each_way,
    officer,
)


@each_way
async def test_execute_answers_a_repeated_creation_as_it_was_then(desk: Desk) -> None:
    first = await desk.do("create", key="k")
    now = await desk.do("wear", await desk.do("approve", first))
    before = await desk.stored()
    again = await desk.do("create", key="k")
    assert (again.id, again.version, again.status) == (first.id, 1, "DRAFT")
    after = await desk.stored()
    (read,) = [row for row in after[ACCESS] if row not in before[ACCESS]]
    after[ACCESS].remove(read)
    assert after == before  # but for one row: who is shown an entity reads it
    assert (read["action"], read["entity"], read["subject"]) == ("read", first.id, "li")
    assert await desk.register.store.get(first.id) == now


async def test_execute_answers_a_repeated_action_as_it_was_then(desk: Desk) -> None:
    draft = await desk.do("create")
    ready = await desk.do("approve", draft, key="k")
    before = await desk.stored(*(name for name in WRITTEN if name != ACCESS))
    assert await desk.do("approve", draft, key="k") == ready  # it is the present version
    assert await desk.stored(*before) == before
    await desk.do("wear", ready)
    again = await desk.do("approve", draft, key="k")
    assert (again.version, again.status) == (2, "READY")
    worn = await desk.register.store.get(draft.id)
    assert worn is not None
    assert (worn.version, worn.status) == (3, "WORN")


@each_way
async def test_execute_refuses_a_repeated_key_with_another_body(desk: Desk) -> None:
    badge = await desk.do("create", key="k")
    await desk.do("approve", badge, key="k")  # of another route: another key
    before = await desk.stored()
    with pytest.raises(Invalid, match=r"idempotency\.reused"):
        await desk.do("create", None, BadgeInput(colour="blue"), key="k")
    with pytest.raises(Invalid, match=r"idempotency\.reused"):
        await desk.do("approve", badge, BadgeAct(reason="another"), key="k")
    assert await desk.stored() == before
    other = await desk.do(
        "create", None, BadgeInput(colour="blue"), key="k", caller=officer("sun", "registrar")
    )
    assert other.id != badge.id


@each_way
async def test_execute_makes_one_entity_of_creations_at_once_with_one_key(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.do("create", key="k") for _ in range(6)))
    assert len({(one.id, one.version, one.status) for one in made}) == 1
    found = await desk.stored()
    assert [len(found[name]) for name in (BADGES, OUTBOX, RECORDS)] == [1, 1, 1]
    assert [row["action"] for row in found[ACCESS]].count("create") == 1


async def test_execute_makes_one_version_of_actions_at_once_with_one_key(desk: Desk) -> None:
    badge = await desk.do("create")
    desk.steps.decided = asyncio.Barrier(4).wait
    made = await asyncio.gather(*(desk.do("approve", badge, key="k") for _ in range(4)))
    assert {(one.version, one.status) for one in made} == {(2, "READY")}
    found = await desk.stored()
    assert [len(found[name]) for name in (VERSIONS, OUTBOX, RECORDS)] == [1, 2, 1]


@each_way
async def test_execute_shows_a_repeated_creation_to_nobody_outside_the_scope(desk: Desk) -> None:
    badge = await desk.do("create", key="k")
    before = await desk.stored()
    with pytest.raises(NotFound):
        await desk.do("create", key="k", caller=Principal("li"))  # the grant was taken back
    with pytest.raises(NotFound):
        await desk.do("approve", badge, key="k", caller=Principal("li"))
    assert await desk.stored() == before


@each_way
async def test_execute_takes_a_mended_request_under_the_key_of_a_refused_one(desk: Desk) -> None:
    desk.steps.refusals["decide"] = Conflict("badge.refused")
    with pytest.raises(Conflict):
        await desk.do("create", None, BadgeInput(colour="blue"), key="k")
    desk.steps.refusals.clear()
    assert (await desk.do("create", None, BadgeInput(colour="white"), key="k")).colour == "white"
    (record,) = (await desk.stored(RECORDS))[RECORDS]
    assert record["status"] == 201


@each_way
async def test_execute_answers_a_repeated_creation_that_would_be_refused_by_now(
    desk: Desk,
) -> None:
    labelled = BadgeInput(label="first")
    badge = await desk.do("create", None, labelled, key="k")
    assert await desk.do("create", None, labelled, key="k") == badge  # its label is taken
    desk.steps.refusals["decide"] = Conflict("badge.refused")
    assert await desk.do("create", None, labelled, key="k") == badge
    with pytest.raises(Conflict, match=r"badge\.refused"):
        await desk.do("create", None, labelled, key="another")
