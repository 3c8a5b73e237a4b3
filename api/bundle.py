"""A case as a bundle: its stored events, what proves them, and a page to read, in a zip file that anyone can verify.

What stands in it, byte by byte, is told in docs/integrity.md. It goes to whoever may read the whole case, tells them no
more than the case's history does, and leaves while it is made: nothing of it is ever whole in memory but the history
without words.
"""

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api.admission import admitted
from api.auth import By, bearer
from api.bundle_page import Page
from api.moments import VersionNeverExisted
from api.opening import Opening, opening
from api.problems import Problem
from api.protected import hidden_from
from api.reading_words import language as language_of
from api.reads import Admission, Reading, log
from api.rows import kept
from api.zipped import Written, zipped
from domain.decider import Actor, Recorded
from domain.ledger.application import Cases
from domain.ledger.mapper import decoded
from domain.ledger.proofs import Headed, Proven, Sealed, Snapshot, snapshot, worded
from domain.ledger.words import opening_key
from domain.rules import RuleLanguage

FORMAT = "luotsi-bundle-1"
OPERATION = "ReadCaseBundle"
AT_ONCE = 8
"""How many bundles a process makes at once: each holds a connection of its own, for as long as it takes to be sent."""
EACH = 2
"""How many of these one person's may be."""
SECONDS = 600.0
"""Within how many seconds a bundle is to be taken: what is withheld or destroyed meanwhile may be in it, no longer."""


class BundleOfPart(Problem):
    """You are told of this case up to where it went on, and a bundle holds it whole. Ask whoever answers for it now."""

    status = 403


class BundleTellsPlaces(Problem):
    """The client's address is protected, and stored events name units and workers, which you are not to know.

    Read the case's history, where they are left out, or let whoever answers for the case ask for the bundle.
    """

    status = 403


class CaseNotSealed(Problem):
    """No checkpoint of the log has been signed yet, or none since it was restored. Try again in a moment."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class KnownCheckpointAbsent(Problem):
    """No checkpoint of that size was published of what the log has kept. Send the size of one that you have kept."""

    status = 404


class TooManyBundles(Problem):
    """As many bundles as may be at once are being made, for you or for all. Take those, or try again in a moment."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class BundleNotTaken(Exception):
    """It was not taken within its time, so it ends as it is. Ask for it anew, and take it faster."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants of a bundle: which entries opened, None for all that they may read; and in which language.

    `known` are the sizes of checkpoints that they have kept.
    """

    words: frozenset[int] | None = None
    language: RuleLanguage = "fi"
    known: tuple[int, ...] = ()

    @property
    def words_told(self) -> str:
        """Which entries are opened, as it is asked for."""
        return "all" if self.words is None else ",".join(map(str, sorted(self.words))) or "none"


def words_wanted(text: str) -> frozenset[int] | None:
    """Return which entries are wanted: "all" (None), "none", or versions, as in "1,5,9". Raises `ValueError`."""
    named = {"all": None, "none": frozenset[int]()}
    versions = named[text] if text in named else frozenset(map(int, text.split(",")))
    if versions and min(versions) < 1:
        raise ValueError(f"no version is {min(versions)}")
    return versions


