"""Rules of memberships (docs/domain.md section 2): who may join, and what may happen to one.

Pure: a membership and a command in, a membership or violations out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar, Literal, get_args

from member.settings import MemberSettings
from shared.base import clock
from shared.base.errors import FieldError
from shared.contract.definitions import DEFINITIONS
from shared.contract.timeline import State
from shared.people.entity import PersonEntity
from shared.people.identifiers import IdType
from shared.people.intake import Guardian
from shared.people.lifetime import RELATIONS
from shared.register.actions import Action, ActionTable, acts
from shared.register.days import Relation
from shared.register.entity import VOIDED, StoredDay
from shared.register.requests import PaperDocument, StoredDocument

Kind = Literal["INDIVIDUAL_ADULT", "INDIVIDUAL_YOUTH"]
Status = Literal[
    "APPLIED", "APPROVED", "REJECTED", "ACTIVE", "ARREARS", "LAPSED", "WITHDRAWN", "EXPELLED",
    "DECEASED", "MERGED", "VOIDED",
]  # fmt: skip
ORDINARY = "ORDINARY"
STATUSES: tuple[Status, ...] = get_args(Status)
OPEN = frozenset({"APPLIED", "APPROVED", "ACTIVE", "ARREARS"})
"""A person has at most one membership in these; a unit with one cannot be closed."""
REOPENABLE = frozenset({"REJECTED", "LAPSED", "WITHDRAWN", VOIDED})

_MEMBERS = frozenset({"ACTIVE", "ARREARS"})
_NOT_VOIDED = frozenset(STATUSES) - {VOIDED}


ACTIONS = ActionTable(
    "member",
    create=Action(
        name="create", fact="applied", role="registrar", target="APPLIED", drafts=True,
        admits=True,
    ),
    correct=Action(
        name="correct", fact="corrected", role="registrar", sources=_NOT_VOIDED, drafts=True
    ),
    acts=acts(
        Action(
            name="approve", fact="approved", role="approver",
            sources=frozenset({"APPLIED"}), target="APPROVED", four_eyes=True, admits=True,
        ),
        Action(
            name="file", fact="registered", role="approver",
            sources=frozenset({"APPROVED"}), target="ACTIVE",
            at_county_or_above=True, four_eyes=True, admits=True,
        ),
        Action(
            name="reject", fact="rejected", role="approver",
            sources=frozenset({"APPLIED", "APPROVED"}), target="REJECTED", needs_reason=True,
        ),
        Action(
            name="withdraw", fact="withdrawn", role="registrar",
            sources=_MEMBERS, target="WITHDRAWN", may_be_late=True,
        ),
        Action(
            name="expel", fact="expelled", role="approver",
            sources=_MEMBERS, target="EXPELLED",
            at_county_or_above=True, needs_reason=True, may_be_late=True,
        ),
        Action(
            name="decease", fact="deceased", role="registrar",
            sources=_NOT_VOIDED - {"DECEASED"}, target="DECEASED", may_be_late=True,
        ),
        Action(
            name="void", fact="voided", role="approver",
            sources=_NOT_VOIDED, target=VOIDED, needs_reason=True,
        ),
        Action(
            name="reapply", fact="reapplied", role="registrar",
            sources=REOPENABLE, target="APPLIED", drafts=True, restarts=REOPENABLE, admits=True,
        ),
    ),
)  # fmt: skip
"""``reject`` from APPROVED is the county's refusal to file; ``void`` of one who was ever counted
takes a county and four eyes (``shared.register.actions.required``). A death is recorded whatever the
status was, and supersedes what is dated after it, such as a return by mistake."""


STOCK = (replace(ACTIONS.create, at_county_or_above=True), ACTIONS.acts["file"])
"""What the caller must be allowed who enters members of long standing: they are filed at once."""


@dataclass(frozen=True, kw_only=True)
class Membership(PersonEntity):
    """A person's membership.

    Args:
        filing: the document it was filed by.
        paper_key: what is claimed of who was entered from paper without a number (``paper.key``).
            Entries of before this was kept have none.
    """

    counted: ClassVar = DEFINITIONS["members"].statuses | {"LAPSED", "WITHDRAWN", "EXPELLED"}

    kind: Kind
    grade: str = ORDINARY
    filing: StoredDocument | None = None
    paper_key: tuple[str, ...] = ()
    approved_on: StoredDay | None = None
    rejected_on: StoredDay | None = None
    withdrawn_on: StoredDay | None = None
    expelled_on: StoredDay | None = None
    deceased_on: StoredDay | None = None
    reapplied_on: StoredDay | None = None

    @staticmethod
    def opens_run(was: str, now: str) -> bool:
        return bool(was) and now == "APPLIED"  # nothing else comes to it

    @property
    def kept(self) -> PaperDocument | None:
        return self.filing

    @property
    def state(self) -> State:
        """Return the countable state (``shared.contract.events.states.MemberState``)."""
        return {
            "unit": self.unit,
            "status": self.status,
            "kind": self.kind,
            "grade": self.grade,
            **self.person.countable,
        }


def applied_again(membership: Membership, subject: str, day: date) -> Membership:
    """Return a membership that ended or was voided as the application of a day.

    The days of the earlier time go; the history keeps them.
    """
    return replace(
        membership,
        applied_by=subject,
        applied_on=day,
        approved_on=None,
        registered_on=None,
        rejected_on=None,
        withdrawn_on=None,
        expelled_on=None,
        deceased_on=None,
        voided_on=None,
    )


def filed(membership: Membership, document: PaperDocument | None) -> Membership:
    """Return a membership with the document it is filed by."""
    return replace(membership, filing=document)


def violations_of_filing(document: PaperDocument | None, rules: MemberSettings) -> list[FieldError]:
    """Return what filing without a document violates, where the chapter asks for one."""
    if document is None and rules.filing_needs_document:
        return [FieldError("document", "document.required")]
    return []


def violations_of_document_type(
    id_type: IdType, rules: MemberSettings, *, paper_stock: bool
) -> list[FieldError]:
    """Return what joining with this document violates: only citizens may (2009 rules)."""
    if id_type is IdType.RESIDENT_ID:
        return []
    if id_type is IdType.NONE:
        return [] if paper_stock else [FieldError("id_type", "member.number_required")]
    if id_type is IdType.HMT_RESIDENCE:
        return [] if rules.hmt_admitted else [FieldError("id_type", "member.hmt_not_admitted")]
    return [FieldError("id_type", "member.not_citizen")]


DAYS = (
    Relation(earlier="born", later="entered", code="member.born_after_joining"),
    *RELATIONS,
    Relation(earlier="born", later="kept", code="person.day_before_birth"),
)
"""The days of a membership; it keeps the document it was filed by."""


def violations_of_age(
    born: date | None,
    *,
    joins_on: Iterable[date],
    today: date,
    guardian: Guardian | None,
    rules: MemberSettings,
) -> list[FieldError]:
    """Return what a person's age violates.

    The youngest age is that of each day of joining; a guardian is needed by who is a minor today,
    since the data are processed from today on.
    """
    if born is None:
        return [FieldError("birth_date", "member.birth_date_required")]
    if any(clock.age_on(born, day) < rules.youngest_age for day in joins_on if day >= born):
        return [FieldError("birth_date", "member.too_young", {"age": rules.youngest_age})]
    age = clock.age_on(born, today)
    if age < rules.guardian_below and guardian is None:
        return [FieldError("guardian", "guardian.required", {"age": rules.guardian_below})]
    consents = guardian is not None and guardian.consent is not None
    if age < rules.guardian_consent_below and not consents:
        limit = {"age": rules.guardian_consent_below}
        return [FieldError("guardian.consent", "guardian.required", limit)]
    return []


JOINED_BEFORE_UNIT = "member.joined_before_unit"
"""Code of the warning that a person joined a unit before it, or the one that it continues, was there."""


def warnings_of_unit(joined_on: date, since: date | None) -> tuple[str, ...]:
    """Return the warnings about a day of joining.

    Only a warning: many a unit is entered with the day of its registration, or continues another one,
    which the unit then says (``predecessor_founded_on``).

    Args:
        since: when the unit, or the one that it continues, was founded; None where it is not known.
    """
    return (JOINED_BEFORE_UNIT,) if since is not None and joined_on < since else ()


def of_unit(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of an entry's warnings that no correction of the person changes."""
    return tuple(code for code in warnings if code == JOINED_BEFORE_UNIT)


def violations_of_stock(
    joined_on: date | None, document_day: date | None, today: date
) -> list[FieldError]:
    """Return the rules that the entry of a member of long standing breaks.

    It needs no second officer, so the day of joining must be before today and not after the
    document that approved it.
    """
    if joined_on is None:
        return [FieldError("joined_on", "member.joined_on_required")]
    if joined_on >= today:
        present = {"today": today.isoformat()}
        return [FieldError("joined_on", "member.not_of_long_standing", present)]
    if document_day is not None and joined_on > document_day:
        issued = {"issued_on": document_day.isoformat()}
        return [FieldError("joined_on", "member.joined_after_document", issued)]
    return []


def violations_of_unit(level: str, status: str, rules: MemberSettings) -> list[FieldError]:
    """Return what a unit violates that is to admit a member."""
    if level != "GRASSROOTS" and not rules.chapters_admit:
        return [FieldError("unit_id", "member.unit_is_chapter")]
    if status != "ACTIVE":
        return [FieldError("unit_id", "unit.not_active", {"status": status})]
    return []
