"""No token, or one that the issuer did not sign for this moment: nothing is shown or done."""

from collections.abc import Callable

import jwt
import pytest

from embedded.issuer import mint
from embedded.runtime import Runtime
from tests.clients.county import KINDS, County
from tests.clients.register import check_problem

WRITERS = tuple(KINDS)


@pytest.mark.parametrize("service", WRITERS)
def test_without_a_token_nothing_is_shown_or_done(county: County, service: str) -> None:
    register = county.register(service)
    entry = register.of(register.create())
    for method, path in (
        ("GET", register.path), ("POST", register.path), ("GET", entry), ("PATCH", entry),
        ("POST", f"{entry}/void"),
    ):  # fmt: skip
        answer = register.http.request(method, path, json={})
        check_problem(answer, 401, "auth.missing")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def tampered(runtime: Runtime) -> str:
    head, _, signature = mint(runtime, "registrar-330106").split(".")
    body = mint(runtime, "somebody-else", service=True).split(".")[1]
    return f"{head}.{body}.{signature}"


def unsigned(runtime: Runtime) -> str:
    claims = jwt.decode(mint(runtime, "nobody", service=True), options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


BAD_TOKENS: dict[str, Callable[[Runtime], str]] = {
    "auth.invalid garbage": lambda _: "garbage",
    "auth.invalid tampered": tampered,
    "auth.invalid unsigned": unsigned,
    "auth.expired": lambda runtime: mint(runtime, "late", service=True, ttl_seconds=-3600),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_token_that_does_not_verify_opens_nothing(county: County, kind: str) -> None:
    headers = {"Authorization": f"Bearer {BAD_TOKENS[kind](county.system.runtime)}"}
    for service in WRITERS:
        register = county.register(service)
        answer = register.http.get(register.path, headers=headers)
        check_problem(answer, 401, kind.split()[0])
