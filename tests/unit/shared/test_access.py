"""Access: tokens of the issuer and nobody else's; grants cover subtrees and nothing more."""

import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.base.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from shared.base.settings import AccessSettings
from shared.web.access import TokenVerifier
from shared.web.access import tokens as tokens_module
from shared.web.access.principal import (
    UNIT_READERS,
    Grant,
    Principal,
    may_read,
    require,
    require_service,
    roles_on,
)

ISSUER = "http://issuer.test"
P384_KEY = ec.generate_private_key(ec.SECP384R1())
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
JWKS: dict[str, dict[str, Any]] = {
    "ec": {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "alg": "ES256"},
    "rsa": RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True),
    "p384": ECAlgorithm.to_jwk(P384_KEY.public_key(), as_dict=True),
    "pss": {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "alg": "PS256"},
    "ed": OKPAlgorithm.to_jwk(ED_KEY.public_key(), as_dict=True),
}


class Issuer:
    """Discovery and keys over a transport of httpx."""

    def __init__(self, *key_ids: str) -> None:
        self.key_ids = list(key_ids or JWKS)
        self.down = False
        self.fetched = 0
        self.named = ISSUER

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused")
        if request.url.path == "/jwks.json":
            self.fetched += 1
            keys = [{**JWKS[name], "kid": name} for name in self.key_ids]
            return httpx.Response(200, json={"keys": [*keys, {"kty": "strange", "kid": "x"}]})
        body = {"issuer": self.named, "jwks_uri": f"{ISSUER}/jwks.json"}
        return httpx.Response(200, json=body)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    client = httpx.AsyncClient(transport=httpx.MockTransport(issuer))
    return TokenVerifier(AccessSettings(oidc_issuer=ISSUER, oidc_audience="registry"), client)


def token(key: Any = EC_KEY, algorithm: str = "ES256", kid: str = "ec", **changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": "registry",
        "sub": "officer-1",
        "exp": int(time.time()) + 600,
        "grants": [{"unit": "county", "roles": ["registrar", "viewer"]}],
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


async def test_a_good_token_gives_its_caller_and_the_grants(
    verifier: TokenVerifier, issuer: Issuer
) -> None:
    caller = await verifier.verify(token())
    assert caller == Principal(
        "officer-1", (Grant("county", frozenset({"registrar", "viewer"})),), None, False
    )
    assert (await verifier.verify(token(person="v-1", grants=None))).person == "v-1"
    assert (await verifier.verify(token(service=True))).service
    assert not (await verifier.verify(token(service="yes"))).service
    assert issuer.fetched == 1


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (RSA_KEY, "RS256", "rsa"),
        (RSA_KEY, "PS256", "pss"),
        (P384_KEY, "ES384", "p384"),
        (ED_KEY, "EdDSA", "ed"),
    ],
)
async def test_a_token_of_each_allowed_algorithm_is_verified(
    verifier: TokenVerifier, key: Any, algorithm: str, kid: str
) -> None:
    assert (await verifier.verify(token(key, algorithm, kid))).subject == "officer-1"


FAR_FUTURE = 4_102_444_800
"""The year 2100: what is a little later than now at collection has passed when a test runs."""


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://evil.test"},
        {"aud": "another"},
        {"exp": None},
        {"sub": None},
        {"nbf": FAR_FUTURE},
        {"grants": "all"},
        {"grants": [{"unit": "county"}]},
        {"grants": ["county"]},
        {"person": 7},
        {"key": OTHER_KEY},
        {"kid": "unknown"},
        {"key": "secret" * 8, "algorithm": "HS256"},
        {"key": RSA_KEY, "algorithm": "RS256"},
        {"key": RSA_KEY, "algorithm": "RS256", "kid": "pss"},
        {"key": RSA_KEY, "algorithm": "RS512", "kid": "rsa"},
        {"key": None, "algorithm": "none"},
    ],
)
async def test_a_token_with_a_wrong_claim_key_or_algorithm_is_refused(
    verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token(**changes))
    assert caught.value.code == "auth.invalid"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "….…", "é" * 10, "\udce9"])