@dataclass(frozen=True)
class Bundle:
    """A case in one snapshot, as one reader is told of it. `key` is that of its words, None once it is destroyed."""

    region: str
    there: Snapshot
    history: Sequence[Recorded]
    opening: Opening
    key: bytes | None
    wanted: Wanted
    checkpoints: Sequence[Sealed]
    heads: Headed | None

    def parts(self) -> Iterator[bytes]:
        """Yield the zip file."""
        return zipped(self._files(), self._manifest)

    def words(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield the entries that are opened, by version: the sealed words, and the key that opens no others."""
        if self.key is None:
            return
        for version, ciphertext in self.there.ciphertexts(self.opening.opened()):
            yield version, ciphertext, opening_key(self.key, self.region, self.there.case, version, ciphertext)

    def _files(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        yield "events.jsonl", _lines(self._event(it) for it in self.there.events())
        yield (
            "words.jsonl",
            _lines(
                {"version": version, "ciphertext": _base64(ciphertext), "key": _base64(key)}
                for version, ciphertext, key in self.words()
            ),
        )
        yield (
            "checkpoints.jsonl",
            _lines({"size": it.size, "note": it.note, "path": _hexes(it.path)} for it in self.checkpoints),
        )
        yield (
            "stamps.jsonl",
            _lines({"size": size, "token": _base64(token)} for size, token in self.there.stamps(self.checkpoints)),
        )
        yield "heads.json", [_json(None if self.heads is None else _heads(self.heads))]
        notes = {"signing": self.there.key_notes(), "epochs": self.there.epoch_notes()}
        yield "keys.json", [_json(notes)]
        yield "page.html", self._page().parts()

    def _event(self, it: Proven) -> dict[str, Any]:
        ground = self.opening.withheld(it.version)
        told = {"document": it.document.decode()} if ground is None else {"withheld": ground}
        return {
            "version": it.version, "position": it.position, "hash": it.hash.hex(), **told, "path": _hexes(it.path),
            "words": self.opening.words(it.version),
        }  # fmt: skip

    def _page(self) -> Page:
        return Page(
            self.region, self.there.case, self.there.at, self.wanted.language, self.wanted.words_told, self.history,
            self.opening, self.words,
        )  # fmt: skip

    def _manifest(self, written: Sequence[Written]) -> tuple[str, bytes]:
        content = {
            "format": FORMAT, "region": self.region, "case": self.there.case, "made": self.there.at,
            "language": self.wanted.language, "words": self.wanted.words_told, "versions": self.there.head,
            "files": [vars(it) for it in written],
        }  # fmt: skip
        return "manifest.json", _json(content)


def prepared(cases: Cases, there: Snapshot, by: Actor, wanted: Wanted) -> Bundle:
    """Return the bundle of a case as somebody is told of it, who may read all of it as it is in this snapshot.

    What is withheld from them is asked after the snapshot was taken, so that nothing in it is told too early; and then
    whose words are left, so that none are opened that were destroyed since. Raises `VersionNeverExisted`,
    `KnownCheckpointAbsent` and `CaseNotSealed`.
    """
    for version in sorted(wanted.words or ()):
        if version > there.head:
            raise VersionNeverExisted(version=version, last=there.head)
    if not there.size:
        raise CaseNotSealed
    for size in wanted.known:
        if not there.has_checkpoint(size):
            raise KnownCheckpointAbsent(size=size, last=there.size)
    history = [decoded(there.case, version, document) for version, document in there.documents()]
    wrapped = there.wrapped_key()
    key = None if wrapped is None else cases.keyring.learn(there.case, wrapped)
    untold = kept(cases, there.case, by)
    with cases.pool.connection() as connection:
        left = worded(connection, there.case)
    told = opening(by, untold, history, left if key else frozenset(), wanted.words)
    return Bundle(cases.region.name, there, history, told, key, wanted, there.checkpoints(wanted.known), there.heads())


# Over HTTP


class Asked(BaseModel):
    """Which bundle is asked for."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field(
        "all", pattern=r"^(all|none|[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*)$", max_length=10_000,
        description="Which words to open: all that you may read, none, or those of the versions that are named.",
    )  # fmt: skip
    language: RuleLanguage | None = Field(
        None, description="In which the page is; left out, in the one that Accept-Language prefers, or in Finnish."
    )
    known: str | None = Field(
        None, pattern=r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*$", max_length=200,
        description="Sizes of checkpoints that you have kept: the bundle proves that the log continues them.",
    )  # fmt: skip

    def wanted(self, accepted: str | None) -> Wanted:
        """Return what is wanted, by somebody who accepts these languages."""
        known = tuple(map(int, self.known.split(","))) if self.known else ()
        return Wanted(words_wanted(self.words), self.language or language_of(accepted), known)


class _Sent(StreamingResponse):
    """Sends a bundle, and lets go of what it is made of when it is sent or nobody is there to take it any more."""

    def __init__(self, parts: Iterator[bytes], let_go: Callable[[], None], name: str) -> None:
        headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(parts, headers=headers, media_type="application/zip")
        self._let_go = let_go

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(self._let_go)


