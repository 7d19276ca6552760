"""What the documents name exists: targets, commands, paths, routes, tests, modules, settings.

Two ways of writing are checked as code: fenced blocks, and `code` within a line. Citations of these
documents are checked in every text.
"""

import importlib.util
import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main
from fastapi import FastAPI

import aggregator.main
import member.membership.api
import org_units.units.api
import volunteer.enrolment.api
from registry_cli.main import app as registry
from shared.register import recount_api

ROOT = Path(__file__).resolve().parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *ADRS,
    *sorted(ROOT.glob("services/*/README.md")),
    ROOT / "shared/README.md",
]
ADR_LINES = 45
"""A page."""
TOP = (
    "shared", "services", "deploy", "tests", "docs", "requirements", "benchmarks", "findings", ".ci"
)  # fmt: skip
OPERATIONAL = {"/", "/healthz", "/readyz", "/metrics", "/openapi.json"}
PORTS = {"8001": "org-units", "8002": "member", "8003": "volunteer", "8004": "aggregator"}


class Route(NamedTuple):
    """One operation of a service: its path in segments, and its query parameters."""

    service: str
    method: str
    path: tuple[str, ...]
    query: frozenset[str]
    choices: frozenset[str]
    """What the last segment may be, where it is a parameter with named values."""


def text(document: Path) -> str:
    """Return a document's text."""
    return document.read_text(encoding="utf-8")


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return language and content of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text(document), re.MULTILINE | re.DOTALL)


def code(document: Path) -> list[str]:
    """Return every line of code: of fenced blocks, and each `code` within the prose."""
    prose = re.sub(r"^```.*?^```", "", text(document), flags=re.MULTILINE | re.DOTALL)
    inline = [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose)]
    shell = "\n".join(body for language, body in blocks(document) if language == "sh")
    fenced = re.sub(r"(^|\s)#.*", "", shell.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
    return [*inline, *fenced]


def headings(document: Path) -> list[int]:
    """Return the level of each heading, in order."""
    prose = re.sub(r"^```.*?^```", "", text(document), flags=re.MULTILINE | re.DOTALL)
    return [len(found) for found in re.findall(r"^(#+) ", prose, re.MULTILINE)]


@cache
def routes() -> list[Route]:
    """Return every operation of the four services, from the OpenAPI of their routers."""
    found: list[Route] = []
    writers = {
        "org-units": org_units.units.api,
        "member": member.membership.api,
        "volunteer": volunteer.enrolment.api,
    }
    for service, module in {**writers, "aggregator": aggregator.main}.items():
        app = FastAPI()
        app.include_router(module.router)
        if service in writers:
            app.include_router(recount_api.router)
        for path, operations in app.openapi()["paths"].items():
            found += [_route(service, path, *item) for item in operations.items()]
    return found


def _route(service: str, path: str, method: str, operation: dict[str, Any]) -> Route:
    segments = tuple(path.strip("/").split("/"))
    given = operation.get("parameters", [])
    query = frozenset(item["name"] for item in given if item["in"] == "query")
    last = next((item for item in given if f"{{{item['name']}}}" == segments[-1]), None)
    choices = frozenset(last["schema"].get("enum", ())) if last else frozenset()
    return Route(service, method.upper(), segments, query, choices)


def _fits(route: Route, path: tuple[str, ...]) -> bool:
    if len(route.path) != len(path):
        return False
    for known, named in zip(route.path[:-1], path[:-1], strict=True):
        if known != named and not known.startswith("{"):
            return False
    known, named = route.path[-1], path[-1]
    if not known.startswith("{"):
        return known == named
    return named in route.choices if route.choices else named[0] in "{$<…0123456789"


def unknown_route(method: str, address: str, service: str | None = None) -> str | None:
    """Return what is wrong with a route as a document names it, None where it exists."""
    path, _, query = address.partition("?")
    if path in OPERATIONAL or path.startswith("/static"):
        return None
    names = {item.partition("=")[0] for item in query.split("&") if item}
    *front, last = path.strip("/").split("/")
    for one in last.split("|"):
        segments = (*front, one)
        fitting = [
            route
            for route in routes()
            if route.method == method and service in (None, route.service)
            and _fits(route, segments) and names <= route.query
        ]  # fmt: skip
        if not fitting:
            return f"{method} {'/'.join(segments)} {sorted(names)} {service or ''}"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_in_a_document_exist(document: Path) -> None:
    missing = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text(document)):
        if not target.startswith(("http://127.0.0.1", "https://")):
            missing += [target] if not (document.parent / target).exists() else []
    for line in code(document):
        for word in re.split(r"[\s,;()'\"]+", line):
            if re.match(rf"({'|'.join(map(re.escape, TOP))})/[\w*./-]+$", word):
                found = [
                    *ROOT.glob(word.rstrip("/")),
                    *(ROOT / "shared/src").glob(word.rstrip("/")),
                ]
                missing += [] if found else [word]
            elif re.match(r"src/[\w./-]+$", word) and document.name == "README.md":
                missing += [] if (document.parent / word).exists() else [word]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_in_a_document_exist(document: Path) -> None:
    declared = re.search(r"^\.PHONY: (.*)$", text(ROOT / "Makefile"), re.MULTILINE)
    assert declared
    named = {
        found for line in code(document) for found in re.findall(r"(?:^|\s)make ([a-z]+)", line)
    }
    assert named - set(declared[1].split()) == set()


