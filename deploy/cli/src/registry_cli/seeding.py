"""Fills an empty registry: the tree from the administrative divisions, and a demo roster."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from typer import echo

from embedded.runtime import Runtime
from registry_cli.api import Api
from registry_cli.demo.roster import write_demo
from registry_cli.importing.failures import ImportFailed
from registry_cli.importing.run import Order
from registry_cli.problems import Misuse, Problem
from registry_cli.rosters import run_order, told
from registry_cli.running import find_runtime, require_running, run_once, url
from registry_cli.tokens import reader, unit_id
from shared.tables.problems import TableError

DEMO_DIR = "demo"
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
CHAPTERS, TOWNSHIPS = "县级以上红十字会 / chapters", "乡镇街道基层组织 / township units"


def seed_tree(runtime: Runtime, provinces: Sequence[str], *, watched: bool = False) -> list[str]:
    """Insert what is missing of the chapters, and of the township units of some provinces.

    Returns:
        How many there are and how many were inserted now, a line for each kind.

    Raises:
        Problem: a province is none, or the seed failed.
    """
    options: list[str] = []
    for province in provinces:
        if not PROVINCE.fullmatch(province):
            raise Misuse("province", value=province)
        options += ["--townships", province]
    module = ["org_units.divisions", "seed", *options, "--json"]
    _, output = run_once(runtime, module, "org-units", watched=watched)
    return [
        f"{kind.replace('chapters', CHAPTERS).replace('townships', TOWNSHIPS)}: "
        f"{counts['present']}（新建 inserted now: {counts['inserted']}）"
        for kind, counts in json.loads(output).items()
    ]


def seed(provinces: Sequence[str]) -> None:
    """Seed the running system as the command line asks for it, and show the counts."""
    runtime = find_runtime()
    require_running(runtime, program="seed")
    for line in seed_tree(runtime, provinces, watched=sys.stderr.isatty()):
        echo(line)


def import_demo(runtime: Runtime, say: Callable[[str], None]) -> None:
    """Import the demo roster of one county through the public API, unless its members are there.

    A roster that is already in the demo's place is imported as it is.

    Raises:
        Problem: the file or the registry is at fault; nothing half is left that a second run
            would not complete.
    """
    county = unit_id(runtime, DEMO_COUNTY)
    present = members_of(runtime, DEMO_COUNTY)
    if present >= DEMO_DONE:
        say(f"示范名册已导入 / the demo roster is in already: {present} 名会员 members")
        return
    path = runtime.var / DEMO_DIR / "roster.csv"
    if not path.exists():
        _write_roster(runtime, path, county)
    say(f"导入示范名册 / importing the demo roster {path}")
    order = Order(
        path, county, "demo.import", "existing", "示范〔2026〕1号", DEMO_DAY, consent_on=DEMO_DAY
    )
    try:
        summary = run_order(
            runtime,
            order,
            lambda done, total: say(f"  {done.rows}/{total}: {done.accepted} 已登记 accepted"),
        )
    except (ImportFailed, TableError) as failure:
        remedy = RENEWED.format(path=path)
        raise Problem("told", text=f"{failure}\n{remedy}") from failure
    for line in told(summary):
        say(line)


def members_of(runtime: Runtime, unit: str) -> int:
    """Return how many members a chapter has as the dashboard shows it, 0 where it cannot say yet."""
    try:
        progress = Api(partial(url, runtime)).get("aggregator", "/v1/progress", {"unit": unit})
    except Problem as problem:
        if problem.code != "refused":
            raise
        return 0  # a chapter seeded a moment ago has not reached the aggregator
    return int(progress["indicators"]["members"]["value"])


def _write_roster(runtime: Runtime, path: Path, county: str) -> None:
    below = {"parent_id": county, "status": "ACTIVE"}
    units = reader(runtime).items("org-units", "/v1/units", below)
    # A roster distinguishes units by their names alone.
    names = [name for name, count in Counter(str(u["name"]) for u in units).items() if count == 1]
    if not names:
        raise Problem("unit_unknown", unit=f"{DEMO_COUNTY}*")
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(".roster.csv.part")
    write_demo(whole, names, rows=DEMO_ROWS)
    whole.replace(path)
