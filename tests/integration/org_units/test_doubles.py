"""A unit entered twice is refused at every entrance, unless it is stated to be another one."""

import uuid
from functools import partial
from typing import Any

import pytest

from org_units import migrate
from shared.base.mongo import Database
from shared.base.settings import MongoSettings
from tests.clients.org_units import Units, a_uscc
from tests.clients.register import Entity, check_problem, events_of
from tests.integration.org_units.seeding import COUNTY, NEIGHBOUR, seeded
from tests.servers import RealServers
from tests.waiting import at_once


def a_name() -> str:
    return f"{uuid.uuid4().hex[:12]}社区"


def apart(*names: str) -> dict[str, Any]:
    """Return the statement that a unit is none of these."""
    return {"distinct_from": list(names), "distinct_reason": "两个校区，分别建会"}


def test_a_unit_is_not_entered_twice_under_a_name_written_otherwise(
    units: Units, database: Database
) -> None:
    name = a_name()
    unit = units.create(name=f"{name}红十字会")
    for other in (
        name,
        f" {name.upper()}红十字会 ",
        f"（{name}）红十字分会",
        f"西湖区{name}红十字会",
    ):
        refused = units.post(units.body(name=other))
        check_problem(refused, 409, "unit.double_name", "name")
        assert unit["code"] in refused.json()["detail"]
    units.create(name=name, type="VILLAGE")
    town = units.create(type="TOWNSHIP")
    units.create(name=name, parent_id=town["id"])
    assert database.units.count_documents({"name_key": name}) == 3

    units.done(unit, "void")
    units.create(name=name)


def test_a_unit_with_the_credit_code_of_another_is_refused_in_any_county(
    units: Units, chapters: dict[str, str]
) -> None:
    code = a_uscc()
    unit = units.create(host_uscc=code, type="SCHOOL")
    refused = units.post(units.body(host_uscc=code.lower(), type="HOSPITAL"))
    check_problem(refused, 409, "unit.double_host_uscc", "host_uscc")
    assert unit["code"] in refused.json()["detail"]

    there = units.officer("zhao", "registrar", unit=chapters[NEIGHBOUR])
    body = units.body(host_uscc=code, parent_id=chapters[NEIGHBOUR])
    elsewhere = units.post(body, there)
    check_problem(elsewhere, 409, "unit.double_elsewhere", "host_uscc")
    assert "西湖区红十字会" in elsewhere.json()["detail"]
    for hidden in (unit["code"], unit["id"], unit["name"]):
        assert hidden not in elsewhere.text
    check_problem(units.post({**body, **apart(unit["code"])}, there), 422, "unit.not_alike")
    stated = units.post({**body, **apart(COUNTY)}, there)
    assert stated.status_code == 201, stated.text
    assert units.doubles(there, within=NEIGHBOUR).get(stated.json()["id"]) is None


def test_a_unit_that_is_stated_to_be_another_one_keeps_the_statement(
    units: Units, database: Database
) -> None:
    first = units.create(host_uscc=a_uscc())
    body = units.body(name=first["name"], host_uscc=first["host_uscc"])
    check_problem(
        units.post({**body, "distinct_from": [first["code"]]}), 422, "field.required",
        "distinct_reason",
    )  # fmt: skip
    check_problem(
        units.post({**body, "distinct_reason": "x"}), 422, "field.required", "distinct_from"
    )
    wrong = units.post({**body, **apart(first["code"], "330106C9999X")})
    check_problem(wrong, 422, "unit.not_alike", "distinct_from")
    assert "330106C9999X" in wrong.json()["detail"]
    assert first["code"] not in wrong.json()["detail"]

    second = units.create(**body, **apart(first["code"]))
    kept = [{"unit": first["id"], "reason": "两个校区，分别建会"}]
    assert second["distinct"] == kept
    check_problem(units.post({**body, **apart(first["code"])}), 409, "unit.double_name")
    third = units.create(**body, **apart(first["id"], second["code"]))
    renamed = units.patch(second, {"name": f"{second['name']}（东）"}).json()
    again = units.patch(renamed, {"name": second["name"], **apart(third["id"])}).json()
    assert again["distinct"] == [*kept, {"unit": third["id"], "reason": "两个校区，分别建会"}]
    units.done(again, "submit", "approve", "activate")
    stored = database.units.find_one({"_id": third["id"]})
    assert stored is not None
    assert [one["stated_by"] for one in stored["distinct"]] == ["li", "li"]


def test_a_unit_is_not_corrected_into_another_one(units: Units, database: Database) -> None:
    first = units.create(host_uscc=a_uscc())
    second = units.create()
    for change, code, field in (
        ({"name": first["name"]}, "unit.double_name", "name"),
        ({"host_uscc": first["host_uscc"]}, "unit.double_host_uscc", "host_uscc"),
    ):
        refused = units.patch(second, change)
        check_problem(refused, 409, code, field)
        assert first["code"] in refused.json()["detail"]
    assert units.read(second).json() == second
    changed = units.patch(second, {"name": first["name"], **apart(first["code"])})
    assert changed.status_code == 200, changed.text
    assert [fact for fact, _ in events_of(database, second["id"])] == ["created", "corrected"]


