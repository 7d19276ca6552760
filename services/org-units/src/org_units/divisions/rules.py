"""The chapters and township units that the administrative divisions of China give rise to.

Pure: reads the committed list ``data/divisions.csv.gz`` (source and licence in
``data/ATTRIBUTION``) and applies the rules of docs/domain.md section 1.2; stores nothing.

Decisions where the rules leave room:

- Taiwan (710000) is in no list of chapters of the Red Cross Society of China and gets no node.
- The corps and the railway have no division code of province level; they carry synthetic ones,
  which GB/T 2260 does not assign. Townships of the corps' cities belong to the corps.
- Townships of an economic zone lie in counties the list does not name. They hang on the
  prefecture that runs the zone as OTHER, since TOWNSHIP and SUBDISTRICT may not, with a flag by
  which a chapter finds them to move and retype.
- A township number of 000 names the county itself (350527000, Kinmen) and gives no unit.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

ChapterLevel = Literal["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"]
TownshipType = Literal["TOWNSHIP", "SUBDISTRICT", "OTHER"]

OUTSIDE_TARGETS = "outside_targets"
"""Flag: a node of the tree that the mainland's targets do not cover."""
INDUSTRY = "industry"
"""Flag: a chapter of an industry, not of an area."""
ECONOMIC_ZONE = "economic_zone"
"""Flag: a unit placed on the prefecture because its zone has no chapter."""

HEADQUARTERS = "100000"
CORPS = "660000"
"""Synthetic, after the prefix 66 of some departments for the corps (docs/domain.md section 4.4)."""
RAILWAY = "990000"
"""Synthetic: GB/T 2260 assigns no province 99."""
HONG_KONG = "810000"
MACAU = "820000"

NO_CHAPTER = frozenset({"1101", "1201", "3101", "4190", "4290", "4690", "5001", "5002", "6590"})
"""Prefecture codes that only group counties; those counties hang on the province."""
CORPS_CITIES = "6590"
WITHOUT_COUNTIES = frozenset({"4419", "4420", "4604", "6202"})
"""Dongguan, Zhongshan, Danzhou, Jiayuguan: townships hang on the prefecture itself."""
ECONOMIC_ZONES = range(71, 80)
"""County digits of zones that exist for statistics only."""


@dataclass(frozen=True)
class Seed:
    """A chapter, or the unit of a township or sub-district, whose region code has nine digits."""

    region_code: str
    name: str
    type: Literal["CHAPTER"] | TownshipType
    level: ChapterLevel | Literal["GRASSROOTS"]
    parent_region_code: str | None
    flags: tuple[str, ...] = ()


WITHOUT_DIVISION = (
    Seed(HEADQUARTERS, "中国红十字会总会", "CHAPTER", "NATIONAL", None),
    Seed(CORPS, "新疆生产建设兵团红十字会", "CHAPTER", "PROVINCE", HEADQUARTERS),
    Seed(RAILWAY, "铁路系统红十字会", "CHAPTER", "PROVINCE", HEADQUARTERS, (INDUSTRY,)),
    Seed(HONG_KONG, "香港红十字会", "CHAPTER", "PROVINCE", HEADQUARTERS, (OUTSIDE_TARGETS,)),
    Seed(MACAU, "澳门红十字会", "CHAPTER", "PROVINCE", HEADQUARTERS, (OUTSIDE_TARGETS,)),
)
"""Chapters without a division in the list; the first is the root of the tree."""


@lru_cache(maxsize=1)
def divisions() -> tuple[tuple[str, str], ...]:
    """Return every (code, name) of the list, ordered by code; codes have 2, 4, 6 or 9 digits."""
    packed = files("org_units.divisions").joinpath("data", "divisions.csv.gz").read_bytes()
    rows = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    next(rows)
    return tuple((code, name) for code, name in rows)


def chapters() -> Iterator[Seed]:
    """Yield every chapter, level by level, so that a parent always precedes its children."""
    yield from WITHOUT_DIVISION
    listed = divisions()
    for code, name in listed:
        if len(code) == 2:
            yield _chapter(code, name, "PROVINCE", HEADQUARTERS)
    for code, name in listed:
        if len(code) == 4 and code not in NO_CHAPTER:
            yield _chapter(code, name, "PREFECTURE", six_digits(code[:2]))
    for code, name in listed:
        if len(code) == 6 and has_chapter(code):
            yield _chapter(code, name, "COUNTY", _area_of(code))


def township_units(province_code: str) -> Iterator[Seed]:
    """Yield the township units below one province-level chapter, ordered by code.

    Args:
        province_code: of two or six digits (``33`` or ``330000``); 660000 gives the corps'.

    Raises:
        LookupError: no area of that code has townships.
    """
    wanted = six_digits(province_code[:2]) if len(province_code) in (2, 6) else ""
    units = [
        _township(code, name)
        for code, name in divisions()
        if len(code) == 9 and _province_of(code) == wanted and code[6:] != "000"
    ]
    if not units or six_digits(province_code) != wanted:
        raise LookupError(f"no townships below province {province_code!r}")
    yield from units


def six_digits(code: str) -> str:
    """Fill a province or prefecture code up to the six digits of a chapter's region code."""
    return code.ljust(6, "0")


def has_chapter(county: str) -> bool:
    """Return whether a county code of the list has a chapter of its own."""
    return county[:4] not in WITHOUT_COUNTIES and not is_economic_zone(county)


def is_economic_zone(code: str) -> bool:
    """Return whether a county or township code lies in a zone that exists for statistics only."""
    return int(code[4:6]) in ECONOMIC_ZONES


def township_type(code: str) -> TownshipType:
    """Return the type that a township code's last digits mean (docs/domain.md section 4.4)."""
    number = int(code[6:])
    if is_economic_zone(code) or number >= 400:
        return "OTHER"
    return "SUBDISTRICT" if number < 100 else "TOWNSHIP"


def _province_of(code: str) -> str:
    return CORPS if code.startswith(CORPS_CITIES) else six_digits(code[:2])


def _area_of(county: str) -> str:
    """Return the region code of the chapter that a county code lies in directly."""
    prefecture = county[:4]
    return _province_of(county) if prefecture in NO_CHAPTER else six_digits(prefecture)


def _chapter(code: str, name: str, level: ChapterLevel, parent: str) -> Seed:
    return Seed(six_digits(code), f"{name}红十字会", "CHAPTER", level, parent)


def _township(code: str, name: str) -> Seed:
    county = code[:6]
    parent = county if has_chapter(county) else _area_of(county)
    flags = (ECONOMIC_ZONE,) if is_economic_zone(code) else ()
    return Seed(code, f"{name}红十字会", township_type(code), "GRASSROOTS", parent, flags)
