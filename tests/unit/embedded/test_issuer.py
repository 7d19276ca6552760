"""Tokens of the embedded issuer verify by what it publishes; keys are made once."""

import base64
import json
from pathlib import Path

import jwt
import pytest

from embedded import issuer, processes
from embedded.runtime import Runtime
from embedded.supervisor import provide_keyring


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(var=tmp_path, port_base=9000)


def verified(runtime: Runtime, token: str) -> dict[str, object]:
    published = jwt.PyJWKSet.from_json(issuer.documents(runtime)["/jwks.json"].decode())
    key = published[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(
        token, key, algorithms=["ES256"], audience="registry", issuer=runtime.issuer_url
    )


def test_the_token_of_an_officer_holds_the_grants_and_no_more(runtime: Runtime) -> None:
    grants = [issuer.grant("110101", "registrar", "approver")]
    claims = verified(runtime, issuer.mint(runtime, "officer-1", grants, ttl_seconds=60))
    assert claims["sub"] == "officer-1"
    assert claims["grants"] == [{"unit": "110101", "roles": ["registrar", "approver"]}]
    assert "person" not in claims
    assert "service" not in claims


def test_the_tokens_of_a_volunteer_and_of_a_service_say_so(runtime: Runtime) -> None:
    assert verified(runtime, issuer.mint(runtime, "v", person="p-1"))["person"] == "p-1"
    issuer.mint_service_token(runtime)
    assert verified(runtime, runtime.service_token.read_text())["service"] is True


def test_the_signing_key_of_the_issuer_is_made_once_for_its_owner(runtime: Runtime) -> None:
    issuer.provide_key(runtime)
    before = runtime.issuer_key.read_bytes()
    issuer.provide_key(runtime)
    assert runtime.issuer_key.read_bytes() == before
    assert runtime.issuer_key.stat().st_mode & 0o077 == 0
    assert "d" not in json.loads(issuer.jwks_file(runtime).read_text())["keys"][0]


def test_the_key_ring_is_made_once_for_its_owner(runtime: Runtime) -> None:
    provide_keyring(runtime)
    ring = json.loads(runtime.keyring.read_text())
    provide_keyring(runtime)
    assert json.loads(runtime.keyring.read_text()) == ring
    assert runtime.keyring.stat().st_mode & 0o077 == 0
    key = ring["keys"][ring["active"]]
    assert {len(base64.b64decode(value)) for value in key.values()} == {32}
    assert key["encryption"] != key["index"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/jwks.json", 200), ("POST", "/jwks.json", 405), ("GET", "/token", 404)],
)
async def test_the_issuer_serves_its_keys_and_nothing_else(
    runtime: Runtime, method: str, path: str, status: int
) -> None:
    issuer.provide_key(runtime)
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {}

    scope = {"type": "http", "method": method, "path": path}
    await issuer.Issuer(runtime)(scope, receive, send)
    assert sent[0]["status"] == status


def test_a_token_has_the_audience_that_the_services_are_set_to_require(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_OIDC_AUDIENCE", "elsewhere")
    runtime = Runtime(var=tmp_path)
    claims = jwt.decode(issuer.mint(runtime, "officer"), options={"verify_signature": False})
    asked = processes.environment(runtime, "member", database="member")["REGISTRY_OIDC_AUDIENCE"]
    assert claims["aud"] == asked == "elsewhere"
