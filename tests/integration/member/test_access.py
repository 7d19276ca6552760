"""Who may do what, and what org-units knows better."""

from datetime import timedelta
from uuid import uuid4

import pytest

from member.main import create_app
from member.membership.messages import MESSAGES
from shared.base.clock import today
from shared.base.settings import WriterSettings
from shared.people.encryption import KeyRingProblem
from shared.web.messages import text
from tests.clients.member import Members
from tests.clients.peers import UnitsAsGiven
from tests.clients.register import check_problem
from tests.servers import RealServers


def test_who_entered_a_member_neither_approves_nor_files(members: Members) -> None:
    both = members.officer("li", "registrar", "approver")
    member = members.create()
    check_problem(members.act(member, "approve", both), 403, "four_eyes")
    approved = members.done(member, "approve")
    check_problem(members.act(approved, "file", both), 403, "four_eyes")
    assert members.act(approved, "file").status_code == 200


def test_the_last_editor_of_a_member_may_not_approve(members: Members) -> None:
    member = members.create()
    editor = members.officer("chen", "registrar", "approver")
    edited = members.patch(member, {"political": "13"}, editor).json()
    check_problem(members.act(edited, "approve", editor), 403, "four_eyes")
    assert members.act(edited, "approve").status_code == 200


def test_a_member_is_in_reach_of_officers_of_its_county_and_of_their_roles(
    members: Members,
) -> None:
    member = members.create()
    outside = members.officer("zhao", "registrar", "approver", "privacy", unit="other")
    viewer = members.officer("sun", "viewer")
    reveal = {"fields": ["phone"], "reason": "call back"}
    for who, read, write in ((outside, 404, 404), (viewer, 200, 403)):
        assert members.read(member, who).status_code == read
        assert members.act(member, "approve", who).status_code == write
        assert members.act(member, "reapply", who).status_code == write
        assert members.patch(member, {"sex": "1"}, who).status_code == write
        revealed = members.http.post(members.of(member, "reveal"), json=reveal, headers=who)
        assert revealed.status_code == write
        assert members.post(members.body(), who).status_code == 403
    anonymous = members.http.post(members.path, json=members.body())
    check_problem(anonymous, 401, "auth.missing")
    assert members.http.get(members.of(member)).status_code == 401


def test_filing_a_member_needs_a_grant_at_county_or_above(members: Members) -> None:
    member = members.done(members.create(), "approve")
    low = members.officer("qian", "approver", unit="town")
    check_problem(members.act(member, "file", low), 403, "scope.level")
    by_code = members.officer("qian", "approver", unit="330106")
    assert members.act(member, "file", by_code).status_code == 200


def test_a_transition_of_a_member_needs_the_version_seen_and_an_allowed_step(
    members: Members,
) -> None:
    member = members.create()
    url = members.of(member, "approve")
    unseen = members.http.post(url, json={}, headers=members.approver)
    check_problem(unseen, 428, "version.missing")
    stale = members.http.post(url, json={}, headers={**members.approver, "If-Match": '"7"'})
    check_problem(stale, 412, "version.stale")
    illegal = members.act(member, "file")
    check_problem(illegal, 409, "state.illegal")
    assert "approve" in illegal.text
    early = members.act(
        member, "approve", None, {"effective_on": (today() - timedelta(days=3)).isoformat()}
    )
    check_problem(early, 422, "date.too_early", "effective_on")
    silent = members.act(member, "reject", None, {})
    check_problem(silent, 422, "reason.required", "reason")
    assert members.act({**member, "id": "none"}, "approve").status_code == 404


def test_a_member_of_a_unit_activated_a_moment_ago_is_never_refused(
    members: Members, units: UnitsAsGiven
) -> None:
    late = units.add(uuid4().hex, "county", status="DRAFT")
    refused = members.post(members.body(unit_id=late))
    check_problem(refused, 422, "unit.not_active", "unit_id")
    units.add(late, "county", version=2)
    members.create(unit_id=late)


def test_a_member_of_a_known_unit_is_entered_without_asking_org_units(
    members: Members, units: UnitsAsGiven
) -> None:
    units.asked.clear()
    members.create()
    assert units.asked == []


def test_the_member_service_is_ready(members: Members) -> None:
    assert members.http.get("/readyz").status_code == 200


def test_messages_of_the_member_service_differ_between_the_languages() -> None:
    for code in MESSAGES:
        assert text(code, "zh") != text(code, "en")


def test_the_member_service_does_not_start_without_a_key_ring(servers: RealServers) -> None:
    settings = WriterSettings(mongo_uri=servers.mongo_uri, mongo_database="x", port=1, instance="t")
    with pytest.raises(KeyRingProblem, match="KEYRING"):
        create_app(settings)