def _refused(words: list[str]) -> str | None:
    """Return why the command line `registry` would not take these words, None where it would."""
    command: Any = typer.main.get_command(registry)  # of typer's own copy of click, untyped here
    options: set[str] = set()
    for word in words:
        if word.startswith("--"):
            options.add(word)
        elif hasattr(command, "commands") and not options:
            if word not in command.commands:
                return f"no command {word}"
            command = command.commands[word]
    known = {name for item in command.params for name in (*item.opts, *item.secondary_opts)}
    return f"{command.name} has no {sorted(options - known)}" if options - known else None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_registry_commands_and_options_in_a_document_exist(document: Path) -> None:
    problems = []
    for line in code(document):
        for call in re.findall(r"(?:^|[\s/(])registry ([a-z][^)|\"]*)", line):
            words = shlex.split(call, comments=True) if call.count("'") % 2 == 0 else call.split()
            problems += [found for found in [_refused(words)] if found]
    assert problems == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_routes_in_a_document_exist(document: Path) -> None:
    problems = []
    for line in code(document):
        plain = line.replace("\\|", "|")
        for method, address in re.findall(r"\b(GET|POST|PATCH|DELETE) (/[^\s,`]*)", plain):
            problems.append(unknown_route(method, address))
        for port, address in re.findall(r"http://127\.0\.0\.1:(80\d\d)(/[^\s'\"<>)]*)", plain):
            method = "POST" if re.search(r"(^|\()post ", plain) else "GET"
            problems.append(unknown_route(method, address, PORTS[port]))
    assert [found for found in problems if found] == []


@cache
def _sources() -> str:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.yaml",
         "Makefile", ".ci/run"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split()  # fmt: skip
    return "\n".join(text(ROOT / name) for name in listed if (ROOT / name).is_file())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_tests_metrics_and_settings_in_a_document_exist(document: Path) -> None:
    sources, problems = _sources(), []
    for line in code(document):
        modules = re.findall(r"python -m ([\w.]+)", line)
        problems += [name for name in modules if importlib.util.find_spec(name) is None]
        tests = re.findall(r"\b(test_\w+)\b(?!\.py)", line)
        problems += [name for name in tests if f"def {name}(" not in sources]
        metrics = re.findall(r"\b(registry_(?:relay|worker)_\w+)", line)
        problems += [name for name in metrics if f'"{name.removesuffix("_total")}"' not in sources]
        for name in re.findall(r"\bREGISTRY_\w+", line):
            field = re.sub("^REGISTRY_((MEMBER|VOLUNTEER)_)?", "", name).lower()
            known = name in sources or re.search(rf"^    {field}: ", sources, re.MULTILINE)
            problems += [] if known or name.endswith("_") else [name]
    assert problems == []


def _without_comments(body: str) -> list[str]:
    return [line for line in body.splitlines() if not line.startswith("#")]


def test_the_chinese_readme_mirrors_the_english_one() -> None:
    assert headings(CHINESE) == headings(README)
    english, chinese = blocks(README), blocks(CHINESE)
    assert [language for language, _ in chinese] == [language for language, _ in english]
    for (language, here), (_, there) in zip(english, chinese, strict=True):
        if language == "mermaid":  # its words are translated, its arrows are not
            arrow = r"--+>|&"
            assert re.findall(arrow, there) == re.findall(arrow, here)
        else:
            assert _without_comments(there) == _without_comments(here)
    rows = r"^\|"
    assert len(re.findall(rows, text(CHINESE), re.MULTILINE)) == len(
        re.findall(rows, text(README), re.MULTILINE)
    )
    links = r"\]\(([^)]+)\)"
    other = {"README.md", "README.zh-CN.md"}
    assert set(re.findall(links, text(CHINESE))) - other == (
        set(re.findall(links, text(README))) - other
    )


def test_the_newest_release_is_the_version_of_every_package() -> None:
    released = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", text(ROOT / "CHANGELOG.md"), re.MULTILINE
    )
    folders = ("shared", "services/*", "deploy/*")
    projects = [path for one in folders for path in ROOT.glob(f"{one}/pyproject.toml")]
    versions = {tomllib.loads(text(path))["project"]["version"] for path in projects}
    assert len(projects) == 7
    assert versions == {released[0]}
    assert "### Contract" in text(ROOT / "CHANGELOG.md")


@pytest.mark.parametrize("page", ADRS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_of_four_parts(page: Path) -> None:
    number = page.stem[:4]
    lines = text(page).splitlines()
    assert re.match(rf"# {number} \S", lines[0])
    assert re.fullmatch(
        r"(Accepted|Superseded by \d{4}), \d{4}-\d{2}-\d{2}\.|Accepted .*", lines[2]
    )
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context", "## Decision", "## Consequences", "## Alternatives",
    ]  # fmt: skip
    assert len(lines) <= ADR_LINES


def test_decisions_are_numbered_without_gaps_and_listed() -> None:
    assert [int(page.stem[:4]) for page in ADRS] == list(range(1, len(ADRS) + 1))
    listed = text(ROOT / "docs/architecture.md")
    assert [page.name for page in ADRS if f"(adr/{page.name})" not in listed] == []


def test_every_decision_that_the_sources_cite_exists() -> None:
    cited = set(re.findall(r"docs/adr/(\d{4})", _sources()))
    assert cited - {page.stem[:4] for page in ADRS} == set()
