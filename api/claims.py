"""What an issuer's claims mean here: which of them name somebody, and in which role, as it is configured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.authorization import Grant
from domain.decider import CLIENT_SIDE, STAFF, Actor, Role

_LONGEST = 200
_MOST_CASES = 1000


@dataclass(frozen=True)
class Naming:
    """Where in a token to find what: each is a claim's name, or a path to it such as `realm_access.roles`.

    `roles` translates the issuer's names of roles into ours. Of several in one token, `acting_as` is the claim that
    says which one its bearer acts in; where there is none, the first of them in the order of `roles` counts.
    """

    subject: str = "sub"
    role: str = "role"
    acting_as: str | None = None
    organisation: str = "organisation"
    unit: str = "unit"
    grant: str = "grant"
    roles: Mapping[str, Role] = field(default_factory=lambda: {str(it): it for it in Role})

    def actor(self, claims: Mapping[str, Any]) -> Actor:
        """Return whom the claims name: a client or a representative by a UUID alone, staff with their organisation.

        Raises ValueError.
        """
        role, subject = self._role(claims), claim(claims, self.subject)
        if role in CLIENT_SIDE:
            return Actor(str(UUID(_text(subject))), role)
        organisation, unit = claim(claims, self.organisation), claim(claims, self.unit)
        if role in STAFF and organisation is None:
            raise ValueError("staff are somebody's")
        return Actor(_text(subject), role, *(None if it is None else _text(it) for it in (organisation, unit)))

    def granted(self, claims: Mapping[str, Any]) -> Grant | None:
        """Return what an auditor was let see: None where the claims don't say. Raises ValueError for half a grant."""
        said = claim(claims, self.grant)
        return None if said is None else grant_of(said)

    def _role(self, claims: Mapping[str, Any]) -> Role:
        said = claim(claims, self.role)
        names = [_text(it) for it in (said if isinstance(said, list) else [said])]
        acting_as = claim(claims, self.acting_as) if self.acting_as else None
        if acting_as is not None:
            names = [it for it in names if it == acting_as]
        for name, role in self.roles.items():
            if name in names:
                return role
        raise ValueError("no role of ours")


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of that name, or else at the end of that path; None where there is none."""
    if path in claims:  # some issuers' names have dots in them: https://issuer.example/role
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def grant_of(said: Any) -> Grant:
    """Return the grant that a claim tells: an object with `purpose` and any of `cases`, `since`, `until` and `diary`.

    Raises ValueError unless it names a case or a time.
    """
    if not isinstance(said, Mapping) or said.keys() - {"purpose", "cases", "since", "until", "diary"}:
        raise ValueError("a grant is an object of fields that are known")
    cases = said.get("cases") or []
    if not isinstance(cases, list) or len(cases) > _MOST_CASES:
        raise ValueError("the cases of a grant are a list")
    since, until = _moment(said.get("since")), _moment(said.get("until"))
    if since is not None and until is not None and since >= until:
        raise ValueError("a time ends after it begins")
    if not cases and since is None and until is None:
        raise ValueError("a grant names cases or a time")
    diary = None if said.get("diary") is None else _text(said["diary"])
    return Grant(_text(said.get("purpose")), frozenset(UUID(_text(it)) for it in cases), since, until, diary)


def told(grant: Grant) -> dict[str, Any]:
    """Return a grant as a claim tells it."""
    whole = {
        "purpose": grant.purpose, "cases": sorted(str(it) for it in grant.cases), "diary": grant.diary,
        "since": grant.since and grant.since.isoformat(), "until": grant.until and grant.until.isoformat(),
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value}


def _moment(said: Any) -> datetime | None:
    if said is None:
        return None
    found = datetime.fromisoformat(_text(said))
    if found.utcoffset() is None:
        raise ValueError("a time has an offset")
    return found.astimezone(UTC)


def _text(value: Any) -> str:
    if not (isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST and value == value.strip()):
        raise ValueError("a claim is a short text, with no blank before or after it")
    return value
