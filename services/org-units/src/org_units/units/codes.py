"""Human codes that notice a slip of the pen: ISO 7064 MOD 37,36 check characters.

The check character finds every single wrong character and nearly every swap of neighbours.
"""

import re

from stdnum.iso7064 import mod_37_36

LARGEST_SEQUENCE = 9999

_BODY = re.compile(r"[0-9A-Z]+")
_UNIT_CODE = re.compile(r"[0-9]{6}[A-Z][0-9]{4}[0-9A-Z]")


def with_check_character(body: str) -> str:
    """Return a code of digits and capital letters with its check character appended."""
    if _BODY.fullmatch(body) is None:
        raise ValueError("a code consists of digits and capital letters")
    return body + mod_37_36.calc_check_digit(body)


def has_check_character(code: str) -> bool:
    """Tell whether the last character fits the others."""
    return _BODY.fullmatch(code) is not None and len(code) > 1 and mod_37_36.is_valid(code)


def unit_code(county6: str, type_letter: str, sequence: int) -> str:
    """Return the human code of a unit.

    Args:
        county6: six digits of the chapter's region.
        type_letter: one capital letter for the type of unit.
        sequence: number within county and type, 1 to 9999.
    """
    if not 1 <= sequence <= LARGEST_SEQUENCE:
        raise ValueError(f"the sequence of a unit code is 1 to {LARGEST_SEQUENCE}")
    code = with_check_character(f"{county6}{type_letter}{sequence:04d}")
    if _UNIT_CODE.fullmatch(code) is None:
        raise ValueError("a unit code starts with six digits of a county and one capital letter")
    return code


def verify_unit_code(code: str) -> bool:
    """Tell whether a code, typed in any case, has the shape and check character of a unit's."""
    text = code.strip().upper()
    return _UNIT_CODE.fullmatch(text) is not None and has_check_character(text)
