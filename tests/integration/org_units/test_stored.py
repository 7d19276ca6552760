"""What each write path stores of a unit fits the class that defines its schema."""

from typing import Any

import pytest
from mongoengine.errors import FieldDoesNotExist, ValidationError

from org_units.units.rules import ACTIONS
from shared.base.mongo import Database, Document
from tests.clients.org_units import Units, a_uscc
from tests.clients.register import Entity
from tests.integration.org_units.seeding import an_area
from tests.integration.org_units.stored import check_documents, check_each


def test_every_write_path_stores_units_that_fit_their_schema(
    units: Units, database: Database
) -> None:
    ways: set[str] = set()

    def fits(way: str, unit: Entity) -> Entity:
        assert check_documents(database, unit["id"], unit["parent_id"]) == 2
        ways.add(way)
        return unit

    full = {"host_uscc": a_uscc(), "founded_on": "2019-05-08", "effective_on": "2025-01-10"}
    full |= {"predecessor_founded_on": "1998-01-01", "older_than_parent": "先有镇会"}
    unit = fits("create", units.create(type="TOWNSHIP", region_code=an_area(), **full))
    apart = {"distinct_from": [unit["code"]], "distinct_reason": "两个校区"}
    other = fits("create", units.create(name=unit["name"], type="TOWNSHIP", **apart))
    fits("correct", units.patch(other, {"type": "SUBDISTRICT"}).json())
    right = {"name": "新名称", "host_uscc": None, "founded_on": None, "region_code": None}
    unit = fits("correct", units.patch(unit, right).json())
    unit = fits(
        "correct", units.patch(unit, {"region_code": an_area(), "host_uscc": a_uscc()}).json()
    )
    path = "submit return submit approve activate deactivate activate"
    for action in path.split():
        unit = fits(action, units.done(unit, action))
    child = fits("create", units.create(type="VILLAGE", parent_id=unit["id"]))
    child = units.done(child, "submit", "approve")
    child = fits("activate", units.done(child, "activate"))
    for one in (child, unit, units.create()):
        fits("void", units.done(one, "void"))
    assert ways == {"create", "correct", *ACTIONS.acts}


def test_every_unit_stored_so_far_fits_the_schema(units: Units, database: Database) -> None:
    """The chapters of the seed, and what the tests before this one have made.

    The fixture of the database asks the same once more, after the last test of this folder.
    """
    units.counted()
    assert check_documents(database) > 3_219


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"colour": "red"}, FieldDoesNotExist),
        ({"region_code": "3301"}, ValidationError),
        ({"level": "VILLAGE"}, ValidationError),
        ({"lineage": []}, ValidationError),
        ({"drafted_by": None}, ValidationError),
    ],
)
def test_a_unit_that_does_not_fit_the_schema_is_found(
    units: Units, database: Database, change: Document, refusal: type[Exception]
) -> None:
    unit = units.create()
    stored: Any = database.units.find_one({"_id": unit["id"]})
    assert check_each([stored]) == 1
    with pytest.raises(refusal):
        check_each([{**stored, **change}])
