"""Personal values at rest: authenticated encryption with key ids, and keyed indexes to search by.

Algorithms are named in the key ring and in each envelope, so that a key of another algorithm can
join and old values stay readable.
"""

import base64
import binascii
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Self

from cryptography.exceptions import InvalidTag

from shared.people.algorithms import (
    CIPHER_CODES,
    CIPHERS,
    INDEX_DIGESTS,
    Cipher,
    CipherAlgorithm,
    IndexDigest,
)

ENVELOPE_VERSION = 1
INDEX_BYTES = 16
"""128 bits of the keyed digest: no collision to be expected among 10^9 values, half the index."""

PHONE_TAIL = "phone_tail"
_TAIL_DIGITS = 4
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_KIND = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_FIELDS = frozenset({"encryption", "index", "cipher", "digest"})


class EncryptionProblem(Exception):
    """Encryption cannot do its work; the message never holds a value or a key."""


class KeyRingProblem(EncryptionProblem):
    """The key ring cannot be used as it is."""


class UnknownKey(EncryptionProblem):
    """A value was encrypted under a key this ring does not hold."""


class DecryptionFailed(EncryptionProblem):
    """A value is damaged, or was stored for another field or entity."""


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """One key of the ring; without an index key it only decrypts and encrypts."""

    algorithm: CipherAlgorithm
    cipher: Cipher
    header: bytes
    index_key: bytes | None
    digest: IndexDigest


def context(collection: str, field: str, entity_id: str) -> bytes:
    """Return what ties a ciphertext to its place: moved elsewhere, it no longer decrypts."""
    parts = (collection, field, entity_id)
    if any("\0" in part or not part for part in parts):
        raise ValueError("collection, field and entity id are required and hold no NUL")
    return "\0".join(parts).encode()


