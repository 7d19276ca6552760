"""A command: one caller's request to change one entity, with everything that decides its outcome."""

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel

from shared.register.actions import Action
from shared.register.requests import PaperDocument
from shared.register.trail import RequestKey
from shared.web.access.principal import Principal


@dataclass(frozen=True, kw_only=True)
class Command:
    """What is asked for, by whom and when.

    Args:
        action: the row of the noun's action table.
        caller: who gives the command.
        given: the request's body.
        moment: this instant, read once for the whole command.
        today: today in China Standard Time.
        day: on which it is to take effect.
        entity: id of the entity; None for a creation.
        seen: version the caller has seen (If-Match).
        key: identifies a request that is sent again.
        reason: why, if a reason was given.
        document: the paper it rests on.
    """

    action: Action
    caller: Principal
    given: BaseModel
    moment: datetime
    today: date
    day: date
    entity: str | None = None
    seen: int | None = None
    key: RequestKey | None = None
    reason: str | None = None
    document: PaperDocument | None = None
