"""The catalogue: every code has both languages, and every code the packages raise is in it."""

import ast
import importlib
import re
from pathlib import Path
from string import Formatter

import pytest

import shared.people.messages  # noqa: F401 - the registers of persons give these codes as well
from shared.base import errors
from shared.web.messages import MESSAGES, language, register, text

ROOT = Path(__file__).resolve().parents[3]
RAISED = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.RegistryError)
}


def codes_raised(source: Path) -> set[str]:
    """Return the codes a file gives literally to an error or a field error."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        position = 0 if name in RAISED else 1 if name == "FieldError" else None
        if position is None or len(node.args) <= position:
            continue
        code = node.args[position]
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            found.add(code.value)
    return found


def packages() -> list[Path]:
    return sorted([*ROOT.glob("services/*/src/*"), ROOT / "shared/src/shared"])


@pytest.mark.parametrize("package", packages(), ids=lambda package: package.name)
def test_every_problem_code_raised_has_a_message(package: Path) -> None:
    for file in package.rglob("messages.py"):  # of the service, or of each noun
        inside = file.relative_to(package.parent).with_suffix("")
        own = importlib.import_module(".".join(inside.parts))
        register(getattr(own, "MESSAGES", {}))
    raised = {code for source in package.rglob("*.py") for code in codes_raised(source)}
    assert raised - MESSAGES.keys() == set()


def test_the_scan_for_codes_without_a_message_finds_them(tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    source.write_text("raise errors.Invalid('a.b'); FieldError('f', 'c.d'); print('e.f')")
    assert codes_raised(source) == {"a.b", "c.d"}
    assert {"a.b", "not_found"} - MESSAGES.keys() == {"a.b"}


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_messages_are_whole_in_both_languages(code: str) -> None:
    chinese, english = MESSAGES[code]
    assert re.search("[一-鿿]", chinese)
    assert not re.search("[一-鿿]", english)
    assert not re.search("[一-鿿}][,;:()]|[,;:()][一-鿿{]", chinese), "Chinese has its own marks"
    for template in (chinese, english):
        for _, name, form, conversion in Formatter().parse(template):
            assert name != "", "fields have names"
            assert not form
            assert not conversion
        assert template.format_map(dict.fromkeys(fields(template), "x"))


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_a_message_puts_values_into_words() -> None:
    shown = {"status": "DRAFT", "action": "file", "allowed": ["submit", "void"]}
    chinese = text("state.illegal", "zh", shown)
    assert "“草稿”（DRAFT）" in chinese
    assert "提交（submit）、作废（void）" in chinese
    assert "submit, void" in text("state.illegal", "en", shown)
    nothing = text("state.illegal", "zh", {**shown, "allowed": []})
    assert nothing.endswith("无。")


def test_a_message_shows_a_pair_of_names_in_its_language() -> None:
    shown = {"unit_type": "SCHOOL", "county": ("东城区红十字会", "Dongcheng chapter")}
    assert "东城区红十字会" in text("person.duplicate", "zh-CN", shown)
    assert "Dongcheng chapter" in text("person.duplicate", "en-GB", shown)


def test_a_missing_value_does_not_break_a_message() -> None:
    assert "(current)" in text("version.stale", "en")


def test_a_message_of_an_unknown_code_is_an_error() -> None:
    with pytest.raises(KeyError):
        text("no.such.code", "zh")


def test_a_second_text_or_a_missing_language_of_a_message_is_refused() -> None:
    register({"not_found": MESSAGES["not_found"]})
    with pytest.raises(ValueError, match="another text"):
        register({"not_found": ("别的", "other")})
    with pytest.raises(ValueError, match="lacks a language"):
        register({"test.half": ("半", "")})
    assert "test.half" not in MESSAGES


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr, de", "zh"),
        ("fr;q=1, en;q=0.1", "en"),
        ("en;q=x", "zh"),
        ("en;q=0", "zh"),
        (";;,=", "zh"),
    ],
)
def test_the_language_of_messages_follows_the_header_of_the_request(
    header: str | None, expected: str
) -> None:
    assert language(header) == expected
