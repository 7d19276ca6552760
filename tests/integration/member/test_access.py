"""Who may do what, and what org-units knows better."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from embedded.servers import RealServers
from member.main import create_app
from member.settings import Settings
from shared.clock import today
from shared.messages import text
from tests.integration.member.office import (
    Office,
    a_unit,
    assert_problem,
)


async def test_four_eyes(office: Office) -> None:
    both = office.officer("li", "registrar", "approver")
    member = await office.applied()
    assert_problem(await office.act(member, "approve", both), 403, "four_eyes")
    approved = await office.act(member, "approve")
    assert (await office.act(approved.json(), "file", both)).status_code == 403
    assert (await office.act(approved.json(), "file")).status_code == 200


async def test_the_last_editor_may_not_approve(office: Office) -> None:
    member = await office.applied()
    editor = office.officer("chen", "registrar", "approver")
    answer = await office.http.patch(
        f"/v1/members/{member['id']}", json={"political": "13"},
        headers={**editor, "If-Match": '"1"'},
    )  # fmt: skip
    assert_problem(await office.act(answer.json(), "approve", editor), 403, "four_eyes")
    assert (await office.act(answer.json(), "approve")).status_code == 200


async def test_scope_of_a_county(office: Office) -> None:
    member = await office.applied()
    path = f"/v1/members/{member['id']}"
    outside = office.officer("zhao", "registrar", "approver", "privacy", unit="other")
    viewer = office.officer("sun", "viewer")
    reveal = {"fields": ["phone"], "reason": "call back"}
    for who, read, write in ((outside, 404, 404), (viewer, 200, 403)):
        assert (await office.http.get(path, headers=who)).status_code == read
        assert (await office.act(member, "approve", who)).status_code == write
        assert (await office.act(member, "reapply", who, {})).status_code == write
        assert (
            await office.http.patch(path, json={"sex": "1"}, headers={**who, "If-Match": "1"})
        ).status_code == write
        assert (
            await office.http.post(f"{path}/reveal", json=reveal, headers=who)
        ).status_code == write
        assert (await office.post(office.person(), who)).status_code == 403
    anonymous = await office.http.post("/v1/members", json=office.person())
    assert_problem(anonymous, 401, "auth.missing")
    assert (await office.http.get(path)).status_code == 401


async def test_filing_needs_a_grant_at_county_or_above(office: Office) -> None:
    member = await office.done(await office.applied(), "approve")
    low = office.officer("qian", "approver", unit="town")
    assert_problem(await office.act(member, "file", low), 403, "scope.level")
    by_code = office.officer("qian", "approver", unit="330106")
    assert (await office.act(member, "file", by_code)).status_code == 200


async def test_versions_and_illegal_steps(office: Office) -> None:
    member = await office.applied()
    url = f"/v1/members/{member['id']}/approve"
    assert_problem(
        await office.http.post(url, json={}, headers=office.approver), 428, "version.missing"
    )
    stale = await office.http.post(url, json={}, headers={**office.approver, "If-Match": '"7"'})
    assert_problem(stale, 412, "version.stale")
    illegal = await office.act(member, "file")
    assert_problem(illegal, 409, "state.illegal")
    assert "approve" in illegal.text
    early = (today() - timedelta(days=3)).isoformat()
    assert_problem(
        await office.act(member, "approve", body={"effective_on": early}), 422, "date.too_early",
        "effective_on",
    )  # fmt: skip
    assert_problem(await office.act(member, "reject", body={}), 422, "reason.required", "reason")
    assert (await office.act({**member, "id": "none"}, "approve")).status_code == 404


async def test_a_unit_activated_a_moment_ago_is_never_refused(office: Office) -> None:
    late = uuid.uuid4().hex[:8]
    office.truth[late] = {**a_unit(late, "county"), "parent_id": "county"}
    office.truth[late]["status"] = "DRAFT"
    answer = await office.post(office.person(unit_id=late))
    assert_problem(answer, 422, "unit.not_active", "unit_id")
    office.truth[late] |= {"status": "ACTIVE", "version": 2}
    await office.applied(unit_id=late)


async def test_known_units_are_not_asked_for(office: Office) -> None:
    await office.applied()
    assert office.asked == []


async def test_readiness_and_messages(office: Office) -> None:
    assert (await office.http.get("/readyz")).status_code == 200
    from member.messages import MESSAGES

    for code in MESSAGES:
        assert text(code, "zh") != text(code, "en")


def test_the_key_ring_is_required(servers: RealServers, tmp_path: Path) -> None:
    settings = Settings(mongo_uri=servers.mongo_uri, mongo_database="x", port=1, instance="t")
    with pytest.raises(ValueError, match="KEYRING"):
        create_app(settings=settings)
