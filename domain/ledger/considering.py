"""What commands would come to: decided on what was read, folded along, and nothing written.

    look at the ledger → decide → fold

Every command goes this way before it is written, so what is only considered is decided as what is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from domain.case import Case
from domain.decider import Recorded, State, Unacceptable
from domain.facts import Facts, Keeping
from domain.ledger import fingerprint
from domain.ledger.drafts import Asked, Draft, beside, concerns_clients_cases, facts_for, named_entries, weighed
from domain.ledger.keeping import keeping
from domain.ledger.mapper import decoded
from domain.ledger.recorder import Receipt
from domain.ledger.warm import Loaded
from domain.remembered import Holder

if TYPE_CHECKING:
    from domain.ledger.application import Cases

T = TypeVar("T")

Steps = Generator[Callable[[], Any], Any, T]
"""A course of action: yields each thing to read or write, and is sent what came of it."""


class KeyReused(Unacceptable):
    """That Idempotency-Key stands for another request of yours. Use a new key for a new request."""


class NotAtHand(Exception):
    """This process does not remember all that the decision looks at: look first."""


@dataclass(frozen=True)
class Fresh:
    """What a look at the ledger found: streams, entries that commands name, receipts, caseloads, and clients' cases."""

    streams: Mapping[UUID, Loaded]
    entries: Mapping[UUID, Mapping[int, Recorded]]
    receipts: Mapping[UUID, Receipt]
    caseloads: Mapping[Holder, int]
    cases: Mapping[UUID, Sequence[Case]]
    keeping: Mapping[UUID, Keeping]


@dataclass(frozen=True)
class Considered:
    """What commands come to: the receipts that there are by command, and of the others what is to be written.

    `finished` are the drafts, each with its stream as it is going to be.
    """

    receipts: Mapping[UUID, Receipt]
    finished: Sequence[tuple[Draft, Loaded]]

    def of(self, asked: Asked) -> Receipt:
        """Return what one of them comes to."""
        decided = {it.command: it for draft, _ in self.finished for it in draft.receipts}
        return {**self.receipts, **decided}[asked.id]


def consider(cases: Cases, asked: Sequence[Asked], fresh: Fresh | None) -> Steps[Considered]:
    """Return the course of deciding commands, on a fresh look or on what this process remembers.

    Raises a `Refusal`, and `NotAtHand` where more than what is remembered has to be known.
    """
    known = fresh.receipts if fresh else {}
    receipts = {it.id: _same_request(cases, it, known[it.id]) for it in asked if it.id in known}
    drafts = yield from _drafts(cases, [it for it in asked if it.id not in receipts], fresh)
    return Considered(receipts, [(draft, draft.after(cases.models.of(type(draft.state)))) for draft in drafts])


def _same_request(cases: Cases, it: Asked, receipt: Receipt) -> Receipt:
    if not fingerprint.same(cases.keyring.get(receipt.stream), receipt.fingerprint, it.fingerprint):
        raise KeyReused
    return receipt


def _drafts(cases: Cases, asked: Sequence[Asked], fresh: Fresh | None) -> Steps[list[Draft]]:
    now = cases.clock.now() if fresh is None else cases.clock.reckoned()
    if now is None:
        raise NotAtHand
    drafts: dict[UUID, Draft] = {}
    for it in asked:
        if it.stream not in drafts:
            before = _at_hand(cases, it.stream, it.command.state, fresh)
            key = cases.keyring.get(it.stream) if before.version else cases.keyring.keks.current
            if key is None and fresh is None:
                raise NotAtHand
            drafts[it.stream] = Draft(before)
        draft = drafts[it.stream]
        draft.add(it, now, _facts(cases, it, drafts, fresh))
        if draft.reordered:
            draft.refold(draft.past or (yield partial(cases.history, it.stream, draft.before.version)))
    return list(drafts.values())


