"""Encryption at rest and keyed indexes: round trips, rotation, tampering, and silence."""

import base64
import copy
import hashlib
import hmac
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from shared.people import algorithms
from shared.people.encryption import (
    DecryptionFailed,
    EncryptionProblem,
    KeyRing,
    KeyRingProblem,
    UnknownKey,
    context,
    new_key_ring,
)

PLACE = context("members", "id_number", "0190-a")
NUMBER = "11010519491231002X"


def secret(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


def document(**changes: Any) -> dict[str, Any]:
    keys = {"k1": {"encryption": secret("a"), "index": secret("b")}}
    return {"active": "k1", "keys": keys, **changes}


def rotated() -> dict[str, Any]:
    """A ring whose new key k2 is active while k1 is still live."""
    ring = document(active="k2")
    ring["keys"]["k2"] = {"encryption": secret("c"), "index": secret("d")}
    return ring


RING = KeyRing(document())

texts = st.text(st.characters(exclude_categories=["Cs"]))
places = st.tuples(*[st.text("abcdefz0123456789-_.", min_size=1)] * 3)


@given(texts, places)
def test_an_encrypted_value_decrypts_at_its_own_place(
    plaintext: str, place: tuple[str, str, str]
) -> None:
    envelope = RING.encrypt(plaintext, context(*place))
    assert RING.decrypt(envelope, context(*place)) == plaintext


@given(places, places)
def test_no_two_places_share_an_encryption_context(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (context(*one) == context(*other)) == (one == other)


@given(st.data())
def test_any_changed_bit_of_an_encryption_envelope_is_found(data: st.DataObject) -> None:
    envelope = bytearray(RING.encrypt(NUMBER, PLACE))
    place = data.draw(st.integers(0, len(envelope) - 1))
    envelope[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((DecryptionFailed, UnknownKey)):
        RING.decrypt(bytes(envelope), PLACE)


@given(st.binary(max_size=80))
def test_any_bytes_taken_for_an_encryption_envelope_fail_cleanly(envelope: bytes) -> None:
    with pytest.raises((DecryptionFailed, UnknownKey)):
        RING.decrypt(envelope, PLACE)


def test_a_cut_encryption_envelope_is_refused() -> None:
    envelope = RING.encrypt("", PLACE)
    for length in range(len(envelope)):
        with pytest.raises(EncryptionProblem):
            RING.decrypt(envelope[:length], PLACE)


@pytest.mark.parametrize("place", [("members", "phone", "0190-a"), ("members", "id_number", "x")])
def test_an_encrypted_value_moved_elsewhere_does_not_decrypt(place: tuple[str, str, str]) -> None:
    with pytest.raises(DecryptionFailed):
        RING.decrypt(RING.encrypt(NUMBER, PLACE), context(*place))


def test_equal_values_have_different_encryption_envelopes() -> None:
    assert len({RING.encrypt(NUMBER, PLACE) for _ in range(100)}) == 100


def test_the_encryption_envelope_is_aes_gcm_with_its_key_id() -> None:
    envelope = RING.encrypt(NUMBER, PLACE)
    header, nonce, sealed = envelope[:5], envelope[5:17], envelope[17:]
    assert header == b"\x01\x01\x02k1"
    assert AESGCM(b"a" * 32).decrypt(nonce, sealed, header + PLACE) == NUMBER.encode()
    assert NUMBER.encode() not in envelope


def test_search_indexes_are_digests_keyed_by_the_key_ring() -> None:
    digest = hmac.new(b"b" * 32, b"RESIDENT_ID\0" + NUMBER.encode(), hashlib.sha256).digest()
    assert RING.indexes("RESIDENT_ID", NUMBER) == [f"k1:RESIDENT_ID:{digest[:16].hex()}"]
    assert RING.indexes("PASSPORT", NUMBER)[0].split(":")[2] != digest[:16].hex()


def test_the_last_four_digits_of_a_phone_number_are_indexed() -> None:
    assert RING.phone_tail_indexes("+8613812345678") == RING.indexes("phone_tail", "5678")
    assert RING.phone_tail_indexes("5678") == RING.phone_tail_indexes("+85291235678")
    with pytest.raises(ValueError, match="digits"):
        RING.phone_tail_indexes("567")


@pytest.mark.parametrize(("kind", "value"), [("a:b", "1"), ("", "1"), ("phone", "")])
def test_an_ambiguous_or_empty_value_gets_no_search_index(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match="index"):
        RING.indexes(kind, value)


def test_while_two_keys_of_the_key_ring_live_both_index_and_the_active_one_leads() -> None:
    ring = KeyRing(rotated())
    new, old = ring.indexes("phone", "+8613812345678")
    assert new.startswith("k2:phone:")
    assert [old] == RING.indexes("phone", "+8613812345678")
    assert ring.decrypt(RING.encrypt(NUMBER, PLACE), PLACE) == NUMBER


def test_a_retired_key_of_the_key_ring_still_decrypts_and_no_longer_indexes() -> None:
    after = rotated()
    del after["keys"]["k1"]["index"]
    ring = KeyRing(after)
    assert [text[:3] for text in ring.indexes("phone", "1")] == ["k2:"]
    assert ring.decrypt(RING.encrypt(NUMBER, PLACE), PLACE) == NUMBER


def test_a_key_missing_from_the_key_ring_is_named() -> None:
    envelope = KeyRing(rotated()).encrypt(NUMBER, PLACE)
    with pytest.raises(UnknownKey, match="k2"):
        RING.decrypt(envelope, PLACE)


def test_another_cipher_joins_the_key_ring_and_old_values_stay_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = algorithms.CipherAlgorithm("CHACHA20", 200, 32, 12, 16, ChaCha20Poly1305)
    monkeypatch.setitem(algorithms.CIPHERS, "CHACHA20", other)
    monkeypatch.setitem(algorithms.CIPHER_CODES, 200, other)
    after = rotated()
    after["keys"]["k2"]["cipher"] = "CHACHA20"
    ring = KeyRing(after)
    envelope = ring.encrypt(NUMBER, PLACE)
    assert envelope[1] == 200
    assert ring.decrypt(envelope, PLACE) == NUMBER
    assert ring.decrypt(RING.encrypt(NUMBER, PLACE), PLACE) == NUMBER
    with pytest.raises(DecryptionFailed, match="another algorithm"):
        KeyRing(rotated()).decrypt(envelope, PLACE)


def test_encryption_refuses_broken_unicode_without_showing_the_value() -> None:
    for refused in (
        lambda: RING.encrypt("secret\ud800", PLACE),
        lambda: RING.indexes("name", "secret\ud800"),
    ):
        with pytest.raises(EncryptionProblem) as caught:
            refused()
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("place", [("", "b", "c"), ("a\0b", "c", "d")])
def test_an_ambiguous_place_gets_no_encryption_context(place: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="NUL"):
        context(*place)


def test_a_new_key_ring_works_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps(new_key_ring("k7")), encoding="utf-8")
    ring = KeyRing.load(path)
    assert ring.active == "k7"
    assert KeyRing.load(str(path)).decrypt(ring.encrypt(NUMBER, PLACE), PLACE) == NUMBER
    assert new_key_ring() != new_key_ring()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        b"\xff\xfe{",
        json.dumps(document(active="k9")),
        json.dumps(document(active=None)),
        json.dumps(document(active=["k1"])),
        json.dumps(document(keys={})),
        json.dumps(document(keys={"k1": []})),
        json.dumps(document(keys={"k:1": {}})),
        json.dumps(document(keys={"k1": {"encryption": secret("a")}})),
        json.dumps(document(keys={"k1": {"encryption": "YQ==", "index": secret("b")}})),
        json.dumps(document(keys={"k1": {"encryption": secret("a"), "index": "!!"}})),
        json.dumps(document(keys={"k1": {"encryption": 7, "index": secret("b")}})),
        json.dumps(
            document(keys={"k1": {"encryption": secret("a"), "index": secret("b"), "cipher": "X"}})
        ),
        json.dumps(document(keys={"k1": {"encryption": secret("a"), "typo": secret("b")}})),
    ],
)
def test_a_wrong_key_ring_is_refused_without_showing_its_secrets(
    text: str | bytes, tmp_path: Path
) -> None:
    path = tmp_path / "keyring.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KeyRingProblem) as caught:
        KeyRing.load(path)
    assert "keyring.json" in str(caught.value)
    assert secret("a") not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_of_the_key_ring_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyRingProblem, match=r"absent\.json"):
        KeyRing.load(tmp_path / "absent.json")


def test_the_key_ring_shows_and_copies_no_secret() -> None:
    assert repr(RING) == "KeyRing(active='k1', keys=['k1'])"
    assert "a" * 32 not in repr(vars(RING)["_keys"])  # fewer could be part of an address
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError):
            leak(RING)
