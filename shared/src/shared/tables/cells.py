"""The text of a cell, and the readers that columns of any subject share.

What can be read in one way only is put right: spaces, full-width digits, forms of dates.
"""

import re
from datetime import date

from shared.tables import problems
from shared.tables.problems import Unreadable

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_SPACES_AND_HYPHENS = re.compile(r"[\s\u2010-\u2015-]")
_TEXT_MARKS = "'\u2018\u2019\uff07"
_TEXT_FORMULA = re.compile('[=\uff1d]\\s*"(.*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[Ee]\+\d+|\d\.\d+[Ee]\d+")
_FRACTION = re.compile(r"(\d+)\.0+")
_KEPT_DIGITS = 15
"""Of a number, in every spreadsheet."""
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"\d{4}(?:[-/.年]\d{1,2}月?|0[1-9]|1[0-2])")
_DAY_NUMBER = re.compile(r"\d{5}(\.0)?")


def visible(cell: str) -> str:
    """Return a cell without surrounding space, invisible characters and the marks of a text.

    These are the apostrophes that spreadsheets, and error reports, set before a value so that it is
    not taken for a number or a formula, and ``="…"``, which exports write for the same purpose.
    """
    text = _INVISIBLE.sub("", cell).strip().lstrip(_TEXT_MARKS).strip()
    if found := _TEXT_FORMULA.fullmatch(text):
        text = found[1].replace('""', '"').strip()
    return text


def day(text: str) -> str:
    """Return a date as YYYY-MM-DD.

    Raises:
        Unreadable: it is no date, or one without a day.
    """
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if found is None:
        if _MONTH.fullmatch(text):
            raise Unreadable(problems.DATE_WITHOUT_DAY, value=text)
        if _DAY_NUMBER.fullmatch(text):
            raise Unreadable(problems.DATE_SERIAL, value=text)
        raise Unreadable(problems.DATE, value=text)
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        raise Unreadable(problems.DATE_IMPOSSIBLE, value=text) from None


def number(text: str) -> str:
    """Return the number of a document or telephone without spaces, hyphens and small letters.

    Raises:
        Unreadable: a spreadsheet has rounded it.
    """
    if found := _FRACTION.fullmatch(text):  # a number after all, and whole as far as it was kept
        text = found[1]
    if _SCIENTIFIC.fullmatch(text) or (found and len(text) > _KEPT_DIGITS):
        raise Unreadable(problems.NUMBER_LOST, value=text)
    return _SPACES_AND_HYPHENS.sub("", text).upper()


def closed_up(text: str) -> str:
    """Return a text that has no spaces, such as a Chinese word padded to the width of a column."""
    return _SPACES.sub("", text)
