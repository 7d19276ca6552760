"""The life of a unit over HTTP on a real replica set, and what the tree allows."""

from datetime import date, timedelta
from functools import partial

from shared.base.clock import today
from shared.base.mongo import Database, Document
from tests.clients.org_units import Units, a_uscc
from tests.clients.peers import PeopleAsGiven
from tests.clients.register import check_problem, events_of, logged_of
from tests.integration.org_units.seeding import an_area
from tests.waiting import at_once


def test_a_unit_goes_from_draft_to_active_and_back(units: Units, database: Database) -> None:
    code = a_uscc()
    body = units.body(
        region_code="330106002",
        host_uscc=f" {code.lower()} ",
        founded_on="2019-05-08",
        effective_on="2025-01-10",
    )
    answer = units.post(body)
    unit = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == f"/v1/units/{unit['id']}"
    assert unit["code"].startswith("330106C")
    assert (unit["status"], unit["level"], unit["version"]) == ("DRAFT", "GRASSROOTS", 1)
    assert unit["host_uscc"] == code
    assert [step["level"] for step in unit["path"]] == [
        "NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY", "GRASSROOTS",
    ]  # fmt: skip
    assert unit["path"][-1] == {"id": unit["id"], "name": body["name"], "level": "GRASSROOTS"}

    unit = units.done(unit, "submit", "return", "submit", "approve")
    paper = {"effective_on": today().isoformat(), "document": {"number": "西红〔2026〕8号"}}
    unit = units.done(unit, "activate", body=paper)
    unit = units.done(unit, "deactivate", "activate")
    assert (unit["status"], unit["version"]) == ("ACTIVE", 8)

    seen = units.read(unit, units.approver)
    assert seen.json() == unit
    assert seen.headers["etag"] == '"8"'

    check_published(database, unit)


def check_published(database: Database, unit: Document) -> None:
    """The outbox, the history and the access log hold what the whole path did."""
    reported = events_of(database, unit["id"])
    assert [fact for fact, _ in reported] == [
        "created", "submitted", "returned", "submitted", "approved", "activated",
        "deactivated", "activated",
    ]  # fmt: skip
    assert [payload.version for _, payload in reported] == list(range(1, 9))
    assert reported[0][1].changes[0].effective_on == date(2025, 1, 10)
    assert reported[-1][1].unit.status == "ACTIVE"
    assert reported[-1][1].unit.code == unit["code"]
    history = list(database.units_versions.find({"entity": unit["id"]}).sort("version"))
    assert len(history) == 7
    assert history[4]["document"]["number"] == "西红〔2026〕8号"
    assert len(logged_of(database, unit["id"])) == 8


def test_an_illegal_transition_of_a_unit_names_what_is_possible(units: Units) -> None:
    answer = units.act(units.create(), "activate")
    check_problem(answer, 409, "state.illegal")
    assert "submit" in answer.json()["detail"]


def test_the_dates_of_a_units_transitions_are_neither_ahead_nor_too_early(units: Units) -> None:
    unit = units.create(effective_on="2025-03-01")
    before = {"effective_on": "2025-02-28"}
    early = units.act(unit, "submit", None, before)
    check_problem(early, 422, "date.too_early", "effective_on")
    assert "2025-03-01" in early.json()["detail"]
    tomorrow = (today() + timedelta(days=1)).isoformat()
    late = units.act(unit, "submit", None, {"effective_on": tomorrow})
    check_problem(late, 422, "date.future", "effective_on")
    ahead = {"document": {"number": "1号", "issued_on": "2999-01-01"}}
    for action in ("submit", "void"):
        refused = units.act(unit, action, None, ahead)
        check_problem(refused, 422, "date.future", "document.issued_on")
    before_it_was = units.act(unit, "void", None, before)
    check_problem(before_it_was, 422, "date.too_early", "effective_on")


