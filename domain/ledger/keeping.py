"""What bears on how long words are kept, read for the decisions that destroy them: no other reads a birth date."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from domain.case import Case
from domain.facts import Keeping, Registered
from domain.ledger.erasures import noted
from domain.ledger.rotation import forgets_on
from domain.retention import birth_date

if TYPE_CHECKING:
    from domain.ledger.application import Cases


def keeping(cases: Cases, stream: UUID, client: UUID | None) -> Keeping:
    """Return all of it for a case, with whose it is, or for a client's own stream (`client` is None).

    Raises `RegisterDamaged`, `RegisterUnwritable`, and what reading the words raises.
    """
    it = noted(cases, stream)
    return terms_of(cases, stream, client).but(
        forgets_on=forgets_on(cases.region), registered=Registered(it.command, it.basis) if it else None
    )


def terms_of(cases: Cases, stream: UUID, client: UUID | None) -> Keeping:
    """Return what bears on the term alone: the client's birth date and other cases."""
    whose = client or stream
    with cases.pool.connection() as connection:
        found = connection.execute(_OTHERS, (whose, stream)).fetchall()
        bereft = connection.execute("SELECT 1 FROM bereft WHERE client = %s", (whose,)).fetchone()
        streams = [stream, whose, *(case for (case,) in found)]
        (stated,) = connection.execute(_STATED, (streams,)).fetchone() or (None,)
    others = (cases.loaded(case, Case).state for (case,) in found)
    return Keeping(
        born=birth_date(cases.words(whose, [1]).get(1, {}).get("born", "")),
        others=tuple(it for it in others if isinstance(it, Case)),
        bereft=bereft is not None,
        stated=stated,
    )


_STATED = """
    SELECT max(recorded) FROM events WHERE stream = ANY (%s)
        AND topic IN ('case-closed', 'task-stated', 'client-registered', 'death-recorded')"""
_OTHERS = 'SELECT "case" FROM clients WHERE client = %s AND "case" <> %s'
