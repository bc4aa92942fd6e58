"""Credentials that are easy to find again, in every form in which they may come out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# rclone's own, which is in its source for everybody to see: `rclone obscure` hides a
# password from a glance only.
_OBSCURE_KEY = bytes.fromhex(
    "9c935b48730a554d6bfd7c63c886a92bd390198eb8128afbf4de162b8b95f638"
)
_IV_BYTES = 16
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{28,200}")


def reveal(token: bytes) -> bytes:
    """What `rclone reveal` says of a token; nonsense or nothing where it is none."""
    if len(token) % 4 == 1:
        return b""
    content = base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))
    if len(content) <= _IV_BYTES:
        return b""
    mode = modes.CTR(content[:_IV_BYTES])
    cipher = Cipher(algorithms.AES(_OBSCURE_KEY), mode).decryptor()
    return cipher.update(content[_IV_BYTES:])


def list_forms(secret: str) -> Iterator[bytes]:
    """A secret as it is, and as programs write it into texts."""
    plain = secret.encode()
    yield plain
    yield json.dumps(secret)[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote(secret).encode()
    yield quote_plus(secret).encode()
    yield plain.hex().encode()
    yield plain[::-1]
    for shift in range(3):
        # The part of it that is the same whatever stands around it.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * shift + plain)
            yield encoded[4 if shift else 0 : (len(plain) + shift) // 3 * 4]


@dataclass
class Hunt:
    """Texts of a run, by where they are from, and what must not be in them."""

    canaries: Mapping[str, str]
    texts: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, place: str, text: bytes | str) -> None:
        """Take what was seen at a place."""
        content = text.encode() if isinstance(text, str) else text
        self.texts.setdefault(place, []).append(content)

    def find(self) -> list[str]:
        """Where a canary is, in words; nothing when all is well."""
        forms = {
            form: name
            for name, secret in self.canaries.items()
            for form in list_forms(secret)
        }
        secrets = {secret.encode(): name for name, secret in self.canaries.items()}
        found = []
        for place, texts in self.texts.items():
            content = b"\n".join(set(texts))
            seen = {name for form, name in forms.items() if form in content}
            hidden = b"\n".join(reveal(each) for each in set(_TOKEN.findall(content)))
            seen |= {f"{n} (obscured)" for s, n in secrets.items() if s in hidden}
            found += [f"{name} in {place}" for name in sorted(seen)]
        return found
