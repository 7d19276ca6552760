"""Code lists and the minority flag."""

import pytest

from shared.people.codes import EDUCATION, ETHNICITY, MINORITY, POLITICAL_STATUS, SEX, CodeList
from shared.people.problems import CodeProblem

LISTS = [SEX, ETHNICITY, POLITICAL_STATUS, EDUCATION]


def test_the_code_lists_have_the_sizes_and_the_codes_of_their_standards() -> None:
    assert [len(codes) for codes in LISTS] == [4, 58, 13, 8]
    named = {
        "01": "汉族",
        "03": "回族",
        "21": "佤族",
        "36": "毛南族",
        "44": "俄罗斯族",
        "56": "基诺族",
    }
    assert {code: ETHNICITY[code].zh for code in named} == named
    assert [entry.code for entry in EDUCATION.entries] == [
        f"{code}" for code in (10, 20, 30, 40, 60, 70, 80, 90)
    ]


@pytest.mark.parametrize("codes", LISTS)
def test_every_text_of_a_code_list_means_one_code(codes: CodeList) -> None:
    texts = [
        text.casefold()
        for entry in codes.entries
        for text in {entry.code, entry.zh, entry.en, *entry.aliases}
    ]
    assert len(texts) == len(set(texts))
    for entry in codes.entries:
        for text in (entry.code, entry.zh, entry.en, *entry.aliases):
            assert codes.read(f" {text} ") == entry.code


@pytest.mark.parametrize(
    ("codes", "text", "code"),
    [
        (SEX, "男", "1"),
        (SEX, "Ｆ", "2"),
        (ETHNICITY, "汉", "01"),
        (ETHNICITY, "维吾尔族", "05"),
        (POLITICAL_STATUS, "党员", "01"),
        (EDUCATION, "本科", "20"),
        (EDUCATION, "初中", "70"),
    ],
)
def test_a_code_list_understands_what_rosters_write(codes: CodeList, text: str, code: str) -> None:
    assert codes.read(text) == code


def test_a_value_unknown_to_a_code_list_names_the_list() -> None:
    with pytest.raises(CodeProblem) as caught:
        EDUCATION.read("幼儿园")
    assert (caught.value.code, caught.value.params) == ("code.unknown", {"list": "education"})
    assert "99" not in EDUCATION


def test_the_code_of_an_ethnicity_shows_whether_it_is_a_minority() -> None:
    answers = {entry.code: MINORITY[entry.code] for entry in ETHNICITY.entries}
    assert answers.pop("01") == "no"
    assert {answers.pop("97"), answers.pop("98"), MINORITY[None]} == {"unknown"}
    assert set(answers.values()) == {"yes"}
    assert len(answers) == 55
    with pytest.raises(KeyError):
        MINORITY["57"]
