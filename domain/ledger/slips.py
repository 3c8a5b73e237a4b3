"""The slips of cases: made with a code that nobody can guess, found by it, and taken back.

A code is given out once and kept nowhere. What is kept is an HMAC-SHA-256 of it, under a key that HKDF (RFC 5869)
derives from that of the case's words: a thief of the database, who has no key-encryption key, can try out nothing, and
once the words are destroyed no code of the case counts any more, in no backup. Its first four signs, of 20 bits, stand
beside it, since it is not known of which case a code is; the other 75 bits are for the hash alone to tell.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from psycopg.rows import class_row

from domain.decider import CLIENT, Actor, Role
from domain.ledger.application import Cases
from domain.ledger.words import KeyDestroyed
from domain.slip import BITS, code_of, read_code

_TAG = b"luotsi-slip-1"
_KEY = 32
_BEGINNING = 4


@dataclass(frozen=True)
class Slip:
    """A slip: who made it, when, until when its code counts, and when it was taken back, if it was.

    `protected` says that the client's address was protected when it was made.
    """

    slip: UUID
    case: UUID
    made: datetime
    expires: datetime
    protected: bool
    who: str
    role: Role
    organisation: str | None
    unit: str | None
    revoked: datetime | None


@dataclass(frozen=True)
class Slips:
    """The slips of a region's cases."""

    cases: Cases

    def make(self, case: UUID, by: Actor, expires: datetime, *, protected: bool) -> tuple[Slip, str]:
        """Make a slip of a case, and return it with its code: never again. Raises `KeyDestroyed`."""
        code = code_of(secrets.randbits(BITS))
        signs = read_code(code)
        values = _who(by) | {
            "case": case, "begins": signs[:_BEGINNING], "proof": self._proof(case, self._key_of(case), signs),
            "expires": expires, "protected": protected,
        }  # fmt: skip
        with self.cases.pool.connection() as connection, connection.cursor(row_factory=class_row(Slip)) as cursor:
            made = cursor.execute(_MAKE, values).fetchone()
        assert made is not None  # noqa: S101 - for the type: what is inserted is returned
        return made, code

    def of(self, case: UUID) -> list[Slip]:
        """Return the slips of a case, the newest first."""
        with self.cases.pool.connection() as connection, connection.cursor(row_factory=class_row(Slip)) as cursor:
            return cursor.execute(_OF_CASE, {"case": case}).fetchall()

    def revoke(self, case: UUID, slip: UUID, by: Actor) -> bool:
        """Take a slip of a case back; say whether there is such a slip. Taken back twice it stays as it was."""
        values = _who(by) | {"case": case, "slip": slip}
        with self.cases.pool.connection() as connection:
            connection.execute(_REVOKE, values)
            return connection.execute(_IS_OF_CASE, values).fetchone() is not None

    def found(self, signs: str) -> Slip | None:
        """Return the slip with this code, as `read_code` reads it, if it counts now."""
        with self.cases.pool.connection() as connection:
            likely = connection.execute(_LIKELY, {"begins": signs[:_BEGINNING]}).fetchall()
            for slip, case, proof, wrapped in likely:
                key = self.cases.keyring.get(case) or self.cases.keyring.learn(case, bytes(wrapped))
                if hmac.compare_digest(bytes(proof), self._proof(case, key, signs)):
                    with connection.cursor(row_factory=class_row(Slip)) as cursor:
                        return cursor.execute(_ONE, {"slip": slip}).fetchone()
        return None

    def _key_of(self, case: UUID) -> bytes:
        with self.cases.pool.connection() as connection:
            row = connection.execute("SELECT wrapped FROM keys WHERE stream = %s", (case,)).fetchone()
        if row is None:
            raise KeyDestroyed
        return self.cases.keyring.get(case) or self.cases.keyring.learn(case, bytes(row[0]))

    def _proof(self, case: UUID, key: bytes, signs: str) -> bytes:
        name = self.cases.region.name.encode()
        place = _TAG + bytes([len(name)]) + name + case.bytes
        return hmac.digest(HKDFExpand(SHA256(), _KEY, place).derive(key), signs.encode(), "sha256")


def _who(by: Actor) -> dict[str, Any]:
    """Return somebody as a row names them. A client is only ever "client"."""
    who = CLIENT if by.role == Role.CLIENT else by.id
    return {"who": who, "role": str(by.role), "organisation": by.organisation, "unit": by.unit}


_COLUMNS = 's.slip, s."case", s.made, s.expires, s.protected, s.who, s.role, s.organisation, s.unit'
_MAKE = f"""
    INSERT INTO slips AS s ("case", begins, proof, expires, protected, who, role, organisation, unit)
    VALUES (
        %(case)s, %(begins)s, %(proof)s, %(expires)s, %(protected)s, %(who)s, %(role)s, %(organisation)s, %(unit)s
    ) RETURNING {_COLUMNS}, NULL::timestamptz AS revoked"""  # noqa: S608 - columns of our own
_SLIPS = f"SELECT {_COLUMNS}, r.at AS revoked FROM slips s LEFT JOIN slips_revoked r USING (slip)"  # noqa: S608
_OF_CASE = f'{_SLIPS} WHERE s."case" = %(case)s ORDER BY s.made DESC, s.slip'
_ONE = f"{_SLIPS} WHERE s.slip = %(slip)s"
_LIKELY = """
    SELECT s.slip, s."case", s.proof, k.wrapped FROM slips s JOIN keys k ON k.stream = s."case"
    WHERE s.begins = %(begins)s AND s.expires > now()
    AND NOT EXISTS (SELECT FROM slips_revoked r WHERE r.slip = s.slip)"""
_REVOKE = """
    INSERT INTO slips_revoked (slip, who, role, organisation, unit)
    SELECT s.slip, %(who)s, %(role)s, %(organisation)s, %(unit)s FROM slips s
    WHERE s.slip = %(slip)s AND s."case" = %(case)s ON CONFLICT DO NOTHING"""
_IS_OF_CASE = 'SELECT 1 FROM slips WHERE slip = %(slip)s AND "case" = %(case)s'
