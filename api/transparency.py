"""What anybody may keep of the logs, without a token: checkpoints, keys, time stamps, and the trees.

It is the read API of C2SP tlog-tiles, under a prefix of each epoch's own, since an epoch is a log of its own there: so
what a cache keeps of one is never mistaken for another's. There are hashes in it and no names, and nobody guesses what
an entry is the hash of: each is salted.
"""

import base64
import hashlib
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, Path, Query
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.house import House
from api.problems import Problem
from api.sealed import (
    BeyondCheckpoint,
    Place,
    Sealed,
    cosigned,
    entries,
    last_stamped,
    newest,
    newest_of,
    of_size,
    tile,
    tokens,
)
from domain.ledger.keys.signing import SigningKeys
from domain.ledger.logs import EVENTS, READS
from domain.ledger.notary import epoch_of
from domain.ledger.notes import vkey
from domain.ledger.tiles import Tiles

OPEN = ("/checkpoint", "/reads/checkpoint", "/log")
"""The paths, with those below them."""

STATUSES = {
    "/checkpoint": {404, 422, 503},
    "/reads/checkpoint": {404, 422, 503},
    "/checkpoint/consistency": {404, 422, 503},
    "/checkpoint/stamps": {404, 422, 503},
    "/checkpoint/keys": {503},
    "/log/{log}/{epoch}/checkpoint": {404, 410, 422, 503},
    "/log/{log}/{epoch}/tile/entries/{place}": {404, 410, 422, 503},
    "/log/{log}/{epoch}/tile/{level}/{place}": {404, 410, 422, 503},
}
"""Which problems they may end in, beside those of all paths."""

LogName = Literal["events", "reads"]
_LOGS = {"events": EVENTS, "reads": READS}

_MOST = 2**63 - 1
_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = "no-cache"


class SizesReversed(Problem):
    """A log goes on from the smaller size to the larger one. Ask for it the other way round."""

    status = 422


class Sizes(BaseModel):
    """From which size of a log to which."""

    model_config = ConfigDict(extra="forbid")

    log: LogName = "events"
    first: int = Field(alias="from", ge=0, le=_MOST, description="The size of the checkpoint that you have.")
    second: int | None = Field(None, alias="to", ge=0, le=_MOST, description="The newest checkpoint's without it.")


class Consistency(BaseModel):
    """The proof (RFC 9162, 2.1.4) that the log of one size goes on from that of another. Hashes are in hex."""

    log: LogName
    epoch: int
    first: int = Field(alias="from")
    second: int = Field(alias="to")
    path: list[str]


class Keys(BaseModel):
    """What to verify by. Compare a key with what you were handed in another way: whoever serves this may be lying.

    `signing` and `epochs` are signed notes, the oldest first; `vkeys` are of the key that signs now, in this epoch.
    """

    region: str
    epoch: int
    signing: list[str]
    epochs: list[str]
    vkeys: list[str]


class Stamps(BaseModel):
    """Time-stamp tokens (RFC 3161, DER, base64) over the SHA-256 of a checkpoint's text."""

    log: Literal["events"] = "events"
    epoch: int
    size: int
    tokens: list[str]


_Size = Annotated[int | None, Query(ge=0, le=_MOST, description="An earlier one of this epoch; the newest without it.")]
_Epoch = Annotated[int, Path(ge=1, le=2**31 - 1, description="The last number of the checkpoint's origin.")]
_Where = Annotated[str, Path(description="As in x001/x234/067, with .p/8 behind it for its first 8 alone.")]
_Level = Annotated[str, Path(description="0 to 63")]
_Had = Annotated[str | None, Header(description="The ETag that you have.")]


def mount(app: FastAPI, house: House) -> None:
    """Mount what is for anybody."""
    mount_checkpoints(app, house)
    mount_proofs(app, house)
    mount_tiles(app, house)


def mount_checkpoints(app: FastAPI, house: House) -> None:
    """Mount the checkpoints of both logs."""

    def checkpoint(size: _Size = None, if_none_match: _Had = None) -> Response:
        """Keep a checkpoint of the log of events: how long it is and what it holds, as a signed note.

        Who keeps one can show later whether the log was changed since.
        """
        with house.pool.connection() as connection:
            return _note(connection, of_size(connection, EVENTS, size), if_none_match)

    def of_reads(size: _Size = None, if_none_match: _Had = None) -> Response:
        """Keep a checkpoint of the log of who read what."""
        with house.pool.connection() as connection:
            return _note(connection, of_size(connection, READS, size), if_none_match)

    def of_epoch(log: LogName, epoch: _Epoch, if_none_match: _Had = None) -> Response:
        """Keep the newest checkpoint of that epoch: /log/events/1 is the prefix of a log as C2SP tlog-tiles has it."""
        with house.pool.connection() as connection:
            return _note(connection, newest_of(connection, _LOGS[log], epoch), if_none_match)

    about: dict[str, Any] = {"tags": ["checkpoints"], "response_class": Response, "responses": _A_NOTE}
    for path, endpoint, name, summary in (
        ("/checkpoint", checkpoint, "Checkpoint", "Keep a checkpoint of the events"),
        ("/reads/checkpoint", of_reads, "CheckpointOfReads", "Keep a checkpoint of the log of reads"),
        ("/log/{log}/{epoch}/checkpoint", of_epoch, "CheckpointOfEpoch", "Keep an epoch's newest checkpoint"),
    ):
        app.add_api_route(path, endpoint, operation_id=name, summary=summary, **about)


