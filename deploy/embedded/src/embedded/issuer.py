"""The embedded OIDC issuer: one ES256 key, by which whoever may read it mints tokens, and JWKS."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from embedded.files import write_atomically
from embedded.runtime import Runtime

OFFICER_TTL = 8 * 3600
"""Seconds: one working day."""
SERVICE_TTL = 3650 * 24 * 3600
"""Seconds: minted anew at every start, and must outlive the longest run between two."""
OWNER_ONLY = 0o600

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]


def grant(unit: str, *roles: str) -> dict[str, Any]:
    """One grant: these roles over the subtree of the unit (id or region code)."""
    return {"unit": unit, "roles": list(roles)}


def mint(
    runtime: Runtime,
    subject: str,
    grants: Sequence[Mapping[str, Any]] = (),
    *,
    person: str | None = None,
    ttl_seconds: int = OFFICER_TTL,
    service: bool = False,
) -> str:
    """A signed bearer token; `person` makes it a volunteer's, `service` a service's.

    Makes the key first where there is none yet.
    """
    import jwt

    provide_key(runtime)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": runtime.issuer_url,
        "sub": subject,
        "aud": runtime.audience,
        "iat": now,
        "exp": now + ttl_seconds,
        "jti": str(uuid.uuid4()),
        "grants": [dict(one) for one in grants],
    }
    if person is not None:
        claims["person"] = person
    if service:
        claims["service"] = True
    key_id = json.loads(jwks_file(runtime).read_text())["keys"][0]["kid"]
    key = runtime.issuer_key.read_text()
    return jwt.encode(claims, key, algorithm="ES256", headers={"kid": key_id})


def mint_service_token(runtime: Runtime) -> None:
    """The token by which the services call one another, in a file each of them may read."""
    token = mint(runtime, "service:embedded", ttl_seconds=SERVICE_TTL, service=True)
    write_atomically(runtime.service_token, token, OWNER_ONLY)


def jwks_file(runtime: Runtime) -> Path:
    """The public half of the key, as a JSON Web Key Set."""
    return runtime.issuer_key.with_name("jwks.json")


def provide_key(runtime: Runtime) -> None:
    """Make the signing key and its public half on first use; the private half is written last."""
    if runtime.issuer_key.exists():
        return
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from jwt.algorithms import ECAlgorithm

    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    entry = {**public, "kid": uuid.uuid4().hex[:12], "alg": "ES256", "use": "sig"}
    write_atomically(jwks_file(runtime), json.dumps({"keys": [entry]}))
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_atomically(runtime.issuer_key, pem, OWNER_ONLY)


def documents(runtime: Runtime) -> dict[str, bytes]:
    """Everything the issuer says, by path; its key must have been made.

    It has no token endpoint: tokens come from the command line.
    """
    url = runtime.issuer_url
    discovery = {
        "issuer": url,
        "jwks_uri": f"{url}/jwks.json",
        "id_token_signing_alg_values_supported": ["ES256"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
    }
    well = b'{"status":"ok"}'
    return {
        "/.well-known/openid-configuration": json.dumps(discovery).encode(),
        "/jwks.json": jwks_file(runtime).read_bytes(),
        "/healthz": well,
        "/readyz": well,
    }


class Issuer:
    """A bare ASGI application: a framework would triple its start-up time."""

    def __init__(self, runtime: Runtime) -> None:
        self._documents = documents(runtime)

    async def __call__(self, scope: Message, _receive: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = 200, self._documents.get(scope["path"])
        if scope["method"] not in {"GET", "HEAD"}:
            status, body = 405, b'{"status":"method not allowed"}'
        elif body is None:
            status, body = 404, b'{"status":"not found"}'
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until a signal, on loopback unless REGISTRY_HOST names another address."""
    runtime = Runtime.from_environment()
    provide_key(runtime)
    uvicorn.run(
        Issuer(runtime),
        host=os.environ.get("REGISTRY_HOST", "127.0.0.1"),
        port=runtime.issuer_port,
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
