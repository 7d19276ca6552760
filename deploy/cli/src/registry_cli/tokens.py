"""Tokens of the embedded issuer, and the units they are good for."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from registry_cli.problems import MISUSED, Problem
from registry_cli.running import Api, Json, find_runtime, url

if TYPE_CHECKING:
    from embedded.runtime import Runtime

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
GONE = frozenset({"VOIDED", "DISSOLVED", "MERGED"})


def token(
    subject: str, roles: Sequence[str], units: Sequence[str], person: str | None, ttl: str | None
) -> str:
    """Return a bearer token as the command line asks for it.

    Args:
        subject: whom logs and records shall name.
        roles: what the bearer may do,
        units: and where: unit ids or region codes, each with all units below it.
        person: id of the volunteer whose own token it is.
        ttl: how long it is valid (``8h``); a working day by default.
    """
    from embedded import issuer

    for role in roles:
        if role not in ROLES:
            raise Problem("role_unknown", exit_code=MISUSED, role=role, known="、".join(ROLES))
    if bool(roles) != bool(units):
        raise Problem("token_halved", exit_code=MISUSED)
    if not roles and person is None:
        raise Problem("token_empty", exit_code=MISUSED)
    runtime = find_runtime()
    seconds = issuer.OFFICER_TTL if ttl is None else seconds_of(ttl)
    grants = [issuer.grant(unit_id(runtime, unit), *dict.fromkeys(roles)) for unit in units]
    return issuer.mint(runtime, subject, grants, person=person, ttl_seconds=seconds)


def officer_token(runtime: "Runtime", subject: str, unit: str, *roles: str) -> str:
    """Return a short-lived token for a command's own requests; the unit is an id."""
    from embedded import issuer

    grants = [issuer.grant(unit, *roles)]
    return issuer.mint(runtime, subject, grants, ttl_seconds=INTERNAL_TTL)


def org_units(runtime: "Runtime") -> Api:
    """Return the tree as the registry's own services read it: there is no officer yet to ask as."""
    from embedded import issuer

    reader = issuer.mint(runtime, "service:cli", ttl_seconds=INTERNAL_TTL, service=True)
    return Api(url(runtime, "org-units"), reader)


def unit_id(runtime: "Runtime", unit: str) -> str:
    """Return the id of a unit named by id or region code.

    A chapter goes before other units that bear its code, and the unit of a township before the
    schools and communities in it: the code is theirs in the first place.

    Raises:
        Problem: there is none, or the code does not tell which.
    """
    api = org_units(runtime)
    if not REGION_CODE.fullmatch(unit):
        return _by_id(api, unit)
    found = [
        item for item in api.items("/v1/units", {"region_code": unit}) if item["status"] not in GONE
    ]
    if not found:
        raise Problem("unit_unknown", exit_code=MISUSED, unit=unit)
    first = min(_rank(item) for item in found)
    candidates = [item for item in found if _rank(item) == first]
    if len(candidates) > 1:
        named = "、".join(f"{item['name']} {item['id']}" for item in candidates[:5])
        raise Problem("unit_ambiguous", exit_code=MISUSED, unit=unit, found=named)
    return str(candidates[0]["id"])


def _rank(unit: Json) -> int:
    return RANKS.get(str(unit["type"]), len(RANKS))


def chapter_above(runtime: "Runtime", unit: str) -> str:
    """Return the id of the nearest chapter of a unit, itself where it is one: where an officer
    who files and approves holds office.
    """
    path = org_units(runtime).get(f"/v1/units/{unit}")["path"]
    chapters = [step["id"] for step in path if step["level"] != "GRASSROOTS"]
    return str(chapters[-1])


def _by_id(api: Api, unit: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", unit):
        raise Problem("unit_unknown", exit_code=MISUSED, unit=unit)
    try:
        return str(api.get(f"/v1/units/{unit}")["id"])
    except Problem as problem:
        if problem.params.get("status") != HTTPStatus.NOT_FOUND:
            raise
        raise Problem("unit_unknown", exit_code=MISUSED, unit=unit) from problem


def seconds_of(ttl: str) -> int:
    """Return the seconds of a duration such as ``900``, ``30m``, ``8h`` or ``7d``."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", ttl.strip())
    seconds = int(found[1]) * SECONDS[found[2]] if found else 0
    if not 0 < seconds <= LONGEST_TTL:
        raise Problem("ttl", exit_code=MISUSED, value=ttl)
    return seconds
