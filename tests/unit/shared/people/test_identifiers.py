"""Identity documents: the vectors of docs/domain.md section 4.1, properties, comparison with stdnum."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import ric

from shared.people.identifiers import (
    TYPE_NAMES,
    Identifier,
    IdType,
    check,
    declared_warnings,
    normalise,
)
from shared.people.problems import IdentifierProblem
from tests.unit.shared.people.strategies import (
    TODAY,
    complete,
    complete_mrz,
    eighteen,
    future_days,
    old_cards,
    provinces,
    sequences,
)

EIGHTEEN = (IdType.RESIDENT_ID, IdType.HMT_RESIDENCE, IdType.FPR_NEW)
RESIDENT = "11010519491231002X"
HONG_KONG = "810000199003072715"
FOREIGNER = "911156198108221219"
OLD_CARD = "KAZ110090123105"


def problem(id_type: IdType, number: str | None) -> IdentifierProblem:
    with pytest.raises(IdentifierProblem) as caught:
        check(id_type, number, TODAY)
    return caught.value


@pytest.mark.parametrize(
    ("id_type", "number", "born", "sex"),
    [
        (IdType.RESIDENT_ID, RESIDENT, date(1949, 12, 31), "2"),
        (IdType.HMT_RESIDENCE, HONG_KONG, date(1990, 3, 7), "1"),
        (IdType.HMT_RESIDENCE, "820000198809100030", date(1988, 9, 10), "1"),
        (IdType.HMT_RESIDENCE, "830000201202295122", date(2012, 2, 29), "2"),
        (IdType.FPR_NEW, FOREIGNER, date(1981, 8, 22), "1"),
        (IdType.FPR_NEW, "911398199012310021", date(1990, 12, 31), "2"),
        (IdType.RESIDENT_ID, "320223196001010014", date(1960, 1, 1), "1"),
        (IdType.RESIDENT_ID, "130102201211184021", date(2012, 11, 18), "2"),
        (IdType.FPR_OLD, OLD_CARD, date(1990, 12, 31), None),
        (IdType.PASSPORT, "E12345678", None, None),
        (IdType.OTHER, "H1234567800", None, None),
    ],
)
def test_a_right_id_number_is_accepted_with_birth_date_and_sex(
    id_type: IdType, number: str, born: date | None, sex: str
) -> None:
    assert check(id_type, number, TODAY) == Identifier(id_type, number, born, sex)


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        (IdType.RESIDENT_ID, "110105194912310021", "identifier.check_digit"),
        (IdType.RESIDENT_ID, complete("11010120991231001"), "identifier.birth_in_future"),
        (IdType.RESIDENT_ID, complete("11010118991231001"), "identifier.birth_before_1900"),
        (IdType.RESIDENT_ID, complete("11010118000101001"), "identifier.birth_before_1900"),
        (IdType.RESIDENT_ID, complete("11010119990229001"), "identifier.birth_date"),
        (IdType.RESIDENT_ID, complete("11010119991301001"), "identifier.birth_date"),
        (IdType.RESIDENT_ID, complete("11010100000101001"), "identifier.birth_date"),
        (IdType.RESIDENT_ID, complete("66010119900101001"), "identifier.province"),
        (IdType.RESIDENT_ID, complete("00010119900101001"), "identifier.province"),
        (IdType.RESIDENT_ID, complete("84000019900101001"), "identifier.province"),
        (IdType.FPR_NEW, complete("99915619900101001"), "identifier.province"),
        (IdType.HMT_RESIDENCE, complete("81010119900101001"), "identifier.hmt_region"),
        (IdType.RESIDENT_ID, "110105491231002", "identifier.first_generation"),
        (IdType.HMT_RESIDENCE, "110105491231002", "identifier.first_generation"),
        (IdType.RESIDENT_ID, "1101051949123100", "identifier.length"),
        (IdType.RESIDENT_ID, RESIDENT + "1", "identifier.length"),
        (IdType.RESIDENT_ID, "11010519491231O02X", "identifier.characters"),
        (IdType.RESIDENT_ID, "X10105194912310020", "identifier.characters"),
        (IdType.RESIDENT_ID, "110105 19491231 002X", "identifier.characters"),
        (IdType.RESIDENT_ID, "110105\x0019491231002X", "identifier.characters"),
        (IdType.RESIDENT_ID, "1_0105194912310021", "identifier.characters"),
        (IdType.RESIDENT_ID, "١١٠١٠٥١٩٤٩١٢٣١٠٠٢١", "identifier.characters"),
        (IdType.RESIDENT_ID, RESIDENT[:-1] + "\ud835", "identifier.characters"),
        (IdType.RESIDENT_ID, "一一〇一〇五", "identifier.characters"),
        (IdType.RESIDENT_ID, "1" * 101, "identifier.too_long"),
        (IdType.RESIDENT_ID, None, "identifier.required"),
        (IdType.PASSPORT, " \ufeff ", "identifier.required"),
        (IdType.PASSPORT, "E123", "identifier.document_length"),
        (IdType.OTHER, "A" * 21, "identifier.document_length"),
        (IdType.OTHER, "110105491231002", "identifier.first_generation"),
        (IdType.PASSPORT, " １１０１０５４９１２３１００２ ", "identifier.first_generation"),
        (IdType.OTHER, "110105194912310021", "identifier.check_digit"),
        (IdType.PASSPORT, "110105194912310021", "identifier.check_digit"),
        (IdType.OTHER, HONG_KONG[:-1] + "6", "identifier.check_digit"),
        (IdType.PASSPORT, FOREIGNER[:-1] + "X", "identifier.check_digit"),
        (IdType.PASSPORT, "E1234-567", "identifier.characters"),
        (IdType.OTHER, "军字12345", "identifier.characters"),
        (IdType.FPR_OLD, "KAZ110090123107", "identifier.fpr_old_check_digit"),
        (IdType.FPR_OLD, complete_mrz("KAZ99009012310"), "identifier.province"),
        (IdType.FPR_OLD, complete_mrz("KAZ11009002310"), "identifier.birth_date"),
        (IdType.FPR_OLD, "KA1110090123105", "identifier.fpr_old_shape"),
        (IdType.FPR_OLD, "KAZ11009012310", "identifier.length"),
        (IdType.FPR_OLD, "KAZ-110090123105", "identifier.characters"),
        (IdType.NONE, "E12345678", "identifier.none_with_number"),
    ],
)
def test_each_fault_of_an_id_number_is_refused_by_its_own_code(
    id_type: IdType, number: str | None, code: str
) -> None:
    assert problem(id_type, number).code == code


@pytest.mark.parametrize("number", [None, "", "   "])
def test_no_id_number_goes_with_the_type_none(number: str | None) -> None:
    assert check(IdType.NONE, number, TODAY) == Identifier(IdType.NONE, "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  11010519491231002x\n", RESIDENT),
        ("\u3000１１０１０５１９４９１２３１００２Ｘ\u00a0", RESIDENT),
        ("\ufeff11010519491231002x\u200b", RESIDENT),
        ("e12345678", "E12345678"),
        ("E1234567\u0131", "E1234567\u0131"),
    ],
)
def test_an_id_number_is_kept_in_one_form_however_typed(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


@pytest.mark.parametrize("number", [RESIDENT, HONG_KONG, FOREIGNER, OLD_CARD])
def test_an_id_number_goes_with_one_type_only(number: str) -> None:
    accepted = []
    for id_type in IdType:
        with suppress(IdentifierProblem):
            accepted.append(check(id_type, number, TODAY).id_type)
    assert len(accepted) == 1


@pytest.mark.parametrize(
    ("declared", "number", "expected"),
    [
        (IdType.RESIDENT_ID, HONG_KONG, IdType.HMT_RESIDENCE),
        (IdType.RESIDENT_ID, FOREIGNER, IdType.FPR_NEW),
        (IdType.HMT_RESIDENCE, RESIDENT, IdType.RESIDENT_ID),
        (IdType.FPR_NEW, HONG_KONG, IdType.HMT_RESIDENCE),
        (IdType.PASSPORT, RESIDENT.lower(), IdType.RESIDENT_ID),
        (IdType.OTHER, FOREIGNER, IdType.FPR_NEW),
        (IdType.FPR_OLD, FOREIGNER, IdType.FPR_NEW),
        (IdType.PASSPORT, OLD_CARD, IdType.FPR_OLD),
    ],
)
def test_an_id_number_of_another_type_is_refused_and_the_right_type_named(
    declared: IdType, number: str, expected: IdType
) -> None:
    zh, en = TYPE_NAMES[expected]
    refused = problem(declared, number)
    assert refused.code == "identifier.type_mismatch"
    assert refused.params == {"expected": expected, "expected_zh": zh, "expected_en": en}


@pytest.mark.parametrize(
    "number",
    [
        "660101194912310021",  # no such province
        "110105194913310021",  # no such day
        "11010519491231002A",
        "990105491231002",
        "110105491331002",
        "11010549123100A",
    ],
)
def test_what_is_no_id_number_may_be_the_number_of_another_document(number: str) -> None:
    assert check(IdType.OTHER, number, TODAY).number == number


@given(eighteen(), st.sampled_from("0123456789X"), st.sampled_from([IdType.OTHER, IdType.PASSPORT]))
def test_a_miswritten_id_number_does_not_pass_as_another_document(
    case: tuple[IdType, str, date], wrong: str, other: IdType
) -> None:
    _, number, _ = case
    assume(wrong != number[-1])
    assert problem(other, number[:-1] + wrong).code == "identifier.check_digit"


@given(
    provinces,
    st.integers(0, 9999).map("{:04d}".format),
    st.dates(date(1900, 1, 1), date(1999, 12, 31)),
    sequences,
    st.sampled_from([IdType.OTHER, IdType.PASSPORT]),
)
def test_a_first_generation_id_number_passes_under_no_type(
    province: str, area: str, born: date, sequence: str, other: IdType
) -> None:
    number = f"{province}{area}{born:%y%m%d}{sequence}"
    assert problem(other, number).code == "identifier.first_generation"


def test_an_id_number_of_one_born_today_or_on_the_earliest_day_is_accepted() -> None:
    for day in (TODAY, date(1900, 1, 1)):
        number = complete(f"110105{day:%Y%m%d}001")
        assert check(IdType.RESIDENT_ID, number, TODAY).birth_date == day


@pytest.mark.parametrize(
    ("digits", "born"),
    [("231130", date(2023, 11, 30)), ("231201", date(1923, 12, 1)), ("000229", date(2000, 2, 29))],
)
def test_the_id_number_of_an_old_card_takes_the_later_century_its_issue_allows(
    digits: str, born: date
) -> None:
    assert check(IdType.FPR_OLD, complete_mrz(f"USA1100{digits}1"), TODAY).birth_date == born


def test_the_refusal_of_an_id_number_never_holds_it() -> None:
    refused = problem(IdType.RESIDENT_ID, "110105194912310021")
    assert "1101051949" not in repr(refused) + str(refused) + str(refused.params)


def test_the_representation_of_an_identifier_hides_the_person() -> None:
    text = repr(check(IdType.RESIDENT_ID, RESIDENT, TODAY))
    assert RESIDENT not in text
    assert "1949" not in text


@pytest.mark.parametrize(
    ("sex", "born", "warnings"),
    [
        ("2", date(1949, 12, 31), []),
        ("0", None, []),
        ("9", date(1949, 12, 31), []),
        (None, None, []),
        ("1", date(1949, 12, 31), ["identifier.sex_differs"]),
        ("2", date(1949, 12, 30), ["identifier.birth_date_differs"]),
        ("1", date(1950, 1, 1), ["identifier.sex_differs", "identifier.birth_date_differs"]),
    ],
)
def test_declared_sex_and_birth_date_are_compared_with_the_id_number(
    sex: str | None, born: date | None, warnings: list[str]
) -> None:
    assert declared_warnings(check(IdType.RESIDENT_ID, RESIDENT, TODAY), sex, born) == warnings


def test_the_id_number_of_a_passport_contradicts_no_declared_value() -> None:
    passport = check(IdType.PASSPORT, "E12345678", TODAY)
    assert declared_warnings(passport, "1", date(1990, 1, 1)) == []


@given(eighteen())
def test_any_sound_id_number_passes_and_gives_birth_and_sex(case: tuple[IdType, str, date]) -> None:
    id_type, number, born = case
    sex = "1" if int(number[16]) % 2 else "2"
    assert check(id_type, number, TODAY) == Identifier(id_type, number, born, sex)


@given(eighteen(), st.sampled_from(IdType))
def test_any_sound_id_number_is_refused_under_another_type(
    case: tuple[IdType, str, date], other: IdType
) -> None:
    id_type, number, _ = case
    assume(other is not id_type)
    expected = "identifier.none_with_number" if other is IdType.NONE else "identifier.type_mismatch"
    assert problem(other, number).code == expected


@given(eighteen(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_any_single_wrong_character_of_an_id_number_is_found(
    case: tuple[IdType, str, date], place: int, wrong: str
) -> None:
    _, number, _ = case
    assume(number[place] != wrong)
    for id_type in EIGHTEEN:
        problem(id_type, number[:place] + wrong + number[place + 1 :])


@given(eighteen(), st.integers(0, 16))
def test_any_swap_of_neighbours_in_an_id_number_is_found(
    case: tuple[IdType, str, date], place: int
) -> None:
    _, number, _ = case
    first, second = number[place], number[place + 1]
    assume(first != second)
    for id_type in EIGHTEEN:
        problem(id_type, number[:place] + second + first + number[place + 2 :])


@given(future_days)
def test_an_id_number_of_one_born_tomorrow_is_refused(day: date) -> None:
    number = complete(f"110105{day:%Y%m%d}001")
    assert problem(IdType.RESIDENT_ID, number).code == "identifier.birth_in_future"


@given(old_cards())
def test_the_id_number_of_any_sound_old_card_passes(case: tuple[str, date]) -> None:
    number, born = case
    assert check(IdType.FPR_OLD, number, TODAY) == Identifier(IdType.FPR_OLD, number, born)


@given(st.sampled_from(IdType), st.text(max_size=110))
def test_any_text_gives_an_identifier_or_a_problem(id_type: IdType, text: str) -> None:
    try:
        found = check(id_type, text, TODAY)
    except IdentifierProblem:
        return
    assert found.number == normalise(found.number)


@given(eighteen())
def test_stdnum_computes_the_same_check_character_of_an_id_number(
    case: tuple[IdType, str, date],
) -> None:
    _, number, _ = case
    assert ric.calc_check_digit(number) == number[-1]


@given(st.sampled_from(["110105", "310101", "440103", "650102"]), st.dates(date(1985, 1, 1), TODAY))
def test_stdnum_accepts_id_numbers_of_a_present_county(county: str, born: date) -> None:
    number = complete(f"{county}{born:%Y%m%d}001")
    assert ric.is_valid(number)
    check(IdType.RESIDENT_ID, number, TODAY)


@pytest.mark.parametrize(
    ("id_type", "number"),
    [
        (IdType.HMT_RESIDENCE, HONG_KONG),
        (IdType.HMT_RESIDENCE, "820000198809100030"),
        (IdType.HMT_RESIDENCE, "830000201202295122"),
        (IdType.FPR_NEW, FOREIGNER),
        (IdType.RESIDENT_ID, "320223196001010014"),
        (IdType.RESIDENT_ID, complete("51020219700101001")),
        (IdType.RESIDENT_ID, complete("13063819700101001")),
        (IdType.RESIDENT_ID, complete("46030019700101001")),
    ],
)
def test_stdnum_refuses_id_numbers_the_registry_must_take(id_type: IdType, number: str) -> None:
    """It knows one type, and a county's code only in the years the county had it."""
    assert not ric.is_valid(number)
    check(id_type, number, TODAY)


@pytest.mark.parametrize("born", ["18000101", "20991231"])
def test_stdnum_takes_id_numbers_with_birth_dates_the_registry_refuses(born: str) -> None:
    number = complete(f"110105{born}001")
    assert ric.is_valid(number)
    problem(IdType.RESIDENT_ID, number)
