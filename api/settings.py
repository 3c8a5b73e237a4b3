"""Where this process works: its settings, from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict


class SettingsWrong(Exception):
    """A setting in the environment can't be used. Correct or unset it."""


@dataclass(frozen=True)
class Settings:
    """`LUOTSI_HOME`, `LUOTSI_PORT`, `LUOTSI_REGION`, `LUOTSI_ENV` and `DATABASE_URL`.

    Without a `database_url` the development server of `home` is used. In production (`LUOTSI_ENV=production`) there is
    no development server and no development issuer.
    """

    home: Path = Path(".luotsi")
    port: int = 8000
    region: str = "luotsi"
    production: bool = False
    database_url: str | None = field(default=None, repr=False)

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
        )
        if settings.production and settings.database_url is None:
            raise SettingsWrong("in production DATABASE_URL names the server")
        return settings

    @property
    def key_file(self) -> Path:
        """Where the development key-encryption key stands."""
        return self.home / "keys" / "words.key"


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) < 65536:  # noqa: PLR2004 - ports are 16 bits
        raise SettingsWrong(f"LUOTSI_PORT is a port number, not {text!r}")
    return int(text)


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
