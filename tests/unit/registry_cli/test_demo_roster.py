"""The demo roster: the same each time, right rows by every rule, wrong ones as announced."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from registry_cli.demo.roster import BLEMISHES, FAULTS, LAST_DAY, check_character, write_demo
from registry_cli.importing.roster import open_roster, values_of
from registry_cli.seeding import DEMO_DAY
from shared.people.contacts import check_name, normalise_phone
from shared.people.identifiers import IdType, check, declared_warnings
from shared.tables.table import Row

UNITS = ["北山街道红十字会", "三墩镇红十字会", "330106S0001K"]


def rows_of(path: Path) -> list[Row]:
    with open_roster(path) as table:
        return list(table.rows())


def test_the_same_seed_makes_the_same_demo_roster(tmp_path: Path) -> None:
    first = write_demo(tmp_path / "a.csv", UNITS, 7, 300)
    second = write_demo(tmp_path / "b.csv", UNITS, 7, 300)
    other = write_demo(tmp_path / "c.csv", UNITS, 8, 300)
    assert first.path.read_bytes() == second.path.read_bytes() != other.path.read_bytes()


def test_the_default_demo_roster_has_its_rows_faults_and_blemishes(tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "demo.csv", UNITS)
    rows = rows_of(demo.path)
    assert len(rows) == demo.rows == 2_000
    assert len(demo.wrong) == 30
    assert set(demo.wrong.values()) == set(FAULTS)
    assert len(demo.repairable) == 20
    assert set(demo.repairable.values()) == set(BLEMISHES)
    assert not demo.wrong.keys() & demo.repairable.keys()
    assert {row.values["unit"] for row in rows if row.line not in demo.wrong} == set(UNITS)


def test_right_rows_of_the_demo_roster_obey_every_rule(tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "demo.csv", UNITS, 3, 1_000)
    seen: Counter[str] = Counter()
    for row in rows_of(demo.path):
        if row.line in demo.wrong:
            continue
        assert not row.problems
        fields = values_of(row)
        assert fields["name"]
        assert check_name(fields["name"]) == fields["name"]
        born = date.fromisoformat(fields["birth_date"])
        identifier = check(IdType(fields["id_type"]), fields["id_number"], LAST_DAY)
        assert declared_warnings(identifier, fields["sex"], born) == []
        assert normalise_phone(fields["phone"]).startswith("+861990000")
        joined = date.fromisoformat(fields["joined_on"])
        assert born.year + 18 <= joined.year
        assert joined <= LAST_DAY
        seen[identifier.number] += 1
    assert set(seen.values()) == {1}


def test_everybody_in_the_demo_roster_joined_before_the_day_of_its_document() -> None:
    assert date.fromisoformat(DEMO_DAY) > LAST_DAY


def test_id_numbers_of_the_demo_roster_are_of_no_county(tmp_path: Path) -> None:
    demo = write_demo(tmp_path / "demo.csv", UNITS, 3, 200)
    numbers = [row.values["id_number"] or "" for row in rows_of(demo.path)]
    assert {number[4:6] for number in numbers} == {"99"}


def test_the_demo_roster_computes_the_check_character_of_the_standard() -> None:
    assert check_character("11010519491231002") == "X"


def test_the_demo_roster_needs_at_least_one_unit(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        write_demo(tmp_path / "demo.csv", [])
