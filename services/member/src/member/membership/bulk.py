"""A page of a roster: the valid rows in one transaction, every other row refused by name.

Rows are checked one by one; duplicates within the page and against the registry are found by one
query before the transaction, and again whenever a concurrent request aborts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from member.membership import rules
from member.membership.rules import Membership
from member.membership.schemas import BulkInput, BulkRow
from member.membership.service import Memberships
from shared.base.clock import civil_day, now
from shared.base.errors import FieldError, Forbidden, NotFound, Unavailable, refuse
from shared.base.ids import new_id
from shared.base.mongo import AsyncClientSession, transact_async
from shared.people.identifiers import IdType
from shared.people.intake import check_consent
from shared.people.lifetime import Entering
from shared.register import trail
from shared.register.execute import imported
from shared.register.fences import Fenced
from shared.register.store import Duplicate, Insert, insert_all
from shared.register.trail import Outcome, RequestKey
from shared.web.access.principal import Principal
from shared.web.validation import field_error

CREATED, FORBIDDEN, DUPLICATE, INVALID = 201, 403, 409, 422
ATTEMPTS = 10
"""Tries of a page whose numbers concurrent requests keep taking."""


@dataclass(frozen=True)
class RowResult:
    """What became of one row; ``warnings`` are message codes of one that was accepted."""

    row: int
    status: int
    id: str | None = None
    errors: Sequence[FieldError] = ()
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class _Row:
    """A row that violates no rule of its own: what it becomes, and what nobody else may hold.

    That is the document's number, or for paper stock without one the person as the paper has it.

    Args:
        alike: the key of a paper that would be the same person's, for a row with a number.
    """

    number: int
    member: Membership
    day: date
    indexes: Sequence[str]
    alike: Sequence[str] = ()


@dataclass
class _Page:
    """A page being worked on."""

    memberships: Memberships
    given: BulkInput
    caller: Principal
    moment: datetime
    today: date
    refused: dict[int, RowResult] = field(default_factory=dict)
    units: dict[str, tuple[int, list[FieldError]] | None] = field(default_factory=dict)
    on_paper: frozenset[str] = frozenset()
    """The units where a row with a number may meet its own person on paper."""

    @property
    def existing(self) -> bool:
        return self.given.mode == "existing"

    def refuse(self, row: int, status: int, errors: Sequence[FieldError]) -> None:
        self.refused[row] = RowResult(row, status, None, errors)


async def import_page(
    memberships: Memberships, caller: Principal, given: BulkInput, key: RequestKey | None
) -> list[RowResult]:
    """Enter a page of applications, or of members of long standing; return what became of each.

    The same way as one command (``shared.register.execute``), for many entities: repeat, authorise
    and decide by row, one transaction.

    Raises:
        Forbidden: the caller registers nobody anywhere.
        Invalid: the page as a whole lacks its consent or filing document.
    """
    if (known := await _earlier(memberships, key)) is not None:
        return known
    # Before org-units is asked for each of 500 unknown units: refuse callers without the role.
    role = memberships.actions.create.role
    if not any(role in grant.roles for grant in caller.grants):
        raise Forbidden("scope.forbidden", params={"role": role})
    moment = now()
    page = _Page(memberships, given, caller, moment, civil_day(moment))
    _check_page(page)
    page.on_paper = await _units_on_paper(page)
    rows = await _judge(page)
    for _ in range(ATTEMPTS):
        rows = await _without_held(page, rows)
        results = _results(page, rows)
        try:
            await _write(page, rows, results, key)
        except Fenced as fenced:
            rows = await _without_closed(page, rows, fenced)
        except Duplicate:
            if (known := await _earlier(memberships, key)) is not None:
                return known
        else:
            return results
    raise Unavailable("unavailable")


async def _earlier(memberships: Memberships, key: RequestKey | None) -> list[RowResult] | None:
    """Return what an earlier request with the same key came to, if there was one."""
    outcome = key and await trail.earlier(memberships.store.database, key)
    if not outcome:
        return None
    # Outcomes of before warnings were kept have none.
    return [
        RowResult(**{**row, "errors": [FieldError(**error) for error in row["errors"]]})
        for row in outcome.rows
    ]


def _check_page(page: _Page) -> None:
    given, errors = page.given, list[FieldError]()
    if given.consent is None:
        errors.append(FieldError("consent", "consent.missing"))
    if page.existing and given.document is None:
        errors.append(FieldError("document", "document.required"))
    check_consent(errors, "consent", given.consent, page.today)
    refuse(errors)


async def _units_on_paper(page: _Page) -> frozenset[str]:
    """Return the units of a page where somebody is on paper, in the register or in the page itself.

    Nearly no page has one, and to look for each row takes a twentieth of its time.
    """
    rows = [raw for raw in page.given.rows if isinstance(raw.get("unit_id"), str)]
    own = {raw["unit_id"] for raw in rows if raw.get("id_type") == IdType.NONE}
    stored = await page.memberships.store.on_paper({raw["unit_id"] for raw in rows})
    return frozenset(own | stored)


async def _judge(page: _Page) -> list[_Row]:
    """Return the rows that violate no rule, each number once; note why the others are refused."""
    rows: list[_Row] = []
    first: dict[str, int] = {}
    alike: dict[str, int] = {}
    for raw in page.given.rows:
        row = await _judge_row(page, raw)
        if row is None:
            continue
        # Another row has the same number, or is the same person once with a number and once not.
        twins = [first[one] for one in (*row.indexes, *row.alike) if one in first]
        twins += [alike[one] for one in row.indexes if one in alike]
        if twins:
            name = "id_number" if set(row.member.person.id_index) & first.keys() else "name"
            error = FieldError(name, "rows.duplicate", {"row": twins[0]})
            page.refuse(row.number, DUPLICATE, [error])
            continue
        first.update(dict.fromkeys(row.indexes, row.number))
        alike.update(dict.fromkeys(row.alike, row.number))
        rows.append(row)
    return rows


async def _judge_row(page: _Page, raw: dict[str, Any]) -> _Row | None:
    try:
        given = BulkRow.model_validate(raw)
    except ValidationError as problem:
        findings = problem.errors(include_url=False, include_input=False)
        errors = [field_error({**found, "loc": ("row", *found["loc"])}) for found in findings]
        page.refuse(raw["row"], INVALID, errors)
        return None
    if given.unit_id not in page.units:
        page.units[given.unit_id] = await _unit_refusal(page, given.unit_id)
    unit_refusal = page.units[given.unit_id]
    if unit_refusal is not None and unit_refusal[0] == FORBIDDEN:
        page.refuse(given.row, *unit_refusal)
        return None
    return _prepare(page, given, unit_refusal[1] if unit_refusal else [])


async def _unit_refusal(page: _Page, unit_id: str) -> tuple[int, list[FieldError]] | None:
    """Return why a unit takes no row of this page, if it does not."""
    memberships = page.memberships
    path = await memberships.directory.path(unit_id)
    if not path:
        return INVALID, [FieldError("unit_id", "unit.unknown")]
    try:
        for action in rules.STOCK if page.existing else (memberships.actions.create,):
            await memberships.scope.authorise(
                page.caller,
                unit_id,
                action.role,
                at_county_or_above=action.at_county_or_above,
                readable=False,
                path=path,
            )
    except (Forbidden, NotFound) as refusal:
        return FORBIDDEN, [FieldError("unit_id", refusal.code, refusal.params)]
    violations = await memberships.target_violations(unit_id)
    return (INVALID, violations) if violations else None


def _prepare(page: _Page, given: BulkRow, violations: list[FieldError]) -> _Row | None:
    day = given.joined_on or page.today
    person, errors = page.memberships.examine(
        given,
        page.given.consent,
        when=Entering(day, page.today),
        day_name="joined_on",
        paper_stock=page.existing,
    )
    errors = [*violations, *errors]
    if page.existing:
        paper = page.given.document
        issued_on = paper.issued_on if paper else None
        errors += rules.violations_of_stock(given.joined_on, issued_on, page.today)
    if errors or person is None:
        page.refuse(given.row, INVALID, errors)
        return None
    member = page.memberships.application(given, person, page.given.consent, day, new_id())
    if page.existing:
        filing = page.given.document
        status = page.memberships.actions.acts["file"].target
        member = replace(member, status=status, registered_on=day, filing=filing)
    indexes = member.person.id_index or member.paper_key
    met = given.unit_id in page.on_paper
    alike = page.memberships.alike(given, person) if met else ()
    return _Row(given.row, member, day, indexes, alike)


async def _without_held(page: _Page, rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows whose numbers nobody holds; note the others as duplicates."""
    memberships = page.memberships
    wanted = [index for row in rows for index in (*row.indexes, *row.alike)]
    held = await memberships.store.holders(wanted)
    free: list[_Row] = []
    for row in rows:
        taken = next((index for index in (*row.indexes, *row.alike) if index in held), None)
        if taken is None:
            free.append(row)
            continue
        refusal = await memberships.taken_by(taken, held[taken])
        page.refuse(row.number, DUPLICATE, refusal.errors)
    return free


