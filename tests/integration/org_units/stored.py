"""What is stored of units, against the class that defines it."""

from collections.abc import Iterable
from typing import cast

from org_units.units.rules import Unit
from org_units.units.store import UnitDocument
from org_units.units.tree import UNITS
from shared.base.mongo import AsyncDatabase, Database, Document
from shared.register.store import Store

STORE = Store(cast(AsyncDatabase, None), UNITS, Unit)
"""Of no database: it only knows the stored form."""
KEPT_BY_OTHERS = {"guard"}
"""Fields that a unit does not hold: what rests on it writes them."""


def check_documents(database: Database, *units: str) -> int:
    """Hold stored units against the schema, and read each back whole; return how many there are.

    Args:
        units: ids; every unit where there are none.
    """
    query = {"_id": {"$in": list(units)}} if units else {}
    return check_each(database[UNITS].find(query))


def check_each(documents: Iterable[Document]) -> int:
    """Hold documents against the schema; see ``check_documents``."""
    return sum(_fits(stored) for stored in documents)


def _fits(stored: Document) -> bool:
    UnitDocument._from_son(stored).validate()
    again = STORE.document(STORE.entity(stored))
    kept = {name: value for name, value in stored.items() if name not in KEPT_BY_OTHERS}
    assert {name: _listed(value) for name, value in again.items()} == kept
    return True


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
