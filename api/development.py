"""The issuer of development: it mints tokens for whoever asks, under a key in the home. In production there is none."""

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from api.auth import Verifier
from api.claims import Naming, grant_of, told
from api.issuer import Keys, usable
from api.settings import Settings
from api.tokens import Terms
from domain.authorization import Grant
from domain.decider import Actor, Role
from domain.ledger.publish import publish

DEVELOPMENT_ISSUER = "luotsi-development"
AUDIENCE = "luotsi"
MINUTES = 8 * 60
"""How long a development token holds unless said otherwise: a working day."""

EVERY_CASE = Grant("development", since=datetime(1900, 1, 1, tzinfo=UTC), until=datetime(2200, 1, 1, tzinfo=UTC))
"""What an auditor is let see in development unless said otherwise."""

_YEAR_SECONDS = 366 * 24 * 3600.0


class NoIssuerInProduction(Exception):
    """The development issuer does not exist in production. Name your own in the file of LUOTSI_IDENTITY."""


class DevelopmentKeyUnreadable(Exception):
    """The development issuer's key file is damaged or readable by others. Restore it, or remove it for a new one."""


class DevelopmentIssuer:
    """Mints tokens."""

    def __init__(self, key: ECKey) -> None:
        self._key = key

    @classmethod
    def at(cls, settings: Settings) -> "DevelopmentIssuer":
        """Return the issuer of this home, its key made where there is none.

        Raises `NoIssuerInProduction` and `DevelopmentKeyUnreadable`.
        """
        if settings.production:
            raise NoIssuerInProduction(NoIssuerInProduction.__doc__)
        path = settings.home / "keys" / "issuer.json"
        if not path.exists():
            publish(path, json.dumps(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)).encode())
        try:
            if path.stat().st_mode & 0o077:
                raise DevelopmentKeyUnreadable(path)
            return cls(ECKey.import_key(json.loads(path.read_bytes())))
        except (OSError, ValueError, JoseError) as damaged:
            raise DevelopmentKeyUnreadable(path) from damaged

    def mint(self, actor: Actor, minutes: float = MINUTES, now: float | None = None, grant: Grant | None = None) -> str:
        """Return a token with which its bearer is this actor for so many minutes; an auditor by this grant.

        Raises ValueError for what it would not accept itself.
        """
        now = time.time() if now is None else now
        claims: dict[str, Any] = {
            "iss": DEVELOPMENT_ISSUER, "aud": AUDIENCE, "sub": actor.id, "role": str(actor.role), "iat": int(now),
            "nbf": int(now), "exp": int(now + 60 * minutes), "jti": secrets.token_hex(8),
        }  # fmt: skip
        claims |= {it: value for it in ("organisation", "unit") if (value := getattr(actor, it)) is not None}
        if actor.role == Role.AUDITOR:
            claims["grant"] = told(grant or EVERY_CASE)
            grant_of(claims["grant"])
        Naming().actor(claims)
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def verifier(self, now: Callable[[], float] = time.time) -> Verifier:
        """Return what accepts this issuer's tokens, and no others."""
        keys = usable({"keys": [self._key.as_dict(private=False)]}, ["ES256"])
        return Verifier(Keys(keys), Terms(DEVELOPMENT_ISSUER, AUDIENCE, longest=_YEAR_SECONDS), now=now)
