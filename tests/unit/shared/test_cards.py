"""A unit's card with every field it may have is stored as the database takes it, by whoever keeps it."""

import bson

from aggregator.intake.documents import card_document
from shared.contract.events.payloads import UnitCard
from shared.register.cards import card_of, document_of

CARD = UnitCard.model_validate(
    {
        "id": "u", "version": 2, "name": "西湖街道红十字会", "code": "c", "region_code": None,
        "type": "SUBDISTRICT", "level": "GRASSROOTS", "status": "ACTIVE", "parent": "county",
        "flags": ["x"], "founded_on": "2020-05-04", "predecessor_founded_on": "1998-01-01",
    }
)  # fmt: skip


def test_the_card_of_a_unit_with_its_days_is_stored_by_the_aggregator() -> None:
    stored = bson.decode(bson.encode(card_document(CARD)))
    assert (stored["_id"], stored["founded_on"]) == ("u", "2020-05-04")
    assert stored.keys() == {"_id", *UnitCard.model_fields} - {"id"}


def test_the_card_of_a_unit_with_its_days_is_stored_by_a_directory() -> None:
    stored = bson.decode(bson.encode(document_of(CARD.model_dump())))
    assert str(card_of(stored).since) == "1998-01-01"