def _facts(cases: Cases, it: Asked, drafts: Mapping[UUID, Draft], fresh: Fresh | None) -> Facts:
    """Gather what the decision may look at, and note which versions of which streams that was."""
    draft = drafts[it.stream]
    streams: dict[UUID, State] = {}
    for stream, kind in beside(it, draft.client):
        if stream in drafts:
            streams[stream] = drafts[stream].state
        else:
            loaded = _at_hand(cases, stream, kind, fresh)
            streams[stream] = loaded.state
            draft.looked_at.add((stream, loaded.version))
    entries = dict(fresh.entries.get(it.stream, {})) if fresh else {}
    caseloads = fresh.caseloads if fresh else {}
    facts = facts_for(it, draft, streams, entries | {one.version: one for one in draft.events}, caseloads)
    if fresh is None:
        return facts
    return facts.but(cases=tuple(fresh.cases.get(it.stream, ())), keeping=fresh.keeping.get(it.stream, facts.keeping))


def _at_hand(cases: Cases, stream: UUID, kind: type[State], fresh: Fresh | None) -> Loaded:
    """Return a stream as this process remembers it, or as the fresh look found it. Raises `NotAtHand`."""
    for loaded in (cases.warm.get(stream), fresh.streams.get(stream) if fresh else None):
        if loaded is not None and (loaded.version or isinstance(loaded.state, kind)):
            return loaded
    raise NotAtHand


# The look.


def takes_a_look(it: Asked) -> bool:
    """Say whether a decision needs more than this process remembers."""
    needs = it.keyed or it.command.weighs or it.command.erases
    return needs or bool(named_entries(it.command)) or concerns_clients_cases(it)


def look(cases: Cases, asked: Sequence[Asked]) -> Fresh:
    """Look at everything that the commands need, as it is in the ledger now."""
    receipts = _receipts(cases, asked)
    streams: dict[UUID, Loaded] = {}
    entries: dict[UUID, dict[int, Recorded]] = {}
    for it in asked:
        own = streams[it.stream] = streams.get(it.stream) or cases.loaded(it.stream, it.command.state)
        for stream, kind in beside(it, own.client):
            streams[stream] = streams.get(stream) or cases.loaded(stream, kind)
        named = sorted(version for version in named_entries(it.command) if 0 < version <= own.version)
        entries.setdefault(it.stream, {}).update(_entries(cases, it.stream, named))
    of_clients = {it.stream: cases.cases_of(it.stream) for it in asked if concerns_clients_cases(it)}
    kept = {it.stream: keeping(cases, it.stream, streams[it.stream].client) for it in asked if it.command.erases}
    return Fresh(streams, entries, receipts, _caseloads(cases, asked), of_clients, kept)


def _receipts(cases: Cases, asked: Sequence[Asked]) -> dict[UUID, Receipt]:
    """Return the receipts that there are; learn what time it is, and the keys under which they can be checked."""
    with cases.pool.connection() as connection:
        looked = connection.execute(_LOOK, ([it.id for it in asked],)).fetchone()
    now, kek, proof, found = looked or (None, None, None, None)
    cases.keyring.keks.use(kek, proof)
    cases.clock.heard(now)
    for stream, wrapped in ((UUID(r[1]), r[5]) for r in found or () if r[5]):
        cases.keyring.learn(stream, bytes.fromhex(wrapped))
    return {UUID(r[0]): Receipt(UUID(r[0]), UUID(r[1]), r[2], r[3], bytes.fromhex(r[4])) for r in found or ()}


def _caseloads(cases: Cases, asked: Sequence[Asked]) -> Mapping[Holder, int]:
    workers = {holder for it in asked for holder in weighed(it)}
    if not workers:
        return {}
    with cases.pool.connection() as connection:
        return cases.models.caseloads(connection, workers)


def _entries(cases: Cases, stream: UUID, versions: Sequence[int]) -> dict[int, Recorded]:
    if not versions:
        return {}
    with cases.pool.connection() as connection, connection.cursor(binary=True) as cursor:
        found = cursor.execute(_ENTRIES, (stream, list(versions))).fetchall()
    return {version: decoded(stream, version, bytes(state)) for version, state in found}


_LOOK = """
    SELECT clock_timestamp(), kek.id, kek.proof, (
        SELECT json_agg(json_build_array(
            command, r.stream, first, last, encode(fingerprint, 'hex'), encode(k.wrapped, 'hex')
        ))
        FROM receipts r LEFT JOIN keys k ON k.stream = r.stream WHERE command = ANY (%s)
    )
    FROM (SELECT) one LEFT JOIN keks kek ON kek.made IS NOT NULL AND kek.retired IS NULL"""
_ENTRIES = "SELECT version, bytes FROM events WHERE stream = %s AND version = ANY (%s::integer[])"
