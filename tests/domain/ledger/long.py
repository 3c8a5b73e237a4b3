"""A ledger of many events, put into the tables at once: as whole as one that was lived, and made in seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.ledger.database import Region
from verifier.chain import event_hash

EACH = 8
"""How many events a stream has."""

_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _stream(number: int) -> UUID:
    return UUID(bytes=hashlib.sha256(b"%d" % number).digest()[:16], version=4)


def document(number: int, at: datetime) -> bytes:
    """Return an event about as long as most are."""
    time = at.isoformat().replace("+00:00", "Z")
    context = {
        "command": str(_stream(number)), "actor": {"id": "aino", "role": "worker", "organisation": "kela"},
        "occurred": time, "recorded": time, "reported": False, "late": False, "on_behalf_of": None, "causation": None,
        "imported": None,
    }  # fmt: skip
    said = {"topic": "unit-opened", "payload": 1, "context": context, "words": None, "event": {"said": "x" * 150}}
    return json.dumps(said).encode()


def rows(first: int, count: int) -> Iterator[tuple[UUID, int, datetime, bytes, bytes]]:
    """Yield so many events in the order of their positions, stream by stream; `first` is a multiple of `EACH`."""
    previous = b""
    for number in range(first, first + count):
        stream, version = _stream(number // EACH), number % EACH + 1
        at = _AT + timedelta(milliseconds=number)
        said = document(number, at)
        previous = event_hash("koe", stream, version, b"" if version == 1 else previous, said)
        yield stream, version, at, said, previous


def lengthen(region: Region, first: int, count: int) -> None:
    """Add so many events, with their positions and their streams' keys."""
    made = list(rows(first, count))
    with region.connect(600, owner=True) as owner, owner.transaction(), owner.cursor() as cursor:
        with cursor.copy("COPY events (stream, version, topic, occurred, recorded, bytes, hash) FROM STDIN") as copy:
            for stream, version, at, said, digest in made:
                copy.write_row((stream, version, "unit-opened", at, at, said, digest))
        with cursor.copy("COPY sequence (position, stream, version) FROM STDIN") as copy:
            for position, (stream, version, *_) in enumerate(made, first + 1):
                copy.write_row((position, stream, version))
        with cursor.copy("COPY keys (stream, wrapped) FROM STDIN") as copy:
            for stream, version, *_ in made:
                if version == 1:
                    copy.write_row((stream, b"x"))
        cursor.execute("UPDATE log_state SET position = %s", (first + count,))
