"""Questions to the other services over HTTP, with this service's own token."""

import re
from pathlib import Path
from typing import Any, Literal

import httpx

from shared.base import log
from shared.base.errors import Unavailable
from shared.base.log import correlation_id
from shared.base.settings import AccessSettings, PeerSettings

Service = Literal["org-units", "member", "volunteer"]
_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
_ATTEMPTS = 2
"""A kept-alive connection may have been closed by a restart; a second attempt opens a new one."""
_CONNECTIONS = 32

_log = log.get(__name__)


class Peers:
    """Asks other services; see the module.

    Args:
        settings: where they answer.
        access: where this service's token lies.
        client: the HTTP client; one of its own by default.
    """

    def __init__(
        self,
        settings: PeerSettings,
        access: AccessSettings,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._urls: dict[Service, str] = {
            "org-units": settings.org_units_url.rstrip("/"),
            "member": settings.member_url.rstrip("/"),
            "volunteer": settings.volunteer_url.rstrip("/"),
        }
        self._token_file = access.service_token_file
        self._client = client or httpx.AsyncClient(
            timeout=settings.peer_timeout_seconds,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=4),
        )

    async def get(
        self, service: Service, path: str, params: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Return what a service answers to a GET; None where it knows of no such thing.

        Raises:
            Unavailable: it cannot be reached, or answers anything else.
        """
        return await self._ask("GET", service, path, params=params)

    async def fence(self, service: Service, unit: str, change: str) -> int:
        """Fence a unit in a register of persons; return how many people are there.

        Raises:
            Unavailable: the register does not answer; whether the unit is fenced is not known.
        """
        answer = await self._ask("PUT", service, f"/v1/units/{unit}/fence/{change}")
        if answer is None:
            raise Unavailable("unavailable")
        return int(answer["people"])

    async def lift(self, service: Service, unit: str, change: str) -> None:
        """Remove the fence that a change put up in a register of persons.

        Raises:
            Unavailable: the register does not answer.
        """
        await self._ask("DELETE", service, f"/v1/units/{unit}/fence/{change}")

    async def _ask(
        self, method: str, service: Service, path: str, params: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Return what a service answers; whatever is asked may be asked twice."""
        problem: object = None
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._client.request(
                    method,
                    f"{self._urls[service]}{path}",
                    params=params,
                    headers=self._headers(),
                )
            except (httpx.TransportError, OSError) as failure:  # OSError: the token's file
                problem = repr(failure)
                continue
            if answer.status_code == 404:
                return None
            if answer.status_code == 200:
                body: dict[str, Any] = answer.json()
                return body
            problem = answer.status_code
            break
        _log.warning("a peer does not answer", service=service, path=path, problem=problem)
        raise Unavailable("unavailable")

    async def unit(self, unit_id: str) -> dict[str, Any] | None:
        """Return a unit as org-units shows it now; None where there is none."""
        if not _ID.fullmatch(unit_id):
            return None
        return await self.get("org-units", f"/v1/units/{unit_id}")

    def _headers(self) -> dict[str, str]:
        headers = {"X-Correlation-Id": correlation_id.get() or "-"}
        if self._token_file is not None:
            headers["Authorization"] = f"Bearer {_read(self._token_file)}"
        return headers

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


_tokens: dict[Path, tuple[tuple[int, int, int], str]] = {}


def _read(path: Path) -> str:
    """Return the token, read again when its file has changed (it is renewed at every start)."""
    found = path.stat()
    # Older kernels stamp times in ticks of some milliseconds: two writes may have the same time.
    changed = (found.st_mtime_ns, found.st_size, found.st_ino)
    if path not in _tokens or _tokens[path][0] != changed:
        _tokens[path] = (changed, path.read_text(encoding="utf-8").strip())
    return _tokens[path][1]
