"""Which ciphers and keyed digests the key ring may name.

National algorithms (SM4-GCM, HMAC-SM3) join by one entry each; the code of a cipher is written
into every envelope and is never given twice.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Cipher(Protocol):
    """Authenticated encryption under one key, safe to share between threads.

    ``decrypt`` raises ``cryptography.exceptions.InvalidTag`` when anything does not fit.
    """

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """Return the plaintext of ciphertext and tag."""
        ...


@dataclass(frozen=True, slots=True)
class CipherAlgorithm:
    """A cipher the ring can name, with its sizes in bytes and its code in the envelope."""

    name: str
    code: int
    key_bytes: int
    nonce_bytes: int
    tag_bytes: int
    build: Callable[[bytes], Cipher]


@dataclass(frozen=True, slots=True)
class IndexDigest:
    """A keyed digest the ring can name: ``compute(key, message)``."""

    name: str
    key_bytes: int
    compute: Callable[[bytes, bytes], bytes]


CIPHERS = {
    "AES-256-GCM": CipherAlgorithm(
        "AES-256-GCM", code=1, key_bytes=32, nonce_bytes=12, tag_bytes=16, build=AESGCM
    )
}
INDEX_DIGESTS = {
    "HMAC-SHA256": IndexDigest("HMAC-SHA256", 32, partial(hmac.digest, digest="sha256"))
}
CIPHER_CODES = {algorithm.code: algorithm for algorithm in CIPHERS.values()}
