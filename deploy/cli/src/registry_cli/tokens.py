"""Tokens of the embedded issuer, and the units they are good for."""

import re
from collections.abc import Sequence
from functools import partial

from embedded import issuer
from embedded.runtime import Runtime
from registry_cli.api import GONE, Api, Json
from registry_cli.problems import Misuse
from registry_cli.running import find_runtime, url

ROLES = ("viewer", "registrar", "approver", "organiser", "auditor", "privacy", "admin")
"""As `shared.web.access.ROLES`, which would load the whole HTTP edge; a test compares them."""
REGION_CODE = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
HEADQUARTERS = "100000"
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_TTL = 3650 * 86_400
INTERNAL_TTL = 600
"""Seconds a token lives that a command needs for itself."""
RANKS = {"CHAPTER": 0, "TOWNSHIP": 1, "SUBDISTRICT": 1}
"""Whom a region code names first; any other type comes after."""


def token(
    subject: str, roles: Sequence[str], units: Sequence[str], person: str | None, ttl: str | None
) -> str:
    """Return a bearer token as the command line asks for it.

    Args:
        subject: whom logs and records shall name.
        roles: what the bearer may do,
        units: and where: unit ids or region codes, each with all units below it.
        person: id of the volunteer whose own token it is.
        ttl: how long it is valid: ``900``, ``30m``, ``8h`` or ``7d``; a working day by default.
    """
    for role in roles:
        if role not in ROLES:
            raise Misuse("role_unknown", role=role, known="、".join(ROLES))
    if bool(roles) != bool(units):
        raise Misuse("token_halved")
    if not roles and person is None:
        raise Misuse("token_empty")
    runtime = find_runtime()
    seconds = issuer.OFFICER_TTL
    if ttl is not None:
        found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", ttl.strip())
        seconds = int(found[1]) * SECONDS[found[2]] if found else 0
        if not 0 < seconds <= LONGEST_TTL:
            raise Misuse("ttl", value=ttl)
    grants = [issuer.grant(unit_id(runtime, unit), *dict.fromkeys(roles)) for unit in units]
    return issuer.mint(runtime, subject, grants, person=person, ttl_seconds=seconds)


def officer_token(runtime: Runtime, subject: str, unit: str, *roles: str) -> str:
    """Return a short-lived token for a command's own requests; the unit is an id."""
    return issuer.mint(runtime, subject, [issuer.grant(unit, *roles)], ttl_seconds=INTERNAL_TTL)


def reader(runtime: Runtime) -> Api:
    """Return the registry as its own services read it: there is no officer yet to ask as."""
    return Api(
        partial(url, runtime),
        partial(issuer.mint, runtime, "service:cli", ttl_seconds=INTERNAL_TTL, service=True),
    )


def unit_id(runtime: Runtime, unit: str) -> str:
    """Return the id of a unit named by id or region code.

    A chapter goes before other units with its code, and the unit of a township before the schools
    and communities in it.

    Raises:
        Misuse: there is none, or the code does not show which.
    """
    unknown = Misuse("unit_unknown", unit=unit)
    if not REGION_CODE.fullmatch(unit):
        if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", unit):
            raise unknown
        return str(reader(runtime).get("org-units", f"/v1/units/{unit}", missing=unknown)["id"])
    by_rank: dict[int, list[Json]] = {}
    for item in reader(runtime).items("org-units", "/v1/units", {"region_code": unit}):
        if item["status"] not in GONE:
            by_rank.setdefault(RANKS.get(item["type"], len(RANKS)), []).append(item)
    if not by_rank:
        raise unknown
    first = by_rank[min(by_rank)]
    if len(first) > 1:
        named = "、".join(f"{item['name']} {item['id']}" for item in first[:5])
        raise Misuse("unit_ambiguous", unit=unit, found=named)
    return str(first[0]["id"])


def chapter_above(runtime: Runtime, unit: str) -> str:
    """Return the id of the nearest chapter of a unit, or itself: there officers file and approve."""
    path = reader(runtime).get("org-units", f"/v1/units/{unit}")["path"]
    return str([step["id"] for step in path if step["level"] != "GRASSROOTS"][-1])
