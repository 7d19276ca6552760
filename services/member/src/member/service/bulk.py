"""A page of a roster: the good rows in one transaction, every other row refused by name.

Rows are judged one by one; duplicates within the page and against the registry are found by one
query before the transaction, and again whenever a racer aborts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from member import domain
from member.schemas import BULK_ROW, BulkInput, BulkRow
from member.service.admission import admitted, examine
from member.service.registry import Registry
from shared.base.clock import now, today
from shared.base.errors import FieldError, Forbidden, NotFound, Unavailable, refuse
from shared.base.ids import new_id
from shared.contract.timeline import Timeline
from shared.people import store
from shared.people.intake import Person, check_consent
from shared.people.lifecycle import begun
from shared.people.once import Once
from shared.people.sealed import IDENTIFIERS, consent_document, countable, identifier_rows
from shared.register import accesslog
from shared.register.entities import Insert
from shared.register.idempotency import Outcome
from shared.web.access import Principal
from shared.web.validation import field_error

CREATED, FORBIDDEN, DUPLICATE, INVALID = 201, 403, 409, 422
PAPER = "PAPER"
ATTEMPTS = 10
"""A racer that takes one of our numbers each time would have to win this often."""


@dataclass(frozen=True)
class RowResult:
    """What became of one row; ``warnings`` are message codes of one that was accepted."""

    row: int
    status: int
    id: str | None = None
    errors: Sequence[FieldError] = ()
    warnings: Sequence[str] = ()


@dataclass
class _Row:
    """A row that broke no rule of its own: what it becomes, and what nobody else may hold.

    That is the document's number, or for paper stock without one the person as the paper has it.
    """

    number: int
    identity: str
    document: Mapping[str, Any]
    states: Timeline
    indexes: Sequence[str]
    warnings: Sequence[str]

    @property
    def told_by(self) -> str:
        """The field that says who it is."""
        return "id_number" if self.document["id_index"] else "name"

    @property
    def accepted(self) -> RowResult:
        return RowResult(self.number, CREATED, self.identity, warnings=self.warnings)


@dataclass
class _Page:
    """A page being worked on."""

    registry: Registry
    given: BulkInput
    caller: Principal
    present: date
    moment: datetime
    refused: dict[int, RowResult] = field(default_factory=dict)
    units: dict[str, tuple[int, list[FieldError]] | None] = field(default_factory=dict)
    consent: dict[str, Any] | None = None
    filing: dict[str, Any] | None = None

    @property
    def existing(self) -> bool:
        return self.given.mode == "existing"

    def refuse(self, row: int, status: int, errors: Sequence[FieldError]) -> None:
        self.refused[row] = RowResult(row, status, None, errors)


async def import_page(
    registry: Registry, caller: Principal, given: BulkInput, once: Once
) -> list[RowResult]:
    """Enter a page of applications, or of members of long standing; return what became of each.

    Raises:
        Forbidden: the caller registers nobody anywhere.
        Invalid: the page as a whole lacks its consent or filing document.
    """
    office = registry.office
    if (known := await office.earlier(once)) is not None:
        return _told(known)
    # Before org-units is asked for each of 500 unknown units: who may enter nobody, asks nothing.
    if not any("registrar" in grant.roles for grant in caller.grants):
        raise Forbidden("scope.forbidden", params={"role": "registrar"})
    page = _Page(registry, given, caller, today(), now())
    _check_page(page)
    rows = await _judge(page)
    for _ in range(ATTEMPTS):
        rows = await _without_held(page, rows)
        results = _results(page, rows)
        try:
            await store.insert(office.database, _inserts(page, rows, results, once))
        except store.Duplicate:
            if (known := await office.earlier(once)) is not None:
                return _told(known)
            continue
        return results
    raise Unavailable("unavailable")


def _check_page(page: _Page) -> None:
    given, errors = page.given, []
    if given.consent is None:
        errors.append(FieldError("consent", "consent.missing"))
    if page.existing and given.document is None:
        errors.append(FieldError("document", "document.required"))
    check_consent(errors, "consent", given.consent, page.present)
    refuse(errors)
    page.consent = consent_document(given.consent)
    page.filing = given.document.model_dump(mode="json") if given.document else None


async def _judge(page: _Page) -> list[_Row]:
    """Return the rows that break no rule, each number once; note why the others are refused."""
    rows: list[_Row] = []
    first: dict[str, int] = {}
    for raw in page.given.rows:
        row = await _judge_row(page, raw)
        if row is None:
            continue
        twin = next((first[index] for index in row.indexes if index in first), None)
        if twin is not None:
            page.refuse(
                row.number, DUPLICATE, [FieldError(row.told_by, "rows.duplicate", {"row": twin})]
            )
            continue
        first.update(dict.fromkeys(row.indexes, row.number))
        rows.append(row)
    return rows


async def _judge_row(page: _Page, raw: dict[str, Any]) -> _Row | None:
    try:
        given = BULK_ROW.validate_python(raw)
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
    office = page.registry.office
    if await office.directory.get(unit_id) is None:
        return INVALID, [FieldError("unit_id", "unit.unknown")]
    try:
        await office.permit(page.caller, unit_id, "registrar", readable=False)
        for role in ("registrar", "approver") if page.existing else ():
            await office.permit(page.caller, unit_id, role, at_county_or_above=True, readable=False)
    except (Forbidden, NotFound) as refusal:
        return FORBIDDEN, [FieldError("unit_id", refusal.code, refusal.params)]
    problems = await office.unit_problems(unit_id, page.registry.unit_check)
    return (INVALID, problems) if problems else None


def _prepare(page: _Page, given: BulkRow, problems: list[FieldError]) -> _Row | None:
    day = given.joined_on or page.present
    person, errors = examine(
        given, page.given.consent, page.registry.rules, day=day, present=page.present,
        day_name="joined_on", paper_stock=page.existing,
    )  # fmt: skip
    errors = [*problems, *errors]
    if page.existing:
        paper = page.given.document
        issued_on = paper.issued_on if paper else None
        errors += domain.check_stock(given.joined_on, issued_on, page.present)
    if errors or person is None:
        page.refuse(given.row, INVALID, errors)
        return None
    identity = new_id()
    document = {
        **admitted(given, person, identity, page.registry),
        **_begin(page, day.isoformat()),
        "consent": page.consent,
    }
    states = begun(domain.state_of(document, countable(person)), day, page.moment)
    indexes = document["id_index"] or _paper_indexes(page, given, person)
    return _Row(given.row, identity, document, states, indexes, person.warnings)


def _paper_indexes(page: _Page, given: BulkRow, person: Person) -> list[str]:
    """Return the indexes of a person without a number, as unlike anyone else as the paper tells.

    The roster may come again in other pages, under other keys: it must not count anyone twice.
    """
    told = (given.unit_id, person.name, person.sex, str(person.birth_date))
    return page.registry.office.ring.indexes(PAPER, "\0".join(told))


def _begin(page: _Page, day: str) -> dict[str, Any]:
    if not page.existing:
        return {"status": "APPLIED", "applied_on": day, "last_action": "apply"}
    return {
        "status": "ACTIVE",
        "applied_on": day,
        "registered_on": day,
        "filing": page.filing,
        "last_action": "import",
    }


async def _without_held(page: _Page, rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows whose numbers nobody holds; note the others as duplicates."""
    office = page.registry.office
    numbers = [index for row in rows for index in row.indexes]
    held = await store.holders(office.database, office.writer.collection, numbers)
    free: list[_Row] = []
    for row in rows:
        holder = next((held[index] for index in row.indexes if index in held), None)
        if holder is None:
            free.append(row)
        elif row.document["id_index"]:
            refusal = await office.refusal(holder)
            page.refuse(row.number, DUPLICATE, refusal.errors)
        else:
            page.refuse(row.number, DUPLICATE, [FieldError("name", "member.on_paper_already")])
    return free