class KeyRing:
    """The keys of one deployment: the active one encrypts, every one decrypts.

    Every key that has an index key is live for indexes. To rotate: add the new key as active
    (each write then inserts both indexes), rewrite what is stored, and drop the old ``index``;
    its ``encryption`` stays until no value names it.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Build the ring from ``{"active": id, "keys": {id: {"encryption": b64, "index": b64}}}``.

        A key may name its ``cipher`` and ``digest``; the defaults are AES-256-GCM and HMAC-SHA256.
        """
        keys, active = document.get("keys"), document.get("active")
        if not isinstance(keys, dict) or not keys:
            raise KeyRingProblem('the key ring has no "keys"')
        self._keys = {key_id: _read_key(key_id, entry) for key_id, entry in keys.items()}
        if not isinstance(active, str) or active not in self._keys:
            raise KeyRingProblem('"active" of the key ring does not name one of its keys')
        if self._keys[active].index_key is None:
            raise KeyRingProblem(f'the active key "{active}" has no "index" key')
        self.active = active
        self._indexing = sorted(
            (
                (key_id, key.digest, key.index_key)
                for key_id, key in self._keys.items()
                if key.index_key is not None
            ),
            key=lambda live: live[0] != active,
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Build the ring from its JSON text."""
        try:
            document = json.loads(text)
        except ValueError:
            # Without the cause: a JSON error quotes the document, which is made of secrets.
            raise KeyRingProblem("the key ring is not JSON") from None
        if not isinstance(document, dict):
            raise KeyRingProblem("the key ring is not a JSON object")
        return cls(document)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Build the ring from a file."""
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            raise KeyRingProblem(f"cannot read the key ring {path}: {error.strerror}") from error
        try:
            return cls.from_json(text)
        except KeyRingProblem as problem:
            raise KeyRingProblem(f"{path}: {problem}") from None

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active!r}, keys={sorted(self._keys)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key ring is never pickled")

    def encrypt(self, plaintext: str, context: bytes) -> bytes:
        """Return an envelope: header (version, algorithm, key id), random nonce, ciphertext, tag.

        Header and context are authenticated. Random 96-bit nonces allow 2^32 values under one key
        (NIST SP 800-38D 8.3), some ten times a register of the nation.
        """
        key = self._keys[self.active]
        try:
            data = plaintext.encode()
        except UnicodeEncodeError:
            raise EncryptionProblem("the value is not valid Unicode") from None
        nonce = os.urandom(key.algorithm.nonce_bytes)
        return key.header + nonce + key.cipher.encrypt(nonce, data, key.header + context)

    def decrypt(self, envelope: bytes, context: bytes) -> str:
        """Return the text that ``encrypt`` was given with the same context."""
        key = self._key_of(envelope)
        start = len(key.header)
        body = start + key.algorithm.nonce_bytes
        if len(envelope) < body + key.algorithm.tag_bytes:
            raise DecryptionFailed("the encrypted value is cut short")
        try:
            data = key.cipher.decrypt(envelope[start:body], envelope[body:], key.header + context)
        except InvalidTag:
            raise DecryptionFailed(
                "the encrypted value is damaged or belongs to another field or entity"
            ) from None
        return data.decode()

    def indexes(self, kind: str, value: str) -> list[str]:
        """Return the keyed indexes of a value, ``key_id:kind:hex``, the active key's first.

        Equal values of one kind have equal indexes; of two kinds they cannot be matched. Give the
        value in its normal form. Writers insert all, readers look for any of them.
        """
        if _KIND.fullmatch(kind) is None:
            raise ValueError("an index kind is letters, digits, dot, dash or underscore")
        if not value:
            raise ValueError("nothing is indexed by an empty value: all would be equal")
        try:
            message = f"{kind}\0{value}".encode()
        except UnicodeEncodeError:
            raise EncryptionProblem("the value is not valid Unicode") from None
        return [
            f"{key_id}:{kind}:{digest.compute(index_key, message)[:INDEX_BYTES].hex()}"
            for key_id, digest, index_key in self._indexing
        ]

    def phone_tail_indexes(self, phone: str) -> list[str]:
        """Return the indexes of a phone's last four digits, which officers search by."""
        tail = phone[-_TAIL_DIGITS:]
        if len(tail) < _TAIL_DIGITS or not (tail.isascii() and tail.isdigit()):
            raise ValueError("a phone's last four characters are digits")
        return self.indexes(PHONE_TAIL, tail)

    def _key_of(self, envelope: bytes) -> _Key:
        key_id = _envelope_key_id(envelope)
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownKey(f'no key "{key_id}" in the key ring; add it to read older values')
        if not hmac.compare_digest(bytes(envelope[: len(key.header)]), key.header):
            raise DecryptionFailed(f'the value names another algorithm than key "{key_id}" has')
        return key


def new_key_ring(key_id: str = "k1") -> dict[str, Any]:
    """Return the document of a fresh ring with one random key, ready to be written as JSON."""
    entry = {name: base64.b64encode(os.urandom(32)).decode() for name in ("encryption", "index")}
    return {"active": key_id, "keys": {key_id: entry}}


def _envelope_key_id(envelope: bytes) -> str:
    if len(envelope) < 4 or envelope[0] != ENVELOPE_VERSION:
        raise DecryptionFailed("this is not an encrypted value of a known version")
    if envelope[1] not in CIPHER_CODES:
        raise DecryptionFailed("the value was encrypted by an unknown algorithm")
    key_id = bytes(envelope[3 : 3 + envelope[2]]).decode("ascii", errors="replace")
    if _KEY_ID.fullmatch(key_id) is None:
        raise DecryptionFailed("the key id of the encrypted value is damaged")
    return key_id


def _read_key(key_id: str, entry: object) -> _Key:
    if _KEY_ID.fullmatch(key_id) is None:
        raise KeyRingProblem("a key id is 1 to 32 letters, digits, dashes or underscores")
    if not isinstance(entry, dict) or not _FIELDS.issuperset(entry):
        raise KeyRingProblem(f'key "{key_id}" may hold only {", ".join(sorted(_FIELDS))}')
    algorithm = CIPHERS.get(entry.get("cipher", "AES-256-GCM"))
    digest = INDEX_DIGESTS.get(entry.get("digest", "HMAC-SHA256"))
    if algorithm is None or digest is None:
        raise KeyRingProblem(
            f'key "{key_id}" names an algorithm that is none of '
            f"{', '.join([*CIPHERS, *INDEX_DIGESTS])}"
        )
    secret = _secret(key_id, "encryption", entry.get("encryption"), algorithm.key_bytes)
    index = entry.get("index")
    name = key_id.encode()
    return _Key(
        algorithm=algorithm,
        cipher=algorithm.build(secret),
        header=bytes([ENVELOPE_VERSION, algorithm.code, len(name)]) + name,
        index_key=None if index is None else _secret(key_id, "index", index, digest.key_bytes),
        digest=digest,
    )


def _secret(key_id: str, name: str, text: object, size: int) -> bytes:
    try:
        secret = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != size:
        raise KeyRingProblem(f'"{name}" of key "{key_id}" is not {size} bytes in base64')
    return secret
