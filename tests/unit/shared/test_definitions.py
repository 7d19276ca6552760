"""The counting definitions: what counts, what does not, and what may be published."""

import pytest

from shared.contract.countable import BROKEN_DOWN, counter_names
from shared.contract.definitions import DEFINITIONS, DIMENSIONS, dimensions_of
from shared.contract.events.states import MemberState, UnitState, VolunteerState

PERSON = {
    "unit": "u1",
    "sex": "2",
    "birth_year": 1990,
    "education": "20",
    "occupation": None,
    "minority": "no",
    "political": "13",
    "unverified": False,
}


def member(status: str) -> MemberState:
    return MemberState.model_validate(
        {**PERSON, "status": status, "kind": "INDIVIDUAL_ADULT", "grade": "ORDINARY"}
    )


def volunteer(status: str) -> VolunteerState:
    return VolunteerState.model_validate(
        {**PERSON, "status": status, "stars": 1, "years_served": [2025, 2026]}
    )


def unit(level: str, status: str) -> UnitState:
    return UnitState.model_validate(
        {"unit": "u1", "level": level, "type": "T", "status": status, "parent": None, "flags": []}
    )


@pytest.mark.parametrize(
    ("series", "state", "counted"),
    [
        ("units", unit("GRASSROOTS", "ACTIVE"), True),
        ("units", unit("GRASSROOTS", "CLOSING"), True),
        ("units", unit("GRASSROOTS", "INACTIVE"), False),
        ("units", unit("GRASSROOTS", "APPROVED"), False),
        ("units", unit("COUNTY", "ACTIVE"), False),
        ("members", member("ACTIVE"), True),
        ("members", member("ARREARS"), True),
        ("members", member("APPROVED"), False),
        ("members", member("LAPSED"), False),
        ("members", member("VOIDED"), False),
        ("volunteers", volunteer("REGISTERED"), True),
        ("volunteers", volunteer("REG_APPLIED"), False),
        ("volunteers", volunteer("SUSPENDED"), False),
        ("enrolled", volunteer("ENROLLED"), True),
        ("enrolled", volunteer("REG_APPLIED"), True),
        ("enrolled", volunteer("REGISTERED"), True),
        ("enrolled", volunteer("SUSPENDED"), False),
    ],
)
def test_the_definition_of_a_figure_counts_a_state_and_its_counters_alike(
    series: str, state: MemberState | VolunteerState | UnitState, *, counted: bool
) -> None:
    definition = DEFINITIONS[series]
    assert definition.counts(state.model_dump()) is counted
    assert definition.total(dict.fromkeys(counter_names(state), 1)) == int(counted)


def test_no_definition_counts_before_the_first_and_after_the_last_state() -> None:
    assert not any(definition.counts(None) for definition in DEFINITIONS.values())


def test_the_total_of_members_is_never_summed_from_a_breakdown() -> None:
    counters = {"ACTIVE": 3, "ARREARS": 2, "APPLIED": 9, "ACTIVE|sexbirth|2-1990": 3}
    assert DEFINITIONS["members"].total(counters) == 5


def test_the_total_of_units_adds_up_every_type() -> None:
    counters = {
        "GRASSROOTS|ACTIVE|SCHOOL": 4,
        "GRASSROOTS|CLOSING|VILLAGE": 1,
        "GRASSROOTS|INACTIVE|SCHOOL": 8,
        "COUNTY|ACTIVE|CHAPTER": 2,
    }
    assert DEFINITIONS["units"].total(counters) == 5


def test_whatever_the_definition_of_a_person_series_counts_is_also_broken_down() -> None:
    for series in ("members", "volunteers", "enrolled"):
        assert DEFINITIONS[series].statuses <= BROKEN_DOWN


def test_every_stored_dimension_of_a_breakdown_is_declared_and_personal() -> None:
    stored = {
        name.split("|")[1]
        for state in (member("ACTIVE"), volunteer("REGISTERED"))
        for name in counter_names(state)
        if "|" in name
    }
    declared = {dimension.id for dimension in DIMENSIONS if dimension.personal}
    assert stored <= declared
    assert declared - stored == {"sex", "birth_year"}


def test_dimensions_of_breakdowns_name_known_series() -> None:
    assert {series for item in DIMENSIONS for series in item.series} <= DEFINITIONS.keys()
    assert [item.id for item in dimensions_of("units")] == ["type", "plan_category"]


def test_the_public_form_of_each_definition_is_whole_in_both_languages() -> None:
    for series, definition in DEFINITIONS.items():
        item = definition.as_item()
        assert item["id"] == series
        assert all(item[key][lang] for key in ("label", "wording") for lang in ("zh", "en"))
        assert item["formula"]
        assert item["source"]
        assert item["version"] >= 1
