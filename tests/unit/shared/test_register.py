"""What a register says is allowed is what its write path would accept from the same caller."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.base.errors import Forbidden, RegistryError
from shared.base.mongo import AsyncDatabase
from shared.register.actions import Action, check, required
from shared.register.api import Call
from shared.register.command import Command
from shared.register.register import Register, Topic
from shared.register.requests import ActionInput, Grounds, PaperDocument
from shared.register.scope import Scope
from shared.register.store import Store
from shared.web.access.principal import Grant, Principal
from tests.badges import MOMENT, TABLE, TODAY, Badge, Tree, a_badge, badges

TREE = Tree()
NOWHERE = cast(AsyncDatabase, None)
"""Nothing here reads or writes."""


def a_register(kind: type[Register[Badge]] = Register[Badge]) -> Register[Badge]:
    return kind(
        store=Store(NOWHERE, "badges", Badge),
        topic=Topic("/services/badges", "registry.badge", 3),
        scope=Scope(TREE),
        actions=TABLE,
    )


def officer(subject: str, *roles: str, unit: str = "county") -> Principal:
    return Principal(subject, (Grant(unit, frozenset(roles)),))


def a_command(caller: Principal, action: Action, **fields: Any) -> Command:
    given = fields.pop("given", None) or ActionInput(reason="a reason", **fields)
    return Call(caller, None, "POST /v1/badges").command(action, given)


async def allowed(
    caller: Principal, badge: Badge, kind: type[Register[Badge]] = Register[Badge]
) -> list[str]:
    return a_register(kind).allowed(caller, badge, await TREE.path(badge.unit))


grants = st.builds(
    Grant,
    st.sampled_from(["hq", "330000", "county", "330106", "town", "330106109", "other"]),
    st.frozensets(st.sampled_from(["viewer", "registrar", "approver", "auditor"]), min_size=1),
)
callers = st.builds(
    Principal,
    st.sampled_from(["creator", "drafter", "editor", "another"]),
    st.lists(grants, max_size=2).map(tuple),
    service=st.booleans(),
)


@given(badges(), callers)
async def test_a_register_allows_exactly_what_it_would_then_authorise(
    badge: Badge, caller: Principal
) -> None:
    register, possible = a_register(), []
    for name, action in TABLE.acts.items():
        try:
            await register.authorise_on(a_command(caller, action), badge)
            check(TABLE, required(action, badge), badge, caller.subject, "a reason")
        except RegistryError:
            continue
        possible.append(name)
    assert await allowed(caller, badge) == possible


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (officer("another", "registrar"), ["void"]),
        (officer("another", "registrar", unit="330106"), ["void"]),
        (officer("another", "registrar", unit="town"), ["void"]),
        (officer("another", "approver"), ["approve"]),
        (officer("another", "approver", unit="town"), []),
        (officer("another", "registrar", "approver"), ["approve", "void"]),
        (officer("creator", "registrar", "approver"), ["void"]),
        (officer("drafter", "registrar", "approver"), ["void"]),
        (officer("another", "viewer"), []),
        (officer("another", "registrar", "approver", unit="other"), []),
        (officer("another", "registrar", "approver", unit="330106109"), []),
        (Principal("service:member", service=True), []),
        (Principal("nobody"), []),
    ],
)
async def test_a_register_allows_each_officer_what_is_his(
    caller: Principal, expected: list[str]
) -> None:
    assert await allowed(caller, a_badge((0, "DRAFT"))) == expected


async def test_a_register_authorises_who_holds_the_role_at_the_level_that_an_action_asks_for() -> (
    None
):
    register, draft, approve = a_register(), a_badge((0, "DRAFT")), TABLE.acts["approve"]
    for unit in ("county", "330106", "hq"):
        caller = officer("another", "approver", unit=unit)
        assert await register.authorise_on(a_command(caller, approve), draft)
    with pytest.raises(Forbidden) as caught:
        await register.authorise_on(
            a_command(officer("another", "approver", unit="town"), approve), draft
        )
    assert caught.value.code == "scope.level"


async def test_a_register_allows_to_void_what_was_counted_to_others_at_a_county() -> None:
    worn = a_badge((0, "WORN"))
    everything = ["lose", "look-at", "hand-in", "void"]
    assert await allowed(officer("another", "registrar"), worn) == everything
    assert await allowed(officer("creator", "registrar"), worn) == everything[:-1]
    assert await allowed(officer("another", "registrar", unit="town"), worn) == everything[:-1]


@dataclass(frozen=True, kw_only=True)
class Closed(Register[Badge]):
    """A register whose own rules leave nobody a lost badge to wear again."""

    def rows(self, action: Action, entity: Badge) -> Sequence[Action]:
        closed = action.name == "wear" and entity.status == "LOST"
        return () if closed else super().rows(action, entity)


async def test_a_register_does_not_allow_what_its_own_rules_close() -> None:
    registrar = officer("another", "registrar")
    assert await allowed(registrar, a_badge((0, "LOST"))) == ["wear", "hand-in", "void"]
    assert await allowed(registrar, a_badge((0, "LOST")), Closed) == ["hand-in", "void"]
    assert await allowed(registrar, a_badge((0, "READY")), Closed) == ["wear", "void"]


def test_a_command_to_a_register_takes_effect_today_unless_it_names_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.register.api.now", lambda: MOMENT)
    caller = officer("another", "registrar")
    command = a_command(caller, TABLE.create)
    assert (command.today, command.day) == (TODAY, TODAY)  # in China, where it is past midnight
    other = a_command(caller, TABLE.create, effective_on=date(2020, 1, 1))
    assert (other.today, other.day) == (TODAY, date(2020, 1, 1))
    before = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    monkeypatch.setattr("shared.register.api.now", lambda: before)
    assert a_command(caller, TABLE.create).today == date(2026, 11, 22)


class Bare(BaseModel):
    """A body that gives no grounds."""


def test_a_command_to_a_register_gives_the_grounds_of_its_body() -> None:
    caller = officer("another", "registrar")
    given = Grounds(reason="lost", document=PaperDocument(number="8"))
    command = a_command(caller, TABLE.correct, given=given)
    assert (command.caller.subject, command.reason) == ("another", "lost")
    assert command.document == PaperDocument(number="8")
    assert a_command(caller, TABLE.correct, given=Grounds()).document is None
    bare = a_command(caller, TABLE.create, given=Bare())
    assert (bare.reason, bare.document) == (None, None)


@given(badges(), st.none() | st.sampled_from(["to 李", ""]))
def test_what_the_store_of_a_register_writes_is_read_back(
    badge: Badge, engraving: str | None
) -> None:
    store = Store(NOWHERE, "badges", Badge)
    whole = replace(badge, engraving=engraving, drafted_by=None, created_at=MOMENT)
    stored = store.document(whole)
    assert store.entity(stored) == whole
    assert stored["_id"] == whole.id
    assert None not in stored.values()
    assert ("engraving" in stored) == (engraving is not None)


@given(badges(), badges(), st.none() | st.just("to 李"), st.none() | st.just("to 王"))
def test_the_changes_that_a_register_stores_make_one_version_of_the_other(
    before: Badge, after: Badge, old: str | None, new: str | None
) -> None:
    store = Store(NOWHERE, "badges", Badge)
    first, second = replace(before, engraving=old), replace(after, engraving=new)
    update = store.changes(first, second)
    stored = store.document(first)
    kept = {name: value for name, value in stored.items() if name not in update.get("$unset", {})}
    assert kept | update["$set"] == store.document(second)
    assert not [name for name, value in update["$set"].items() if stored.get(name) == value]
