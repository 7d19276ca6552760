"""Names in a roster: rare characters, two codings, and damage that goes back to the officer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_cli.importing.run import ImportSummary
from tests.unit.registry_cli.registry_stub import HEADER, LI, WANG, RegistryStub, report_of

RARE = "王𠮷𪜀𫝀𫠠𬺰𰀀\U00031350\U0002ebf0䶮"
"""With characters of extensions B to I, and the best known of A."""


def written(tmp_path: Path, encoding: str, *lines: str) -> Path:
    path = tmp_path / "名册.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding=encoding)
    return path


def names_sent(stub: RegistryStub) -> list[str]:
    return [
        row["name"]
        for request in stub.bulk_requests()
        for row in json.loads(request.content)["rows"]
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_rare_characters_of_a_roster_are_sent_and_reported_as_they_are(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary], encoding: str
) -> None:
    sound, unknown = WANG.replace("王芳", RARE), LI.replace("李强", RARE)
    summary = run(written(tmp_path, encoding, f"{sound},,", f"{unknown},无名,"))
    assert (summary.accepted, names_sent(stub)) == (1, [RARE])
    assert [row["姓名"] for row in report_of(summary)] == [RARE]
    assert summary.report is not None
    text = summary.report.read_text(encoding="utf-8-sig")
    summary.report.write_text(text.replace("无名", ""), encoding="utf-8-sig")
    assert run(summary.report).accepted == 1
    assert names_sent(stub) == [RARE, RARE]


def test_a_name_of_a_roster_is_sent_in_one_coding(
    tmp_path: Path, stub: RegistryStub, run: Callable[..., ImportSummary]
) -> None:
    first, second = WANG.replace("王芳", "⻢\ue863塚"), LI.replace("李强", "马䶮\ufa10")
    assert run(written(tmp_path, "utf-8", f"{first},,", f"{second},,")).accepted == 2
    assert names_sent(stub) == ["马䶮塚", "马䶮塚"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("王\ufffd", "name.damaged"),
        ("王□", "name.damaged"),
        ("王?", "name.damaged"),
        ("王&#20013;", "name.escaped"),
        ("王\ue001", "name.private_use"),
    ],
)
def test_a_damaged_name_of_a_roster_is_reported_by_its_column(
    tmp_path: Path,
    stub: RegistryStub,
    run: Callable[..., ImportSummary],
    name: str,
    code: str,
) -> None:
    row = WANG.replace("王芳", name)
    summary = run(written(tmp_path, "utf-8", f"{row},,", f"{LI},,"))
    assert (summary.accepted, summary.reasons) == (1, {code: 1})
    (refused,) = report_of(summary)
    assert (refused["姓名"], refused["字段"]) == (name, "姓名")
