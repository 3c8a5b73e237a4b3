"""Where this process works: its settings, from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from domain.ledger.keys.seal import ProviderWrong, provider_of


class SettingsWrong(Exception):
    """A setting in the environment can't be used. Correct or unset it."""


@dataclass(frozen=True)
class Rates:
    """How many requests a minute a process takes: from an address, by an actor, and from an address that fails.

    It fails by tokens and cookies that do not hold, and by sign-ins that are refused; who brings none has not tried.
    An address may be a whole organisation's: once its `failed` are used up, nobody is heard from there for the rest of
    the minute. `slip` is how many codes of slips an address tries that do not count, and `slips` how many all do.
    """

    address: int = 60_000
    actor: int = 12_000
    failed: int = 600
    slip: int = 60
    slips: int = 6_000


@dataclass(frozen=True)
class Settings:
    """What the environment says: `DATABASE_URL`, and what begins with LUOTSI_. README.md lists it all.

    Without a `database_url` the development server of `home` is used. In production (`LUOTSI_ENV=production`) there is
    no development server and no development issuer; `LUOTSI_IDENTITY` names the file of whose tokens are accepted.
    """

    home: Path = Path(".luotsi")
    port: int = 8000
    region: str = "luotsi"
    production: bool = False
    database_url: str | None = field(default=None, repr=False)
    keys: str = "file"
    """What seals the key-encryption keys: file, tink:KEY-URI or program:/PATH. See `docs/keys.md`."""
    identity: Path | None = None
    """The file that says whose tokens are accepted (`api.identity`)."""
    rates: Rates = field(default_factory=Rates)
    erasures: Path | None = None
    """The register of erasures (`LUOTSI_ERASURES`), in the home unless it is named: all processes share one."""
    anchors: Path | None = None
    """The file that says who is shown checkpoints outside the house (`api.anchors`); without one nobody is."""
    proxies: tuple[str, ...] = ()
    """The addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the environment. Raises `SettingsWrong`."""
        kind = environment.get("LUOTSI_ENV", "development")
        if kind not in {"development", "production"}:
            raise SettingsWrong(f"LUOTSI_ENV is development or production, not {kind!r}")
        settings = cls(
            home=Path(environment.get("LUOTSI_HOME") or ".luotsi").absolute(),
            port=_port(environment.get("LUOTSI_PORT") or "8000"),
            region=environment.get("LUOTSI_REGION") or "luotsi",
            production=kind == "production",
            database_url=_database(environment.get("DATABASE_URL") or None),
            keys=_provider(environment.get("LUOTSI_KEYS") or "file"),
            identity=Path(named).absolute() if (named := environment.get("LUOTSI_IDENTITY")) else None,
            erasures=Path(noted).absolute() if (noted := environment.get("LUOTSI_ERASURES")) else None,
            anchors=Path(shown).absolute() if (shown := environment.get("LUOTSI_ANCHORS")) else None,
            rates=_rates(environment.get("LUOTSI_RATES", "")),
            proxies=_proxies(environment.get("LUOTSI_PROXIES", "")),
        )
        if settings.production and settings.database_url is None:
            raise SettingsWrong("in production DATABASE_URL names the server")
        return settings

    @property
    def register(self) -> Path:
        """Where the register of erasures stands."""
        return self.erasures or self.home / "keys" / "erasures.jsonl"

    @property
    def published(self) -> Path:
        """Where the last published checkpoint of each log stands."""
        return self.home / "published" / self.region


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) < 65536:  # noqa: PLR2004 - ports are 16 bits
        raise SettingsWrong(f"LUOTSI_PORT is a port number, not {text!r}")
    return int(text)


def _rates(text: str) -> Rates:
    """Return the rates, as in "actor=600,failed=60": those that are left out are as ever."""
    found = dict(re.findall(r"(\w+)=(0|[1-9]\d{0,8})(?:,|$)", text))
    known = {it.name for it in fields(Rates)}
    whole = ",".join(f"{name}={most}" for name, most in found.items()) == text
    if not whole or not found.keys() <= known or "0" in found.values():
        raise SettingsWrong(f"LUOTSI_RATES is such as address=60000,actor=12000,failed=600, not {text!r}")
    return Rates(**{name: int(most) for name, most in found.items()})


def _proxies(text: str) -> tuple[str, ...]:
    found = tuple(it.strip() for it in text.split(",") if it.strip())
    for it in found:
        try:
            ip_network(it)
        except ValueError:
            raise SettingsWrong(f"LUOTSI_PROXIES is addresses and networks such as 10.0.0.0/8, not {it!r}") from None
    return found


def _provider(name: str) -> str:
    try:
        provider_of(name)
    except ProviderWrong as wrong:
        raise SettingsWrong(str(wrong)) from None
    return name


def _database(url: str | None) -> str | None:
    """Return the address where it is one. What it is is never told: a slip in the password may land anywhere in it."""
    with suppress(psycopg.Error):
        parts = {"host": "", "port": "", "dbname": "", **conninfo_to_dict(url or "")}
        if "@" not in f"{parts['host']}{parts['dbname']}" and re.fullmatch("[0-9,]*", f"{parts['port']}"):
            return url
    raise SettingsWrong(
        "DATABASE_URL is an address such as postgresql://luotsi:password@db.example:5432/luotsi, in whose password"
        " all but letters and digits are written by their codes, as %40 for @"
    )