async def test_a_text_that_is_no_token_is_refused(verifier: TokenVerifier, text: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.verify(text)


async def test_an_expired_token_is_refused_and_forgotten(
    verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(token(exp=int(time.time()) - 60))
    assert caught.value.code == "auth.expired"
    once_good = token()
    await verifier.verify(once_good)
    assert verifier.known(once_good) is not None
    later = time.time() + 700
    monkeypatch.setattr(time, "time", lambda: later)
    assert verifier.known(once_good) is None


async def test_verified_tokens_kept_in_memory_are_bounded(
    verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "CACHED_TOKENS", 2)
    given = [token(sub=f"s{n}") for n in range(3)]
    for one in given:
        await verifier.verify(one)
    assert [verifier.known(one) is not None for one in given] == [False, True, True]


async def test_keys_of_the_issuer_are_fetched_again_for_an_unknown_one_but_not_for_each_token(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "REFRESH_SECONDS", 3_600.0)
    issuer.key_ids = ["ec"]
    await verifier.verify(token())
    issuer.key_ids = ["ec", "ed"]
    rotated = token(ED_KEY, "EdDSA", "ed")
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await verifier.verify(rotated)
    assert issuer.fetched == 1
    monkeypatch.setattr(tokens_module, "REFRESH_SECONDS", 0.0)
    assert (await verifier.verify(rotated)).subject == "officer-1"


async def test_a_withdrawn_key_takes_its_tokens_with_it(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "REFRESH_SECONDS", 0.0)
    issuer.key_ids = ["ec"]
    old = token()
    await verifier.verify(old)
    issuer.key_ids = ["ed"]
    await verifier.verify(token(ED_KEY, "EdDSA", "ed"))
    with pytest.raises(Unauthenticated):
        await verifier.verify(old)


async def test_while_the_issuer_is_down_tokens_are_verified_with_the_keys_already_fetched(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(tokens_module, "REFRESH_SECONDS", 0.0)
    issuer.down = True
    with pytest.raises(Unavailable):
        await verifier.verify(token())
    with pytest.raises(Unavailable):
        await verifier.ready()
    issuer.down = False
    await verifier.ready()
    issuer.down = True
    assert (await verifier.verify(token())).subject == "officer-1"
    with pytest.raises(Unavailable):
        await verifier.verify(token(kid="unknown"))


async def test_an_issuer_that_names_another_is_not_believed(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.named = "http://evil.test"
    with pytest.raises(Unavailable):
        await verifier.verify(token())


PATH = ["school", "county", "province", "hq"]
UPPER = PATH[1:]


def officer(unit: str, *roles: str) -> Principal:
    return Principal("officer", (Grant(unit, frozenset(roles)),))


def test_a_grant_covers_the_subtree_of_its_unit() -> None:
    caller = Principal(
        "officer", (Grant("county", frozenset({"viewer"})), Grant("hq", frozenset({"auditor"})))
    )
    assert roles_on(caller, PATH) == {"viewer", "auditor"}
    assert roles_on(caller, ["province", "hq"]) == {"auditor"}
    assert roles_on(caller, ["elsewhere"]) == set()


def test_an_officer_without_the_role_is_forbidden_and_one_out_of_scope_finds_nothing() -> None:
    require(officer("county", "registrar"), "registrar", PATH)
    require(officer("county", "registrar"), "viewer", PATH)
    with pytest.raises(NotFound):
        require(officer("another county", "registrar"), "registrar", PATH)
    with pytest.raises(Forbidden) as caught:
        require(officer("county", "viewer"), "registrar", PATH)
    assert caught.value.params == {"role": "registrar"}
    with pytest.raises(Forbidden):
        require(officer("another county", "registrar"), "registrar", PATH, readable=False)
    with pytest.raises(NotFound):
        require(Principal("volunteer", person="v"), "viewer", PATH)
    with pytest.raises(NotFound):
        require(officer("hq", "auditor"), "viewer", PATH)
    require(officer("hq", "auditor"), "viewer", PATH, readers=UNIT_READERS)


def test_a_service_that_calls_reads_every_unit_and_does_nothing_else() -> None:
    service = Principal("service:member", service=True)
    assert may_read(service, PATH)
    require(service, "viewer", PATH)
    require_service(service)
    with pytest.raises(Forbidden):
        require(service, "registrar", PATH)
    with pytest.raises(Forbidden):
        require_service(officer("hq", "admin"))


def test_some_roles_count_only_when_granted_at_county_or_above() -> None:
    require(officer("county", "approver"), "approver", PATH, at=UPPER)
    require(officer("hq", "approver"), "approver", PATH, at=UPPER)
    with pytest.raises(Forbidden) as caught:
        require(officer("school", "approver"), "approver", PATH, at=UPPER)
    assert caught.value.code == "scope.level"
    assert caught.value.params["levels"] == ["NATIONAL", "PROVINCE", "PREFECTURE", "COUNTY"]
    with pytest.raises(Forbidden) as caught:
        require(officer("county", "viewer"), "approver", PATH, at=UPPER)
    assert caught.value.code == "scope.forbidden"
    with pytest.raises(NotFound):
        require(officer("elsewhere", "approver"), "approver", PATH, at=UPPER)
