"""Phone numbers of the mainland, Hong Kong, Macau and Taiwan."""

import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.contacts import normalise_phone
from shared.people.problems import PhoneProblem


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("13812345678", "+8613812345678"),
        ("+8613812345678", "+8613812345678"),
        ("8613812345678", "+8613812345678"),
        ("0086 138-1234-5678", "+8613812345678"),
        ("013812345678", "+8613812345678"),
        ("（138）1234 5678", "+8613812345678"),
        ("＋８６１９９１２３４５６７８", "+8619912345678"),
        ("+852 6123 4567", "+85261234567"),
        ("0085261234567", "+85261234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
        ("+886 0912345678", "+886912345678"),
    ],
)
def test_a_phone_number_is_accepted_and_kept_in_one_form(raw: str, kept: str) -> None:
    assert normalise_phone(raw) == kept


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "phone.required"),
        (" - ", "phone.required"),
        ("1" * 41, "phone.length"),
        ("138123456789012345678901234567", "phone.number"),
        ("1381234567", "phone.number"),
        ("12812345678", "phone.number"),
        ("138123456７x", "phone.characters"),
        ("13812345678转12", "phone.characters"),
        ("13812345678\x00", "phone.characters"),
        ("1-800-FLOWERS", "phone.characters"),
        ("١٣٨١٢٣٤٥٦٧٨", "phone.characters"),
        ("010-65123456", "phone.not_mobile"),
        ("+886 2 2345 6789", "phone.not_mobile"),
        ("+852 6123 456", "phone.number"),
        ("61234567", "phone.number"),
        ("+1 650 253 0000", "phone.country"),
        ("+44 7911 123456", "phone.country"),
        ("+999123456789", "phone.number"),
    ],
)
def test_each_fault_of_a_phone_number_is_refused_by_its_own_code(raw: str, code: str) -> None:
    with pytest.raises(PhoneProblem) as caught:
        normalise_phone(raw)
    assert caught.value.code == code


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "86", "0086"]))
def test_every_mainland_phone_number_has_one_form(number: str, prefix: str) -> None:
    assert normalise_phone(prefix + number) == "+86" + number
    assert normalise_phone(normalise_phone(number)) == "+86" + number


@given(st.sampled_from(["HK", "MO", "TW"]))
def test_the_examples_of_the_phonenumbers_library_pass(region: str) -> None:
    mobile = phonenumbers.PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(region, mobile)
    assert example is not None
    text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert normalise_phone(text) == text


@given(st.text(max_size=50))
def test_any_text_gives_a_phone_number_or_a_problem(text: str) -> None:
    try:
        number = normalise_phone(text)
    except PhoneProblem:
        return
    assert number.startswith("+")
    assert normalise_phone(number) == number


def test_a_mainland_phone_number_does_not_load_the_phonenumbers_library() -> None:
    script = (
        "import sys; from shared.people.contacts import normalise_phone; "
        "normalise_phone('13812345678'); sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
