"""How writes are grouped and separated, on a stand-in for the database's transaction.

The same behaviour on a real replica set: tests/integration/shared/test_groupcommit.py.
"""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from shared.base.errors import Unavailable
from shared.register.groupcommit import AlreadyThere, GroupCommit, Write, transaction
from tests.waiting import LIMIT, until_async


class Scripted(GroupCommit):
    """Commits into a set of ids; each transaction's ids are kept in ``groups``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(None, **options)  # type: ignore[arg-type]
        self.stored: set[str] = set()
        self.groups: list[list[str]] = []
        self.broken = False
        self.gate: asyncio.Event | None = None

    async def _existing(self, collection: str, ids: list[str]) -> set[str]:
        await asyncio.sleep(0)
        return self.stored & set(ids)

    async def _commit(self, group: list[transaction.Waiting], *, alone: bool = False) -> None:
        self.groups.append([waiting.write.inserts[0][1]["_id"] for waiting in group])
        if self.gate is not None:
            await self.gate.wait()
        if self.broken:
            raise AutoReconnect("gone")
        fresh: set[str] = set()
        for waiting in group:
            for collection, document in waiting.write.inserts:
                if document["_id"] in self.stored | fresh:
                    problem = AlreadyThere(collection, document["_id"])
                    raise transaction.CommitFailed(waiting, problem)
                fresh.add(document["_id"])
        self.stored |= fresh
        for waiting in group:
            waiting.confirm()


def write(name: str, *others: str, declared: bool = False) -> Write:
    documents = tuple(("things", {"_id": one}) for one in (name, *others))
    if not declared:
        return Write(documents)
    return Write(documents, frozenset((name, *others)), {"things": [name, *others]})


async def submit_all(commits: GroupCommit, writes: list[Write]) -> list[Any]:
    return await asyncio.gather(*(commits.submit(w) for w in writes), return_exceptions=True)


async def test_writes_that_come_together_share_a_group_commit() -> None:
    commits = Scripted(max_writes=4)
    assert await submit_all(commits, [write(f"w{n}") for n in range(10)]) == [None] * 10
    assert [len(group) for group in commits.groups] == [4, 4, 2]


async def test_a_single_write_of_group_commit_does_not_wait_for_company() -> None:
    commits = Scripted(max_wait_ms=10 * LIMIT * 1_000)
    async with asyncio.timeout(LIMIT):
        await commits.submit(write("a"))
        await commits.submit(write("b"))


async def test_writes_that_share_a_key_never_share_a_group_commit() -> None:
    commits = Scripted()
    keyed = [Write((("things", {"_id": f"w{n}"}),), frozenset({f"k{n % 3}"})) for n in range(7)]
    assert await submit_all(commits, keyed) == [None] * 7
    assert commits.groups == [["w0", "w1", "w2"], ["w3", "w4", "w5"], ["w6"]]


async def test_a_later_write_of_group_commit_does_not_overtake_one_it_shares_a_key_with() -> None:
    commits = Scripted()
    writes = [
        Write((("things", {"_id": "first"}),), frozenset({"a"})),
        Write((("things", {"_id": "second"}),), frozenset({"a", "b"})),
        Write((("things", {"_id": "third"}),), frozenset({"b"})),
    ]
    await submit_all(commits, writes)
    assert commits.groups == [["first"], ["second"], ["third"]]


async def test_a_declared_duplicate_never_reaches_the_transaction_of_group_commit() -> None:
    commits = Scripted()
    commits.stored = {"taken"}
    outcomes = await submit_all(
        commits, [write("a", declared=True), write("taken", declared=True)]
    )  # fmt: skip
    assert outcomes[0] is None
    assert isinstance(outcomes[1], AlreadyThere)
    assert commits.groups == [["a"]]


async def test_after_one_abort_of_group_commit_the_rest_goes_together_the_failed_write_alone() -> (
    None
):
    commits = Scripted()
    commits.stored = {"taken"}
    outcomes = await submit_all(commits, [write("a"), write("taken"), write("b")])
    assert [type(outcome) for outcome in outcomes] == [type(None), AlreadyThere, type(None)]
    assert commits.groups == [["a", "taken", "b"], ["a", "b"], ["taken"]]


async def test_after_a_second_abort_of_group_commit_each_write_goes_alone() -> None:
    commits = Scripted()
    commits.stored = {"taken", "held"}
    outcomes = await submit_all(commits, [write("a"), write("taken"), write("held"), write("b")])
    assert [outcome is None for outcome in outcomes] == [True, False, False, True]
    assert commits.groups[2:] == [["a"], ["held"], ["b"], ["taken"]]


async def test_group_commit_reports_an_outage_to_all_its_callers_and_tries_the_next_group() -> None:
    commits = Scripted()
    commits.broken = True
    outcomes = await submit_all(commits, [write("a"), write("b")])
    assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
    assert len(commits.groups) == 1
    commits.broken = False
    await commits.submit(write("a"))


async def test_group_commit_leaves_out_a_cancelled_caller_and_nobody_else() -> None:
    commits = Scripted()
    commits.gate = asyncio.Event()
    first = asyncio.create_task(commits.submit(write("first")))
    await until_async(lambda: commits.groups, "the first one's transaction is under way")
    waiting = [asyncio.create_task(commits.submit(write(f"w{n}"))) for n in range(4)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    first.cancel()  # its transaction is under way: it may commit unseen
    commits.gate.set()
    outcomes = await asyncio.gather(first, *waiting, return_exceptions=True)
    cancelled = [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes]
    assert cancelled == [True, False, True, False, False]
    assert commits.groups == [["first"], ["w0", "w2", "w3"]]


async def test_group_commit_answers_everybody_before_it_shuts_down() -> None:
    commits = Scripted(max_writes=2)
    tasks = [asyncio.create_task(commits.submit(write(f"w{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    await commits.shutdown()
    assert await asyncio.gather(*tasks) == [None] * 5
    with pytest.raises(Unavailable):
        await commits.submit(write("late"))
    await Scripted().shutdown()


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True),
                  st.booleans()),
        max_size=12,
    ),
    st.integers(1, 5),
)  # fmt: skip
def test_group_commit_answers_every_write_and_stores_it_wholly_or_not_at_all(
    writes: list[tuple[list[str], bool]], max_writes: int
) -> None:
    async def run() -> None:
        commits = Scripted(max_writes=max_writes)
        outcomes = await submit_all(commits, [write(*ids, declared=d) for ids, d in writes])
        committed = [ids for (ids, _), outcome in zip(writes, outcomes, strict=True) if not outcome]
        # What was stored is exactly what was confirmed, nothing twice.
        assert sorted(one for ids in committed for one in ids) == sorted(commits.stored)
        for (ids, _), outcome in zip(writes, outcomes, strict=True):
            assert outcome is None or isinstance(outcome, AlreadyThere)
            assert outcome is None or set(ids) & commits.stored  # refused for a reason
        await commits.shutdown()

    asyncio.run(run())
