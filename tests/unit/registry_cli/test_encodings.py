"""Encodings of a roster by the command: which are read, and how a wrong or damaged one is refused."""

import codecs
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from tests.people import resident_id
from tests.unit.registry_cli.registry_stub import RegistryStub

Import = Callable[..., Result]
NAMES = ("王芳", "李強", "張偉", "劉洋", "陳靜", "黃敏", "吳剛", "周杰", "徐娜", "孫明")
CHINESE, ENGLISH = "姓名,性别,证件号码,手机号码", "name,sex,id_number,phone"


def text(header: str = CHINESE) -> str:
    rows = [f"{name},1,{resident_id(n * 1_000)},13900000000" for n, name in enumerate(NAMES, 1)]
    return "\n".join((header, *rows)) + "\n"


def imported(path: Path, content: bytes, run: Import) -> Result:
    path.write_bytes(content)
    return run(path)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("header", [CHINESE, ENGLISH])
def test_a_roster_of_every_encoding_of_an_office_is_imported_whole(
    tmp_path: Path, stub: RegistryStub, import_command: Import, encoding: str, header: str
) -> None:
    ended = imported(tmp_path / "r.csv", text(header).encode(encoding), import_command)
    assert ended.exit_code == 0, ended.output
    (request,) = stub.bulk_requests()
    assert [row["name"] for row in json.loads(request.content)["rows"]] == list(NAMES)


def cut(content: bytes, character: str) -> bytes:
    """Return a file in which a character has lost its last byte."""
    whole = character.encode()
    return content.replace(whole, whole[:-1], 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (cut(text().encode(), "靜"), ("UTF-8", "第 6 行", "line 6")),
        (cut(text(ENGLISH).encode(), "徐"), ("UTF-8", "第 10 行", "line 10")),
        (cut(text().encode(), "性"), ("UTF-8", "第 1 行", "line 1")),
        (text().encode()[: text().encode().index("孫".encode()) + 1], ("UTF-8", "第 11 行")),
        (text(ENGLISH).encode("big5"), ("GB 18030", "第 2 行", "--despite garbled_names")),
        (text("姓名,性別,證件號碼,手機號碼").encode("big5"), ("GB 18030", "第 1 行", "Big5", "表头")),
        (codecs.BOM_UTF16_LE + text().encode("utf-16-le")[:-1], ("UTF-16", "第 11 行")),
        (text().encode("utf-16-le")[:-1], ("UTF-16", "第 11 行")),
    ],
    ids=[
        "cut in a row", "cut under an English header", "cut in the header", "cut at the end",
        "Big5 names", "Big5 header", "UTF-16 cut", "UTF-16 without mark cut",
    ],
)  # fmt: skip
def test_a_roster_of_a_wrong_or_damaged_encoding_is_refused_by_encoding_and_line(
    tmp_path: Path,
    stub: RegistryStub,
    import_command: Import,
    content: bytes,
    said: tuple[str, ...],
) -> None:
    ended = imported(tmp_path / "r.csv", content, import_command)
    assert ended.exit_code == 1
    assert stub.bulk_requests() == []
    assert "没有找到表头" not in ended.stderr
    for part in said:
        assert part in ended.stderr


def test_a_legible_roster_without_a_header_is_still_said_to_lack_it(
    tmp_path: Path, import_command: Import
) -> None:
    content = "性别,民族\n女,汉族\n".encode("gb18030")
    assert "没有找到表头" in imported(tmp_path / "r.csv", content, import_command).stderr
