"""Officers of one county: whom a service takes its callers for."""

from dataclasses import dataclass
from typing import Any

import httpx

from embedded.issuer import grant, mint
from embedded.runtime import Runtime

Headers = dict[str, str]


@dataclass
class Officers:
    """A service, and the officers of one county who ask it.

    Args:
        http: bound to the address of the service.
        runtime: of the issuer that signs the officers' tokens.
        county: id of the chapter whose officers act.
    """

    http: httpx.Client
    runtime: Runtime
    county: str

    def bearer(self, subject: str, *grants: Any, **claims: Any) -> Headers:
        """Return the headers of whoever holds a token of the embedded issuer."""
        return {"Authorization": f"Bearer {mint(self.runtime, subject, grants, **claims)}"}

    def officer(self, subject: str, *roles: str, unit: str | None = None) -> Headers:
        """Return an officer's headers; the grant is on the county by default."""
        return self.bearer(subject, grant(unit or self.county, *roles))

    @property
    def registrar(self) -> Headers:
        return self.officer("li", "registrar")

    @property
    def approver(self) -> Headers:
        return self.officer("wang", "approver")
