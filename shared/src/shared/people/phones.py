"""Phone numbers (docs/domain.md section 4.3), as E.164.

Mainland mobiles, Hong Kong, Macau, mobiles of Taiwan. A phone identifies nobody: several minors may
share a guardian's.
"""

import re
import unicodedata

from shared.people.problems import PhoneProblem

_LONGEST_INPUT = 40
_SEPARATORS = re.compile(r"[\s().\-‐‑–—]+")
_MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_DIALLED = re.compile(r"\+?[0-9]+")
_REGIONS = frozenset({"CN", "HK", "MO", "TW"})


def normalise_phone(raw: str) -> str:
    """Return a phone number in E.164.

    Without a country code only a mainland mobile is understood: eight digits may be of Hong Kong,
    of Macau or a mainland land line.

    Raises:
        PhoneProblem: with a code of its own for each rule.
    """
    if len(raw) > _LONGEST_INPUT:
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