def mount(app: FastAPI, cases: Cases) -> None:
    """Mount what gives cases as bundles."""
    places = Places()

    def bundle(request: Request, id: UUID, by: By, asked: Annotated[Asked, Query()]) -> Response:  # noqa: A002
        """Give a case as a bundle: a zip file of its events, of what proves them, and of a page that people read.

        Whoever has it verifies it with `luotsi verify`, which asks nobody. It holds the whole case, so it is for those
        who may read all of it; what is withheld from them is in it by its hash alone. Of the words it opens those that
        are asked for, as far as they may be read, each by a key that opens no other.
        """
        _let_in(request, cases, id)
        wanted = asked.wanted(request.headers.get("accept-language"))

        def parts() -> Generator[bytes]:
            with places.place(by), snapshot(cases.region, id) as there:
                _let_in(request, cases, id)  # as of what the snapshot has
                made = prepared(cases, there, by, wanted)
                yield b""  # it can be made, so that it may be written down as read
                yield from in_time(made.parts())

        with ExitStack() as stack:
            sent = parts()
            stack.callback(sent.close)
            next(sent)
            it, grant = request.state.admission, bearer(request).grant
            log(cases.pool, Reading(by, OPERATION, frozenset({id}), it.purpose, relation=it.relation, grant=grant))
            return _Sent(sent, stack.pop_all().close, f"case-{id}.zip")

    app.add_api_route(
        "/cases/{id}/bundle", bundle, operation_id=OPERATION, summary="Get a case as a bundle to verify",
        tags=["cases"],
        response_class=StreamingResponse, responses={200: {"description": _ABOUT, "content": _CONTENT}},
    )  # fmt: skip


def _let_in(request: Request, cases: Cases, case: UUID) -> Admission:
    """Let somebody have a bundle of a case, or find nothing. Raises what `admitted` does, and why there is none."""
    admission = admitted(request, cases, case)
    if admission.upto is not None:
        raise BundleOfPart(upto=admission.upto)
    if hidden_from(cases, bearer(request).actor, [case]):
        raise BundleTellsPlaces
    return admission


class Places:
    """For whom a process is making bundles."""

    def __init__(self) -> None:
        self._taken: list[tuple[str, ...]] = []
        self._lock = threading.Lock()

    @contextmanager
    def place(self, by: Actor) -> Iterator[None]:
        """Give somebody's bundle a place among those that are made at once. Raises `TooManyBundles`."""
        who = (by.role, by.organisation or "", by.id)
        with self._lock:
            if len(self._taken) >= AT_ONCE:
                raise TooManyBundles(most=AT_ONCE)
            if self._taken.count(who) >= EACH:
                raise TooManyBundles(most=EACH)
            self._taken.append(who)
        try:
            yield
        finally:
            with self._lock:
                self._taken.remove(who)


def in_time(parts: Iterable[bytes], now: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """Yield the parts, each as the one before is taken. Raises `BundleNotTaken` once that has lasted too long."""
    end = now() + SECONDS
    for part in parts:
        if now() > end:
            raise BundleNotTaken
        yield part


# How it is written


def _heads(it: Headed) -> dict[str, Any]:
    proof, sealed = it.proof, it.proof.sealed
    return {
        "sealed": {
            "stream": sealed.stream, "version": sealed.version, "previous": sealed.previous.hex(),
            "position": sealed.position, "hash": sealed.hash.hex(), "document": sealed.document.decode(),
            "path": _hexes(it.path),
        },
        "place": proof.place, "version": proof.version, "hash": None if proof.hash is None else proof.hash.hex(),
        "path": None if proof.path is None else _hexes(proof.path),
    }  # fmt: skip


def _lines(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    return (_json(row) + b"\n" for row in rows)


def _json(content: Any) -> bytes:
    return msgspec.json.encode(content)


def _hexes(hashes: Iterable[bytes]) -> list[str]:
    return [it.hex() for it in hashes]


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


_ABOUT = "The bundle, whose format docs/integrity.md tells"
_CONTENT = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
