"""Fills an empty registry: the tree from the administrative divisions, and a demo roster."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from registry_cli.problems import MISUSED, Problem, Told
from registry_cli.rosters import Order, run_order, told
from registry_cli.running import Api, find_runtime, require_running, run_once, url
from registry_cli.tokens import org_units, unit_id

if TYPE_CHECKING:
    from embedded.runtime import Runtime

DEMO_PROVINCE = "33"
DEMO_COUNTY = "330106"
"""杭州市西湖区: the county whose office keeps the demo roster."""
DEMO_ROWS = 2_000
DEMO_DONE = 1_800
"""So many members in the demo county: its roster is in, or was."""
DEMO_DAY = "2026-01-05"
"""Fixed, so that a second run sends the same bytes under the same idempotency keys."""
PROVINCE = re.compile(r"[0-9]{2}(0000)?")
RENEWED = (
    "或删除 {path}：下次启动会重新生成示范名册。\n"
    "Or remove {path}: the next start writes a new demo roster."
)
Say = Callable[[str], None]


def seed_tree(
    runtime: "Runtime", provinces: Sequence[str], *, watched: bool = False
) -> dict[str, dict[str, int]]:
    """Insert what is missing of the chapters, and of the township units of some provinces.

    Returns:
        How many there are and how many were inserted now, by kind.

    Raises:
        Problem: a province is none, or the seed failed.
    """
    options: list[str] = []
    for province in provinces:
        if not PROVINCE.fullmatch(province):
            raise Problem("province", exit_code=MISUSED, value=province)
        options += ["--townships", province]
    module = ["org_units.jobs", "seed", *options, "--json"]
    _, output = run_once(runtime, module, "org-units", watched=watched)
    found: dict[str, dict[str, int]] = json.loads(output)
    return found


def seed(provinces: Sequence[str]) -> None:
    """Seed the running system as the command line asks for it, and show the counts."""
    runtime = find_runtime()
    require_running(runtime, program="seed")
    for line in seeded(seed_tree(runtime, provinces, watched=sys.stderr.isatty())):
        sys.stdout.write(f"{line}\n")


def seeded(results: dict[str, dict[str, int]]) -> list[str]:
    """Return what a seed found and did, in lines."""
    kinds = {"chapters": "县级以上红十字会 / chapters"}
    return [
        f"{kinds.get(kind, kind.replace('townships', '乡镇街道基层组织 / township units'))}: "
        f"{counts['present']}（新建 inserted now: {counts['inserted']}）"
        for kind, counts in results.items()
    ]


def demo_dir(runtime: "Runtime") -> Path:
    """Return where the demo's files are."""
    return runtime.var / "demo"


def import_demo(runtime: "Runtime", say: Say) -> None:
    """Import the demo roster of one county through the public API, unless its members are there.

    A roster that stands in the demo's place already is imported as it is.

    Raises:
        Problem: the file or the registry is at fault; nothing half is left that a second run
            would not complete.
    """
    county = unit_id(runtime, DEMO_COUNTY)
    present = members_of(runtime, DEMO_COUNTY)
    if present >= DEMO_DONE:
        say(f"示范名册已导入 / the demo roster is in already: {present} 名会员 members")
        return
    path = demo_dir(runtime) / "roster.csv"
    if not path.exists():
        _write_roster(runtime, path, county)
    say(f"导入示范名册 / importing the demo roster {path}")
    try:
        summary = run_order(
            runtime,
            _demo_order(path, county),
            lambda now: say(f"  {now.rows}/{now.total}: {now.accepted} 已登记 accepted"),
        )
    except Told as failure:
        raise Told(f"{failure}\n{RENEWED.format(path=path)}") from failure
    for line in told(summary):
        say(line)


def members_of(runtime: "Runtime", unit: str) -> int:
    """Return how many members a chapter has as the dashboard shows it, 0 where it cannot say yet."""
    try:
        progress = Api(url(runtime, "aggregator")).get("/v1/progress", {"unit": unit})
    except Problem as problem:
        if problem.code != "refused":
            raise
        return 0  # a chapter seeded a moment ago has not reached the aggregator
    return int(progress["indicators"]["members"]["value"])


def _write_roster(runtime: "Runtime", path: Path, county: str) -> None:
    from registry_cli.demo.roster import write_demo

    units = org_units(runtime).items("/v1/units", {"parent_id": county, "status": "ACTIVE"})
    # A roster tells units apart by their names alone.
    named = Counter(str(unit["name"]) for unit in units)
    names = [name for name, count in named.items() if count == 1]
    if not names:
        raise Problem("unit_unknown", unit=f"{DEMO_COUNTY}*")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(".roster.csv.part")
    write_demo(whole, names, rows=DEMO_ROWS)
    whole.replace(path)


def _demo_order(path: Path, county: str) -> Order:
    from registry_cli.importing import Consent, Document

    return Order(
        path=path,
        unit=county,
        mode="existing",
        consent=Consent("2026-1", "PAPER", DEMO_DAY),
        document=Document("示范〔2026〕1号", DEMO_DAY),
        subject="demo.import",
    )
