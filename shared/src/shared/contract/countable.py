"""Which counters a countable state adds one to: the names both the fold and the recount use.

A name is ``STATUS``, or ``STATUS|dimension|value``. Members and volunteers are broken down in the
statuses that stand in some headline or in its neighbourhood, counted singly plus sex x birth year
(docs/design.md section 4); every other status is counted as a total only.
"""

from shared.contract.events.states import MemberState, UnitState, VolunteerState

BROKEN_DOWN = frozenset({"ACTIVE", "ARREARS", "ENROLLED", "REG_APPLIED", "REGISTERED"})
UNKNOWN = "unknown"


def _person(state: MemberState | VolunteerState) -> list[str]:
    status = state.status
    names = [status]
    if status in BROKEN_DOWN:
        names += [
            f"{status}|sexbirth|{state.sex}-{state.birth_year or UNKNOWN}",
            f"{status}|education|{state.education or UNKNOWN}",
            f"{status}|occupation|{state.occupation or UNKNOWN}",
            f"{status}|minority|{state.minority}",
            f"{status}|political|{state.political or UNKNOWN}",
            f"{status}|unverified|{'yes' if state.unverified else 'no'}",
        ]
    return names


def counter_names(state: MemberState | VolunteerState | UnitState) -> list[str]:
    """Return the names of all counters of ``state.unit`` that a state adds one to."""
    if isinstance(state, UnitState):
        return [f"{state.level}|{state.status}|{state.type}"]
    names = _person(state)
    status = state.status
    if status not in BROKEN_DOWN:
        return names
    if isinstance(state, MemberState):
        return [*names, f"{status}|kind|{state.kind}", f"{status}|grade|{state.grade}"]
    years = [f"{status}|served|{year}" for year in sorted(set(state.years_served))]
    return [*names, f"{status}|stars|{state.stars}", *years]
