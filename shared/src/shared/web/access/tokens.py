"""The caller: verifies access tokens of the OIDC issuer and gives routes their principal.

Keys come by discovery, results are cached until they expire.

Claims: ``sub``; ``grants: [{unit, roles[]}]``; ``person`` (a volunteer's own id);
``service: true`` for the registry's own services.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.base import log
from shared.base.errors import Unauthenticated, Unavailable
from shared.base.settings import AccessSettings
from shared.web.access.principal import Grant, Principal

CALLER = "registry.caller"
"""Key of the scope under which the edge leaves the caller whose token it knows."""
ALGORITHMS = (
    *("ES256", "ES384", "ES512"),
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    "EdDSA",
)
"""Those of JWA that sign with a private key; a token must be signed by the one its key names."""
REFRESH_SECONDS = 10.0
"""An unknown key id fetches the keys again at most this often, for all callers together."""
RETRY_SECONDS = 1.0
"""The same while the issuer could not be reached and there are no keys at all."""
LEEWAY_SECONDS = 10
CACHED_TOKENS = 20_000

_log = log.get(__name__)


def _principal(claims: Mapping[str, Any]) -> Principal:
    """Return the caller a token's claims describe; raise KeyError or TypeError for others."""
    grants = claims.get("grants") or []
    person = claims.get("person")
    if not isinstance(grants, list) or not (person is None or isinstance(person, str)):
        raise TypeError("claims of another shape")
    return Principal(
        subject=str(claims["sub"]),
        grants=tuple(
            Grant(str(item["unit"]), frozenset(str(role) for role in item["roles"]))
            for item in grants
        ),
        person=person,
        service=claims.get("service") is True,
    )


class TokenVerifier:
    """Turns bearer tokens into principals.

    Args:
        settings: the issuer to believe and the audience tokens must be meant for.
        client: HTTP client towards the issuer; one of its own by default.
    """

    def __init__(self, settings: AccessSettings, client: httpx.AsyncClient | None = None) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._audience = settings.oidc_audience
        self._client = client
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked = float("-inf")
        self._reached = False
        self._refreshing = asyncio.Lock()
        self._verified: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return the caller a token names.

        Raises:
            Unauthenticated: the token is not valid here, or has expired.
            Unavailable: the issuer's keys are not known and it cannot be reached.
        """
        if (known := self.known(token)) is not None:
            return known
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, UnicodeError) as problem:
            raise Unauthenticated("auth.invalid") from problem
        key = await self._key(header.get("kid"))
        if header.get("alg") not in ALGORITHMS or header["alg"] != key.algorithm_name:
            raise Unauthenticated("auth.invalid")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=[self._issuer, f"{self._issuer}/"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
            principal = _principal(claims)
        except jwt.ExpiredSignatureError as problem:
            raise Unauthenticated("auth.expired") from problem
        except (jwt.InvalidTokenError, KeyError, TypeError) as problem:
            raise Unauthenticated("auth.invalid") from problem
        self._remember(token, float(claims["exp"]), principal)
        return principal

    def known(self, token: str) -> Principal | None:
        """Return the caller of a token that was verified before and has not expired since."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = self._verified.get(digest)
        if found is None:
            return None
        if found[0] + LEEWAY_SECONDS <= time.time():
            del self._verified[digest]
            return None
        self._verified.move_to_end(digest)
        return found[1]

    def _remember(self, token: str, expires: float, principal: Principal) -> None:
        self._verified[hashlib.sha256(token.encode()).digest()] = (expires, principal)
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)

    async def _key(self, key_id: object) -> jwt.PyJWK:
        if not isinstance(key_id, str):
            raise Unauthenticated("auth.invalid")
        if key_id not in self._keys:
            await self._refresh(key_id)
        if key_id in self._keys:
            return self._keys[key_id]
        if not self._reached:
            raise Unavailable("auth.unavailable")
        raise Unauthenticated("auth.invalid")

    async def _refresh(self, key_id: str) -> None:
        async with self._refreshing:
            pause = REFRESH_SECONDS if self._keys else RETRY_SECONDS
            if key_id in self._keys or time.monotonic() - self._asked < pause:
                return
            try:
                keys = await self._fetch()
            except (httpx.HTTPError, ValueError, KeyError, TypeError) as problem:
                _log.warning("no keys from the issuer", issuer=self._issuer, problem=repr(problem))
                self._reached = False
            else:
                # A token stays valid for no longer than its key does.
                if any(name not in keys for name in self._keys):
                    self._verified.clear()
                self._keys, self._reached = keys, True
            self._asked = time.monotonic()

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=5.0)
        found = await self._client.get(f"{self._issuer}/.well-known/openid-configuration")
        configuration = found.raise_for_status().json()
        if str(configuration["issuer"]).rstrip("/") != self._issuer:
            raise ValueError("discovery names another issuer")
        answer = await self._client.get(configuration["jwks_uri"])
        keys: dict[str, jwt.PyJWK] = {}
        for item in answer.raise_for_status().json()["keys"]:
            try:
                key = jwt.PyJWK(item)
            except jwt.PyJWTError:
                continue  # a kind of key that is not used here
            if key.key_id and key.algorithm_name in ALGORITHMS and item.get("use") != "enc":
                keys[key.key_id] = key
        return keys

    async def ready(self) -> None:
        """Make sure the issuer's keys are here; a readiness check.

        Raises:
            Unavailable: they are not and cannot be fetched now.
        """
        if not self._keys:
            await self._refresh("")
        if not self._keys:
            raise Unavailable("auth.unavailable")

    async def close(self) -> None:
        """Close the connections to the issuer."""
        if self._client is not None:
            await self._client.aclose()


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header; None without one, empty for another scheme."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Caller(SecurityBase):
    """Reads and verifies the token, and puts the scheme into the OpenAPI document.

    One dependency and not a chain of them: FastAPI spends some 30 µs on each link.
    """

    def __init__(self) -> None:
        self.model = HTTPBearer(auto_error=False, bearerFormat="JWT").model
        self.scheme_name = "bearer"

    async def find(self, request: Request) -> Principal | None:
        """Return the caller, or None without a token; a token that does not verify is refused."""
        known: Principal | None = request.scope.get(CALLER)
        if known is not None:
            return known
        token = bearer_token(request.headers.get("authorization"))
        if token is None:
            return None
        if not token:
            raise Unauthenticated("auth.invalid")
        verifier: TokenVerifier = request.app.state.verifier
        return await verifier.verify(token)

    async def require(self, request: Request) -> Principal:
        """Return the caller.

        Raises:
            Unauthenticated: there is no token, or it does not verify.
        """
        if (principal := await self.find(request)) is None:
            raise Unauthenticated("auth.missing")
        return principal


class _Optional(Caller):
    __call__ = Caller.find


class _Required(Caller):
    __call__ = Caller.require


CurrentPrincipal = Annotated[Principal, Depends(_Required())]
OptionalPrincipal = Annotated[Principal | None, Depends(_Optional())]
