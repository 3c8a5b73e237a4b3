"""The sessions of browsers: who has signed in, known by a cookie, until they sign out, go away, or their day is over.

The cookie is a random number, of which the table has the SHA-256 alone: who reads the table can act as nobody. It is
`SameSite=Lax` and not `Strict`, because a browser that comes back from the issuer would else arrive without it; so it
comes along when somebody follows a link from elsewhere, which changes nothing, and what changes anything asks for more.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from starlette.requests import HTTPConnection

from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.ledger.database import Pool

COOKIE = "__Host-luotsi"
"""Its prefix has browsers take it only over https (or on this machine), from this very host and for all its paths."""

BY_ITSELF = "X-Following"
"""The header by which a page says that it asks by itself, to show what is new, and nobody had it do so."""

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=10)
_MOST = 100


@dataclass(frozen=True)
class Session:
    """Who has signed in, and until when unless they go on; `csrf` is what their pages repeat."""

    actor: Actor
    grant: Grant | None
    csrf: str
    until: datetime


class Sessions:
    """The sessions of a region. Each ends after `idle` without a request, and `longest` after it began."""

    def __init__(self, pool: Pool, origin: str, idle: timedelta = IDLE, longest: timedelta = LONGEST) -> None:
        self.origin = origin
        self._pool = pool
        self._idle = idle
        self._longest = longest

    def begin(self, actor: Actor, grant: Grant | None) -> str:
        """Begin a session and return its id, for the cookie alone. Those that are over are swept away."""
        session = secrets.token_urlsafe(32)
        values = vars(actor) | {
            "session": _hashed(session), "role": str(actor.role), "csrf": secrets.token_urlsafe(32),
            "grant": msgspec.json.encode(grant).decode() if grant else None,
            "idle": self._idle, "longest": self._longest,
        }  # fmt: skip
        with self._pool.connection() as connection:
            connection.execute(_SWEEP)
            connection.execute(_BEGIN, values)
        return session

    def found(self, session: str, *, by_itself: bool = False) -> Session | None:
        """Return the session with this id, which it goes on by; None for one that is over or was never begun.

        What a page asks `by_itself`, while nobody does anything, is nothing that a session goes on by.
        """
        if len(session) > _MOST:
            return None
        with self._pool.connection() as connection:
            row = connection.execute(_FIND, (_hashed(session),)).fetchone()
            if row is None:
                return None
            who, role, organisation, unit, grant, csrf, until, seldom = row
            if seldom and not by_itself:
                connection.execute("SELECT session_used(%s)", (_hashed(session),))
        actor = Actor(who, Role(role), organisation, unit)
        return Session(actor, msgspec.convert(grant, Grant) if grant else None, csrf, until)

    def end(self, session: str) -> None:
        """End a session: its id is good for nothing any more."""
        with self._pool.connection() as connection:
            connection.execute("DELETE FROM sessions WHERE id = %s", (_hashed(session),))


def cookie(request: HTTPConnection, name: str) -> str | None:
    """Return a cookie's value: None where there is none, or several of that name, one of which somebody planted.

    A name is that name and nothing else: what some take for a blank, a browser takes for a letter, and lets another
    host of the domain set it.
    """
    pairs = (it.partition("=") for said in request.headers.getlist("cookie") for it in said.split(";"))
    found = [value.strip(' \t"') for key, _, value in pairs if key.strip(" \t") == name]
    return found[0] if len(found) == 1 else None


def _hashed(session: str) -> bytes:
    return hashlib.sha256(session.encode()).digest()


_SWEEP = "DELETE FROM sessions WHERE least(used + idle, ends) <= now()"

_BEGIN = """
    INSERT INTO sessions (id, who, role, organisation, unit, granted, csrf, idle, ends)
    VALUES (%(session)s, %(id)s, %(role)s, %(organisation)s, %(unit)s, %(grant)s::json, %(csrf)s, %(idle)s,
        now() + %(longest)s)"""

_FIND = """
    SELECT who, role, organisation, unit, granted, csrf, least(used + idle, ends), used < now() - idle / 30
    FROM sessions WHERE id = %s AND least(used + idle, ends) > now()"""
