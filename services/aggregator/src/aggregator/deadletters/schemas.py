"""The commands that close a dead letter."""

from typing import Any

from pydantic import Field

from shared.web.fields import StrictModel


class Replay(StrictModel):
    """Count a dead letter's events; ``event`` replaces what is stored, numbers kept."""

    event: dict[str, Any] | list[dict[str, Any]] | None = None


class Dismissal(StrictModel):
    """Close a dead letter without counting it."""

    reason: str = Field(min_length=3, max_length=500)
