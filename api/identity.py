"""Whose tokens are accepted and how people sign in: as one file says (docs/identity.md), or by development's issuer."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from api.auth import Verifier
from api.claims import Naming
from api.development import DevelopmentIssuer
from api.issuer import ALGORITHMS, Held, Issuer, Keys, is_safe, usable
from api.settings import Settings
from api.signin import SignIn
from api.tokens import Terms
from domain.decider import Role

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class IssuerMissing(Exception):
    """Nobody's tokens would be accepted. Name the file that says whose are with LUOTSI_IDENTITY."""


class IdentityWrong(Exception):
    """The file that LUOTSI_IDENTITY names can't be used. Correct it."""


class IssuerKeysUnreadable(IdentityWrong):
    """The file with the issuer's keys (JWKS) is missing or damaged, or has no key that fits. Correct or restore it."""


@dataclass(frozen=True)
class Identity:
    """Who is accepted; and how to sign in, if that can be done."""

    verifier: Verifier
    signin: SignIn | None = None


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    subject: _Text = "sub"
    role: _Text = "role"
    acting_as: _Text | None = None
    organisation: _Text = "organisation"
    unit: _Text = "unit"
    grant: _Text = "grant"


class _SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client: _Text
    origin: _Text
    secret_file: _Text | None = None
    scopes: tuple[_Text, ...] = ("openid",)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    issuer: _Text
    audience: _Text
    algorithms: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)] = ("ES256",)
    keys: _Text | None = None
    skew_seconds: Annotated[int, msgspec.Meta(ge=0, le=30)] = 5
    longest_hours: Annotated[float, msgspec.Meta(gt=0, le=24)] = 24
    claims: _Claims = _Claims()
    roles: Annotated[dict[str, Role], msgspec.Meta(min_length=1)] | None = None
    signin: _SignIn | None = None


def identity_of(settings: Settings) -> Identity:
    """Return the identity that is configured, or development's own.

    Raises `IssuerMissing` in production without a file, and `IdentityWrong`.
    """
    if settings.identity is not None:
        return _read(settings.identity, production=settings.production)
    if settings.production:
        raise IssuerMissing(IssuerMissing.__doc__)
    return Identity(DevelopmentIssuer.at(settings).verifier())


def _read(path: Path, *, production: bool) -> Identity:
    try:
        said = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), _File)
        _check(said, production=production)
    except (OSError, ValueError) as wrong:
        raise IdentityWrong(f"{path}: {wrong}") from wrong
    naming = Naming(**msgspec.structs.asdict(said.claims))
    if said.roles is not None:
        naming = replace(naming, roles=said.roles)
    terms = Terms(said.issuer, said.audience, said.algorithms, said.skew_seconds, said.longest_hours * 3600)
    if said.keys is not None:
        return Identity(Verifier(Keys(_keys_at(path.parent / said.keys, said.algorithms)), terms, naming))
    issuer = Issuer(said.issuer, said.algorithms, production=production)
    return Identity(Verifier(issuer, terms, naming), _signin(path, said, issuer, terms, naming))


def _check(said: _File, *, production: bool) -> None:
    """Raise ValueError for what is well-formed and can't be."""
    if unknown := set(said.algorithms) - ALGORITHMS.keys():
        raise ValueError(f"algorithms are of {', '.join(ALGORITHMS)}, not {', '.join(sorted(unknown))}")
    if said.keys is None and not is_safe(said.issuer, production=production):
        raise ValueError("the issuer is an address by https, or on this machine in development; or keys names a file")
    if said.signin is None:
        return
    if said.keys is not None:
        raise ValueError("to sign in, the issuer has to be asked: leave keys out")
    parts = urlsplit(said.signin.origin)
    bare = f"{parts.scheme}://{parts.netloc}" == said.signin.origin
    if not (bare and is_safe(said.signin.origin, production=production)):
        raise ValueError("the origin is how browsers reach this service, such as https://luotsi.example")
    if "openid" not in said.signin.scopes:
        raise ValueError("the scopes have openid among them")


def _signin(path: Path, said: _File, issuer: Issuer, terms: Terms, naming: Naming) -> SignIn | None:
    if said.signin is None:
        return None
    secret = None
    if said.signin.secret_file is not None:
        try:
            secret = (path.parent / said.signin.secret_file).read_text("utf-8").strip()
        except (OSError, ValueError) as wrong:
            raise IdentityWrong(f"{path.parent / said.signin.secret_file}: it can't be read") from wrong
    return SignIn(issuer, terms, naming, said.signin.client, secret, said.signin.origin, " ".join(said.signin.scopes))


def _keys_at(path: Path, algorithms: Collection[str]) -> Held:
    try:
        found = usable(_json(path), algorithms)
    except (OSError, ValueError) as damaged:
        raise IssuerKeysUnreadable(path) from damaged
    if not found:
        raise IssuerKeysUnreadable(path)
    return found


def _json(path: Path) -> Mapping[str, Any]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