def test_an_officer_of_one_unit_is_not_shown_the_unit_next_to_it(units: Units) -> None:
    first, second = units.create(), units.create()
    own = units.officer("qian", "registrar", unit=second["id"])
    refused = units.patch(second, {"name": first["name"]}, own)
    check_problem(refused, 409, "unit.double_elsewhere", "name")
    assert first["code"] not in refused.text
    stated = units.patch(second, {"name": first["name"], **apart(COUNTY)}, own)
    assert stated.status_code == 200, stated.text


def before_the_rule(units: Units, database: Database, *path: str) -> tuple[Entity, Entity]:
    """Return two units of one name, as they could be entered before."""
    first, second = units.counted(), units.done(units.create(), *path)
    same = {"name": first["name"]}
    database.units.update_one({"_id": second["id"]}, {"$set": same, "$unset": {"name_key": ""}})
    migrate.migrate(database)
    return first, {**second, **same}


@pytest.mark.parametrize(
    "path", [("submit", "approve"), ("submit", "approve", "activate", "deactivate")]
)
def test_a_unit_entered_twice_before_the_rule_is_not_activated(
    units: Units, database: Database, path: tuple[str, ...]
) -> None:
    first, second = before_the_rule(units, database, *path)
    refused = units.act(second, "activate")
    check_problem(refused, 409, "unit.double_name", "name")
    assert first["code"] in refused.json()["detail"]
    kept = units.patch(second, {"founded_on": "2020-01-01"})  # no new likeness: no refusal
    assert kept.status_code == 200, kept.text
    stated = units.patch(kept.json(), apart(first["code"])).json()
    assert units.done(stated, "activate")["status"] == "ACTIVE"


def test_the_list_of_units_entered_twice_names_those_of_the_scope_and_is_paged(
    units: Units, database: Database, chapters: dict[str, str]
) -> None:
    pairs = [before_the_rule(units, database) for _ in range(3)]
    town = units.create(type="TOWNSHIP")
    code, there = a_uscc(), chapters[NEIGHBOUR]
    officer = units.officer("zhao", "registrar", unit=there)
    below = units.create(parent_id=town["id"])
    far = units.create(officer, parent_id=there)
    for unit in (below, far):
        database.units.update_one({"_id": unit["id"]}, {"$set": {"host_uscc": code}})

    listed = units.doubles(within=COUNTY)
    for first, second in pairs:
        assert listed[first["id"]] == [second["id"]]
        assert listed[second["id"]] == [first["id"]]
    assert listed[below["id"]] == [NEIGHBOUR]
    assert list(listed) == sorted(listed)
    assert listed == units.doubles(within=units.county) == units.doubles(limit=200)
    assert units.doubles(within=town["id"]) == {below["id"]: [NEIGHBOUR]}
    assert units.doubles(officer)[far["id"]] == [COUNTY]
    assert units.doubles(officer, within=COUNTY) == {}
    both = units.officer("sun", "viewer", unit="330100")
    assert units.doubles(both, within=NEIGHBOUR)[far["id"]] == [below["id"]]

    first, second = pairs[0]
    units.patch(second, apart(first["code"]))
    units.done(pairs[1][1], "void")
    assert units.doubles().keys() == listed.keys() - {one["id"] for one in (*pairs[0], *pairs[1])}


def test_of_units_entered_at_once_under_one_name_or_code_one_is_kept(
    units: Units, chapters: dict[str, str]
) -> None:
    there = units.officer("zhao", "registrar", unit=chapters[NEIGHBOUR])
    for _ in range(5):
        same = units.body()
        answers = at_once([partial(units.post, same)] * 3)
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
        code = a_uscc()
        here = partial(units.post, units.body(host_uscc=code))
        body = units.body(host_uscc=code, parent_id=chapters[NEIGHBOUR])
        answers = at_once([here, partial(units.post, body, there)])
        assert sorted(answer.status_code for answer in answers) == [201, 409]


def test_the_seed_leaves_out_units_that_an_officer_has_entered(
    servers: RealServers, mongo: Database, database_name: str
) -> None:
    settings = MongoSettings(mongo_uri=servers.mongo_uri, mongo_database=database_name)
    migrate.migrate(mongo)
    seeded(settings, "33")
    by_hand = mongo.units.find_one({"region_code": "330106109"})
    assert by_hand is not None
    change = {"$unset": {"seeded_as": "", "region_code": ""}}
    mongo.units.update_one({"_id": by_hand["_id"]}, change)
    assert [outcome.inserted for outcome in seeded(settings, "33")] == [0, 0]
    mongo.units.update_one({"_id": by_hand["_id"]}, {"$set": {"status": "VOIDED"}})
    assert seeded(settings, "33")[1].inserted == 1
