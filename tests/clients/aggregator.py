"""The client of the aggregator: public figures, breakdowns, what the national office looks at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.clients.officers import Headers, Officers
from tests.waiting import until

SERIES = ("units", "members", "volunteers")


class Figures(Officers):
    """The dashboard's service."""

    def progress(self, **params: str) -> dict[str, Any]:
        """Return the public figures."""
        answer = self.http.get("/v1/progress", params=params)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def values(self, **params: str) -> dict[str, int]:
        """Return the three headline figures."""
        indicators = self.progress(**params)["indicators"]
        return {name: item["value"] for name, item in indicators.items()}

    def counters(self, who: Headers | None = None, /, **params: str) -> dict[str, Any]:
        """Return a table of the units below one, or a breakdown."""
        answer = self.http.get("/v1/counters", params=params, headers=who)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def holds(self, moment: datetime) -> bool:
        """Return whether the figures claim to hold all that was committed up to a moment."""
        try:
            reported = self.progress()
        except httpx.HTTPError:
            return False
        lag = timedelta(seconds=reported["lag_seconds"] or 0)
        return reported["complete"] and datetime.fromisoformat(reported["at"]) - lag > moment

    def settled(self, unit: str = "100000", **params: str) -> dict[str, int]:
        """Return the headline figures once they hold whatever was answered before this call."""
        moment = datetime.now(UTC)
        until(lambda: self.holds(moment), "the figures hold what was committed")
        return self.values(unit=unit, **params)
