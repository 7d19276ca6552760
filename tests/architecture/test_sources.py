"""Rules about the files themselves: sizes, and what no committed file may name."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FILE_LINES = 400
FUNCTION_LINES = 50
SOURCE_SUFFIXES = {".py", ".js", ".css", ".html"}

# Joined here so that this file does not hold what it looks for.
FORBIDDEN = {
    "the host of a package registry": "|".join(
        re.escape(".".join(host))
        for host in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs"),
            ("npmmirror", "com"),
            ("repo", "maven", "apache", "org"),
            ("repo1", "maven", "org"),
            ("proxy", "golang", "org"),
            ("crates", "io"),
            ("deb", "debian", "org"),
        ]
    ),
    "an index address": r"--(extra-)?index-url[ =]+http",
    "a path of one machine": r"/" + r"work/(main|shared|\.)|/" + r"root/\.|/" + r"Users/\w",
}
FORBIDDEN_NAMES = {"uv" + ".lock", "poetry" + ".lock", "Pipfile" + ".lock"}


def committed_files() -> list[Path]:
    """Return what git tracks or would track; what it ignores is nobody's source."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return sorted({path for path in paths if path.is_file()})


def source_files() -> list[Path]:
    """Return the project's own code, tests and benchmarks included."""
    return [path for path in committed_files() if path.suffix in SOURCE_SUFFIXES]


def text_of(path: Path) -> str | None:
    """Return the text of a file, or nothing for a binary one."""
    content = path.read_bytes()
    return None if b"\0" in content else content.decode("utf-8")


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in source_files()
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_of_the_sources_is_longer_than_50_lines() -> None:
    too_long = {}
    for path in source_files():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    too_long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = lines
    assert too_long == {}


def test_no_committed_file_names_a_package_registry_or_a_machine() -> None:
    found = []
    for path in committed_files():
        text = text_of(path)
        for what, pattern in FORBIDDEN.items():
            match = re.search(pattern, text) if text else None
            if match:
                found.append(f"{path.relative_to(ROOT)} names {what}: {match[0]}")
    assert found == []


def test_no_lock_file_that_records_registry_hosts_is_committed() -> None:
    assert [path for path in committed_files() if path.name in FORBIDDEN_NAMES] == []
