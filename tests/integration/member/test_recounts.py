"""The routes of recounts as the aggregator's command reads them: every field, and who may ask."""

from typing import Any

import pytest
from pymongo.errors import OperationFailure

from member.worker import COUNTED
from shared.base.mongo import Database
from shared.register.jobloop import run_next
from shared.register.jobs import MOST_ATTEMPTS
from shared.register.recount import Recounts
from tests.clients.member import Members
from tests.clients.register import a_key

PATH = "/v1/recounts"
RECOUNTS = Recounts("/services/member", COUNTED)
ASKED = {"id", "status", "at"}
CLAIMED = ASKED | {"attempt", "holder", "claimed_at"}
DONE = CLAIMED | {"finished_at", "counted_at", "source", "epoch", "sequences", "pages"}


def get(members: Members, *parts: str, **query: Any) -> Any:
    headers = members.bearer("service:aggregator", service=True)
    return members.http.get("/".join((PATH, *parts)), params=query, headers=headers)


def test_a_recount_is_asked_for_once_per_key_and_answered_in_every_field(
    members: Members, database: Database
) -> None:
    who = {**members.bearer("service:aggregator", service=True), **a_key()}
    asked = members.http.post(PATH, json={}, headers=who)
    assert asked.status_code == 202
    identity = asked.json()["id"]
    assert asked.json() == {"id": identity, "status": "requested"}
    waiting = get(members, identity).json()
    assert (waiting.keys(), waiting["id"], waiting["status"]) == (ASKED, identity, "requested")
    assert get(members, identity, "rows").status_code == 404
    assert run_next(database, RECOUNTS, "member-worker")
    done = get(members, identity).json()
    assert done.keys() == DONE
    assert (done["status"], done["source"], done["holder"], done["attempt"]) == (
        "done", "/services/member", "member-worker", 1,
    )  # fmt: skip
    assert isinstance(done["sequences"], dict)
    assert members.http.post(PATH, json={}, headers=who).json() == {
        "id": identity,
        "status": "done",
    }
    assert get(members, identity, "rows").status_code == 404
    row = ["registry.member", "u1", "2024-01-01", "ACTIVE", 2]
    database["recount_rows"].insert_one({"_id": f"{identity}/1/0", "rows": [row]})
    assert get(members, identity, "rows", page=0).json() == {"rows": [row]}


def test_a_recount_that_has_failed_shows_its_reason(
    members: Members, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_old(*_: object) -> None:
        raise OperationFailure("SnapshotTooOld")

    monkeypatch.setattr("shared.register.recount.recount", too_old)
    who = {**members.bearer("service:aggregator", service=True), **a_key()}
    identity = members.http.post(PATH, json={}, headers=who).json()["id"]
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(OperationFailure):
            run_next(database, RECOUNTS, "member-worker")
        running = get(members, identity).json()
        assert (running.keys(), running["status"]) == (CLAIMED | {"reason"}, "running")
    run_next(database, RECOUNTS, "member-worker")
    failed = get(members, identity).json()
    assert (failed.keys(), failed["status"]) == (CLAIMED | {"reason"}, "failed")
    assert "SnapshotTooOld" in failed["reason"]


def test_a_recount_is_shown_to_services_alone(members: Members) -> None:
    for answer in (
        members.http.post(PATH, json={}, headers=members.registrar),
        members.http.get(f"{PATH}/r1", headers=members.registrar),
        members.http.get(f"{PATH}/r1/rows", headers=members.registrar),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "scope.service")
    assert get(members, "nothing-of-that-id").status_code == 404
