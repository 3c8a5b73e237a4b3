"""Who is let in to read a case, as what and for what purpose; and what lists show to whom."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from starlette.requests import Request

from api.auth import Bearer, bearer
from api.reads import Admission, purpose_said
from domain.authorization import Relation, Standing, may, purpose_of, registered, relation_for, standing
from domain.case import Case
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Action, Role, StreamAbsent
from domain.ledger.application import Cases


def admitted(request: Request, cases: Cases, case: UUID) -> Admission:
    """Let whoever asks read a case, or find nothing. Raises `StreamAbsent`, `PurposeNotYours` and `PurposeUnknown`."""
    who = bearer(request)
    found = standing_of(cases, who, case)
    if not may(Action.READ, who.actor.role, found.relations):
        raise StreamAbsent
    purpose = purpose_of(who.actor.role, found.relations, purpose_said(request))
    admission = Admission(relation_for(found.relations, purpose), purpose, found.upto)
    request.state.admission = admission
    return admission


def standing_of(cases: Cases, who: Bearer, case: UUID) -> Standing:
    """Return what somebody is to a case now: nothing where there is none, or where its words are erased."""
    loaded = cases.loaded(case, Case)
    state, client = loaded.state, loaded.client
    if not isinstance(state, Case) or state.began is None or (state.erased and who.actor.role not in _OF_SKELETONS):
        return _NOTHING
    if who.actor.role == Role.CLIENT and who.actor.id != str(client):
        return _NOTHING
    known = cases.loaded(client, Client).state if client and who.actor.role == Role.REPRESENTATIVE else None
    granted = who.grant is not None and who.grant.covers(case, state)
    whose = known if isinstance(known, Client) else None
    return standing(who.actor, state, datetime.now(UTC), whose, granted)


def reads_client(cases: Cases, who: Bearer, client: UUID) -> bool:
    """Say whether somebody may ask of this client whatever their cases: of themselves, or of whom they represent.

    So may staff of the organisation that registered the client.
    """
    state = cases.loaded(client, Client).state
    if who.actor.role == Role.CLIENT:
        return who.actor.id == str(client)
    if not isinstance(state, Client):
        return False
    if who.actor.role == Role.REPRESENTATIVE:
        return state.represented(who.actor.id, datetime.now(UTC)) is not None
    return who.actor.role in STAFF and registered(who.actor, state)


def cases_of(cases: Cases, client: UUID) -> frozenset[UUID]:
    """Return a client's cases."""
    with cases.pool.connection() as connection:
        found = connection.execute('SELECT "case" FROM clients WHERE client = %s', (client,)).fetchall()
    return frozenset(case for (case,) in found)


def sight_of(who: Bearer, named: frozenset[UUID] = frozenset()) -> Mapping[str, str]:
    """Return what a reader may see of the read tables: the settings that their walls ask for.

    `named` are the cases of a client whose they are, or who is represented: there is no other way to those.
    """
    if who.actor.role in STAFF:
        return {"organisation": who.actor.organisation or "", "worker": who.actor.id}
    if who.actor.role in CLIENT_SIDE:
        return {"cases": _listed(named)}
    if who.grant is None:
        return {}
    period = {"since": who.grant.since or _FIRST, "until": who.grant.until or _LAST}
    told = {name: it.isoformat() for name, it in period.items()} if who.grant.has_period else {}
    return {"cases": _listed(who.grant.cases), **told}


def _listed(cases: frozenset[UUID]) -> str:
    return ",".join(sorted(map(str, cases)))


_NOTHING = Standing(frozenset({Relation.NONE}))
_OF_SKELETONS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
