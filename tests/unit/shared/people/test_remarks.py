"""Remarks in names and in the margin of rosters: which mean another action, and what is none."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.people.remarks import IN_MARGIN, MESSAGES, remark_in, remark_in_margin

REMARKS = {
    "deceased": ["（已故）", "(已故)", "【去世】", "－病故", " 已 故", "(亡)", "〔故〕", "(Deceased)", "逝世"],
    "left": ["（退会）", "(已退出)", "已退会", "[注销]", "（退）", "(withdrawn)", "（已退）"],
    "moved": ["迁出", "（已迁出）", "(转出)", "【调离】", "(迁)", "（已转）", "调走"],
    "removed": ["(除名)", "（开除）"],
    "void": ["（作废）", "(废)", "(void)"],
}  # fmt: skip
NAMES = (
    "王芳", "阿迪力·吾甫尔", "Ann Lee", "王故", "陈亡", "李转", "迁善", "调元", "张退之", "欧阳已", "王芳（小）",
    "马丁（Martin）", "Leftwich", "Void Smith", "王芳(已退休)", "李退伍",
)  # fmt: skip


@pytest.mark.parametrize("name", ["王芳", "欧阳娜娜", "阿迪力·吾甫尔", "Ann Lee"])
@pytest.mark.parametrize(
    ("action", "remark"), [(action, one) for action, all_ in REMARKS.items() for one in all_]
)
def test_a_remark_in_a_name_means_its_action(name: str, action: str, remark: str) -> None:
    for text in (f"{name}{remark}", f"{remark} {name}"):
        found = remark_in(text)
        assert found is not None
        assert found.code == f"remark.{action}"
        assert found.word


@pytest.mark.parametrize("name", NAMES)
def test_a_name_without_a_remark_has_none(name: str) -> None:
    assert remark_in(name) is None


@given(name=st.text(st.characters(categories=["Lo"], min_codepoint=0x4E00, max_codepoint=0x9FFF)))
def test_a_remark_is_found_wherever_it_stands_in_a_name(name: str) -> None:
    for remark in ("（已故）", "已故"):
        assert remark_in(f"{name}x{remark}") is not None


@pytest.mark.parametrize(
    "text", ["父亲去世", "母亲已去世", "配偶病故", "未退会", "没有退出", "不再迁出", "退出现役", "已退休", "已转正",
             "2019年退役", "已转入", "监护人已故", "重复"],
)  # fmt: skip
def test_a_remark_on_somebody_else_or_a_denied_one_is_none(text: str) -> None:
    assert remark_in_margin(text) is None


@pytest.mark.parametrize(
    "text", ["2021年去世", "2020年3月转出至上海", "本人申请退会", "已死亡。", "因病去世"]
)
def test_a_remark_in_the_margin_of_a_roster_is_found(text: str) -> None:
    assert remark_in_margin(text) is not None


@pytest.mark.parametrize("texts", [MESSAGES, IN_MARGIN])
def test_each_remark_has_a_message_that_names_it(texts: dict[str, tuple[str, str]]) -> None:
    assert set(texts) == {f"remark.{action}" for action in REMARKS}
    for text in texts.values():
        for part in text:
            assert {name for _, name, _, _ in string.Formatter().parse(part) if name} == {"word"}
