"""Witnesses (C2SP `tlog-witness`): they vouch that every tree of this log that they saw goes on in this one."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from psycopg import Connection

from domain.ledger.anchors.anchor import EVERY, Anchor, Shown, is_of_now
from domain.ledger.anchors.outside import SECONDS, Answer, NotAnchored, Outsider
from domain.ledger.notes import COSIGNATURE, NoteMalformed, NotSigned, VkeyMalformed, cosigned, parse_vkey
from domain.ledger.tiles import Tiles

_SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(rb"(0|[1-9]\d{0,18})\n?", re.ASCII)

_REFUSALS: Mapping[int, str] = {
    HTTPStatus.FORBIDDEN: "it trusts no key that has signed the checkpoint: give its operator the log's key",
    HTTPStatus.NOT_FOUND: "it does not know the log: give its operator the log's name and key",
    HTTPStatus.CONFLICT: "it has seen another tree of that size: the log was changed, or somebody else shows it theirs",
    HTTPStatus.UNPROCESSABLE_ENTITY: "the tree that it has seen does not go on in this one: the log was changed",
}
"""What a witness says by its status, and what there is to do."""


class Witness(Anchor):
    """A witness at an address, known by its verification key. Raises `VkeyMalformed` for one that is no witness's."""

    def __init__(self, url: str, vkey: str, every: int = EVERY, seconds: float = SECONDS) -> None:
        key = parse_vkey(vkey)
        if key.algorithm != COSIGNATURE:
            raise VkeyMalformed(f"{key.name} signs notes, and a witness cosigns them: its key is of the type 04")
        super().__init__(key.name, every)
        self.vkey = vkey
        self._outsider = Outsider(url, seconds)

    def last(self, connection: Connection, log: str, epoch: int) -> int | None:
        """Return the size of the last checkpoint that it has cosigned, as far as is known here."""
        row = connection.execute(_LAST, (log, epoch, self.name)).fetchone()
        return None if row is None else int(row[0])

    def anchor(self, connection: Connection, it: Shown) -> None:
        """Have a checkpoint cosigned; keep the line. What it has seen last, it may know better than we."""
        answer = self._shown(connection, it, self.last(connection, it.log, it.epoch) or 0)
        if answer.status == HTTPStatus.CONFLICT and answer.type.split(";")[0] == _SIZE_TYPE:
            answer = self._shown(connection, it, _seen(answer, it))
        if answer.status != HTTPStatus.OK:
            raise NotAnchored(_REFUSALS.get(answer.status, f"it answered {answer.status}"))
        line, at = self._cosigned(answer, it.text)
        is_of_now(at, it)
        connection.execute(_COSIGNED, (it.log, it.epoch, it.size, self.name, line, at))

    def _shown(self, connection: Connection, it: Shown, old: int) -> Answer:
        """Show it a checkpoint, with the proof that it goes on from the one that it has seen last."""
        proof = Tiles(connection, it.log).consistency(old, it.size)
        lines = [f"old {old}", *(b64encode(hash_).decode() for hash_ in proof), ""]
        body = "".join(f"{line}\n" for line in lines) + it.note
        return self._outsider.post("/add-checkpoint", body.encode(), "text/plain; charset=utf-8")

    def _cosigned(self, answer: Answer, text: str) -> tuple[str, datetime]:
        """Return its line and the time in it. Whatever else there is in the answer, of others, is passed over."""
        for line in answer.content.decode("utf-8", "replace").split("\n"):
            try:
                return line, cosigned(text, line, self.vkey)
            except (NoteMalformed, NotSigned):
                continue
        raise NotAnchored("its answer has no cosignature of this checkpoint by its key")


def _seen(answer: Answer, it: Shown) -> int:
    """Return the size that it says it has seen last."""
    said = _SIZE.fullmatch(answer.content)
    if said is None:
        raise NotAnchored("the size that it says it has seen is none")
    size = int(said[1])
    if size > it.size:
        raise NotAnchored(f"it has seen {size} entries of this log, which has {it.size}: some were lost, or it lies")
    return size


_LAST = "SELECT size FROM cosignatures WHERE log = %s AND epoch = %s AND witness = %s ORDER BY size DESC LIMIT 1"
_COSIGNED = """
    INSERT INTO cosignatures (log, epoch, size, witness, line, at) VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT DO NOTHING"""
