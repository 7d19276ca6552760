"""Identity documents of persons (docs/domain.md section 4.1): numbers accepted, what they say.

18-character numbers follow GB 11643 and its two relatives for residents of Hong Kong, Macau and
Taiwan and for foreign permanent residents; all three share layout and check character.
"""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from shared.people.problems import IdentifierProblem


class IdType(StrEnum):
    """The document types a person may be registered with."""

    RESIDENT_ID = "RESIDENT_ID"
    HMT_RESIDENCE = "HMT_RESIDENCE"
    FPR_NEW = "FPR_NEW"
    FPR_OLD = "FPR_OLD"
    PASSPORT = "PASSPORT"
    OTHER = "OTHER"
    NONE = "NONE"


TYPE_NAMES: dict[IdType, tuple[str, str]] = {
    IdType.RESIDENT_ID: ("居民身份证", "resident identity card"),
    IdType.HMT_RESIDENCE: (
        "港澳台居民居住证",
        "residence permit for Hong Kong, Macau and Taiwan residents",
    ),
    IdType.FPR_NEW: (
        "外国人永久居留身份证(18位)",
        "foreign permanent resident ID card (18 characters)",
    ),
    IdType.FPR_OLD: (
        "外国人永久居留身份证(15位旧版)",
        "foreign permanent resident ID card (old, 15 characters)",
    ),
    IdType.PASSPORT: ("护照", "passport"),
    IdType.OTHER: ("其他证件", "other document"),
    IdType.NONE: ("无证件号码", "no number"),
}

EARLIEST_BIRTH = date(1900, 1, 1)
LAST_FPR_OLD = date(2023, 11, 30)
"""The 15-character card was issued until the day before the 18-character one (2023-12-01)."""

# Reading a member of an enumeration costs more than the check of a number: bound once.
_RESIDENT_ID, _HMT_RESIDENCE, _FPR_NEW = IdType.RESIDENT_ID, IdType.HMT_RESIDENCE, IdType.FPR_NEW
_FPR_OLD, _NONE = IdType.FPR_OLD, IdType.NONE
_EIGHTEEN = frozenset({_RESIDENT_ID, _HMT_RESIDENCE, _FPR_NEW})
_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
_PROVINCES = frozenset(
    str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1)
)
_HMT_PREFIXES = frozenset({"81", "82", "83"})
_HMT_REGIONS = frozenset({"810000", "820000", "830000"})
_CHECK_DIGITS = "10X98765432"
_SHAPE_FPR_OLD = re.compile(r"[A-Z]{3}[0-9]{12}")
_EDGES = " \t\r\n\ufeff\u200b\u200e\u200f\u2060"
"""What pasting leaves around a number: blanks and invisible characters, no other controls."""

_DOCUMENT_LENGTHS = (5, 20)
_LONGEST_INPUT = 100


class Identifier(NamedTuple):
    """A number accepted for its type. The representation hides the person.

    A tuple, since building a frozen dataclass would cost a quarter of the check.
    """

    id_type: IdType
    number: str
    birth_date: date | None = None
    sex: str | None = None
    """As GB/T 2261.1: "1" male, "2" female; None where the document does not say."""
    country: str | None = None
    """That issued it, as ISO 3166-1 alpha-3, where the number alone is nobody's
    (``shared.people.countries``)."""

    def __repr__(self) -> str:
        return f"Identifier(id_type={self.id_type.value!r})"


def normalise(number: str) -> str:
    """Return the number trimmed, in NFKC (full-width digits become plain) and in upper case.

    Text outside ASCII after NFKC is left as it is, so that upper-casing cannot turn a foreign
    letter into a plain one; ``check`` then refuses it.
    """
    if not number.isascii():
        number = unicodedata.normalize("NFKC", number)
    number = number.strip(_EDGES)
    return number.upper() if number.isascii() else number


def check(id_type: IdType, number: str | None, today: date) -> Identifier:
    """Return what a number of a document type says.

    Args:
        id_type: the declared type.
        number: as typed; None and blank are the same.
        today: the day of China Standard Time after which nobody can be born.

    Raises:
        IdentifierProblem: with a code of its own for each rule.
    """
    if number is not None and len(number) > _LONGEST_INPUT:
        raise IdentifierProblem("identifier.too_long", {"longest": _LONGEST_INPUT})
    text = normalise(number or "")
    if id_type is _NONE:
        if text:
            raise IdentifierProblem("identifier.none_with_number")
        return Identifier(_NONE, "")
    if not text:
        raise IdentifierProblem("identifier.required")
    if id_type in _EIGHTEEN:
        identifier = _read_18(text, today)
        if identifier.id_type is not id_type:
            raise _type_problem(identifier.id_type)
        return identifier
    _refuse_borrowed(id_type, text, today)
    return _read_fpr_old(text, today) if id_type is _FPR_OLD else _document(id_type, text)


def declared_warnings(
    identifier: Identifier, sex: str | None, birth_date: date | None
) -> list[str]:
    """Return message codes where declared values differ from what the number says.

    Numbers with a wrong birth date or sex digit exist, so the declared values are kept and the
    difference is only reported. Sex 0 (unknown) and 9 (not stated) contradict nothing.
    """
    warnings = []
    if identifier.sex is not None and sex in ("1", "2") and sex != identifier.sex:
        warnings.append("identifier.sex_differs")
    said = identifier.birth_date
    if said is not None and birth_date is not None and birth_date != said:
        warnings.append("identifier.birth_date_differs")
    return warnings


