"""Names of persons and phone numbers (docs/domain.md section 4): each in its one stored form.

Names hold characters newer than the interpreter's Unicode tables (生僻字) and the middle dot; what
replaces a lost character is refused. Phones are E.164: mainland mobiles, Hong Kong, Macau, mobiles
of Taiwan. A phone identifies nobody: several minors may share a guardian's.
"""

import html
import re
import unicodedata

from shared.people.names import FOLDS, MIDDLE_DOT
from shared.people.problems import NameProblem, PhoneProblem
from shared.people.remarks import remark_in

LONGEST_NAME = 50
"""Characters (code points) of a name in its stored form."""

_LONGEST_NAME_SENT = 400
_NAME_EDGES = " \t\r\n\u00a0\u3000\ufeff\u200b\u2060"
_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_SPACE_IN_HAN = re.compile(f"(?<=[{_HAN}·]) (?=[{_HAN}·])")
_FULL_STOP_IN_HAN = re.compile(f"(?<=[{_HAN}])[.](?=[{_HAN}])")
_VARIANT_OF_HAN = re.compile(f"(?<=[{_HAN}])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
"""Selects a glyph of the character before it; NFC loses the glyph of a compatibility form too."""
_REFUSED_IN_NAMES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SIGNS = frozenset({"So", "Sm", "Sc", "No"})
_STAND_INS = "?*"
"""What programs write for a character that they lack, as they do □, 〓 and U+FFFD (symbols)."""
_MISREAD = "锟斤拷"
"""Two U+FFFD in UTF-8, read as GBK."""
_ESCAPED = re.compile(r"\\[ux][0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|_x[0-9A-Fa-f]{4}_")
_IDEOGRAPH = re.compile(f"[{_HAN}]")
_PLAIN_NAME = re.compile(f"[\u4e00-\u9fff]{{1,{LONGEST_NAME}}}")
"""Nearly every name; already in its stored form."""

_LONGEST_PHONE_SENT = 40
_SEPARATORS = re.compile(r"[\s().\-‐‑–—]+")
_MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_DIALLED = re.compile(r"\+?[0-9]+")
_REGIONS = frozenset({"CN", "HK", "MO", "TW"})


def check_name(raw: str) -> str:
    """Return a name in its stored form, the same whatever coding of its characters was sent.

    NFC, with radicals, compatibility forms, characters moved from the private-use area
    (``shared.people.names``) and full-width ASCII as the characters they are meant for; otherwise
    not NFKC, which would change letters that are part of a name. Runs of spaces become one, and none is
    kept between Chinese characters (rosters pad two-character names); every kind of middle dot, and
    a full stop between Chinese characters, becomes ·.

    Raises:
        NameProblem: empty, too long, control characters or broken Unicode, signs in place of lost
            characters, codes of a web page or program, private-use characters, no letter at all, or
            a remark such as （已故）.
    """
    if _PLAIN_NAME.fullmatch(raw) and _MISREAD not in raw:
        _refuse_remark(raw)
        return raw
    if len(raw) > _LONGEST_NAME_SENT:
        raise NameProblem("name.length", {"longest": LONGEST_NAME})
    text = raw.strip(_NAME_EDGES)
    if any(_is_refused(char) for char in text):
        raise NameProblem("name.characters")
    text = unicodedata.normalize("NFC", text.translate(FOLDS))
    text = _VARIANT_OF_HAN.sub("", text)
    _refuse_damage(text)
    text = _SPACE_IN_HAN.sub("", " ".join(text.split()))
    text = _FULL_STOP_IN_HAN.sub(MIDDLE_DOT, text)
    if not text:
        raise NameProblem("name.required")
    if len(text) > LONGEST_NAME:
        raise NameProblem("name.length", {"longest": LONGEST_NAME})
    if not any(char.isalpha() or _IDEOGRAPH.match(char) for char in text):
        raise NameProblem("name.no_letter")
    _refuse_remark(text)
    return text


def _is_refused(char: str) -> bool:
    """Unassigned characters pass (newer ideographs look so); non-characters do not."""
    return unicodedata.category(char) in _REFUSED_IN_NAMES or ord(char) & 0xFFFE == 0xFFFE


def _refuse_remark(text: str) -> None:
    """Refuse a name with a remark, which asks for another action than the registration."""
    if (remark := remark_in(text)) is not None:
        raise NameProblem(remark.code, {"word": remark.word})


def _refuse_damage(text: str) -> None:
    """Refuse what a name turned into on its way; no person's name holds such a thing."""
    if ("&" in text and html.unescape(text) != text) or _ESCAPED.search(text):
        raise NameProblem("name.escaped")
    if _MISREAD in text:
        raise NameProblem("name.damaged", {"place": text.index(_MISREAD) + 1})
    for place, char in enumerate(text, 1):
        category = unicodedata.category(char)
        if category in _SIGNS or char in _STAND_INS:
            raise NameProblem("name.damaged", {"place": place})
        if category == "Co":
            raise NameProblem("name.private_use", {"place": place})


def normalise_phone(raw: str) -> str:
    """Return a phone number in E.164.

    Without a country code only a mainland mobile is understood: eight digits may be of Hong Kong,
    of Macau or a mainland land line.

    Raises:
        PhoneProblem: with a code of its own for each rule.
    """
    if len(raw) > _LONGEST_PHONE_SENT:
        raise PhoneProblem("phone.length")
    text = raw if raw.isascii() else unicodedata.normalize("NFKC", raw)
    text = _SEPARATORS.sub("", text)
    if not text:
        raise PhoneProblem("phone.required")
    if match := _MAINLAND.fullmatch(text):
        return "+86" + match[1]
    if _DIALLED.fullmatch(text) is None:
        raise PhoneProblem("phone.characters")
    return _normalise_elsewhere(text)


def _normalise_elsewhere(text: str) -> str:
    # Imported here: the library adds much to the start of every process, and nearly every number
    # is a mainland mobile.
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise PhoneProblem("phone.number") from None
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if region not in _REGIONS:
        raise PhoneProblem("phone.country")
    if region == "CN":
        if match := _MAINLAND.fullmatch(str(number.national_number)):
            return "+86" + match[1]  # with the trunk 0 or an international prefix before it
        land_line = phonenumbers.is_valid_number(number)
        raise PhoneProblem("phone.not_mobile" if land_line else "phone.number")
    if not phonenumbers.is_valid_number_for_region(number, region):
        raise PhoneProblem("phone.number")
    if region == "TW" and phonenumbers.number_type(number) != phonenumbers.PhoneNumberType.MOBILE:
        raise PhoneProblem("phone.not_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
