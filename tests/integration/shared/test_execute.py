"""The write path on a real replica set: a command is written whole, or nothing of it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from pymongo.errors import WriteError

from shared.base.clock import today
from shared.base.errors import Conflict, StaleVersion, Unavailable
from shared.base.mongo import Document
from shared.register.requests import PaperDocument
from tests.badges import Badge, Step, Tree
from tests.integration.shared.badges import (
    ACCESS,
    BADGES,
    LABELS,
    OUTBOX,
    RECORDS,
    SHELVES,
    VERSIONS,
    WRITTEN,
    BadgeAct,
    BadgeInput,
    BadgePatch,
    Desk,
    each_way,
    officer,
)

LABELLED = BadgeInput(label="first")
RELABELLED = BadgeAct(label="second", reason="found", document=PaperDocument(number="8"))


def facts_in(rows: list[Document]) -> list[tuple[str, dict[str, Any]]]:
    """Return the fact and the data of each outbox row, version by version."""
    events = [orjson.loads(row["body"]) for row in rows]
    facts = [(event["type"].split(".")[-2], event["data"]) for event in events]
    return sorted(facts, key=lambda fact: int(fact[1]["version"]))


def logged(rows: list[Document], action: str) -> Document:
    """Return the one row of the access log about an action."""
    (found,) = [row for row in rows if row["action"] == action]
    return found


@each_way
async def test_execute_writes_all_that_a_creation_is_made_of(desk: Desk) -> None:
    badge = await desk.do("create", None, LABELLED, key="k")
    found = await desk.stored()
    assert badge == await desk.register.store.get(badge.id)
    assert found[BADGES] == [desk.register.store.document(badge)]
    assert (badge.version, badge.status, badge.created_at) == (1, "DRAFT", badge.edited_at)
    assert {badge.created_by, badge.edited_by, badge.drafted_by} == {"li"}
    assert (found[VERSIONS], found[LABELS]) == ([], [{"_id": "first", "badge": badge.id}])
    (row,), (record,), (access,) = found[OUTBOX], found[RECORDS], found[ACCESS]
    ((fact, data),) = facts_in([row])
    day = today().isoformat()
    assert (fact, row["topic"], data["colour"]) == ("created", "registry.badge", "red")
    assert data["changes"] == [{"effective_on": day, "was": None, "now": badge.state}]
    assert (data["entity"], data["version"]) == (badge.id, 1)
    assert (record["status"], record["entity"], record["version"]) == (201, badge.id, 1)
    assert (access["subject"], access["action"], access["at"]) == ("li", "create", badge.created_at)
    assert (access["entity"], access["unit"], access["fields"]) == (badge.id, "town", [])


async def test_execute_writes_all_that_an_action_is_made_of(desk: Desk) -> None:
    before = await desk.do("create")
    badge = await desk.do("approve", before, RELABELLED, key="k")
    found = await desk.stored()
    assert found[BADGES] == [desk.register.store.document(badge)]
    assert badge == replace(
        before, status="READY", version=2, timeline=badge.timeline,
        edited_by="wang", edited_at=badge.edited_at,
    )  # fmt: skip
    (history,), (record,) = found[VERSIONS], found[RECORDS]
    stored = desk.register.store.document(before)
    assert history == {
        "_id": f"{badge.id}/1", "entity": badge.id, "version": 1, "status": "DRAFT",
        "timeline": stored["timeline"], "replaced_by": "approve", "replaced_at": badge.edited_at,
        "subject": "wang", "reason": "found", "document": {"number": "8", "issued_on": None},
        "effective_on": today().isoformat(),
    }  # fmt: skip
    (change,) = facts_in(found[OUTBOX])[1][1]["changes"]
    assert (change["was"], change["now"]) == (before.state, badge.state)
    assert (record["status"], record["entity"], record["version"]) == (200, badge.id, 2)
    assert found[LABELS] == [{"_id": "second", "badge": badge.id}]
    access = logged(found[ACCESS], "approve")
    assert (access["action"], access["reason"], access["fields"]) == ("approve", "found", [])


async def test_execute_writes_what_a_correction_sets_right_and_takes_away(desk: Desk) -> None:
    first = await desk.do("create")
    assert first.engraving is not None
    second = await desk.do("approve", first)
    right = BadgePatch(colour="blue", engraving=None, reason="misread")
    third = await desk.do("correct", second, right, caller=officer("zhao", "registrar"))
    found = await desk.stored()
    assert found[BADGES] == [desk.register.store.document(third)]
    assert "engraving" not in found[BADGES][0]
    assert (third.version, third.status, third.colour) == (3, "READY", "blue")
    assert (second.drafted_by, third.drafted_by, third.created_by) == ("li", "zhao", "li")
    assert [one["effective_on"] for one in found[VERSIONS]] == [today().isoformat(), None]
    fact, data = facts_in(found[OUTBOX])[2]
    assert (fact, data["colour"], len(data["changes"])) == ("corrected", "blue", 1)
    assert logged(found[ACCESS], "correct")["fields"] == ["colour", "engraving"]


async def test_execute_writes_a_version_whose_status_and_states_stay(desk: Desk) -> None:
    badge = await desk.do("create")
    for name in ("approve", "wear"):
        badge = await desk.do(name, badge)
    seen = await desk.do("look-at", badge)
    assert (seen.version, seen.status, seen.timeline) == (4, "WORN", badge.timeline)
    found = await desk.stored()
    assert found[VERSIONS][2]["effective_on"] is None
    assert facts_in(found[OUTBOX])[3][1]["changes"] == []
    assert found[RECORDS] == []


@each_way
@pytest.mark.parametrize("collection", [name for name in WRITTEN if name != VERSIONS])
async def test_execute_writes_nothing_of_a_creation_of_which_one_write_fails(
    desk: Desk, collection: str
) -> None:
    """An event without its change would be counted, and no recount would know of it."""
    before = await desk.stored()
    await desk.refuse_writes(collection)
    with pytest.raises(WriteError):
        await desk.do("create", None, LABELLED, key="k")
    assert await desk.stored() == before
    await desk.refuse_writes(collection, refused=False)
    await desk.do("create", None, LABELLED, key="k")
    assert {len(found) for found in (await desk.stored(*WRITTEN)).values()} == {0, 1}


@pytest.mark.parametrize("collection", WRITTEN)
async def test_execute_writes_nothing_of_a_change_of_which_one_write_fails(
    desk: Desk, collection: str
) -> None:
    badge = await desk.do("create", None, LABELLED, key="k")
    before = await desk.stored()
    await desk.refuse_writes(collection)
    with pytest.raises(WriteError):
        await desk.do("approve", badge, RELABELLED, key="k")
    assert await desk.stored() == before
    await desk.refuse_writes(collection, refused=False)
    assert (await desk.do("approve", badge, RELABELLED, key="k")).version == 2
    lengths = {name: len(found) for name, found in (await desk.stored(*WRITTEN)).items()}
    assert lengths == {**dict.fromkeys(WRITTEN, 2), BADGES: 1, VERSIONS: 1}


@pytest.mark.parametrize("seen", [None, 1, 3])
async def test_execute_refuses_a_version_that_is_not_the_present_one(
    desk: Desk, seen: int | None
) -> None:
    badge = await desk.do("approve", await desk.do("create"))
    before = await desk.stored()
    with pytest.raises(StaleVersion) as refusal:
        await desk.do("wear", badge, seen=seen)
    assert refusal.value.current_version == 2
    assert await desk.stored() == before


async def test_execute_allows_one_of_several_at_once_to_make_the_next_version(desk: Desk) -> None:
    badge = await desk.do("create")
    all_decided = asyncio.Barrier(5)
    desk.steps.decided = all_decided.wait
    tasks = [desk.do("approve", badge, caller=officer(f"a{n}", "approver")) for n in range(5)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    made = [one for one in outcomes if isinstance(one, Badge)]
    late = [one for one in outcomes if isinstance(one, StaleVersion)]
    assert (len(made), len(late)) == (1, 4)
    assert {one.current_version for one in late} == {2}
    found = await desk.stored()
    assert found[BADGES] == [desk.register.store.document(made[0])]
    assert [len(found[name]) for name in (VERSIONS, OUTBOX, ACCESS)] == [1, 2, 2]


async def test_execute_runs_the_guard_again_on_what_others_have_changed(desk: Desk) -> None:
    async def another() -> None:
        await desk.database[SHELVES].update_one({"_id": "town"}, {"$inc": {"next": 10}})

    desk.steps.reading = another
    badge = await desk.do("create", key="k")
    assert desk.steps.counts == {"decide": 1, "guard": 2}
    assert badge.engraving == "place 10"
    found = await desk.stored()
    assert found[SHELVES] == [{"_id": "town", "next": 11, "closed": False}]
    assert found[BADGES] == [desk.register.store.document(badge)]
    assert [len(found[name]) for name in (OUTBOX, RECORDS, ACCESS)] == [1, 1, 1]


async def test_execute_refuses_what_the_guard_refuses_when_it_runs_again(desk: Desk) -> None:
    async def closing() -> None:
        await desk.database[SHELVES].update_one({"_id": "town"}, {"$set": {"closed": True}})

    before, desk.steps.reading = await desk.stored(*WRITTEN), closing
    with pytest.raises(Conflict, match=r"badge\.shelf_closed"):
        await desk.do("create")
    assert desk.steps.counts["guard"] == 2
    assert await desk.stored(*WRITTEN) == before


async def test_execute_makes_commands_wait_for_their_turn(desk: Desk) -> None:
    """Without it, twelve that write one shelf would conflict, and run again and again."""
    lock = asyncio.Lock()
    register = replace(desk.register, turns=lambda: lock)
    turns = Desk(register, grouped=False)
    made = await asyncio.gather(*(turns.do("create") for _ in range(12)))
    assert {one.engraving for one in made} == {f"place {number}" for number in range(12)}
    assert desk.steps.counts["guard"] == 12


async def committed(desk: Desk) -> int:
    """Return how many transactions the server has committed."""
    status = await desk.database.client.admin.command("serverStatus")
    return int(status["transactions"]["totalCommitted"])


@each_way
async def test_execute_commits_creations_together_or_each_by_itself(desk: Desk) -> None:
    before = await committed(desk)
    made = await asyncio.gather(*(desk.do("create", key=f"k{n}") for n in range(40)))
    transactions = await committed(desk) - before
    assert transactions <= 6 if desk.grouped else transactions >= 40
    assert ("guard" in desk.steps.counts) is not desk.grouped
    found = await desk.stored()
    assert found[BADGES] == sorted(
        (desk.register.store.document(one) for one in made), key=lambda one: one["_id"]
    )
    assert [len(found[name]) for name in (OUTBOX, RECORDS, ACCESS)] == [40, 40, 40]


@each_way
async def test_execute_refuses_a_creation_whose_document_exists_and_no_neighbour(
    desk: Desk,
) -> None:
    await desk.do("create", None, LABELLED)
    labels = ["first", *(f"other {n}" for n in range(9))]
    outcomes = await asyncio.gather(
        *(desk.do("create", None, BadgeInput(label=label), key=label) for label in labels),
        return_exceptions=True,
    )
    refused = outcomes[0]
    if desk.grouped:
        assert isinstance(refused, Conflict)
        assert (refused.code, refused.params) == ("badge.label_taken", {"label": "first"})
        assert "guard" not in desk.steps.counts
    else:
        assert isinstance(refused, Unavailable)
    assert all(isinstance(one, Badge) for one in outcomes[1:])
    found = await desk.stored()
    assert [len(found[name]) for name in WRITTEN] == [10, 0, 10, 10, 9, 10]


@each_way
async def test_execute_answers_after_the_commit_without_another_look_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is never answered with a failure of something else."""

    async def unavailable(self: Tree, unit: str) -> Sequence[Step]:
        raise Unavailable("unavailable")

    async def committed() -> None:
        monkeypatch.setattr(Tree, "path", unavailable)

    desk.steps.decided = committed
    badge = await desk.do("create")
    assert (await desk.stored(BADGES))[BADGES][0]["_id"] == badge.id