def mount_proofs(app: FastAPI, house: House) -> None:
    """Mount what a checkpoint is verified by."""

    def consistency(asked: Annotated[Sizes, Query()]) -> Consistency:
        """Prove that a log goes on from a checkpoint that you have: nothing before it was changed."""
        with house.pool.connection() as connection:
            return _consistency(connection, newest(connection, _LOGS[asked.log]), asked)

    def keys() -> Keys:
        """List the keys that have signed the logs, and what restores have lost."""
        with house.pool.connection() as connection:
            return _keys(connection, house.signing)

    def stamps(size: _Size = None) -> Stamps:
        """List the time stamps of a checkpoint of the events: that it was there by then, others vouch for.

        Without a size it is the last one that was stamped.
        """
        with house.pool.connection() as connection:
            it = of_size(connection, EVENTS, last_stamped(connection, EVENTS) if size is None else size)
            found = [base64.b64encode(token).decode() for token in tokens(connection, it)]
        return Stamps(epoch=it.epoch, size=it.size, tokens=found)

    for path, endpoint, name, summary in (
        ("/checkpoint/consistency", consistency, "Consistency", "Prove that nothing before was changed"),
        ("/checkpoint/keys", keys, "CheckpointKeys", "List the keys to verify by"),
        ("/checkpoint/stamps", stamps, "CheckpointStamps", "List a checkpoint's time stamps"),
    ):
        app.add_api_route(path, endpoint, operation_id=name, summary=summary, tags=["checkpoints"])


def mount_tiles(app: FastAPI, house: House) -> None:
    """Mount the trees."""

    def bundle(log: LogName, epoch: _Epoch, place: _Where) -> Response:
        """Return 256 entries of a log, each the hash of an event or of a read, behind its length (32) in two bytes.

        Of reads that were dropped after their twelve years the tiles remain, and no entries.
        """
        at = Place.read(place)
        with house.pool.connection() as connection:
            it = newest_of(connection, _LOGS[log], epoch)
            return _bytes(entries(connection, it, house.region.name, at))

    def hashes(log: LogName, epoch: _Epoch, level: _Level, place: _Where) -> Response:
        """Return 256 hashes of the tree, those of leaves on level 0 and of whole tiles of the level below above it."""
        at = Place.read(place)
        with house.pool.connection() as connection:
            return _bytes(tile(connection, newest_of(connection, _LOGS[log], epoch), level, at))

    about: dict[str, Any] = {"tags": ["checkpoints"], "response_class": Response, "responses": _BYTES}
    for path, endpoint, name, summary in (
        ("entries/{place:path}", bundle, "EntryBundle", "Fetch a bundle of entries"),
        ("{level}/{place:path}", hashes, "Tile", "Fetch a tile of the tree"),
    ):
        app.add_api_route(f"/log/{{log}}/{{epoch}}/tile/{path}", endpoint, operation_id=name, summary=summary, **about)


def _consistency(connection: Connection, it: Sealed, asked: Sizes) -> Consistency:
    second = it.size if asked.second is None else asked.second
    if max(asked.first, second) > it.size:
        raise BeyondCheckpoint(size=it.size)
    if asked.first > second:
        raise SizesReversed(first=asked.first, second=second)
    path = [node.hex() for node in Tiles(connection, it.log.name).consistency(asked.first, second)]
    proof = {"log": it.log.name, "epoch": it.epoch, "from": asked.first, "to": second, "path": path}
    return Consistency.model_validate(proof)


def _keys(connection: Connection, signing: SigningKeys) -> Keys:
    epoch, known = epoch_of(connection), signing.all(connection)
    current = [it.public for it in known if not it.retired]
    return Keys(
        region=signing.region, epoch=epoch, signing=[it.note for it in known],
        epochs=[note for (note,) in connection.execute(_EPOCHS)],
        vkeys=[vkey(log.origin(signing.region, epoch), public) for public in current for log in (EVENTS, READS)],
    )  # fmt: skip


def _note(connection: Connection, it: Sealed, had: str | None) -> Response:
    """Return a checkpoint, or 304 where the asker has it as it is, with the same cosignatures."""
    note = cosigned(connection, it).encode()
    headers = {"Cache-Control": _ASK_AGAIN, "ETag": f'"{hashlib.sha256(note).hexdigest()[:32]}"'}
    if had == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(note, headers=headers, media_type="text/plain")


def _bytes(content: bytes) -> Response:
    """Return what stays as it is as long as the epoch does, whose number stands in its path."""
    return Response(content, headers=_FOR_GOOD, media_type="application/octet-stream")


_ETAG = {"ETag": {"description": "What this note is told from another by", "schema": {"type": "string"}}}
_A_NOTE = {
    200: {
        "description": "A signed note (C2SP tlog-checkpoint), with the witnesses' cosignatures that there are for it",
        "content": {"text/plain": {"schema": {"type": "string"}}}, "headers": _ETAG,
    },
    304: {"description": "It is the one whose ETag is in If-None-Match"},
}  # fmt: skip
_BYTES = {
    200: {
        "description": "The bytes as C2SP tlog-tiles has them; they never change",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_EPOCHS = "SELECT note FROM epochs ORDER BY epoch"