def _results(page: _Page, rows: Sequence[_Row]) -> list[RowResult]:
    results = dict(page.refused)
    results.update((row.number, row.accepted) for row in rows)
    return [results[raw["row"]] for raw in page.given.rows]


def _inserts(
    page: _Page, rows: Sequence[_Row], results: Sequence[RowResult], once: Once
) -> list[Insert]:
    """Return what one page writes, the idempotency record first and the identifiers next."""
    kept = [_kept(result) for result in results]
    inserts = once.rows(Outcome(200, rows=kept))
    inserts += [
        (IDENTIFIERS, taken_row)
        for row in rows
        for taken_row in identifier_rows(row.indexes, row.identity)
    ]
    if rows:
        inserts += page.registry.office.writer.import_chunk(
            [(row.document, row.states, {}) for row in rows],
            fact=domain.IMPORTED,
            subject=page.caller.subject,
        )
    log_row = accesslog.row(page.caller.subject, "import", [row.identity for row in rows])
    return [*inserts, (accesslog.COLLECTION, log_row)]


def _kept(result: RowResult) -> dict[str, Any]:
    errors = [
        {"field": error.field, "code": error.code, "params": error.params}
        for error in result.errors
    ]
    return {
        "row": result.row,
        "status": result.status,
        "id": result.id,
        "errors": errors,
        "warnings": list(result.warnings),
    }


def _told(known: Outcome) -> list[RowResult]:
    return [
        RowResult(
            row["row"],
            row["status"],
            row["id"],
            [FieldError(error["field"], error["code"], error["params"]) for error in row["errors"]],
            row.get("warnings", ()),  # outcomes of before warnings were kept have none
        )
        for row in known.rows
    ]
