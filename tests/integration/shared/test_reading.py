"""The reading path on a real replica set: within the scope, and each read of a person is logged."""

from dataclasses import replace

import pytest

from shared.base.errors import Invalid, NotFound
from shared.register import trail
from shared.register.reading import log_once, page, read
from shared.register.trail import Outcome, RequestKey
from shared.web.access.principal import Principal
from tests.integration.shared.badges import ACCESS, RECORDS, BadgeInput, Desk, officer

VIEWER = officer("sun", "viewer")


async def test_reading_shows_an_entity_with_its_path_and_leaves_a_row(desk: Desk) -> None:
    badge = await desk.do("create")
    before = (await desk.stored(ACCESS))[ACCESS]
    found = await read(desk.register, VIEWER, badge.id)
    assert found.entity == badge
    assert [step.id for step in found.path] == ["town", "county", "prov", "hq"]
    (row,) = [one for one in (await desk.stored(ACCESS))[ACCESS] if one not in before]
    assert (row["subject"], row["action"]) == ("sun", "read")
    assert (row["entity"], row["unit"]) == (badge.id, "town")


@pytest.mark.parametrize(
    "caller", [officer("sun", "viewer", unit="other"), officer("sun", "auditor"), Principal("sun")]
)
async def test_reading_shows_nothing_outside_the_scope_and_logs_nothing(
    desk: Desk, caller: Principal
) -> None:
    badge = await desk.do("create")
    before = await desk.stored()
    for identity in (badge.id, "absent"):
        with pytest.raises(NotFound):
            await read(desk.register, caller, identity)
    assert await desk.stored() == before


async def test_reading_page_after_page_shows_each_entity_once_and_logs_each_page(
    desk: Desk,
) -> None:
    made = sorted([(await desk.do("create")).id for _ in range(5)])
    shown: list[list[str]] = []
    after: str | None = None
    for _ in range(3):
        found = await page(desk.register, VIEWER, {}, after=after, limit=2, unit="town")
        shown.append([one.entity.id for one in found.items])
        after = found.after
    assert shown == [made[:2], made[2:4], made[4:]]
    assert after is None
    rows = [row for row in (await desk.stored(ACCESS))[ACCESS] if row["action"] == "list"]
    assert sorted(row["entity"] for row in rows) == sorted(shown)
    assert {(row["subject"], row["unit"]) for row in rows} == {("sun", "town")}


async def test_reading_what_is_no_person_is_not_logged(desk: Desk) -> None:
    badge = await desk.do("create")
    before = await desk.stored()
    units = replace(desk.register, reads_logged=False)
    assert (await read(units, VIEWER, badge.id)).entity == badge
    assert len((await page(units, VIEWER, {}, after=None, limit=2)).items) == 1
    assert await desk.stored() == before


async def test_reading_by_post_is_logged_again_under_the_same_key_and_body(desk: Desk) -> None:
    def of(given: BadgeInput) -> RequestKey:
        return RequestKey.of("sun", "POST /v1/badges/search", "k", given)

    async def searched(key: RequestKey | None) -> None:
        row = trail.access_row("sun", "search", ["b1"])
        await log_once(desk.register, key, row, Outcome(200))

    for _ in range(2):
        await searched(of(BadgeInput()))
    await searched(None)
    with pytest.raises(Invalid, match=r"idempotency\.reused"):
        await searched(of(BadgeInput(colour="blue")))
    found = await desk.stored(ACCESS, RECORDS)
    assert (len(found[ACCESS]), len(found[RECORDS])) == (3, 1)