def test_a_unit_is_corrected_and_a_wrong_correction_refused(
    units: Units, database: Database
) -> None:
    unit = units.counted()
    right = {"name": "新名称", "host_uscc": a_uscc(), "founded_on": "2020-01-01", "reason": "更名"}
    changed = units.patch(unit, right)
    assert changed.status_code == 200
    unit = changed.json()
    assert (unit["name"], unit["status"], unit["version"]) == ("新名称", "ACTIVE", 5)
    assert unit["path"][-1]["name"] == "新名称"
    unit = units.patch(unit, {"host_uscc": None}).json()
    assert (unit["host_uscc"], unit["founded_on"]) == (None, "2020-01-01")
    fact, payload = events_of(database, unit["id"])[-2]
    assert (fact, payload.changes, payload.unit.name) == ("corrected", [], "新名称")

    ahead = {"number": "1号", "issued_on": "2999-01-01"}
    wrong: tuple[tuple[Document, str, str | None], ...] = (
        ({}, "field.empty_change", None),
        ({"reason": "x"}, "field.empty_change", None),
        ({"name": None}, "field.required", "name"),
        ({"founded_on": "0001-01-01"}, "date.too_early", "founded_on"),
        ({"name": "x", "document": ahead}, "date.future", "document.issued_on"),
        ({"level": "COUNTY"}, "field.unknown", "level"),
        ({"type": None}, "field.required", "type"),
        ({"parent_id": None}, "field.required", "parent_id"),
        ({"host_uscc": "x"}, "uscc.length", "host_uscc"),
    )
    for change, code, field in wrong:
        check_problem(units.patch(unit, change), 422, code, field)
    voided = units.done(unit, "void")
    check_problem(units.patch(voided, {"name": "y"}), 409, "state.illegal")


def test_the_unit_of_a_chapter_is_not_changed_by_hand(units: Units) -> None:
    chapter = units.read(units.county, units.approver).json()
    check_problem(units.act(chapter, "deactivate"), 409, "unit.chapter_by_list")
    check_problem(units.patch(chapter, {"name": "x"}), 409, "unit.chapter_by_list")


def test_the_activation_of_a_unit_needs_an_active_parent(units: Units) -> None:
    town = units.create(type="TOWNSHIP")
    village = units.create(type="VILLAGE", parent_id=town["id"])
    village = units.done(village, "submit", "approve")
    check_problem(units.act(village, "activate"), 409, "unit.parent_not_active")
    units.done(town, *units.counted_by)
    units.done(village, "activate")


def test_a_unit_is_voided_only_without_children_and_people(
    units: Units, people: PeopleAsGiven, database: Database
) -> None:
    town = units.counted(type="TOWNSHIP")
    village = units.create(type="VILLAGE", parent_id=town["id"])
    refused = units.act(town, "void")
    check_problem(refused, 409, "unit.has_children")
    assert village["code"] in refused.json()["detail"]
    people.members = people.volunteers = None  # a draft was nobody's unit: nobody need be asked
    check_problem(units.act(town, "void"), 409, "unit.has_children")  # known without them
    units.done(village, "void")

    check_problem(units.act(town, "void"), 503, "unit.peers_unavailable")
    people.members, people.volunteers = 0, 2
    check_problem(units.act(town, "void"), 409, "unit.has_people")
    people.volunteers = 0
    assert units.read(town, units.approver).json() == town
    voided = units.done(town, "void")
    assert voided["status"] == "VOIDED"
    stored = database.units.find_one({"_id": town["id"]})
    assert stored is not None
    assert stored["timeline"] == []
    _, payload = events_of(database, town["id"])[-1]
    assert [change.now for change in payload.changes] == [None]
    late = units.post(units.body(type="VILLAGE", parent_id=town["id"]))
    check_problem(late, 409, "unit.parent_closed")


def test_a_parent_is_not_voided_under_a_new_unit(units: Units) -> None:
    for _ in range(5):
        town = units.create(type="TOWNSHIP")
        body = units.body(type="VILLAGE", parent_id=town["id"])
        created, voided = at_once([partial(units.post, body), partial(units.act, town, "void")])
        assert (created.status_code, voided.status_code) in [(201, 409), (409, 200)]


def test_many_units_made_at_once_get_codes_of_their_own(units: Units) -> None:
    made = at_once(partial(units.create, type="HOSPITAL") for _ in range(24))
    assert len({unit["code"] for unit in made}) == 24


def test_an_area_has_one_live_unit(units: Units) -> None:
    fields = {"type": "TOWNSHIP", "region_code": an_area()}
    body = units.body(**fields)
    answers = at_once(partial(units.post, body) for _ in range(4))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    check_problem(refused, 409, "unit.place_taken", "region_code")
    unit = next(answer.json() for answer in answers if answer.status_code == 201)
    units.done(unit, "void")
    units.create(**body)