def _read_18(text: str, today: date) -> Identifier:
    body = text[:17]
    if len(text) != 18 or not (text.isascii() and body.isdigit() and text[17] in _CHECK_DIGITS):
        raise _shape_problem(text)
    id_type = _type_of(text)
    birth_date = _birth_date(text[6:14], today)
    # MOD 11-2 weighs each place by a power of 2, and 13 = 2 modulo 11: the seventeen digits read
    # in base 13 are the weighted sum, at a fraction of the cost of a loop.
    if text[17] != _CHECK_DIGITS[2 * int(body, 13) % 11]:
        raise IdentifierProblem("identifier.check_digit")
    return Identifier(id_type, text, birth_date, "1" if text[16] in "13579" else "2")


def _shape_problem(text: str) -> IdentifierProblem:
    if not (text.isascii() and text.isalnum()):
        return IdentifierProblem("identifier.characters")
    if len(text) == 15 and text.isdigit():
        return IdentifierProblem("identifier.first_generation")
    if len(text) != 18:
        return IdentifierProblem("identifier.length", {"expected": 18, "length": len(text)})
    return IdentifierProblem("identifier.characters")


def _type_of(text: str) -> IdType:
    """Return whose number this is; the county need not exist today, the province must."""
    prefix = text[:2]
    if prefix in _PROVINCES:
        return _RESIDENT_ID
    if prefix in _HMT_PREFIXES:
        if text[:6] not in _HMT_REGIONS:
            raise IdentifierProblem("identifier.hmt_region")
        return _HMT_RESIDENCE
    if text[0] == "9" and text[1:3] in _PROVINCES:
        return _FPR_NEW
    raise IdentifierProblem("identifier.province")


def _birth_date(digits: str, today: date) -> date:
    try:
        born = date.fromisoformat(digits)  # eight digits, checked before: YYYYMMDD
    except ValueError:
        raise IdentifierProblem("identifier.birth_date") from None
    if born < EARLIEST_BIRTH:
        raise IdentifierProblem("identifier.birth_before_1900")
    if born > today:
        raise IdentifierProblem("identifier.birth_in_future")
    return born


def _refuse_borrowed(id_type: IdType, text: str, today: date) -> None:
    """Refuse a number that belongs under another type, sound or miswritten: one person would be two.

    What has neither the prefix nor the birth date of such a number may be another document.
    """
    if len(text) == 18:
        read = _read_18
    elif len(text) == 15 and id_type is not _FPR_OLD:
        _refuse_first_generation(text)
        read = _read_fpr_old
    else:
        return
    try:
        identifier = read(text, today)
    except IdentifierProblem as problem:
        if problem.code == "identifier.check_digit":
            raise
        return
    raise _type_problem(identifier.id_type)


def _refuse_first_generation(text: str) -> None:
    """Refuse region 6, YYMMDD, sequence 3: every holder of such a number was born before 2000."""
    if not (text.isascii() and text.isdigit()) or text[:2] not in _PROVINCES:
        return
    try:
        date.fromisoformat("19" + text[6:12])
    except ValueError:
        return
    raise IdentifierProblem("identifier.first_generation")


def _type_problem(expected: IdType) -> IdentifierProblem:
    zh, en = TYPE_NAMES[expected]
    return IdentifierProblem(
        "identifier.type_mismatch",
        {"expected": expected.value, "expected_zh": zh, "expected_en": en},
    )


def _read_fpr_old(text: str, today: date) -> Identifier:
    """Read nationality (ISO 3166 alpha-3), issuing area 4, YYMMDD, one digit, check digit.

    What the single digit means has no source good enough to warn by, so no sex is derived.
    """
    if not (text.isascii() and text.isalnum()):
        raise IdentifierProblem("identifier.characters")
    if len(text) != 15:
        raise IdentifierProblem("identifier.length", {"expected": 15, "length": len(text)})
    if _SHAPE_FPR_OLD.fullmatch(text) is None:
        raise IdentifierProblem("identifier.fpr_old_shape")
    if text[3:5] not in _PROVINCES:
        raise IdentifierProblem("identifier.province")
    birth_date = _two_digit_birth_date(text[7:13], today)
    if _mrz_check_digit(text[:14]) != int(text[14]):
        raise IdentifierProblem("identifier.fpr_old_check_digit")
    return Identifier(_FPR_OLD, text, birth_date)


def _two_digit_birth_date(digits: str, today: date) -> date:
    """Take the later century that the card's last day of issue allows."""
    try:
        recent = date.fromisoformat("20" + digits)
    except ValueError:
        recent = None
    if recent is not None and recent <= min(today, LAST_FPR_OLD):
        return recent
    return _birth_date("19" + digits, today)


def _mrz_check_digit(text: str) -> int:
    """Return the check digit of ICAO 9303: weights 7, 3, 1 repeated, A = 10 to Z = 35."""
    return sum(int(char, 36) * (7, 3, 1)[place % 3] for place, char in enumerate(text)) % 10


def _document(id_type: IdType, text: str) -> Identifier:
    if not (text.isascii() and text.isalnum()):
        raise IdentifierProblem("identifier.characters")
    shortest, longest = _DOCUMENT_LENGTHS
    if not shortest <= len(text) <= longest:
        raise IdentifierProblem(
            "identifier.document_length",
            {"shortest": shortest, "longest": longest, "length": len(text)},
        )
    return Identifier(id_type, text)
