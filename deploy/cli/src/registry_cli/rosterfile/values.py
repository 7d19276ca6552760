"""One cell to one value of the API: cleaned, and brought to the registry's codes and forms."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from registry_cli.rosterfile import codes
from registry_cli.rosterfile.problems import Unreadable
from shared.people.identifiers import IdType
from shared.people.names import check_name
from shared.people.problems import CodeProblem, NameProblem

_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[Ee]\+\d+")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"\d{4}(?:[-/.年]\d{1,2}月?|0[1-9]|1[0-2])")
_DAY_NUMBER = re.compile(r"\d{5}(\.0)?")


def visible(cell: str) -> str:
    """Return a cell without surrounding space, invisible characters and a text mark.

    The text mark is the apostrophe that spreadsheets, and error reports, set before a value so
    that it is not taken for a number or a formula.
    """
    text = _INVISIBLE.sub("", cell).strip()
    return text[1:].strip() if text.startswith(("'", "\u2019")) else text


def name(text: str) -> str:
    """Return a name in its stored form; one the registry refuses stays as it is, for its answer."""
    try:
        return check_name(text)
    except NameProblem:
        return text


def code_of(field: str) -> Callable[[str], str]:
    """Return the reader of a field with a national code list."""
    listed = codes.LISTS[field]
    further = codes.FURTHER_WORDS[field]

    def read_code(text: str) -> str:
        try:
            return further.get(text) or listed.read(text)
        except CodeProblem:
            known = "、".join(entry.zh for entry in listed.entries)
            raise Unreadable("value.code", value=text, known=known) from None

    return read_code


def day(text: str) -> str:
    """Return a date as YYYY-MM-DD."""
    found = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if found is None:
        for form, code in ((_MONTH, "value.date_without_day"), (_DAY_NUMBER, "value.date_serial")):
            if form.fullmatch(text):
                raise Unreadable(code, value=text)
        raise Unreadable("value.date", value=text)
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        raise Unreadable("value.date_impossible", value=text) from None


def id_type(text: str) -> str:
    """Return the type of document of docs/domain.md section 4.1."""
    if text.upper() in IdType.__members__:
        return text.upper()
    if text not in codes.ID_TYPES:
        raise Unreadable("value.code", value=text, known="、".join(codes.ID_TYPES))
    return codes.ID_TYPES[text]


def number(text: str) -> str:
    """Return an identity or telephone number without spaces, hyphens and small letters."""
    if _SCIENTIFIC.fullmatch(text):
        raise Unreadable("value.number_lost", value=text)
    return re.sub(r"[\s\u2010-\u2015-]", "", text).upper()


def occupation(text: str) -> str:
    """Return the group of GB/T 2261.4; a list of every trade would never be complete."""
    if text in codes.OCCUPATION.values():
        return text
    return codes.OCCUPATION.get(text, codes.OTHER_OCCUPATION)


def kind(text: str) -> str:
    """Return the kind of membership of a person."""
    if text.upper() in codes.KINDS.values():
        return text.upper()
    if text.upper() in codes.GROUP_KINDS:
        raise Unreadable("value.kind_group")
    if text not in codes.KINDS:
        raise Unreadable("value.kind", value=text)
    return codes.KINDS[text]


def closed_up(text: str) -> str:
    """Return a text that has no spaces: the name or code of a unit, how a guardian is related."""
    return _SPACES.sub("", text)


def id_type_of(id_number: str | None) -> str:
    """Return the type a number's form tells, where no type is given (docs/domain.md section 4.1)."""
    if id_number is None:
        return "NONE"
    if len(id_number) == 18 and id_number.startswith(("81", "82", "83")):
        return "HMT_RESIDENCE"
    if len(id_number) == 18 and id_number.startswith("9"):
        return "FPR_NEW"
    return "RESIDENT_ID"


READERS: dict[str, Callable[[str], str]] = {
    "name": name,
    "sex": code_of("sex"),
    "birth_date": day,
    "id_type": id_type,
    "id_number": number,
    "phone": number,
    "ethnicity": code_of("ethnicity"),
    "education": code_of("education"),
    "political": code_of("political"),
    "occupation": occupation,
    "unit": closed_up,
    "kind": kind,
    "joined_on": day,
    "guardian.name": name,
    "guardian.relation": closed_up,
    "guardian.phone": number,
}


def read(field: str, cell: str) -> str | None:
    """Return the value of a cell, None where it is blank.

    Raises:
        Unreadable: the cell has content without a known value.
    """
    reader, text = READERS[field], visible(cell)
    if reader is not name:
        text = unicodedata.normalize("NFKC", text).strip()
    return reader(text) or None if text else None
