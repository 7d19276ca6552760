"""Between the rules and what is stored: what a command asks of a path, and makes of a unit."""

from collections.abc import Sequence
from typing import Any

from org_units import domain, store
from org_units.domain import Action, Parent
from org_units.schemas import Act
from org_units.store import Node
from shared.base.clock import now, today
from shared.base.errors import Invalid
from shared.base.mongo import Document
from shared.contract import timeline
from shared.register.entities import Decision
from shared.web.access import UNIT_READERS, Principal, require, require_at


def next_version(action: Action, given: Act, subject: str, found: Document) -> Decision:
    """Return what a transition makes of a unit."""
    row = domain.transition(action, found["status"])
    domain.check_four_eyes(action, subject, found)
    before = timeline.from_documents(found["timeline"])
    states = domain.next_timeline(before, row.target, given.effective_on, today(), now())
    fields: dict[str, Any] = {"status": row.target}
    if row.target == "ACTIVE":
        fields["ever_active"] = True
    return decided(row.fact, action, found, fields, states)


def decided(
    fact: str,
    action: str,
    found: Document,
    fields: dict[str, Any],
    states: timeline.Timeline,
    *,
    drafts: bool = False,
) -> Decision:
    """Return a version's decision, with the unit's card for those who keep a directory."""
    extra = {"unit": domain.card({**found, **fields}, found["version"] + 1)}
    return Decision(domain.fact_type(fact), action, states, fields, extra, drafts)


def as_parent(above: Document | None, *, has_counties: bool = False) -> Parent:
    """Return a unit as the rules of placement see it."""
    if above is None:
        raise Invalid("unit.parent_unknown", field="parent_id")
    return Parent(above["level"], above["type"], above["status"], has_counties)


def chapter_region(path: Sequence[Node]) -> str:
    """Return the region code of the nearest chapter on a path."""
    regions = [node.region_code for node in path if node.type == domain.CHAPTER]
    return regions[-1] or ""


def scope_names(path: Sequence[Node]) -> list[str]:
    """Return what grants may name for the units of a path."""
    return [name for name, _ in store.scope(path)]


def check_role(action: Action, path: Sequence[Node], principal: Principal) -> None:
    """Let pass who holds the role an action asks for on the path."""
    role = domain.TRANSITIONS[action].role
    if role == "registrar":
        require(principal, role, scope_names(path), readers=UNIT_READERS)
    else:
        require_at(principal, role, store.scope(path), readers=UNIT_READERS)
