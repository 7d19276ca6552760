"""FastAPI dependencies that say who asks."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from shared.access.principal import Principal
from shared.access.tokens import TokenVerifier
from shared.errors import Unauthenticated


class _Bearer(SecurityBase):
    """Puts the scheme into the OpenAPI document and returns the token, with no further cost."""

    def __init__(self) -> None:
        scheme = HTTPBearer(auto_error=False, bearerFormat="JWT")
        self.model = scheme.model
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> str | None:
        return bearer_token(request.headers.get("authorization"))


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of an Authorization header; None without one, empty for another scheme."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_BEARER = _Bearer()
Token = Annotated[str | None, Depends(_BEARER)]


async def optional_principal(request: Request, token: Token) -> Principal | None:
    """Return who asks, or None without a token; a token that does not verify is refused."""
    if token is None:
        return None
    if not token:
        raise Unauthenticated("auth.invalid")
    verifier: TokenVerifier | Any = request.app.state.verifier
    principal: Principal = await verifier.verify(token)
    return principal


async def current_principal(request: Request, token: Token) -> Principal:
    """Return who asks.

    Raises:
        Unauthenticated: there is no token, or it does not verify.
    """
    principal = await optional_principal(request, token)
    if principal is None:
        raise Unauthenticated("auth.missing")
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
OptionalPrincipal = Annotated[Principal | None, Depends(optional_principal)]