async def _without_closed(page: _Page, rows: Sequence[_Row], fenced: Fenced) -> list[_Row]:
    """Return the rows but those of a fenced unit; all of them if its fence came to nothing."""
    violations = await page.memberships.closed(fenced)
    if not violations:
        return list(rows)
    page.units[fenced.unit] = INVALID, violations
    for row in rows:
        if row.member.unit == fenced.unit:
            page.refuse(row.number, INVALID, violations)
    return [row for row in rows if row.member.unit != fenced.unit]


def _results(page: _Page, rows: Sequence[_Row]) -> list[RowResult]:
    results = dict(page.refused)
    for row in rows:
        member = row.member
        accepted = RowResult(row.number, CREATED, member.id, warnings=member.warnings)
        results[row.number] = accepted
    return [results[raw["row"]] for raw in page.given.rows]


async def _write(
    page: _Page, rows: Sequence[_Row], results: Sequence[RowResult], key: RequestKey | None
) -> None:
    """Write a page in one transaction, the idempotency record first and the identifiers next.

    Raises:
        Duplicate: another request took one of the numbers; nothing is written.
        Fenced: one of the units takes nobody; nothing is written.
    """
    inserts: list[Insert] = []
    if key is not None:
        kept = [{**vars(one), "errors": [vars(error) for error in one.errors]} for one in results]
        inserts.append((trail.REQUESTS, key.record(Outcome(200, rows=kept))))
    for row in rows:
        inserts += page.memberships.store.claim_rows(row.indexes, row.member.id)
    subject = page.caller.subject
    inserts += imported(
        page.memberships,
        [(row.member, row.day) for row in rows],
        "members-imported",
        subject=subject,
        moment=page.moment,
    )
    log_row = trail.access_row(subject, "import", [row.member.id for row in rows])
    inserts.append((trail.ACCESS_LOG, log_row))
    database = page.memberships.store.database

    async def run(session: AsyncClientSession) -> None:
        await insert_all(database, inserts, session)
        await page.memberships.fences.enter({row.member.unit for row in rows}, session)

    await transact_async(database, run)
