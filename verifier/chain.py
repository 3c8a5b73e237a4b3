"""The chain: each event's hash is over the one before it, so that none can be changed, left out or moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from verifier import strict

TAG = b"luotsi-event-1"


def event_hash(region: str, stream: UUID, version: int, previous: bytes, document: bytes) -> bytes:
    """Return an event's hash: SHA-256 over six parts, each behind its length."""
    digest = sha256()
    for part in (TAG, region.encode(), stream.bytes, version.to_bytes(8, "big"), previous, document):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


@dataclass(frozen=True)
class Document:
    """A stored event as far as it says something of itself; `words` is the digest of its words' ciphertext.

    One that is not `salted` is of before the log was sealed.
    """

    topic: str
    context: dict[str, Any]
    words: bytes | None
    event: dict[str, Any]
    occurred: datetime
    recorded: datetime
    salted: bool

    @classmethod
    def read(cls, text: str) -> Document:
        """Read a stored document. Raises `strict.Malformed`."""
        value = strict.loads(text)
        if isinstance(value, dict):
            value.setdefault("salt", None)  # events of before there were seals have none
        topic, _, context, words, salt, event = strict.fields(
            value, topic=strict.text, payload=strict.whole, context=strict.mapping,
            words=strict.digest_or_none, salt=strict.text_or_none, event=strict.mapping,
        )  # fmt: skip
        for name in ("occurred", "recorded"):
            if name not in context:
                raise strict.Malformed(f"the context has no {name!r}")
        occurred, recorded = (strict.moment(context[name]) for name in ("occurred", "recorded"))
        return cls(topic, context, words, event, occurred, recorded, salted=salt is not None)
