"""Issuing countries: what is read as one, which documents need one, and the keys they make."""

import pytest

from shared.people.countries import BY_ANY_COUNTRY, COUNTRY, issuing_country
from shared.people.identifiers import Identifier, IdType
from shared.people.problems import IdentifierProblem
from shared.people.sealed import id_indexes, indexes_of_any_entry, indexes_without_country
from tests.unit.shared.people.entries import RING


def test_the_list_of_every_country_is_whole() -> None:
    assert len(COUNTRY) == 249
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in COUNTRY)
    assert list(COUNTRY) == sorted(COUNTRY)
    for column in ("zh", "en"):
        assert len({getattr(entry, column) for entry in COUNTRY.entries}) == 249
    for entry in COUNTRY.entries:
        for text in (entry.code, entry.code.lower(), entry.zh, entry.en, *entry.aliases):
            assert COUNTRY.find(text) == entry.code, text


@pytest.mark.parametrize(
    ("text", "code"),
    [("美国", "USA"), ("香港", "HKG"), ("中国香港", "HKG"), ("刚果（布）", "COG"), ("D", "DEU"),
     ("republic of korea", "KOR"), (" FRA ", "FRA")],
)  # fmt: skip
@pytest.mark.parametrize("id_type", sorted(BY_ANY_COUNTRY))
def test_a_country_is_read_by_code_or_name(id_type: IdType, text: str, code: str) -> None:
    assert issuing_country(id_type, text) == code


@pytest.mark.parametrize("id_type", IdType)
def test_a_country_is_asked_for_where_a_number_is_not_unique_without_it(id_type: IdType) -> None:
    foreign = id_type in (IdType.PASSPORT, IdType.OTHER)
    codes = []
    for text in (None, "", "XXX", "USA"):
        try:
            codes.append(issuing_country(id_type, text) or "none")
        except IdentifierProblem as problem:
            codes.append(problem.code.removeprefix("identifier.country_"))
    assert codes == (
        ["required", "required", "unknown", "USA"]
        if foreign
        else ["none", "none", "unknown", "of_type"]
    )
    assert issuing_country(id_type, "CHN") == ("CHN" if foreign else None)


def test_the_country_is_part_of_a_document_key() -> None:
    before = Identifier(IdType.PASSPORT, "E1234567")
    of_two = [before._replace(country=code) for code in ("USA", "FRA")]
    other = Identifier(IdType.OTHER, "E1234567", country="USA")
    keys = [key for one in (before, *of_two, other) for key in id_indexes(RING, one)]
    assert len(set(keys)) == 4
    assert id_indexes(RING, before) == RING.indexes("PASSPORT", "E1234567")
    assert indexes_without_country(RING, before) == []
    for one in of_two:
        assert indexes_without_country(RING, one) == id_indexes(RING, before)
        assert indexes_of_any_entry(RING, one) == id_indexes(RING, one) + id_indexes(RING, before)
    assert id_indexes(RING, Identifier(IdType.NONE, "")) == []
